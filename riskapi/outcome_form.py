"""An outcome as it is sent: what an inspection found, who decided so and on what evidence; and what makes it none."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints

from features.outcome import EVIDENCE, INCONCLUSIVE, NOT_INDEPENDENT, NOTHING_FOUND, ROLES, SELECTIONS
from features.risk import Audience
from features.text import READABLE_LINES
from riskapi.approvals import RATIONALE_LENGTH_MIN
from riskapi.errors import Problem
from riskapi.schemas import Wire

COMPLIANCE = ("done", "refused", "not_done")
"""Whether who was drawn or referred was looked at: it was done, the traveller refused, or nobody did."""
DEPTHS = ("quick", "search", "full")
OVERTURNED = "overturned"
OF_NO_RISK = frozenset({NOTHING_FOUND}) | INCONCLUSIVE
"""Codes that say nothing of which risk was looked for."""
_LEEWAY = timedelta(minutes=5)
"""How far another system's clock may be ahead."""

_Id = Annotated[str, Field(pattern="^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
_Utc = Annotated[AwareDatetime, AfterValidator(lambda moment: moment.astimezone(UTC))]


class Found(Wire):
    """What was found of a traveller, by whom decided and on what evidence."""

    outcome_code: Annotated[
        Annotated[str, Field(pattern="^[a-z][a-z0-9_]{1,39}$")] | None,
        Field(
            description="A code of a risk, `nothing_found`, `inconclusive`, or `overturned` of an outcome that did not"
            " stand; left out where nobody looked",
            examples=["forged_document"],
        ),
    ] = None
    known_at: Annotated[_Utc | None, Field(description="When it became known; left out where nobody looked")] = None
    evidence_type: Annotated[
        Literal[EVIDENCE] | None,  # type: ignore[valid-type]  # the words stand in one place
        Field(description="What it rests on; a score, a rule or nothing is refused, since it is no evidence"),
    ] = None
    decided_by_role: Annotated[
        Literal[ROLES] | None,  # type: ignore[valid-type]  # as above
        Field(description="Role of the person who decided; a system is refused"),
    ] = None
    rationale: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=RATIONALE_LENGTH_MIN, max_length=2000),
        READABLE_LINES,
        Field(description="Why it was decided so", examples=["Page 2 was exchanged; confirmed under UV light."]),
    ]
    selection: Annotated[
        Literal[SELECTIONS] | None,  # type: ignore[valid-type]  # as above
        Field(
            description="Why the traveller was looked at, where this service did not refer them: `rule`, `tip` or"
            " `officer`; for those whom it referred it knows, and what is sent does not count"
        ),
    ] = None
    compliance: Annotated[
        Literal[COMPLIANCE],  # type: ignore[valid-type]  # as above
        Field(description="Whether somebody looked; `refused` and `not_done` have no outcome"),
    ] = "done"
    inspection_depth: Annotated[
        Literal[DEPTHS] | None,  # type: ignore[valid-type]  # as above
        Field(description="How thoroughly"),
    ] = None
    score_shown: Annotated[bool | None, Field(description="Whether the score was seen before the inspection")] = None
    officer_id: Annotated[
        Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)] | None,
        Field(description="Who inspected, for audits; kept as a keyed hash"),
    ] = None
    supersedes: Annotated[_Id | None, Field(description="Id of the outcome that this one corrects")] = None


class OutcomeRequest(Found):
    """What was found after a decision. Send it again and it is one outcome; correct it by another that names it."""

    decision_id: Annotated[_Id, Field(examples=["01a20caf-0413-738e-8d4a-c452987a1bd1"])]
    audience: Annotated[
        Audience | None, Field(description="Whose outcome it is; only for a caller who has both and a code of no risk")
    ] = None


class OutcomeAnswerRow(Wire):
    """One outcome that is on record now."""

    outcome_id: str
    decision_id: str
    version: Annotated[int, Field(ge=1, description="1 for the first outcome, one more for each correction")]
    repeated: Annotated[bool, Field(description="Whether it was on record before")]


class OutcomesAnswer(Wire):
    """What became of what was sent, in its order."""

    recorded: int
    repeated: int
    outcomes: list[OutcomeAnswerRow]


def problems_of_form(form: OutcomeRequest, now: datetime) -> Iterator[Problem]:
    """Find what keeps a form from being an outcome, whatever it is about.

    Args:
        form: as it was sent.
        now: the present, in UTC.
    """
    if form.compliance != "done":
        for name in ("outcome_code", "known_at", "evidence_type", "inspection_depth"):
            if getattr(form, name) is not None:
                yield Problem(name, "stands where nobody looked", "Leave it out, or send compliance `done`.")
        return
    for name in ("outcome_code", "known_at", "evidence_type", "decided_by_role"):
        if getattr(form, name) is None:
            yield Problem(name, "is missing", "An outcome needs it. Where nobody looked, send another compliance.")
    if form.evidence_type in NOT_INDEPENDENT:
        allowed = ", ".join(one for one in EVIDENCE if one not in NOT_INDEPENDENT)
        yield Problem("evidence_type", "a score, a rule or no evidence makes no outcome", f"Send one of {allowed}.")
    if form.decided_by_role == "system":
        allowed = ", ".join(one for one in ROLES if one != "system")
        yield Problem("decided_by_role", "what a system decided is no outcome", f"Send one of {allowed}.")
    if form.known_at is not None and form.known_at > now + _LEEWAY:
        yield Problem("known_at", "lies in the future", "Send the time at which it became known.")
    if form.outcome_code == OVERTURNED and form.supersedes is None:
        yield Problem("supersedes", "is missing", "Name the outcome that was overturned.")
