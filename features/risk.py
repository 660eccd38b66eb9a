"""What is scored for: the declared list of risks, each with its outcomes, its audience and the features it may use.

A risk is an entry in ``features/risks.toml``, or the ``[risk]`` table of a training configuration where an agency
adds its own. Its definition travels in the bundle, so the service serves a risk that this list does not hold.
"""

import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from features.errors import FeatureDefinitionError


class Audience(StrEnum):
    """Who may act on a score of this risk."""

    ENFORCEMENT = "enforcement"
    PROTECTION = "protection"


class Wording(BaseModel):
    """How a score of this risk is put to its audience."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    statement: str
    """One sentence: what the score estimates."""
    raises: str
    """Heading of the reasons that raise the score."""
    lowers: str
    """Heading of the reasons that lower it."""
    advice: str
    """What a person is asked to consider when the band is high."""


class Risk(BaseModel):
    """One kind of risk: it has its own model, bands, audience and wording."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern="^[a-z][a-z0-9_]{2,39}$")]
    title: str
    audience: Audience
    outcome_codes: Annotated[tuple[str, ...], Field(min_length=1)]
    """Codes of an independent outcome that confirm this risk."""
    groups: tuple[str, ...]
    """Feature groups that a model of this risk may use, by name (:data:`features.catalogue.GROUPS`)."""
    without: tuple[str, ...] = ()
    """Features of those groups that it may not use."""
    wording: Wording


def read_risk(entry: dict[str, Any]) -> Risk:
    """Validate one entry.

    Raises:
        FeatureDefinitionError: naming every field that breaks a rule.
    """
    try:
        return Risk.model_validate(entry)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_input=False))
        raise FeatureDefinitionError(f"Risk {entry.get('name', '?')!r}: {problems}") from None


def _load() -> dict[str, Risk]:
    entries = tomllib.loads((Path(__file__).parent / "risks.toml").read_text(encoding="utf-8"))["risk"]
    return {risk.name: risk for risk in map(read_risk, entries)}


RISKS = _load()
"""The declared risks by name, in the order of the file."""
