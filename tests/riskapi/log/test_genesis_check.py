"""A chain that begins bears witness of those before it: rows that no checkpoint covers yet are covered by it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from riskapi.log.entry import Kind
from riskapi.log.findings import Rule
from riskapi.log.writers import FileLease
from riskapi.storage.checkpoints import CheckpointBook
from tests.riskapi.log.made_logs import Clock, MadeLog, make_log, rows_of, writing

UNCOVERED = 5


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MadeLog]:
    """A log whose first service was killed after some rows that no checkpoint covers, when a second one had begun."""
    made = make_log(tmp_path / "log", decisions=20)
    clock = Clock()
    clock.now += timedelta(days=1)
    with monkeypatch.context() as patch:
        patch.setattr(CheckpointBook, "is_due", lambda _book, _now: False)
        patch.setattr(CheckpointBook, "uncovered", 0)
        with writing(made, clock) as (journal, _, _):
            journal.lead(FileLease(tmp_path / "one", 1, 5))
            for number in range(UNCOVERED):
                journal.append(Kind.ACCESS, {"decision_id": str(number), "principal": "Amina Yusuf"})
    with writing(made, clock) as (journal, _, _):
        journal.lead(FileLease(tmp_path / "two", 2, 5))
        journal.append(Kind.ACCESS, {"decision_id": "1", "principal": "Amina Yusuf"})
    return made


def test_a_witness_that_tells_the_truth_raises_no_alarm(made):
    """From the database and from an export."""
    results = [made.verify(), *made.verify_exports(made.export(made.directory / "export"))]
    assert [finding.line() for one in results for finding in one.findings] == []


def test_r12_rows_cut_off_before_their_checkpoint_are_missed(made):
    """The end that no checkpoint covers is gone: the chain that began later names it."""
    with made.as_intruder() as connection:
        last = rows_of(connection, "1")
        connection.execute("DELETE FROM log WHERE writer = '1' AND seq > ?", (last - UNCOVERED,))
    for found in (made.verify(), *made.verify_exports(made.export(made.directory / "export"))):
        assert [(one.rule, one.writer, one.seq) for one in found.findings] == [(Rule.TRUNCATED, "1", last)]


def test_r12_rows_put_in_their_place_are_found(made, tmp_path):
    """Others were written in their place, with hashes that fit."""
    with made.as_intruder() as connection:
        last = rows_of(connection, "1")
        connection.execute("DELETE FROM log WHERE writer = '1' AND seq > ?", (last - UNCOVERED,))
    with writing(made, Clock()) as (journal, _, _):
        journal.lead(FileLease(tmp_path / "three", 1, 5))
        for _ in range(UNCOVERED):
            journal.append(Kind.ACCESS, {"decision_id": "9", "principal": "Somebody else"})
    for found in (made.verify(), *made.verify_exports(made.export(made.directory / "export"))):
        assert [(one.rule, one.writer, one.seq) for one in found.findings] == [(Rule.REWRITTEN, "1", last)]
