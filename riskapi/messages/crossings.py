"""How travellers cross the border on a voyage, as records say it: the crossing, its leg and its direction."""

from typing import Any, Literal, NamedTuple

from riskapi.messages.base import Voyage
from riskapi.messages.ports import country_of

Direction = Literal["in", "out", "transit"]
Mode = Literal["air", "sea", "land"]


class Route(NamedTuple):
    """What all travellers of a voyage share."""

    voyage: Voyage
    mode: Mode = "air"

    def crossing(self, direction: Direction) -> dict[str, Any]:
        """The crossing of one traveller."""
        return {
            "mode": self.mode,
            "point": self.voyage.destination,
            "direction": direction,
            "expected_at": self.voyage.arrives_at,
        }

    @property
    def leg(self) -> dict[str, Any]:
        """The leg that crosses the border."""
        voyage = self.voyage
        return {
            "carrier": voyage.carrier,
            "flight_number": voyage.number,
            "origin": voyage.origin,
            "destination": voyage.destination,
            "departs_at": voyage.departs_at,
            "arrives_at": voyage.arrives_at if voyage.arrives_at != voyage.departs_at else None,
        }

    @property
    def day(self) -> str:
        """The day of the crossing in record ids, YYYYMMDD."""
        return f"{self.voyage.arrives_at:%Y%m%d}"


def leaves_again(point: str, onward: str | None) -> bool | None:
    """Whether the way goes on to another country; ``None`` where a country is not known.

    >>> leaves_again("NBO", "JNB"), leaves_again("NBO", "MBA"), leaves_again("NBO", None)
    (True, False, None)
    """
    here, there = country_of(point), country_of(onward)
    return None if here is None or there is None else here != there
