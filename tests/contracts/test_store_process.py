"""The writer as a process of its own keeps what every store guarantees, and its end costs no acknowledged decision."""

import asyncio
import os
import signal
import time

import pytest

from features.examples import EXAMPLE_RECORD
from riskapi.decisions import Claim, Rectifies
from riskapi.errors import StorageError
from riskapi.log.entry import Kind
from riskapi.services import Services
from riskapi.storage.process import StoreProcess
from riskapi.storage.process_writer import ProcessWriter
from tests.contracts.store_makers import bodies, entries, is_sqlite
from tests.riskapi.makers import answered, bearer, go_live, make_key, serving


def run(services, scenario, **bounds):
    """Run a scenario with a writer whose process has started."""
    process = StoreProcess(services.settings)
    process.start()

    async def whole():
        writer = ProcessWriter(process, **({"rows_max": 100, "waiting_max": 2000} | bounds))
        writer.start()
        try:
            return await scenario(writer, process)
        finally:
            await writer.close()

    return asyncio.run(whole())


def test_process_stores_what_it_is_given(services):
    """Every field arrives, claims and corrections too, in a chain of the process's own."""
    first = answered(claim=Claim(b"key", b"body"))
    second = answered("Another gateway", rectifies=Rectifies(first.decision_id, "typing_error"), purpose=None)
    again = answered(claim=Claim(b"key", b"other"))

    async def scenario(writer, process):
        return [list(await writer.append(rows)) for rows in ([first, second], [again])], writer.chain

    refused, chain = run(services, scenario)
    assert refused == [[], [again.decision_id]]
    found = services.decisions.decision(second.decision_id)
    assert (found.input, found.answer) == (b'{"record_id":"x","traveller":{}}', b'{"record_id":null,"risks":[]}')
    assert found.identity == b'{"record_id":"r1","traveller.surname":"ABDI"}'
    assert found.supersedes == first.decision_id
    assert found.writer == chain == ("2" if is_sqlite(services) else "1")
    assert services.decisions.claimed("Gateway", first.claim) == (first.decision_id, True)


def test_whatever_waits_goes_along_and_large_messages_arrive(services):
    """While one transaction is under way others gather; a message larger than the socket's buffer comes through."""
    rows = [answered(answer=b"x" * 20_000) for _ in range(300)]

    async def scenario(writer, process):
        futures = [writer.append([one]) for one in rows]
        assert writer.waiting_rows == 300
        await asyncio.gather(*futures, writer.append(later := [answered() for _ in range(150)]))
        return later[-1]

    last = run(services, scenario)
    assert services.decisions.decision(rows[-1].decision_id).answer == rows[-1].answer
    assert services.decisions.decision(last.decision_id) is not None


def test_process_is_handed_the_next_before_the_last_is_answered(services):
    """Two messages are under way at most, each with its own outcome; what else comes gathers behind them."""
    twice, rows = answered(), [answered() for _ in range(4)]

    async def scenario(writer, process):
        wrong = writer.append([twice, twice])
        await asyncio.sleep(0)
        futures = [wrong, writer.append([rows[0]])]
        for one in rows[1:]:
            await asyncio.sleep(0)
            futures.append(writer.append([one]))
        handed = len(writer._in_flight), len(writer._waiting)
        outcomes = await asyncio.gather(*futures, return_exceptions=True)
        return handed, [type(one).__name__ for one in outcomes], writer.failure

    handed, outcomes, failure = run(services, scenario)
    assert handed == (2, 3)
    assert outcomes == ["StorageError", "tuple", "tuple", "tuple", "tuple"]
    assert failure is None
    assert all(services.decisions.decision(one.decision_id) for one in rows)


def test_end_of_the_process_fails_all_that_was_under_way(services):
    """Nobody knows what of it was stored: each who waits hears so, once."""

    async def scenario(writer, process):
        os.kill(process.pid, signal.SIGSTOP)
        futures = [writer.append([answered()])]
        for _ in range(3):
            await asyncio.sleep(0)
            futures.append(writer.append([answered()]))
        under_way = len(writer._in_flight)
        os.kill(process.pid, signal.SIGKILL)
        outcomes = await asyncio.gather(*futures, return_exceptions=True)
        return under_way, {str(one) for one in outcomes}

    under_way, said = run(services, scenario)
    assert under_way == 2
    assert said == {"The writer's process has ended. Nothing was acknowledged."}


