import asyncio
import threading

import pytest

from riskapi.errors import StorageError
from riskapi.storage.writer import GroupCommitWriter
from tests.riskapi.test_storage import row


class SlowStore:
    """A store in memory whose transactions wait for a signal."""

    def __init__(self):
        self.transactions = []
        self.gate = threading.Event()
        self.gate.set()
        self.busy = threading.Event()
        self.failure = None

    def append(self, rows):
        """Wait for the signal, then store or fail."""
        self.busy.set()
        assert self.gate.wait(5)
        if self.failure is not None:
            raise self.failure
        self.transactions.append(list(rows))

    def decision(self, decision_id):
        """Find nothing: not what is tested here."""
        return


def run(scenario):
    """Run a scenario with a started writer and close it."""

    async def whole():
        store = SlowStore()
        writer = GroupCommitWriter(store, rows_max=100, waiting_max=1000)
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
        first = writer.append([row("first")])
        await asyncio.to_thread(store.busy.wait, 5)
        others = [writer.append([row(f"r{n}")]) for n in range(50)]
        assert writer.waiting_rows == 51
        store.gate.set()
        await asyncio.gather(first, *others)
        return [len(rows) for rows in store.transactions], writer.waiting_rows

    assert run(scenario) == ([1, 50], 0)


def test_answer_waits_for_the_transaction():
    """No future is done before its rows are stored."""

    async def scenario(writer, store):
        store.gate.clear()
        future = writer.append([row()])
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
        outcomes = await asyncio.gather(*(writer.append([row(f"r{n}")]) for n in range(3)), return_exceptions=True)
        assert all(isinstance(one, StorageError) for one in outcomes)
        store.failure = None
        await writer.append([row("after")])
        return [rows[0].record_id for rows in store.transactions]

    assert run(scenario) == ["after"]


def test_unforeseen_failure_reaches_the_callers_without_its_text():
    """An error of any type is one of storage for those who wait, and its text stays inside."""

    async def scenario(writer, store):
        store.failure = RuntimeError("ZZMARKZZ")
        with pytest.raises(StorageError) as caught:
            await writer.append([row()])
        return str(caught.value)

    assert "ZZMARKZZ" not in run(scenario)


def test_rows_of_one_append_are_not_parted():
    """An append larger than the bound is still one transaction; smaller ones fill up to it."""

    async def scenario(writer, store):
        store.gate.clear()
        writer.append([row("first")])
        await asyncio.to_thread(store.busy.wait, 5)
        sizes = (60, 60, 300, 1)
        done = [writer.append([row(f"r{n}") for n in range(size)]) for size in sizes]
        store.gate.set()
        await asyncio.gather(*done)
        return [len(rows) for rows in store.transactions]

    assert run(scenario) == [1, 60, 60, 300, 1]


def test_too_many_waiting_rows_are_sent_away_at_once():
    """The queue is bounded: beyond it callers hear that nothing was stored."""

    async def scenario(writer, store):
        store.gate.clear()
        kept = writer.append([row()] * 900)
        with pytest.raises(StorageError, match="Too many"):
            writer.append([row()] * 200)
        store.gate.set()
        await kept
        return writer.waiting_rows

    assert run(scenario) == 0


def test_close_stores_what_waits():
    """A shutdown loses nothing that was handed over."""

    async def scenario():
        store = SlowStore()
        writer = GroupCommitWriter(store, rows_max=100, waiting_max=1000)
        writer.start()
        futures = [writer.append([row(f"r{n}")]) for n in range(20)]
        await writer.close()
        await asyncio.gather(*futures)
        with pytest.raises(StorageError, match="closed"):
            writer.append([row()])
        return sum(map(len, store.transactions)), writer.is_alive

    assert asyncio.run(scenario()) == (20, False)


def test_caller_who_hung_up_disturbs_nobody():
    """A cancelled wait does not stop the transaction or the other answers."""

    async def scenario(writer, store):
        store.gate.clear()
        gone, stays = writer.append([row("gone")]), writer.append([row("stays")])
        gone.cancel()
        store.gate.set()
        await stays
        return sum(map(len, store.transactions))

    assert run(scenario) == 2
