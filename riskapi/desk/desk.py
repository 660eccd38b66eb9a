"""The desk as persons use it: who may do what with which case, and what follows from it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from features.risk import Audience
from riskapi.access.matrix import Action
from riskapi.access.principal import Principal, PrincipalKind
from riskapi.access.purpose import Use
from riskapi.active import ActiveModels
from riskapi.audit import seen_by, view_of
from riskapi.decisions import StoredDecision
from riskapi.desk.acts import (
    Act,
    Standing,
    State,
    check_claim,
    check_first_view,
    check_holds,
    check_open,
    check_opened,
    closes,
    shows_score,
)
from riskapi.desk.forms import (
    ClaimRequest,
    DeskForm,
    FirstViewRequest,
    HandOverRequest,
    NoteRequest,
    OpenRequest,
    ReadingRequest,
    ReleaseRequest,
    VersionedForm,
)
from riskapi.desk.what_if import Scored, scored_again
from riskapi.errors import ConflictError, FourEyesError, InvalidBodyError, NotFoundError, PermissionDeniedError, Problem
from riskapi.ids import is_uuid
from riskapi.log.entry import Kind
from riskapi.moments import iso
from riskapi.outcome_form import OutcomeRequest
from riskapi.outcomes import Outcomes
from riskapi.secret import ServiceSecret
from riskapi.storage.base import DecisionStore
from riskapi.storage.desk import NO_CASE, CaseFacts, CaseKey, NewAct, SqlDeskStore, Stored
from riskapi.storage.desk_queue import Cursor, DeskQueue, QueueFilter, QueueRow, QueueView
from riskapi.storage.journal import Journal, Transaction
from riskapi.storage.outcomes import OutcomeRow, RecordedBy

_TOKEN, _FORM = b"desk token", b"desk form"
SHOWN = (
    "risk",
    "statement",
    "probability",
    "interval",
    "percentile",
    "band",
    "abstained",
    "baseline",
    "log_odds",
    "standard_error",
    "reasons_for",
    "reasons_against",
    "other_contributions",
    "missing",
    "out_of_range",
    "model",
    "advice",
)
"""What is on screen of each risk once a case was opened, and what the log commits to as seen."""


@dataclass(frozen=True, slots=True)
class ShownCase:
    """A case as somebody may see it.

    Attributes:
        row: the decision.
        identity: facts of identity that the person may see, by place.
        risks: score, reasons and data quality of each risk; ``None`` before the person had them shown.
    """

    facts: CaseFacts
    standing: Standing
    row: StoredDecision
    identity: Mapping[str, Any]
    risks: Sequence[Mapping[str, Any]] | None


class Desk:
    """Reads and changes cases for persons who may.

    Args:
        store: keeps what was done.
        queue: of the same database.
        decisions: that the cases are about.
        outcomes: takes what was found.
        active: opens the models that scored.
        journal: takes views.
        secret: keys hashes.
        times: how long a case stays with somebody, and how long it is offered.
        clock: the present, in UTC.
    """

    def __init__(
        self,
        store: SqlDeskStore,
        queue: DeskQueue,
        decisions: DecisionStore,
        *,
        outcomes: Outcomes,
        active: ActiveModels,
        journal: Journal,
        secret: ServiceSecret,
        times: tuple[timedelta, timedelta],
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._queue = queue
        self._decisions = decisions
        self._outcomes = outcomes
        self._active = active
        self._journal = journal
        self._secret = secret
        self._claim, self._open_for = times
        self._clock = clock

    def waiting(self, caller: Principal, wanted: QueueFilter, after: Cursor | None, limit: int) -> list[QueueRow]:
        """List cases that somebody can take, the longest waiting first."""
        return self._queue.waiting(self._view(caller), wanted, after, limit)

    def held(self, caller: Principal, limit: int) -> list[QueueRow]:
        """List cases that somebody has."""
        return self._queue.held(self._view(caller), limit)

    def counts(self, caller: Principal) -> dict[str, int]:
        """Count the cases that somebody can take or has."""
        return self._queue.count(self._view(caller))

    def arrived(self, point: str, audience: Audience, since: str, until: str) -> int:
        """Count the cases of a crossing point that came within a time."""
        return self._queue.arrived(point, audience.value, since, until)

    def key_of(self, decision_id: str, audience: Audience | None, caller: Principal) -> CaseKey:
        """Name the case that a caller means.

        Raises:
            InvalidBodyError: where the caller has two audiences and names none.
            NotFoundError: for an audience that is not the caller's.
        """
        caller.require_audience()
        own = caller.audience_names if audience is None else (audience,)
        if len(own) != 1:
            raise InvalidBodyError([Problem("audience", "is missing", "Say whose case: you have two audiences.")])
        if own[0] not in caller.audiences or not is_uuid(decision_id):
            raise NotFoundError(NO_CASE)
        return CaseKey(decision_id, own[0].value)

    def show(self, key: CaseKey, use: Use) -> ShownCase:
        """Show a case to somebody; that they look at it is on record before.

        Raises:
            NotFoundError: for none that they may see.
            StorageError: where it is not on record.
        """
        facts, standing = self._case(key, use.caller)
        row, risks, identity = self._opened(key, use.caller)
        sees = shows_score(standing, use.caller.name)
        self._journal.append(Kind.ACCESS, view_of("desk_reasons" if sees else "desk_case", row.decision_id, use))
        return ShownCase(facts, standing, row, identity, risks if sees else None)

    def has_case(self, decision_id: str, caller: Principal) -> bool:
        """Whether a decision is a case that somebody may see."""
        try:
            self._case(self.key_of(decision_id, None, caller), caller)
        except NotFoundError:
            return False
        return True

    def require_shown(self, decision_id: str, caller: Principal) -> None:
        """Keep the score from whoever has a case and has not yet noted the own view that comes first.

        Raises:
            ConflictError: where that is so.
        """
        if Action.DESK_REVIEW not in caller.rights:
            return
        for audience in caller.audience_names:
            found = self._store.case(CaseKey(decision_id, audience.value))
            if found is None or not found[0].view_first:
                continue
            if found[1].held_by == caller.name and not shows_score(found[1], caller.name):
                raise ConflictError("You have this case: note your own view at the desk first; the score opens there.")

    def claim(self, key: CaseKey, form: ClaimRequest, use: Use) -> Stored:
        """Take a case, or keep it for longer.

        Raises:
            ConflictError: where somebody else has it, or it is closed.
            FourEyesError: where the caller has read it before, or had it scored.
        """
        caller = use.caller
        now = self._clock()
        content = {"until": iso(now + self._claim)}

        def settle(_transaction: Transaction, facts: CaseFacts, standing: Standing) -> Act:
            if facts.principal == caller.name:
                raise FourEyesError("You had this traveller scored: another person has to read the case.")
            check_claim(standing, caller.name, iso(now))
            return Act.CLAIMED

        return self._do(key, form, Act.CLAIMED, content, use, settle)

    def release(self, key: CaseKey, form: ReleaseRequest, use: Use) -> Stored:
        """Give a case back."""
        return self._do(key, form, Act.RELEASED, {"note": form.note}, use, self._holding(form, use, Act.RELEASED))

    def hand_over(self, key: CaseKey, form: HandOverRequest, use: Use) -> Stored:
        """Hand a case over to a colleague who has not read it.

        Raises:
            FourEyesError: where that person has read it, or had it scored.
        """
        content = {"to": form.to, "note": form.note, "until": iso(self._clock() + self._claim)}

        def settle(_transaction: Transaction, facts: CaseFacts, standing: Standing) -> Act:
            check_holds(standing, use.caller.name, form.version)
            if form.to in standing.readers or form.to == facts.principal:
                raise FourEyesError("Hand it to somebody who has not read it, and did not have it scored.")
            return Act.HANDED_OVER

        return self._do(key, form, Act.HANDED_OVER, content, use, settle)

    def first_view(self, key: CaseKey, form: FirstViewRequest, use: Use) -> Stored:
        """Note an own view before the score is shown."""

        def settle(_transaction: Transaction, _facts: CaseFacts, standing: Standing) -> Act:
            check_holds(standing, use.caller.name, form.version)
            check_first_view(standing, use.caller.name)
            return Act.FIRST_VIEW

        return self._do(key, form, Act.FIRST_VIEW, {"view": form.view, "note": form.note}, use, settle)

    def open(self, key: CaseKey, form: OpenRequest, use: Use) -> Stored:
        """Have score, reasons and data quality shown; what was on screen is kept, and the log commits to it."""
        caller = use.caller
        row, risks, _ = self._opened(key, caller)

        def settle(transaction: Transaction, facts: CaseFacts, standing: Standing) -> Act:
            check_holds(standing, caller.name, form.version)
            check_open(standing, caller.name, view_first=facts.view_first)
            transaction.append(Kind.ACCESS, view_of("desk_reasons", row.decision_id, use))
            return Act.OPENED

        return self._do(key, form, Act.OPENED, {"shown": risks}, use, settle)

    def note(self, key: CaseKey, form: NoteRequest, use: Use) -> Stored:
        """Write a note."""
        return self._do(key, form, Act.NOTED, {"note": form.note}, use, self._holding(form, use, Act.NOTED))

    def read(self, key: CaseKey, form: ReadingRequest, use: Use) -> Stored:
        """End a reading: verdicts, view and outcome.

        Where one reader is enough, or the second one found the same, the outcome is recorded with it. Where two found
        different things, a third person resolves the case, and what they found is the outcome.

        Raises:
            InvalidBodyError: where a reason that raises a score has no verdict, or the outcome is none.
            ConflictError: where the case was not opened, has moved on, or has an outcome that this one does not name.
        """
        caller = use.caller
        _, risks, _ = self._opened(key, caller)
        outcome = self._outcome(key, form, risks, caller)
        content = form.model_dump(mode="json", include={"view", "reasons", "outcome", "note"})

        def settle(transaction: Transaction, _facts: CaseFacts, standing: Standing) -> Act:
            check_holds(standing, caller.name, form.version)
            check_opened(standing, caller.name)
            if closes(standing, content):
                self._outcomes.keep_within(transaction, [outcome], _by(use))
            return Act.RESOLVED if standing.state is State.DISPUTED else Act.READ

        return self._do(key, form, Act.READ, content, use, settle)

    def scored(self, key: CaseKey, risk: str, use: Use) -> Scored:
        """Compute a risk of a case again, to ask its model with other values; it is on record, and nothing is stored.

        Raises:
            ConflictError: where the caller has not opened the case.
            NotFoundError: where the case has no such risk.
        """
        _, standing = self._case(key, use.caller)
        if not shows_score(standing, use.caller.name):
            check_opened(standing, use.caller.name)
        row, answer, _ = seen_by(self._decisions, key.decision_id, use.caller)
        risks = [] if answer is None else answer["risks"]
        found = [one for one in risks if (one["risk"], one["audience"]) == (risk, key.audience)]
        if not found:
            raise NotFoundError("This case has no such risk.")
        self._journal.append(Kind.ACCESS, view_of("desk_what_if", row.decision_id, use))
        return scored_again(row, found[0], self._active)

    def _outcome(
        self, key: CaseKey, form: ReadingRequest, risks: Sequence[Mapping[str, Any]], caller: Principal
    ) -> OutcomeRow:
        """Check what was found and every verdict; gives the outcome to store."""
        found = form.outcome
        shown = True if found.score_shown is None and found.compliance == "done" else found.score_shown
        sent = OutcomeRequest.model_validate(
            found.model_dump()
            | {"decision_id": key.decision_id, "audience": Audience(key.audience), "score_shown": shown}
        )
        [row], refused = self._outcomes.examine([sent], caller)
        problems = [one._replace(place=f"outcome.{one.place}") for each in refused for one in each.problems]
        problems += _problems_of_verdicts(form, risks)
        if row is None or problems:
            raise InvalidBodyError(problems)
        return row

    def _holding(self, form: VersionedForm, use: Use, act: Act) -> Callable[[Transaction, CaseFacts, Standing], Act]:
        """The rule of what whoever has a case may do at any time."""

        def settle(_transaction: Transaction, _facts: CaseFacts, standing: Standing) -> Act:
            check_holds(standing, use.caller.name, form.version)
            return act

        return settle

    def _do(  # noqa: PLR0917 - one act
        self,
        key: CaseKey,
        form: DeskForm,
        act: Act,
        content: dict[str, Any],
        use: Use,
        settle: Callable[[Transaction, CaseFacts, Standing], Act],
    ) -> Stored:
        caller = use.caller
        if caller.kind is not PrincipalKind.PERSON:
            raise PermissionDeniedError("Cases are read by persons; this key belongs to a system.")
        self._case(key, caller)
        said = orjson.dumps([caller.name, form.model_dump(mode="json", exclude={"audience"}), act.value])
        new = NewAct(
            act,
            content,
            self._secret.hash_subject(_TOKEN, form.token.encode()),
            self._secret.hash_subject(_FORM, said),
        )
        return self._store.append(key, new, _by(use), settle)

    def _case(self, key: CaseKey, caller: Principal) -> tuple[CaseFacts, Standing]:
        """Find a case that the caller may see."""
        found = self._store.case(key)
        if (
            found is None
            or key.audience not in caller.audiences
            or not caller.reaches(Action.DESK_REVIEW, found[0].principal, found[0].unit)
        ):
            raise NotFoundError(NO_CASE)
        return found

    def _opened(
        self, key: CaseKey, caller: Principal
    ) -> tuple[StoredDecision, list[dict[str, Any]], Mapping[str, Any]]:
        """Open the decision of a case: what is kept of it, what is shown of each risk, and who it is."""
        row, answer, identity = seen_by(self._decisions, key.decision_id, caller)
        risks = [] if answer is None else [risk for risk in answer["risks"] if risk["audience"] == key.audience]
        return row, [{name: risk[name] for name in SHOWN} for risk in risks], identity

    def _view(self, caller: Principal) -> QueueView:
        now = self._clock()
        return QueueView(caller.name, caller.audience_names, caller.units, iso(now), iso(now - self._open_for))


def _by(use: Use) -> RecordedBy:
    caller, purpose = use
    return RecordedBy(caller.name, caller.key_id, caller.unit, purpose.value, "desk")


def _problems_of_verdicts(form: ReadingRequest, risks: Sequence[Mapping[str, Any]]) -> list[Problem]:
    """Find reasons without a verdict, and verdicts without a reason."""
    raising = [(risk["risk"], reason["code"]) for risk in risks for reason in risk["reasons_for"]]
    known = {(risk["risk"], one["code"]) for risk in risks for one in (*risk["reasons_for"], *risk["reasons_against"])}
    given = [(one.risk, one.code) for one in form.reasons]
    problems = [
        Problem("reasons", f"no verdict on {code} of {risk}", "Say agrees, disagrees or cannot_tell of each.")
        for risk, code in raising
        if (risk, code) not in given
    ]
    for place, one in enumerate(given):
        if one not in known or given.index(one) != place:
            rule = "is no reason of this case, or has two verdicts"
            problems.append(Problem(f"reasons[{place}]", rule, "Send one verdict for each reason that was shown."))
    return problems
