"""Outcomes: what a person found later, by whom, when and on what evidence; the only source of labels."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from features.memory.events import Finding, finding_of
from features.record import TravellerRecord
from features.risk import RISKS, Audience
from riskapi.access.matrix import Action
from riskapi.access.principal import Principal
from riskapi.access.purpose import Use
from riskapi.active import ActiveModels
from riskapi.cases import Chosen
from riskapi.decisions import StoredDecision
from riskapi.errors import InvalidBodyError, Problem
from riskapi.moments import iso
from riskapi.outcome_form import OF_NO_RISK, OutcomeRequest, problems_of_form
from riskapi.secret import ServiceSecret
from riskapi.storage.base import DecisionStore
from riskapi.storage.journal import Transaction
from riskapi.storage.outcomes import GONE, OutcomeRow, Recorded, RecordedBy, SqlOutcomeStore

_FINGERPRINT = b"outcome"
_EARLIEST = timedelta(days=1)
"""How long before the expected crossing an outcome may be known: travellers arrive early, and times are rounded."""
_PROBLEMS_MAX = 100


@dataclass(frozen=True, slots=True)
class Refusal:
    """An outcome that is not taken, with every reason."""

    place: int
    problems: tuple[Problem, ...]


class Outcomes:
    """Takes outcomes of persons and systems that may record them, for whom they may see.

    Args:
        store: keeps them.
        decisions: that they are about.
        active: the live models, whose risks an agency may have added.
        secret: keys hashes.
        clock: the present, in UTC.
    """

    def __init__(
        self,
        store: SqlOutcomeStore,
        decisions: DecisionStore,
        *,
        active: ActiveModels,
        secret: ServiceSecret,
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._decisions = decisions
        self._active = active
        self._secret = secret
        self._clock = clock

    def record(self, forms: Sequence[OutcomeRequest], use: Use) -> list[Recorded]:
        """Record all of several outcomes, or none.

        Raises:
            InvalidBodyError: with every problem of every outcome.
            ConflictError: where a decision has another outcome already that the new one does not name.
            StorageError: the outcome is unknown.
        """
        rows, refused = self.examine(forms, use.caller)
        if refused:
            placed = [
                problem._replace(place=f"outcomes[{one.place}].{problem.place}" if len(forms) > 1 else problem.place)
                for one in refused
                for problem in one.problems
            ]
            raise InvalidBodyError(placed[:_PROBLEMS_MAX])
        return self.keep([row for row in rows if row is not None], use)

    def examine(
        self, forms: Sequence[OutcomeRequest], caller: Principal
    ) -> tuple[list[OutcomeRow | None], list[Refusal]]:
        """Look at outcomes without storing anything.

        Returns:
            For each one what would be stored, ``None`` where it is refused; and the refusals.
        """
        audiences = self._audiences()
        now = self._clock()
        rows: list[OutcomeRow | None] = []
        refused = []
        for place, form in enumerate(forms):
            problems = list(problems_of_form(form, now))
            audience: Audience | None = None
            decision = self._decisions.decision(form.decision_id)
            if decision is None or not _reached(decision, caller):
                problems.append(_UNKNOWN)
            else:
                audience, told = _audience(form, decision, caller, audiences)
                problems += told if audience is None else _problems_of_decision(form, decision, audience)
            if problems or audience is None:
                rows.append(None)
                refused.append(Refusal(place, tuple(problems)))
            else:
                rows.append(self._row(form, audience, decision))
        return rows, refused

    def keep(self, rows: Sequence[OutcomeRow], use: Use, way: str = "api") -> list[Recorded]:
        """Store outcomes that were examined.

        Args:
            rows: that stood the examination.
            use: who records them, and what for.
            way: by which they came: ``api`` or ``file``.
        """
        if not rows:
            return []
        caller = use.caller
        return self._store.append(rows, RecordedBy(caller.name, caller.key_id, caller.unit, use.purpose.value, way))

    def keep_within(self, transaction: Transaction, rows: Sequence[OutcomeRow], by: RecordedBy) -> None:
        """Store outcomes that were examined as a part of a transaction."""
        self._store.append_within(transaction, rows, by)

    def codes_of(self, audience: Audience) -> list[str]:
        """Codes that an outcome of an audience can have: of no risk first, then what confirms one of its risks."""
        confirming = sorted(code for code, whose in self._audiences().items() if whose is audience)
        return [*sorted(OF_NO_RISK), *confirming]

    def _row(self, form: OutcomeRequest, audience: Audience, decision: StoredDecision | None) -> OutcomeRow:
        content: dict[str, Any] = form.model_dump(mode="json", exclude={"decision_id", "supersedes", "officer_id"})
        content["audience"] = audience.value
        content["known_at"] = None if form.known_at is None else iso(form.known_at)
        content["officer"] = None if form.officer_id is None else self._secret.hash_fact(f"officer {form.officer_id}")
        written = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
        told = f"{form.decision_id} {form.supersedes} ".encode() + written
        return OutcomeRow(
            form.decision_id,
            audience.value,
            form.supersedes,
            written,
            self._secret.hash_subject(_FINGERPRINT, told),
            None if decision is None else self._finding(form, Chosen.read(decision.referrals, audience).arm),
        )

    def _finding(self, form: OutcomeRequest, arm: str | None) -> Finding | None:
        """What of an outcome the memory may count; whom this service referred it chose itself, but for its lane."""
        if form.outcome_code is None or form.known_at is None:
            return None
        return finding_of(
            int(form.known_at.timestamp()),
            code=form.outcome_code,
            selection=arm or form.selection or "score",
            role=form.decided_by_role or "system",
            evidence=form.evidence_type or "none",
            risks=[*RISKS.values(), *(model.bundle.risk for model in self._active.live.models)],
        )

    def _audiences(self) -> dict[str, Audience]:
        """The audience of each code that confirms a risk, declared or live."""
        risks = [*RISKS.values(), *(model.bundle.risk for model in self._active.live.models)]
        return {code: risk.audience for risk in risks for code in risk.outcome_codes}


_UNKNOWN = Problem(
    "decision_id", "no decision with this id that this key may see", "Send the id that the answer to the scoring had."
)


def _reached(decision: StoredDecision, caller: Principal) -> bool:
    return not caller.audiences.isdisjoint(decision.audiences) and caller.reaches(
        Action.OUTCOMES_RECORD, decision.principal, decision.unit
    )


def _audience(
    form: OutcomeRequest, decision: StoredDecision, caller: Principal, audiences: Mapping[str, Audience]
) -> tuple[Audience | None, list[Problem]]:
    """Find out whose outcome it is: that of the code's risk, else the caller's; or why that cannot be told."""
    own = sorted(caller.audiences & set(decision.audiences))
    code = form.outcome_code
    if code is None or code in OF_NO_RISK:
        if form.audience is not None:
            own = [one for one in own if one is form.audience]
        if len(own) == 1:
            return own[0], []
        rule, remedy = "does not follow from the code", "Send one that both the key and the decision have."
        return None, [Problem("audience", rule, remedy)]
    found = audiences.get(code)
    if found is None:
        known = ", ".join(sorted({one for one, whose in audiences.items() if whose in own} | OF_NO_RISK))
        return None, [Problem("outcome_code", "is no known code", f"Send one of {known}.")]
    if found not in own or form.audience not in {None, found}:
        rule, remedy = "belongs to another audience", "Only who has that audience records it."
        return None, [Problem("outcome_code", rule, remedy)]
    return found, []


def _problems_of_decision(form: OutcomeRequest, decision: StoredDecision, audience: Audience) -> Iterator[Problem]:
    """Find what does not fit to the decision that the outcome is about."""
    if decision.input is None:
        yield Problem("decision_id", GONE, "Keep the outcome in the system of the case.")
        return
    if form.known_at is not None:
        crossing = TravellerRecord.model_validate_json(decision.input).crossing.expected_at
        if form.known_at < crossing - _EARLIEST:
            yield Problem("known_at", "lies over a day before the crossing", "Send the time at which it became known.")
    if form.compliance == "done" and form.selection is None and Chosen.read(decision.referrals, audience).arm is None:
        yield Problem("selection", "is missing", "Send rule, tip or officer: this service did not refer the traveller.")
