"""Who may let a model go live: a proposer hands a bundle in, another named person decides, everything is on record."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime

from models.bundle import ModelBundle
from models.promotion import may_promote
from riskapi.access.principal import Principal, PrincipalKind
from riskapi.active import ActiveModels
from riskapi.errors import ConflictError, FourEyesError, NotFoundError
from riskapi.storage.base import Act, BundleRow, Event, LedgerEvent
from riskapi.storage.ledger import SqlLedger

RATIONALE_LENGTH_MIN = 10
Clock = Callable[[], datetime]


class Approvals:
    """The rules of the ledger; every decision is taken within one transaction, so that a race has one outcome."""

    def __init__(self, ledger: SqlLedger, active: ActiveModels, clock: Clock) -> None:
        self._ledger = ledger
        self._active = active
        self._clock = clock

    def propose(self, files: dict[str, bytes], principal: Principal, rationale: str) -> LedgerEvent:
        """Verify a bundle in full and store it for decision.

        Raises:
            BundleError: naming the file and the rule that it breaks.
            ConflictError: where it was proposed before.
        """
        bundle: ModelBundle = self._active.verify(files).bundle
        row = BundleRow(bundle.digest, bundle.risk.name, bundle.manifest.name, bundle.manifest.version, files)

        def rule(events: Sequence[LedgerEvent]) -> None:
            if any(event.digest == bundle.digest for event in events):
                raise ConflictError("This bundle was proposed before: GET /v1/proposals shows where it stands.")

        return self._ledger.propose(row, self._act(principal, rationale), rule)

    def approve(self, digest: str, principal: Principal, rationale: str, accepts: Collection[str] = ()) -> LedgerEvent:
        """Let a bundle go live; approving one that was live before is the way back to it.

        Args:
            digest: of the bundle.
            principal: who approves.
            rationale: why, for the record.
            accepts: names of inconclusive gates that the approver answers for; the record says so.

        Raises:
            NotFoundError: where nobody proposed it.
            FourEyesError: where the approver is the proposer, or no person.
            ConflictError: where it was rejected, is live, or has a gate that did not pass and was not
                accepted.
            BundleError: where the stored bundle no longer passes verification.
        """
        report = self._active.open(digest).bundle.gates

        def rule(events: Sequence[LedgerEvent]) -> None:
            own = _events_of(events, digest)
            _require_other_person(own, principal)
            if own[-1].event is Event.REJECTED:
                raise ConflictError("This bundle was rejected. Propose another.")
            if _live_digest(events, own[0].risk) == digest:
                raise ConflictError("This bundle is live already.")
            ruling = may_promote(report, own[0].principal, principal.name, accepts)
            if not ruling.allowed:
                raise ConflictError(" ".join(ruling.objections))

        if accepts:
            rationale = f"{rationale.strip()} Accepted although inconclusive: {', '.join(sorted(set(accepts)))}."
        return self._ledger.decide(digest, Event.APPROVED, self._act(principal, rationale), rule)

    def reject(self, digest: str, principal: Principal, rationale: str) -> LedgerEvent:
        """Refuse a proposal for good.

        Raises:
            NotFoundError: where nobody proposed it.
            FourEyesError: where the one who rejects is the proposer, or no person.
            ConflictError: where it was decided before.
        """

        def rule(events: Sequence[LedgerEvent]) -> None:
            own = _events_of(events, digest)
            _require_other_person(own, principal)
            if own[-1].event is not Event.PROPOSED:
                raise ConflictError("This bundle was decided before. To take it out of service, approve another.")

        return self._ledger.decide(digest, Event.REJECTED, self._act(principal, rationale), rule)

    def _act(self, principal: Principal, rationale: str) -> Act:
        return Act(principal.name, rationale.strip(), self._clock())


def _events_of(events: Sequence[LedgerEvent], digest: str) -> list[LedgerEvent]:
    own = [event for event in events if event.digest == digest]
    if not own:
        raise NotFoundError("No proposal has this digest.")
    return own


def _require_other_person(own: Sequence[LedgerEvent], principal: Principal) -> None:
    if principal.kind is not PrincipalKind.PERSON:
        raise FourEyesError("Only a person decides about a model; this key belongs to a system.")
    proposers = {_folded(event.principal) for event in own if event.event is Event.PROPOSED}
    if _folded(principal.name) in proposers:
        raise FourEyesError("The proposer does not decide. Ask another named person with the scope 'models:approve'.")


def _folded(name: str) -> str:
    """Compare names as people read them.

    >>> _folded(" Amina  YUSUF ")
    'amina yusuf'
    """
    return " ".join(name.split()).casefold()


def _live_digest(events: Sequence[LedgerEvent], risk: str) -> str | None:
    approved = [event.digest for event in events if event.risk == risk and event.event is Event.APPROVED]
    return approved[-1] if approved else None
