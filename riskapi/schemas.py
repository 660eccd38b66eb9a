"""What goes over the wire, for readers of the API page; a test holds real answers against these models."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from features.check import Result
from features.examples import EXAMPLE_LAND_RECORD, EXAMPLE_MINOR_RECORD, EXAMPLE_RECORD
from features.risk import Audience
from features.text import READABLE_LINES
from riskapi.approvals import RATIONALE_LENGTH_MIN
from riskapi.scoring import NOTICE
from riskapi.storage.base import Event

Digest = Annotated[str, Field(pattern="^sha256:[0-9a-f]{64}$", examples=["sha256:" + "0" * 64])]
Probability = Annotated[float, Field(ge=0, le=1)]


class Wire(BaseModel):
    """A part of a body: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ReasonBody(Wire):
    """One contribution in words."""

    code: Annotated[str, Field(description="Stable for ever: four characters, eight for two features together")]
    sentence: Annotated[str, Field(description="What was seen")]
    feature: Annotated[str, Field(description="Name in GET /v1/features; `a & b` for two together")]
    observed: float | bool | str | None
    usual: Annotated[str | None, Field(description="What is usual in the reference population")]
    contribution: Annotated[float, Field(description="Log-odds")]
    direction: Literal["raises", "lowers"]
    message: Annotated[str | None, Field(description="Message that the fact comes from: API, PNR, DOC")]


class IntervalBody(Wire):
    """Where the probability lies, as far as the uncertainty of the model's points goes."""

    low: Probability
    high: Probability
    level: Probability


class ModelRefBody(Wire):
    """Which model spoke."""

    name: str
    version: str
    digest: Digest


class ReferralBody(Wire):
    """Whether a person is asked to look at the traveller. It is no finding; a person decides what follows."""

    referred: bool
    arm: Annotated[
        Literal["score", "random"] | None,
        Field(
            description="By score within the capacity, or drawn at random whatever the score; null where nobody is"
            " asked, and where an answer is shown to those who look at travellers"
        ),
    ]
    probability: Annotated[
        Probability | None,
        Field(
            description="Chance of being referred, given the record and the slots left, before the draw",
            examples=[0.02],
        ),
    ]


class RiskAssessmentBody(Wire):
    """One risk: `baseline` plus the contributions of all reasons plus `other_contributions` is `log_odds`."""

    risk: str
    audience: Audience
    probability: Probability
    interval: IntervalBody
    percentile: Annotated[float, Field(ge=0, le=100)]
    band: Annotated[
        str, Field(description="`insufficient_data` where the model can say too little: neither high nor low")
    ]
    abstained: Annotated[list[str], Field(description="Why the model can say too little; empty where there is a band")]
    baseline: float
    log_odds: float
    standard_error: float
    reasons_for: list[ReasonBody]
    reasons_against: list[ReasonBody]
    other_contributions: float
    missing: list[str]
    out_of_range: list[str]
    model: ModelRefBody
    statement: str
    advice: str | None
    referral: ReferralBody


class AudienceReferral(Wire):
    """Whether a person of one audience is asked to look at somebody who is not scored."""

    audience: Audience
    referral: ReferralBody


class FailedCheckBody(Wire):
    """A hard check that failed: a fact, and no part of any score."""

    code: Annotated[str, Field(max_length=8, description="Stable for ever; docs/checks.md lists them")]
    version: Annotated[int, Field(ge=1)]
    sentence: Annotated[str, Field(description="What was found")]
    audiences: Annotated[list[Audience], Field(description="Who may see it")]


class CheckBody(Wire):
    """One hard check as it was in force when the record was assessed, and what came of it."""

    code: Annotated[str, Field(max_length=8)]
    version: Annotated[int, Field(ge=1)]
    title: str
    result: Result
    sentence: Annotated[str | None, Field(description="What was found, where it failed")]
    facts: Annotated[list[str], Field(description="Facts that it reads, by place")]
    standard: str
    valid_from: date
    valid_until: date
    audiences: list[Audience]


