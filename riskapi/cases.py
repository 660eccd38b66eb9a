"""Cases for training: each stored decision with what was found later, without identity; "not inspected" is a state."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol

import orjson

from features.risk import Audience
from riskapi.desk.acts import DeskEvent
from riskapi.desk.readings import evidence_of, readings_of
from riskapi.secret import ServiceSecret
from riskapi.selection import Arm
from riskapi.storage.outcomes import StoredOutcome

CREW_TYPE = "C"


class OpenedCase(NamedTuple):
    """A stored decision, opened as far as training may see it.

    Attributes:
        decision_id: stands in the place of the record's own id, which is a fact of identity.
        subject_id: under which the person is stored.
        scored_at: UTC (ISO 8601).
        policy: version of the policy of selection; empty where there was none.
        referrals: as the log has them: audience, arm and probability.
        input: the record without identity (JSON).
    """

    decision_id: str
    subject_id: str
    scored_at: str
    policy: str
    referrals: tuple[str, ...]
    input: bytes


@dataclass(slots=True)
class LeftOut:
    """Decisions of the window that are no cases, by reason.

    Attributes:
        masked: identity was masked, and the caller did not ask for such decisions.
        gone: contents were erased or have expired.
        corrected: another decision about the corrected record stands in their place.
        other_audience: nothing was said to the audience that is asked for.
        not_scored: crew.
    """

    masked: int = 0
    gone: int = 0
    corrected: int = 0
    other_audience: int = 0
    not_scored: int = 0


class CasePages(Protocol):
    """Reads decisions, page by page."""

    def pages(self, window: "Window", left_out: LeftOut) -> Iterator[Sequence[OpenedCase]]:
        """Open the decisions of a window in order; counts those that are left out."""


class OutcomesByDecision(Protocol):
    """Finds what was found."""

    def latest(self, decision_ids: Sequence[str], audience: str) -> Mapping[str, StoredOutcome]:
        """Find the outcome that counts now, of each of some decisions."""


class ActsByDecision(Protocol):
    """Finds what was done at the desk."""

    def __call__(self, audience: str, decision_ids: Sequence[str]) -> Mapping[str, Sequence[DeskEvent]]:
        """Find the acts of each of some cases, in order."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What cases are put together from.

    Attributes:
        decisions: of the store.
        outcomes: of the store.
        acts: of the desk.
    """

    decisions: CasePages
    outcomes: OutcomesByDecision
    acts: ActsByDecision


@dataclass(frozen=True, slots=True)
class Window:
    """Which decisions are asked for.

    Attributes:
        since: scored at this time or later, in UTC.
        until: scored before this time, in UTC.
        audience: that they were answered for, and whose outcomes are told.
        masked: also those whose identity was masked: what is told of them is the same.
    """

    since: datetime
    until: datetime
    audience: Audience
    masked: bool = False


@dataclass(slots=True)
class Exported:
    """What an export holds."""

    cases: int = 0
    inspected: int = 0
    drawn: int = 0
    read: int = 0
    left_out: LeftOut = field(default_factory=LeftOut)


Case = dict[str, Any]
"""One row of the table of cases, in the order of its columns."""


def cases(window: Window, sources: Sources, secret: ServiceSecret, told: Exported) -> Iterator[list[Case]]:
    """Put decisions, outcomes and readings of a window together.

    Args:
        window: which decisions.
        sources: of the store.
        secret: keys the hashes that stand for persons.
        told: counts what is given.
    """
    audience = window.audience.value
    for page in sources.decisions.pages(window, told.left_out):
        ids = [one.decision_id for one in page]
        found, acts = sources.outcomes.latest(ids, audience), sources.acts(audience, ids)
        rows = []
        for one in page:
            row = case_of(one, found.get(one.decision_id), window.audience, secret)
            if row is None:
                told.left_out.not_scored += 1
                continue
            row["readings"] = _readings(acts.get(one.decision_id, ()), secret)
            told.cases += 1
            told.inspected += row["outcome_code"] is not None
            told.drawn += bool(row["draw"])
            told.read += row["readings"] is not None
            rows.append(row)
        yield rows


def case_of(one: OpenedCase, outcome: StoredOutcome | None, audience: Audience, secret: ServiceSecret) -> Case | None:
    """Make one case; ``None`` for crew, who are not scored."""
    record = orjson.loads(one.input)
    if record.get("traveller", {}).get("passenger_type") == CREW_TYPE:
        return None
    record["record_id"] = one.decision_id
    found: dict[str, Any] = orjson.loads(outcome.content) if outcome is not None else {}
    chosen = Chosen.read(one.referrals, audience)
    code = found.get("outcome_code")
    selection = None if code is None else (chosen.arm or found.get("selection"))
    known = bool(one.policy) and (code is None or chosen.arm is not None)
    return {
        "record": orjson.dumps(record).decode(),
        "entity": secret.hash_fact(f"entity {one.subject_id}"),
        "time": datetime.fromisoformat(record["crossing"]["expected_at"]),
        "scored_at": datetime.fromisoformat(one.scored_at),
        "known_at": None if found.get("known_at") is None else datetime.fromisoformat(found["known_at"]),
        "outcome_code": code,
        "selection": selection,
        # of somebody whom an officer chose for reasons of their own nobody knows the chance
        "selection_probability": chosen.probability if known and chosen.probability else None,
        "decided_by_role": found.get("decided_by_role") if code is not None else None,
        "evidence_type": found.get("evidence_type"),
        "inspection_depth": found.get("inspection_depth"),
        "officer_id": found.get("officer"),
        "policy_version": one.policy or None,
        "arm": chosen.arm,
        "draw": chosen.arm == Arm.RANDOM if one.policy else None,
        "compliance": found.get("compliance"),
        "score_shown": found.get("score_shown"),
        "recorded_at": None if outcome is None else datetime.fromisoformat(outcome.at),
        "recorded_by": None if outcome is None else _person(secret, outcome.by),
        "recorded_way": None if outcome is None else outcome.way,
    }


def _readings(acts: Sequence[DeskEvent], secret: ServiceSecret) -> str | None:
    """What readers thought, as JSON: evidence about reasons, and no outcome."""
    told = [evidence_of(one, _person(secret, one.person)) for one in readings_of(acts)]
    return orjson.dumps(told).decode() if told else None


def _person(secret: ServiceSecret, name: str) -> str:
    """Stands for a person of staff."""
    return secret.hash_fact(f"person {name}")


class Chosen(NamedTuple):
    """How an audience came to be asked to look at somebody: over all its risks."""

    arm: str | None
    probability: float

    @classmethod
    def read(cls, referrals: Sequence[str], audience: Audience) -> "Chosen":
        """Read what the log says.

        >>> told = ("enforcement:none:0.02", "enforcement:score:1.0", "protection:random:0.02")
        >>> Chosen.read(told, Audience.ENFORCEMENT), Chosen.read(told, Audience.PROTECTION)
        (Chosen(arm='score', probability=1.0), Chosen(arm='random', probability=0.02))
        """
        own = [one.split(":")[1:] for one in referrals if one.startswith(f"{audience.value}:")]
        arms = [arm for arm, _ in own]
        arm = next((each.value for each in (Arm.RANDOM, Arm.SCORE) if each.value in arms), None)
        return cls(arm, max((float(probability) for _, probability in own), default=0.0))
