"""Following a chain names what was done to it: the row where that can be known, else the stretch, and never more."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskapi.log.chain import ChainVerifier
from riskapi.log.diagnosis import REACH
from riskapi.log.entry import GENESIS_PREV, entry_hash
from riskapi.log.findings import Findings, Rule
from riskapi.log.merkle import CompactRange
from riskapi.log.signed import SignedSizes

AT = "2026-03-14T09:00:00.000Z"
SIZES = (10, 20, 30, 40)
Rows = list[tuple[int, str, bytes, bytes]]
"""Seq, kind, body, hash."""


def chain(rows: int = 40, start: int = 1, prev: bytes = GENESIS_PREV, mark: str = "") -> Rows:
    """Rows of a chain that follow one another."""
    made: Rows = []
    for seq in range(start, start + rows):
        kind, body = ("genesis" if seq == 1 else "access"), f'{{"n":"{mark}{seq}"}}'.encode()
        prev = entry_hash("1", seq, AT, kind, body, prev=prev)
        made.append((seq, kind, body, prev))
    return made


CLEAN = chain()


def verified(rows: Rows) -> list[tuple[Rule, int, int]]:
    """Findings of rows, against the checkpoints of the clean chain."""
    signed = SignedSizes()
    for size in SIZES:
        tree = CompactRange()
        tree.extend(row[3] for row in CLEAN[:size])
        signed.add(size, tree.root())
    assert list(signed.sort()) == []
    findings = Findings("test")
    verifier = ChainVerifier("1", signed, findings)
    for seq, kind, body, row_hash in rows:
        verifier.feed(seq, AT, kind, body, row_hash)
    verifier.finish()
    return [(finding.rule, finding.seq, finding.through) for finding in findings]


def renumbered(rows: Rows) -> Rows:
    """The same rows with numbers from 1, hashes untouched."""
    return [(seq, *row[1:]) for seq, row in enumerate(rows, start=1)]


def with_row(rows: Rows, seq: int, **changes: bytes) -> Rows:
    """One row changed."""
    at = seq - 1
    _, kind, body, row_hash = rows[at]
    return [*rows[:at], (seq, kind, changes.get("body", body), changes.get("hash", row_hash)), *rows[at + 1 :]]


def test_a_clean_chain_raises_nothing():
    """All rows, all checkpoints."""
    assert verified(CLEAN) == []


@pytest.mark.parametrize("seq", range(1, 41))
def test_a_row_with_another_content_is_named_alone(seq):
    """Wherever it stands: at the ends, before and at a checkpoint."""
    assert verified(with_row(CLEAN, seq, body=b'{"n":"other"}')) == [(Rule.CHANGED, seq, seq)]


@pytest.mark.parametrize("seq", range(1, 41))
def test_a_row_with_another_hash_is_named_alone(seq):
    """The rows after it follow from the right hash, and the checkpoints say which that is."""
    assert verified(with_row(CLEAN, seq, hash=b"\7" * 32)) == [(Rule.CHANGED, seq, seq)]


@pytest.mark.parametrize("count", [1, 2, 5, REACH])
@pytest.mark.parametrize("seq", [2, 10, 11, 24])
def test_rows_taken_out_and_closed_up_are_named_by_the_first(seq, count):
    """However many, as long as they are few: the first place, and that the end is missing."""
    rows = renumbered([*CLEAN[: seq - 1], *CLEAN[seq - 1 + count :]])
    first, *others = verified(rows)
    assert first == (Rule.CHANGED, seq, seq)
    assert all(rule is Rule.TRUNCATED for rule, _, _ in others)


@pytest.mark.parametrize("count", [1, 2, 5, REACH])
@pytest.mark.parametrize("seq", [2, 10, 11, 24])
def test_rows_put_in_are_named_by_the_first(seq, count):
    """Rows that follow from the one before, put between it and the next."""
    put_in = chain(count, seq, CLEAN[seq - 2][3], "extra")
    rows = renumbered([*CLEAN[: seq - 1], *put_in, *CLEAN[seq - 1 :]])
    found = verified(rows)
    assert found[0] == (Rule.INSERTED, seq, seq)
    assert len(found) == 1


def test_a_rewritten_stretch_is_named_as_a_stretch():
    """From row 17 on with right hashes: what is signed of 10 holds, what is signed of 20 does not."""
    assert verified([*CLEAN[:16], *chain(24, 17, CLEAN[15][3], "other")]) == [(Rule.REWRITTEN, 11, 20)]


def test_a_stretch_rewritten_in_the_middle_is_not_taken_for_its_last_row():
    """Rows 13 to 16 rewritten with right hashes, the rest not: row 17 does not follow, and the stretch is named."""
    rows = [*CLEAN[:12], *chain(4, 13, CLEAN[11][3], "other"), *CLEAN[16:]]
    assert verified(rows) == [(Rule.REWRITTEN, 11, 20), (Rule.CHANGED, 17, 17)]


@pytest.mark.parametrize("kept", [0, 1, 9, 10, 39])
def test_a_chain_that_ends_too_early_is_named_by_the_first_missing_row(kept):
    """Everything up to the largest checkpoint has to be there."""
    assert verified(CLEAN[:kept]) == [(Rule.TRUNCATED, kept + 1, 40)]


def test_rows_after_the_last_checkpoint_are_free_to_end_anywhere():
    """What no checkpoint covers yet cannot be missed: that is why checkpoints are frequent."""
    longer = [*CLEAN, *chain(5, 41, CLEAN[-1][3])]
    assert verified(longer) == verified(longer[:43]) == []


@given(st.lists(st.sampled_from(["drop", "repeat", "swap", "body", "hash", "seq"]), min_size=1, max_size=4), st.data())
@settings(deadline=None, max_examples=150)
def test_no_mixture_of_changes_goes_unseen(acts, data):
    """Up to four changes of any kind at any place: something is found, unless nothing was changed."""
    rows = list(CLEAN)
    change: dict[str, Callable[[int], object]] = {
        "drop": rows.pop,
        "repeat": lambda at: rows.insert(at, rows[at]),
        "swap": lambda at: rows.insert(0, rows.pop(at)),
        "body": lambda at: rows.__setitem__(at, (*rows[at][:2], b'{"n":"changed"}', rows[at][3])),
        "hash": lambda at: rows.__setitem__(at, (*rows[at][:3], b"\1" * 32)),
        "seq": lambda at: rows.__setitem__(at, (rows[at][0] + 1, *rows[at][1:])),
    }
    for act in acts:
        change[act](data.draw(st.integers(0, len(rows) - 1)))
    assert bool(verified(rows)) == (rows != CLEAN)
