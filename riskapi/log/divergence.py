"""Where two copies of a log first tell different things: found by reading them side by side."""

from collections.abc import Iterator

from riskapi.log.findings import Findings, Rule
from riskapi.log.source import LogSource, Row


def compare_copies(one: LogSource, other: LogSource, findings: Findings) -> None:
    """Note the first row of each writer that differs; a copy that is merely shorter does not differ.

    Rows of either copy are read in the order in which an export has them: by writer, then by number.
    """
    seen: set[str] = set()
    rows = _side_by_side(one.rows(Findings(one.name)), other.rows(Findings(other.name)))
    for left, right in rows:
        writer = left[0]
        if left[5] != right[5] and writer not in seen:
            seen.add(writer)
            text = f"from this row on, {one.name} and {other.name} are two different logs"
            findings.add(Rule.SPLIT_VIEW, text, writer, left[1])


def _side_by_side(one: Iterator[Row], other: Iterator[Row]) -> Iterator[tuple[Row, Row]]:
    """Pair the rows that both have."""
    left, right = next(one, None), next(other, None)
    while left is not None and right is not None:
        if left[:2] == right[:2]:
            yield left, right
            left, right = next(one, None), next(other, None)
        elif left[:2] < right[:2]:
            left = next(one, None)
        else:
            right = next(other, None)
