"""What one crossing left in the memory: enough to tell it a finding later, and to take all of it out again."""

import json
from collections.abc import Collection, Sequence
from typing import NamedTuple, Self

from features.memory.events import MATURE_DAYS, Remembered, Row, checks_key
from features.memory.keys import Crossing
from features.risk import Audience

_CHECKED = tuple(dict.fromkeys(kind for kind, _ in MATURE_DAYS))


class Trace(NamedTuple):
    """Keyed hashes of one crossing.

    Attributes:
        at: moment of scoring [seconds since 1970].
        booking: of the crossing.
        who: the person.
        keys: those whose findings are remembered, by kind.
        rows: what the crossing left.
    """

    at: int
    booking: int
    who: int
    keys: dict[str, int]
    rows: list[Remembered]

    @classmethod
    def of(cls, crossing: Crossing, remembered: Sequence[Remembered]) -> Self:
        """Keep of a crossing what is needed later."""
        keys = {kind: crossing.keys[kind] for kind in _CHECKED if kind in crossing.keys}
        return cls(crossing.at, crossing.booking, crossing.who, keys, list(remembered))

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what :meth:`to_bytes` wrote.

        >>> trace = Trace(1, 2, 3, {"phone": 4}, [(4, Row(1, 2, 3, 0))])
        >>> Trace.from_bytes(trace.to_bytes()) == trace
        True
        """
        at, booking, who, keys, rows = json.loads(data)
        return cls(at, booking, who, keys, [(key, Row(*row)) for key, row in rows])

    def to_bytes(self) -> bytes:
        """Write it for the store."""
        return json.dumps(self, separators=(",", ":")).encode()

    def findings(self, audiences: Collection[Audience] = tuple(Audience)) -> list[tuple[int, int, int]]:
        """Key, link and person of each row that a finding about the crossing may have left."""
        return [
            (checks_key(self.keys[kind], audience), self.booking, self.who)
            for kind, audience in MATURE_DAYS
            if kind in self.keys and audience in audiences
        ]
