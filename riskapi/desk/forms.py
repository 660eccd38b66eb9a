"""What is sent to the desk: acts with the version that their sender saw, and a token that makes a form count once."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from features.risk import Audience
from features.text import READABLE, READABLE_LINES
from riskapi.outcome_form import Found
from riskapi.schemas import Wire

VIEWS = ("look_closer", "no_concern", "cannot_tell")
"""What a person thinks of a traveller, before and after they saw the score."""
VERDICTS = ("agrees", "disagrees", "cannot_tell")
"""What a person thinks of a reason."""

Note = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000), READABLE_LINES]
PersonName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), *READABLE]


class DeskForm(Wire):
    """What every act has."""

    token: Annotated[
        str,
        Field(
            pattern="^[A-Za-z0-9_-]{16,64}$",
            description="Made for this form, at random: the same form sent again counts once",
            examples=["0d3c6f0a7c1b4f5e9a2b"],
        ),
    ]
    audience: Annotated[
        Audience | None, Field(description="Whose case of the decision; only for a caller who has both")
    ] = None


class ClaimRequest(DeskForm):
    """Take a case from the queue, or keep it for longer."""


class VersionedForm(DeskForm):
    """An act of somebody who has the case."""

    version: Annotated[int, Field(ge=1, description="Of the case as the sender saw it")]


class ReleaseRequest(VersionedForm):
    """Give a case back."""

    note: Annotated[Note | None, Field(description="For whoever takes it next")] = None


class HandOverRequest(VersionedForm):
    """Hand a case over to a colleague, who has it for as long as one who takes it."""

    to: Annotated[PersonName, Field(description="Name of the colleague, as it is on record", examples=["Amina Yusuf"])]
    note: Annotated[Note, Field(description="What they need to know")]


class FirstViewRequest(VersionedForm):
    """Note an own view before the score is shown."""

    view: Annotated[Literal[VIEWS], Field(description="What you think of the traveller by the facts alone")]  # type: ignore[valid-type]  # the words stand in one place
    note: Note | None = None


class OpenRequest(VersionedForm):
    """Have score, reasons and data quality shown; from now on they count as seen."""


class NoteRequest(VersionedForm):
    """Write a note."""

    note: Note


class ReasonVerdict(Wire):
    """A person's verdict on one reason."""

    risk: Annotated[str, Field(pattern="^[a-z][a-z0-9_]{2,39}$", examples=["document_fraud"])]
    code: Annotated[str, Field(pattern="^[A-Z0-9]{4,8}$", examples=["PY04"])]
    verdict: Literal[VERDICTS]  # type: ignore[valid-type]  # as above


class ReadingRequest(VersionedForm):
    """What a reader thinks and found: the last act of a reading."""

    view: Annotated[Literal[VIEWS], Field(description="What you think of the traveller now")]  # type: ignore[valid-type]  # as above
    reasons: Annotated[
        list[ReasonVerdict],
        Field(max_length=500, description="A verdict on each reason that raises a score, and on any other one"),
    ]
    outcome: Annotated[Found, Field(description="As POST /v1/outcomes takes it")]
    note: Note | None = None


DESK_FORMS = (
    ClaimRequest,
    ReleaseRequest,
    HandOverRequest,
    FirstViewRequest,
    OpenRequest,
    NoteRequest,
    ReadingRequest,
)
"""Every form of the desk, for the API page."""
