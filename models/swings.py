"""How far a score would have swung, had other travellers been inspected: one lane of whole numbers per redraw.

A model is fitted again to cases drawn anew. Each redraw moves every point a little, and moves of different terms belong
together: where one term takes what another gives, the score hardly moves. So each cell keeps its move in each redraw,
and a record adds up the moves of its cells redraw by redraw. The length of that sum is the standard error of the score,
with every correlation between terms in it.

Moves are whole numbers of :data:`UNIT`, divided by the root of the number of redraws less one, so that their length is
the standard error itself. Python adds whole numbers of any size in one step: the lanes of a cell are packed into one.
"""

import math
import struct
from collections.abc import Callable, Sequence
from typing import Any

UNIT = 2.0**-10
"""One step of a lane [log-odds]."""
MAX_LANES = 128
"""Most redraws of one model; each costs time in every score."""
_NARROW, _WIDE = 16, 32
MAX_SWING = 2 ** (_WIDE - 1) - 1
"""Largest sum of moves in one lane: what fits into it."""

Lanes = tuple[int, ...]
"""The moves of one cell, one per redraw."""


def norm(lanes: Sequence[int]) -> float:
    """Turn summed lanes into a standard error [log-odds].

    >>> norm((3 * 1024, -4 * 1024))
    5.0
    """
    return math.hypot(*lanes) * UNIT


def lanes_of(moves: Sequence[float], inflation: float = 1.0) -> Lanes:
    """Write the moves of one cell as lanes.

    Args:
        moves: by redraw, about their mean [log-odds].
        inflation: factor on all of them.

    >>> lanes_of((-0.5, 0.0, 0.5)), round(norm(lanes_of((-0.5, 0.0, 0.5))), 3)
    ((-362, 0, 362), 0.5)
    """
    scale = inflation / (UNIT * math.sqrt(max(1, len(moves) - 1)))
    return tuple(round(float(move) * scale) for move in moves)


def move_unit(lanes: int) -> float:
    """What one step of a lane means as a move of its redraw [log-odds], for a number of lanes."""
    return UNIT * math.sqrt(max(1, lanes - 1))


class Packing:
    """Packs a number of lanes into one whole number, so that one addition adds them all.

    Lanes are kept from falling below zero, so that none borrows from its neighbour and every sum is read off exactly:
    each cell is packed with the largest move of its term on top, and the start of the running sum takes that off again.

    Args:
        lanes: how many.
        reach: largest moves of each term in any lane; with the baseline's, they bound the running sum.
        baseline: lanes that every sum holds.

    >>> packing = Packing(2, (5, 1), (0, 0))
    >>> total = packing.start + packing.pack((3, -5), 5) + packing.pack((-1, 1), 1)
    >>> packing.unpack((total ^ packing.flip).to_bytes(packing.size, "little"))
    (2, -4)
    """

    def __init__(self, lanes: int, reach: Sequence[int], baseline: Sequence[int]) -> None:
        narrow = sum(reach) + max(map(abs, baseline)) < 2 ** (_NARROW - 1)
        self._bits = _NARROW if narrow else _WIDE
        self.flip = self.pack([0] * lanes, 2 ** (self._bits - 1))
        """By exclusive or, it turns each lane of a running sum into its two's complement."""
        self.start = self.flip + self.pack(baseline) - self.pack([0] * lanes, sum(reach))
        """What a running sum starts from."""
        self.size = lanes * self._bits // 8
        """Bytes of a packed sum."""
        self.unpack: Callable[[bytes], tuple[Any, ...]] = struct.Struct(f"<{lanes}{'h' if narrow else 'i'}").unpack
        """Reads the lanes of a packed sum."""

    def pack(self, lanes: Sequence[int], above: int = 0) -> int:
        """Pack the lanes of one cell, each that much above its move."""
        return sum((lane + above) << (self._bits * place) for place, lane in enumerate(lanes))
