"""Which proposed bundle is tried beside the live one: named by a person, on record, and never seen in an answer."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from riskapi.access.principal import Principal, PrincipalKind
from riskapi.active import ActiveModels
from riskapi.errors import ConflictError, FourEyesError, NotFoundError
from riskapi.log.entry import Kind
from riskapi.moments import iso
from riskapi.storage.base import Event
from riskapi.storage.guard import storage_errors
from riskapi.storage.journal import Journal, Transaction
from riskapi.storage.ledger import SqlLedger
from riskapi.storage.monitoring_tables import challengers as _table

NAMED, WITHDRAWN = "named", "withdrawn"
_KINDS = {NAMED: Kind.CHALLENGER_NAMED, WITHDRAWN: Kind.CHALLENGER_WITHDRAWN}
_LAST = sa.select(_table).where(_table.c.seq.in_(sa.select(sa.func.max(_table.c.seq)).group_by(_table.c.risk)))


@dataclass(frozen=True, slots=True)
class ChallengerEvent:
    """What was decided about a challenger: who, when and why."""

    at: datetime
    event: str
    risk: str
    digest: str
    principal: str
    rationale: str


class Challengers:
    """The challengers of one store, one for each risk at most.

    Args:
        engine: of the store.
        journal: where decisions about them are told.
        ledger: of the proposals.
        active: opens bundles.
        clock: the present, in UTC.
    """

    def __init__(
        self,
        engine: sa.Engine,
        journal: Journal,
        ledger: SqlLedger,
        *,
        active: ActiveModels,
        clock: Callable[[], datetime],
    ) -> None:
        self._engine = engine
        self._journal = journal
        self._ledger = ledger
        self._active = active
        self._clock = clock

    def current(self) -> dict[str, ChallengerEvent]:
        """Find the challenger of each risk; one that went live or was rejected since is none."""
        with storage_errors(), self._engine.connect() as connection:
            rows = [_event(row) for row in connection.execute(_LAST)]
        return {one.risk: one for one in rows if _is_tried(one, self._ledger)}

    def name(self, digest: str, principal: Principal, rationale: str) -> ChallengerEvent:
        """Have a proposed bundle tried beside the live one, in place of the challenger that there was.

        Raises:
            NotFoundError: where nobody proposed it.
            FourEyesError: where the one who names it is the proposer, or no person.
            ConflictError: where it is live, was rejected, or is the challenger already.
            BundleError: where the stored bundle no longer passes verification.
        """
        _require_person(principal)
        events = self._ledger.events(digest)
        if not events:
            raise NotFoundError("No proposal has this digest.")
        proposers = {_folded(one.principal) for one in events if one.event is Event.PROPOSED}
        if _folded(principal.name) in proposers:
            raise FourEyesError("The proposer does not name the challenger. Ask another person who may approve.")
        if events[-1].event is Event.REJECTED:
            raise ConflictError("This bundle was rejected. Propose another.")
        if digest in {event.digest for event in self._ledger.live().values()}:
            raise ConflictError("This bundle is live: there is nothing to try.")
        risk = self._active.open(digest).risk
        with self._journal.transaction() as transaction:
            last = _last_of(transaction, risk)
            if last is not None and last.digest == digest and _is_tried(last, self._ledger):
                raise ConflictError("This bundle is the challenger already.")
            return self._store(
                transaction, ChallengerEvent(self._clock(), NAMED, risk, digest, principal.name, rationale)
            )

    def withdraw(self, risk: str, principal: Principal, rationale: str) -> ChallengerEvent:
        """End the trial of a risk's challenger.

        Raises:
            NotFoundError: where the risk has none.
            FourEyesError: where the one who ends it is no person.
        """
        _require_person(principal)
        with self._journal.transaction() as transaction:
            last = _last_of(transaction, risk)
            if last is None or not _is_tried(last, self._ledger):
                raise NotFoundError("This risk has no challenger.")
            done = ChallengerEvent(self._clock(), WITHDRAWN, risk, last.digest, principal.name, rationale)
            return self._store(transaction, done)

    @staticmethod
    def _store(transaction: Transaction, done: ChallengerEvent) -> ChallengerEvent:
        told = {
            "digest": done.digest,
            "principal": done.principal,
            "rationale": done.rationale.strip(),
            "risk": done.risk,
        }
        at = iso(done.at)
        transaction.connection.execute(sa.insert(_table).values(at=at, event=done.event, **told))
        transaction.append(_KINDS[done.event], told, at)
        return done


def _is_tried(last: ChallengerEvent, ledger: SqlLedger) -> bool:
    """Whether the last event of a risk leaves it a challenger: named, and neither live nor rejected since."""
    return last.event == NAMED and not any(
        one.event is Event.REJECTED or (one.event is Event.APPROVED and one.at >= last.at)
        for one in ledger.events(last.digest)
    )


def _last_of(transaction: Transaction, risk: str) -> ChallengerEvent | None:
    """The last event of a risk, with nobody else about to add one."""
    connection = transaction.connection
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("LOCK TABLE challengers IN SHARE ROW EXCLUSIVE MODE")
    row = connection.execute(_LAST.where(_table.c.risk == risk)).one_or_none()
    return None if row is None else _event(row)


def _event(row: sa.Row[tuple[int, str, str, str, str, str, str]]) -> ChallengerEvent:
    at = datetime.fromisoformat(row.at)
    return ChallengerEvent(at, row.event, row.risk, row.digest, row.principal, row.rationale)


def _require_person(principal: Principal) -> None:
    if principal.kind is not PrincipalKind.PERSON:
        raise FourEyesError("Only a person decides about a model; this key belongs to a system.")


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()
