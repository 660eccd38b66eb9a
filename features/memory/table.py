"""The memory as a table of this process: for the ordered replay of training, and for records that come together."""

from bisect import bisect_right, insort
from collections.abc import Collection, Iterable
from typing import Self

from features.memory.events import DAY, Remembered, Row, Rows
from features.memory.facts import HORIZON_DAYS, ROWS_PER_KEY

_AFTER = 1 << 63
"""Larger than every number of a row."""
_ROOM = 2 * ROWS_PER_KEY
_SWEEP_DAYS = 30


class MemoryTable:
    """Rows by key, bounded in length and in age.

    >>> table = MemoryTable()
    >>> table.write([(7, Row(10, 1, 1, 0)), (7, Row(30, 2, 1, 0))], 10)
    >>> table.read([7], 20)
    {7: [Row(at=10, link=1, who=1, flags=0)]}
    """

    def __init__(self) -> None:
        self._rows: dict[int, list[Row]] = {}
        self._swept_at = 0

    @classmethod
    def holding(cls, rows: Rows, at: int) -> Self:
        """Make a table of what another engine read at a moment; writing the same rows one by one takes longer.

        >>> MemoryTable.holding({7: [Row(30, 2, 1, 0), Row(10, 1, 1, 0)]}, 40).read([7], 20)
        {7: [Row(at=10, link=1, who=1, flags=0)]}
        """
        table = cls()
        table._rows = {key: list(reversed(newest)) for key, newest in rows.items()}
        table._swept_at = at
        return table

    def read(self, keys: Collection[int], at: int) -> Rows:
        """Read what counts at a moment: of each key the newest rows, at most :data:`ROWS_PER_KEY`, the newest first."""
        oldest = at - HORIZON_DAYS * DAY
        found = {}
        for key in keys:
            rows = self._rows.get(key)
            if rows is None:
                continue
            end = bisect_right(rows, (at, _AFTER, _AFTER, _AFTER))
            newest = rows[max(end - ROWS_PER_KEY, 0) : end]
            found[key] = [row for row in reversed(newest) if row.at > oldest]
        return found

    def write(self, remembered: Iterable[Remembered], at: int) -> None:
        """Write rows; each takes the place of one with the same link and person.

        Args:
            remembered: keys and rows; a row may count from a later moment only.
            at: the present; time never runs backwards.
        """
        for key, row in remembered:
            rows = self._rows.setdefault(key, [])
            for place, old in enumerate(rows):
                if old.link == row.link and old.who == row.who:
                    del rows[place]
                    break
            insort(rows, row)
            if len(rows) > _ROOM:
                counts = bisect_right(rows, (at, _AFTER, _AFTER, _AFTER))
                del rows[: max(counts - ROWS_PER_KEY, 0)]
        if at - self._swept_at > _SWEEP_DAYS * DAY:
            self._sweep(at)

    def __len__(self) -> int:
        """Keys that are held."""
        return len(self._rows)

    def _sweep(self, at: int) -> None:
        """Let go of keys whose newest row is forgotten."""
        oldest = at - HORIZON_DAYS * DAY
        self._rows = {key: rows for key, rows in self._rows.items() if rows[-1].at > oldest}
        self._swept_at = at
