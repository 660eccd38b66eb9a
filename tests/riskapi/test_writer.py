import asyncio
import threading

import pytest

from riskapi.errors import StorageError
from riskapi.storage.writer import GroupCommitWriter
from tests.riskapi.makers import answered


class SlowStore:
    """A store in memory whose transactions wait for a signal."""

    def __init__(self):
        self.transactions = []
        self.ticks = 0
        self.gate = threading.Event()
        self.gate.set()
        self.failure = None

    def append(self, rows):
        """Keep rows, once the gate is open."""
        assert self.gate.wait(5)
        if self.failure is not None:
            raise self.failure
        self.transactions.append(list(rows))
        return [row.decision_id for row in rows if row.principal == "refused"]

    def tick(self):
        """Count the looks of an idle writer."""
        self.ticks += 1


def writer_of(store, **options):
    """A writer with small bounds."""
    return GroupCommitWriter(store, **({"rows_max": 100, "waiting_max": 1000} | options))


async def until(condition):
    """Wait for what the writer's thread does."""
    for _ in range(5000):
        if condition():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it does not happen")


def run(scenario):
    """Run a scenario with a started writer and close it."""

    async def whole():
        store = SlowStore()
        writer = writer_of(store)
        writer.start()
        try:
            return await scenario(writer, store)
        finally:
            store.gate.set()
            await writer.close()

    return asyncio.run(whole())


def test_whatever_waits_goes_into_one_transaction():
    """While one transaction is under way, later rows gather, and all of them go together next."""

    async def scenario(writer, store):
        store.gate.clear()
        first = writer.append([answered("first")])
        await until(lambda: not writer._waiting)
        others = [writer.append([answered(f"r{n}")]) for n in range(50)]
        assert writer.waiting_rows == 51
        store.gate.set()
        await asyncio.gather(first, *others)
        return [len(rows) for rows in store.transactions], writer.waiting_rows

    assert run(scenario) == ([1, 50], 0)


def test_answer_waits_for_the_transaction():
    """No future is done before its rows are stored."""

    async def scenario(writer, store):
        store.gate.clear()
        future = writer.append([answered()])
        await asyncio.sleep(0.05)
        assert not future.done()
        assert store.transactions == []
        store.gate.set()
        await future
        return len(store.transactions)

    assert run(scenario) == 1


def test_failed_transaction_acknowledges_nothing_and_the_next_one_works():
    """All who waited hear of the failure; the writer goes on."""

    async def scenario(writer, store):
        store.failure = StorageError("the disk is full")
        outcomes = await asyncio.gather(*(writer.append([answered(f"r{n}")]) for n in range(3)), return_exceptions=True)
        assert all(isinstance(one, StorageError) for one in outcomes)
        store.failure = None
        await writer.append([answered("after")])
        return [rows[0].principal for rows in store.transactions]

    assert run(scenario) == ["after"]


def test_unforeseen_failure_reaches_the_callers_without_its_text():
    """An error of any type is one of storage for those who wait, and its text stays inside."""

    async def scenario(writer, store):
        store.failure = RuntimeError("ZZMARKZZ")
        with pytest.raises(StorageError) as caught:
            await writer.append([answered()])
        return str(caught.value)

    assert "ZZMARKZZ" not in run(scenario)


def test_rows_of_one_append_are_not_parted():
    """An append larger than the bound is still one transaction; smaller ones fill up to it."""

    async def scenario(writer, store):
        store.gate.clear()
        writer.append([answered("first")])
        await until(lambda: not writer._waiting)
        sizes = (60, 60, 300, 1)
        done = [writer.append([answered(f"r{n}") for n in range(size)]) for size in sizes]
        store.gate.set()
        await asyncio.gather(*done)
        return [len(rows) for rows in store.transactions]

    assert run(scenario) == [1, 60, 60, 300, 1]


def test_too_many_waiting_rows_are_sent_away_at_once():
    """The queue is bounded: beyond it callers hear that nothing was stored."""

    async def scenario(writer, store):
        store.gate.clear()
        kept = writer.append([answered()] * 900)
        with pytest.raises(StorageError, match="Too many"):
            writer.append([answered()] * 200)
        store.gate.set()
        await kept
        return writer.waiting_rows

    assert run(scenario) == 0


def test_close_stores_what_waits():
    """A shutdown loses nothing that was handed over."""

    async def scenario():
        store = SlowStore()
        writer = writer_of(store)
        writer.start()
        futures = [writer.append([answered(f"r{n}")]) for n in range(20)]
        await writer.close()
        await asyncio.gather(*futures)
        with pytest.raises(StorageError, match="closed"):
            writer.append([answered()])
        return sum(map(len, store.transactions)), writer.is_alive

    assert asyncio.run(scenario()) == (20, False)


def test_caller_who_hung_up_disturbs_nobody():
    """A cancelled wait does not stop the transaction or the other answers."""

    async def scenario(writer, store):
        store.gate.clear()
        gone, stays = writer.append([answered("gone")]), writer.append([answered("stays")])
        gone.cancel()
        store.gate.set()
        await stays
        return sum(map(len, store.transactions))

    assert run(scenario) == 2


def test_each_caller_hears_which_of_its_own_rows_were_not_stored():
    """Where another decision has the idempotency key, the one who sent it hears so, and nobody else."""

    async def scenario(writer, store):
        store.gate.clear()
        first = writer.append([answered("stored")])
        late, other = answered("refused"), answered("stored")
        second, third = writer.append([late, other]), writer.append([answered("stored")])
        store.gate.set()
        return list(await first), list(await second) == [late.decision_id], list(await third)

    assert run(scenario) == ([], True, [])


def test_idle_writer_sees_to_what_is_due(monkeypatch):
    """Without any request the store is asked now and then, so that a checkpoint is not late."""
    monkeypatch.setattr("riskapi.storage.writer._TICK_SECONDS", 0.01)

    async def scenario(writer, store):
        await until(lambda: store.ticks >= 3)
        await writer.append([answered()])
        return len(store.transactions)

    assert run(scenario) == 1