class ScoreAnswer(Wire):
    """What is said of one record. A person decides."""

    decision_id: Annotated[str, Field(description="UUID version 7; the decision is on disk when this arrives")]
    record_id: str
    scored_at: Annotated[datetime, Field(description="UTC")]
    notice: Annotated[str, Field(examples=[NOTICE])]
    dropped_fields: Annotated[list[str], Field(description="Facts that came and were dropped on receipt, by name")]
    not_scored: Annotated[Literal["crew"] | None, Field(description="Why there are no scores, where that is the rule")]
    checks: Annotated[list[FailedCheckBody], Field(description="Hard checks that failed; no score rests on them")]
    risks: Annotated[list[RiskAssessmentBody], Field(description="For the audiences of the key, each on its own")]
    referrals: Annotated[
        list[AudienceReferral],
        Field(description="Of a record that is not scored: for each audience, by the random arm alone; else empty"),
    ]


class ProblemRow(Wire):
    """One broken rule: where, what is allowed, what to do."""

    place: Annotated[str, Field(examples=["booking.party_size"])]
    rule: Annotated[str, Field(examples=["a whole number is expected"])]
    remedy: Annotated[str, Field(examples=["Send a number without quotes and without fraction."])]


class ProblemBody(Wire):
    """A problem document (RFC 9457). It never repeats what was sent."""

    type: Annotated[str, Field(examples=["urn:riskapi:problem:invalid-body"])]
    title: str
    status: int
    detail: str
    errors: list[ProblemRow] = []


class BatchRow(Wire):
    """The answer of one record of a batch, or its problem."""

    row: Annotated[int, Field(ge=0, description="Place of the record in the batch, from 0")]
    answer: ScoreAnswer | None
    problem: ProblemBody | None


class BatchAnswer(Wire):
    """One row for each record, in their order."""

    scored: int
    refused: int
    rows: list[BatchRow]


class StoredAnswer(ScoreAnswer):
    """An answer as it was given; the sender's id is gone once identity is masked."""

    record_id: str | None  # type: ignore[assignment]  # what is masked is null


class DecisionBody(Wire):
    """A stored decision: record and answer as they were given, as far as the key may see and as they are still kept."""

    writer: Annotated[str, Field(description="Chain of the log that tells of it")]
    seq: Annotated[int, Field(description="Place in that chain")]
    decision_id: str
    scored_at: datetime
    principal: str
    unit: Annotated[str, Field(description="Place of work of the principal; empty where there is only one")]
    key_id: str
    purpose: str | None
    record_id: str | None
    digests: list[Digest]
    dropped: list[str]
    input: Annotated[
        dict[str, Any] | None,
        Field(description="The record without identity: linkage facts are keyed hashes, a date of birth is an age"),
    ]
    identity: Annotated[
        dict[str, Any] | None, Field(description="Facts of identity and contact by place; null once masked")
    ]
    answer: StoredAnswer | None
    supersedes: Annotated[str | None, Field(description="Decision whose record this one corrects")]
    superseded_by: Annotated[list[str], Field(description="Decisions about corrected records, in order")]
    note: Annotated[str | None, Field(description="What is no longer kept, and why; null where all is there")]


RECTIFICATION_REASONS = ("submitted_wrong", "outdated", "identity_mistaken", "contested_by_person", "ordered", "other")
"""Why a record is corrected; codes, so that nothing in them can name anybody."""


class PlainFactBody(Wire):
    """One fact in plain words."""

    fact: str
    value: str


class ToldRiskBody(Wire):
    """What was said of one risk, in sentences."""

    statement: str
    band: str
    raised: list[str]
    lowered: list[str]


class PersonExplanationBody(Wire):
    """What the person concerned is told."""

    decision_id: str
    assessed_at: datetime
    agency: str
    role_of_the_system: list[str]
    not_assessed: str | None
    estimates: list[ToldRiskBody]
    checks: Annotated[list[str], Field(description="Hard checks of the person's own facts that failed")]
    facts_used: list[PlainFactBody]
    facts_kept_but_not_used: list[PlainFactBody]
    facts_not_kept: Annotated[list[str], Field(description="Facts that came and were thrown away on receipt, by name")]
    withheld: str
    asylum: str
    protection: str
    your_rights: list[str]
    contact: str
    data_protection_officer: str
    corrects: str | None
    corrected_by: list[str]
    identity_kept_until: date
    everything_kept_until: date
    note: str | None


