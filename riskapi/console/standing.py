"""Where a proposed bundle stands: what was decided about it, by whom, and what a person may still decide."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from riskapi.access.matrix import Action
from riskapi.access.principal import Principal
from riskapi.errors import NotFoundError
from riskapi.services import Services
from riskapi.storage.base import BundleRow, Event, LedgerEvent


@dataclass(frozen=True)
class Standing:
    """Where one bundle stands.

    Attributes:
        bundle: without its files.
        events: all that was decided, the first first.
        live: whether it scores now.
    """

    bundle: BundleRow
    events: tuple[LedgerEvent, ...]
    live: bool

    @property
    def digest(self) -> str:
        """Name of the bundle."""
        return self.bundle.digest

    @property
    def proposed(self) -> LedgerEvent:
        """Who proposed it, when and why."""
        return self.events[0]

    @property
    def state(self) -> str:
        """One word: live, waiting, rejected or replaced."""
        if self.live:
            return "live"
        return {Event.PROPOSED: "waiting", Event.REJECTED: "rejected", Event.APPROVED: "replaced"}[
            self.events[-1].event
        ]

    def may_approve(self, caller: Principal) -> bool:
        """Whether somebody may be asked to let it go live; the rules of approval have the last word."""
        return Action.MODELS_APPROVE in caller.rights and self.state in ("waiting", "replaced")

    def may_reject(self, caller: Principal) -> bool:
        """Whether somebody may be asked to refuse it."""
        return Action.MODELS_APPROVE in caller.rights and self.state == "waiting"


def standings(services: Services) -> list[Standing]:
    """Every bundle that was proposed, the one with the latest event first."""
    events, bundles = services.ledger.events(), services.ledger.bundles()
    live = _live(services)
    order = dict.fromkeys(event.digest for event in reversed(events))
    return [_standing(bundles, digest, events, live) for digest in order]


def standing(services: Services, digest: str) -> Standing:
    """Where one bundle stands.

    Raises:
        NotFoundError: where nobody proposed it.
    """
    events = services.ledger.events(digest)
    if not events:
        raise NotFoundError("No proposal has this digest.")
    return _standing(services.ledger.bundles(), digest, events, _live(services))


def _live(services: Services) -> set[str]:
    return {event.digest for event in services.ledger.live().values()}


def _standing(bundles: Mapping[str, BundleRow], digest: str, events: Iterable[LedgerEvent], live: set[str]) -> Standing:
    own = tuple(event for event in events if event.digest == digest)
    return Standing(bundles[digest], own, digest in live)
