"""From records to answers, for many at once: each step is done for all of them before the next begins.

Records that come together share the work of the processor's caches: a step that has just run for one record runs for
the next in two thirds of the time (`docs/decisions`).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from features.checks import birth_contradicts
from riskapi.access.principal import Principal
from riskapi.access.purpose import Use
from riskapi.decisions import AnsweredRecord, Claim
from riskapi.errors import ServiceError
from riskapi.ids import uuid7
from riskapi.live import LiveModels
from riskapi.memory import Seen, unseen
from riskapi.privacy.sealing import age_of
from riskapi.reading import SentRecord, read_records
from riskapi.rendering import answer_json
from riskapi.scoring import Assessment, Failure, Scorable, assess_all
from riskapi.selection import Selection

if TYPE_CHECKING:  # the services hold what is made here
    from riskapi.services import Services


class Asked(NamedTuple):
    """A record that somebody wants scored.

    Attributes:
        caller: who asks.
        stated: purpose in the request's head.
        raw: JSON of the record.
        place: of the record in something larger.
    """

    caller: Principal
    stated: str | None
    raw: bytes
    place: str = ""


class Case(NamedTuple):
    """A valid record, and the use that is made of it.

    Attributes:
        use: who asks, and for what.
        sent: the record.
        claim: of the request's idempotency key.
    """

    use: Use
    sent: SentRecord
    claim: Claim | None = None


class Decided(NamedTuple):
    """What was said of a record.

    Attributes:
        answer: to send.
        row: to store before it is sent.
        assessment: the same, to count.
    """

    answer: bytes
    row: AnsweredRecord
    assessment: Assessment


def answer_all(services: "Services", live: LiveModels, asked: Sequence[Asked]) -> list[Decided | Failure]:
    """Read and assess records that came together.

    Args:
        services: that assess.
        live: models, one set for all.
        asked: what came.

    Returns:
        In their order, what was said of each or why nothing was.
    """
    cases = [
        sent if isinstance(sent, ServiceError) else _case(services, one, sent)
        for one, sent in zip(asked, read_records([(one.raw, one.place) for one in asked]), strict=True)
    ]
    decided = iter(decide_all(services, live, [one for one in cases if isinstance(one, Case)]))
    return [next(decided) if isinstance(one, Case) else one for one in cases]


def decide_all(services: "Services", live: LiveModels, cases: Sequence[Case]) -> list[Decided | Failure]:
    """Assess records and write down what was said.

    Args:
        services: that assess.
        live: models, one set for all records of a request.
        cases: to assess.

    Returns:
        In their order, what was said of each or why nothing was.
    """
    sent = [one.sent for one in cases]
    own = [live.for_audiences(one.use.caller.audiences).own_keys for one in cases]
    seen = unseen(sent, own) if services.memory is None else services.memory.see(sent, own)
    wanted = [
        Scorable(of.sent.record, one.use.caller.audiences, one.sent.dropped)
        for one, of in zip(cases, seen, strict=True)
    ]
    assessments = assess_all(wanted, live, services.clock())
    spoken = [_spoken(services, live, *one) for one in zip(cases, assessments, strict=True)]
    return [
        found if isinstance(found, Exception) else _decided(services, case, found, of)
        for case, found, of in zip(cases, spoken, seen, strict=True)
    ]


def decide(services: "Services", live: LiveModels, case: Case) -> Decided:
    """Assess one record.

    Raises:
        TooManyRequestsError: where the caller tries out how the models answer.
        ServiceError: where there is no answer for another reason.
    """
    [found] = decide_all(services, live, [case])
    if isinstance(found, Exception):
        raise found
    return found


def _case(services: "Services", asked: Asked, sent: SentRecord) -> Case | ServiceError:
    try:
        return Case(
            Use(asked.caller, services.purposes.check(asked.caller, asked.stated, sent.record.purpose_code)), sent
        )
    except ServiceError as error:
        return error


class _Spoken(NamedTuple):
    """An answer before anybody knows whether the caller asks too often."""

    decision_id: str
    answer: bytes
    selection: Selection
    assessment: Assessment


def _spoken(services: "Services", live: LiveModels, case: Case, assessment: Assessment | Failure) -> _Spoken | Failure:
    """Say who is referred, and write the answer."""
    if isinstance(assessment, Exception):
        return assessment
    decision_id = uuid7()
    models = live.for_audiences(case.use.caller.audiences)
    selection = services.selector.of(decision_id, case.sent.record, assessment, models)
    return _Spoken(decision_id, answer_json(decision_id, assessment, selection), selection, assessment)


def _decided(services: "Services", case: Case, spoken: _Spoken, seen: Seen) -> Decided | Failure:
    use, sent, claim = case
    principal, found = use.caller, spoken.assessment
    try:
        services.probing.count(principal.name, found.record_id, sent.kept)
    except ServiceError as error:
        return error
    row = AnsweredRecord(
        spoken.decision_id,
        found.scored_at,
        principal.name,
        principal.unit,
        principal.key_id,
        principal.audience_names,
        tuple([risk.model.digest for risk in found.risks]),
        tuple(sent.dropped),
        use.purpose,
        seen.sent.kept,
        age_of(sent.record),
        spoken.answer,
        claim,
        policy=spoken.selection.policy,
        referrals=spoken.selection.told,
        trace=seen.trace,
        birth_contradicts=birth_contradicts(found.checks) if found.checks else (),
    )
    return Decided(spoken.answer, row, found)