def test_error_comes_back_as_what_it_is_and_the_process_goes_on(services):
    """A refused transaction is an error of the store for those who waited, with nothing of what was sent in it."""
    twice, after = answered("ZZMARKZZ"), answered()

    async def scenario(writer, process):
        with pytest.raises(StorageError, match=r"IntegrityError|UniqueViolation") as caught:
            await writer.append([twice, twice])
        failure = writer.failure
        await writer.append([after])
        return str(caught.value), failure, writer.failure

    said, failure, later = run(services, scenario)
    assert "ZZMARKZZ" not in said
    assert (failure, later) == (said, None)
    assert services.decisions.decision(after.decision_id) is not None


def test_killed_process_loses_nothing_that_was_acknowledged_and_is_started_again(services):
    """Its end is an error for those who wait; another one is started, which goes on in the same chain."""
    before, after = answered(), answered()

    async def scenario(writer, process):
        await writer.append([before])
        os.kill(process.pid, signal.SIGKILL)
        outcomes = await asyncio.gather(*(writer.append([answered()]) for _ in range(3)), return_exceptions=True)
        assert {str(one) for one in outcomes} == {"The writer's process has ended. Nothing was acknowledged."}
        assert writer.failure is not None
        for _ in range(2000):
            if writer.failure is None:
                break
            await asyncio.sleep(0.01)
        await writer.append([after])

    run(services, scenario)
    kept = [services.decisions.decision(one.decision_id) for one in (before, after)]
    assert [one.writer for one in kept] == [kept[0].writer] * 2
    places = [entry.seq for entry in entries(services, kept[0].writer)]
    assert places == list(range(1, len(places) + 1))


def test_process_ends_with_the_service_however_that_ends(services):
    """It lives on a socket: where the other end is gone, it makes its last checkpoint and ends."""
    made = StoreProcess(services.settings)
    made.start()
    running = made._process
    os.kill(running.pid, signal.SIGTERM)
    os.kill(running.pid, signal.SIGINT)
    time.sleep(0.1)
    assert running.poll() is None, "a signal to the whole group is the service's to handle"
    made.socket.close()
    assert running.wait(10) == 0
    made.socket = None
    made.close()


def test_other_writer_of_an_embedded_store_gets_its_turn(services):
    """While decisions come without end, events of the service are stored between them, from any thread."""
    stored = []

    async def scenario(writer, process):
        services.journal._gate = writer.hold()
        busy = True

        async def score():
            while busy:
                await writer.append([answered()])

        def append(number):
            services.journal.append(Kind.ACCESS, {"number": number})
            stored.append(number)

        scorers = [asyncio.create_task(score()) for _ in range(20)]
        await asyncio.gather(*(asyncio.to_thread(append, number) for number in range(10)))
        append(10)  # on the loop's own thread, too
        busy = False
        await asyncio.gather(*scorers)
        return writer._holds, writer._holders

    assert run(services, scenario) == (0, [])
    assert sorted(stored) == list(range(11))
    assert sorted(body["number"] for body in bodies(services, "access")) == list(range(11))


def test_store_that_cannot_be_written_ends_the_start(services):
    """Where the process gets no chain the service does not start, and says why."""
    if not is_sqlite(services):
        pytest.skip("a server has chains enough")
    first = StoreProcess(services.settings)
    first.start()
    second = StoreProcess(services.settings)
    with pytest.raises(StorageError, match="Another service"):
        second.start()
    second.close()
    first.close()


def test_service_scores_by_its_process(options):
    """A whole service with its writer's process: answers are on disk, events of the service have a chain beside it."""
    services = Services(options.model_copy(update={"writer_process": True}))
    go_live(services, "document_fraud")
    with serving(services) as client:
        client.headers.update(bearer(make_key(services)))
        answers = [client.post("/v1/scores", json=EXAMPLE_RECORD).json() for _ in range(5)]
        kept = [services.decisions.decision(answer["decision_id"]) for answer in answers]
        assert len({one.writer for one in kept}) == 1
        assert kept[0].writer != services.journal.writer
        assert [one.seq for one in kept] == [2, 3, 4, 5, 6]
        assert client.get("/health/ready").status_code == 200
    assert bodies(services, "genesis", kept[0].writer)[0]["heads"].keys() >= {"cli"}
    services.engine.dispose()
