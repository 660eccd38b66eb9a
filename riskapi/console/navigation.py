"""The places of the console, in the order of the bar at the top; each is shown to those who may go there."""

from dataclasses import dataclass
from typing import Final

from riskapi.access.matrix import Action
from riskapi.access.principal import Principal


@dataclass(frozen=True, slots=True)
class Place:
    """A place of the console.

    Attributes:
        path: where it is; pages below it belong to it.
        title: one or two words.
        about: what one does there, in a sentence.
        action: the right that it takes.
    """

    path: str
    title: str
    about: str
    action: Action


PLACES: Final = (
    Place("/console/desk", "Desk", "Take referred travellers, and read their cases.", Action.DESK_REVIEW),
    Place("/console/models", "Models", "Read what is live and what is proposed, and decide.", Action.MODELS_READ),
    Place(
        "/console/monitoring",
        "Monitoring",
        "See volumes, drift, calibration and what came of referrals.",
        Action.MONITORING_READ,
    ),
    Place("/console/decisions", "Decisions", "Look up what was said of a traveller, and why.", Action.DECISIONS_READ),
    Place("/console/log", "Log", "See who looked at what, and whether the log is whole.", Action.LOG_READ),
)


def places_of(caller: Principal | None) -> list[Place]:
    """The places where somebody may go."""
    return [] if caller is None else [place for place in PLACES if place.action in caller.rights]