class SupportedReasonBody(ReasonBody):
    """One contribution in words, and how firm it is."""

    support: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            description="Share of redraws of the training cases, widened as the interval is, in which it is among the "
            "first three of its side; a main reason from 0.6 on",
        ),
    ]


class ExplanationRow(Wire):
    """One risk with every contribution; with the baseline they add up to the log-odds."""

    risk: str
    digest: Digest
    baseline: float
    log_odds: float
    contributions: list[SupportedReasonBody]


class ExplanationBody(Wire):
    """All contributions of a stored decision and all hard checks, computed again and found equal."""

    decision_id: str
    risks: list[ExplanationRow]
    checks: list[CheckBody]


class ProposalRequest(Wire):
    """A bundle to propose: the text of each of its files."""

    files: Annotated[
        dict[Annotated[str, Field(pattern="^[a-z]+\\.json$")], str],
        Field(
            min_length=1,
            max_length=20,
            description="manifest.json, signature.json and the others, as text",
            json_schema_extra={"additionalProperties": False},
        ),
    ]
    rationale: Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000), READABLE_LINES] = ""


class RationaleRequest(Wire):
    """Why a person decides so."""

    rationale: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=RATIONALE_LENGTH_MIN, max_length=2000),
        READABLE_LINES,
        Field(examples=["Gates pass, card read, agreed with the quality board on 3 March."]),
    ]


class ApprovalRequest(RationaleRequest):
    """Why a person lets a model go live, and for which inconclusive gates that person answers."""

    accept_inconclusive: Annotated[
        list[Annotated[str, StringConstraints(pattern="^[a-z][a-z0-9_]{1,59}$")]],
        Field(
            max_length=100, description="Names of inconclusive gates that you answer for", examples=[["calibration"]]
        ),
    ] = []


class LedgerRow(Wire):
    """Who did what to a bundle, when and why."""

    seq: int
    at: datetime
    event: Event
    digest: Digest
    risk: str
    principal: str
    rationale: str


class ProposalBody(Wire):
    """A proposed bundle and what happened to it."""

    digest: Digest
    risk: str
    name: str
    version: str
    state: Event
    live: bool
    challenger: Annotated[bool, Field(description="Scores beside the live model, unseen")]
    events: list[LedgerRow]


class ProposalDetail(ProposalBody):
    """A proposed bundle with its card and its gates, to decide upon."""

    card: dict[str, Any]
    gates: Any


class ModelBody(Wire):
    """A live model: what it estimates, for whom, and who approved it."""

    risk: str
    title: str
    audience: Audience
    name: str
    version: str
    digest: Digest
    approved_at: datetime
    approved_by: str
    rationale: str


class ModelDetail(ModelBody):
    """A live model with its bands, its features and every point it can give."""

    statement: str
    bands: list[dict[str, Any]]
    features: list[str]
    model: Annotated[dict[str, Any], Field(description="Baseline and points per bin [log-odds]: the model, all of it")]


class AlarmBody(Wire):
    """Something that is wrong."""

    name: str
    text: str
    since: datetime


class Readiness(Wire):
    """Whether the service can score, and what is missing where it cannot."""

    ready: bool
    missing: Annotated[list[str], Field(description="Alarms without whose cause nothing can be scored, in words")]
    alarms: Annotated[list[AlarmBody], Field(description="Everything that the service finds wrong with itself")]
    models: dict[str, Digest]


RECORD_EXAMPLES: dict[str, dict[str, Any]] = {
    "air": {"summary": "An adult who arrives by air, every message present", "value": EXAMPLE_RECORD},
    "land": {"summary": "A trader at a land post without booking or carrier", "value": EXAMPLE_LAND_RECORD},
    "minor": {"summary": "A minor who travels alone", "value": EXAMPLE_MINOR_RECORD},
}
