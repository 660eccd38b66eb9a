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

UNIT = 2.0**-12
"""One step of a lane [log-odds]."""
MAX_LANES = 128
"""Most redraws of one model; each costs time in every score."""
_BITS = 32
MAX_SWING = 2 ** (_BITS - 1) - 1
"""Largest sum of moves in one lane: what fits into it."""

Lanes = tuple[int, ...]
"""The moves of one cell, one per redraw."""


def norm(lanes: Sequence[int]) -> float:
    """Turn summed lanes into a standard error [log-odds].

    >>> norm((3 * 4096, -4 * 4096))
    5.0
    """
    return math.hypot(*lanes) * UNIT


def lanes_of(moves: Sequence[float], inflation: float = 1.0) -> Lanes:
    """Write the moves of one cell as lanes.

    Args:
        moves: by redraw, about their mean [log-odds].
        inflation: factor on all of them.

    >>> lanes_of((-0.5, 0.0, 0.5)), round(norm(lanes_of((-0.5, 0.0, 0.5))), 3)
    ((-1448, 0, 1448), 0.5)
    """
    scale = inflation / (UNIT * math.sqrt(max(1, len(moves) - 1)))
    return tuple(round(float(move) * scale) for move in moves)


def move_unit(lanes: int) -> float:
    """What one step of a lane means as a move of its redraw [log-odds], for a number of lanes."""
    return UNIT * math.sqrt(max(1, lanes - 1))


class Packing:
    """Packs a number of lanes into one whole number, so that one addition adds them all.

    Every lane of the running sum is kept above zero by half of its width, which the start holds; so no lane borrows
    from its neighbour, and lanes are read off exactly.

    >>> packing = Packing(2)
    >>> total = packing.start + packing.pack((3, -1)) + packing.pack((-5, -1))
    >>> packing.read(total)
    (-2, -2)
    """

    def __init__(self, lanes: int) -> None:
        self.start = sum(1 << (_BITS * lane + _BITS - 1) for lane in range(lanes))
        """What a running sum starts from; by exclusive or, it also turns each lane into its two's complement."""
        self.size = lanes * _BITS // 8
        """Bytes of a packed sum."""
        self.unpack: Callable[[bytes], tuple[Any, ...]] = struct.Struct(f"<{lanes}i").unpack
        """Reads the lanes of a packed sum."""

    def pack(self, lanes: Sequence[int]) -> int:
        """Pack the lanes of one cell."""
        return sum(lane << (_BITS * place) for place, lane in enumerate(lanes))

    def read(self, total: int) -> tuple[int, ...]:
        """Read the lanes of a running sum."""
        return self.unpack((total ^ self.start).to_bytes(self.size, "little"))
