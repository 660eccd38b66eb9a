"""What a stored score hangs on: the same model asked again with other values, and nothing stored of it."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NamedTuple

from pydantic import Field, StringConstraints

from features.errors import FeatureError
from features.record import TravellerRecord
from features.spec import FeatureSpec, FeatureValue, Kind
from models.assessment import RiskAssessment
from models.counterfactual import Change, smallest_changes
from models.errors import ModelError
from models.wording import value_text
from riskapi.active import ActiveModels
from riskapi.decisions import StoredDecision
from riskapi.errors import ExplanationMismatchError, InvalidBodyError, NotFoundError, Problem
from riskapi.live import LiveModel, LiveModels, Values
from riskapi.schemas import IntervalBody, Wire

CHANGES_MAX = 20
_NUMBER_MAX = 1e9


class ChangedValue(Wire):
    """Another value of one feature; null where it had not been submitted."""

    feature: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    value: Annotated[str, StringConstraints(max_length=200)] | float | bool | None


class WhatIfRequest(Wire):
    """What would have been said of other values."""

    risk: Annotated[str, Field(pattern="^[a-z][a-z0-9_]{2,39}$", examples=["document_fraud"])]
    changes: Annotated[tuple[ChangedValue, ...], Field(max_length=CHANGES_MAX)] = ()


class SaidBody(Wire):
    """What a model says of some values."""

    probability: float
    interval: IntervalBody
    percentile: float
    band: str
    log_odds: float


class SmallestBody(Wire):
    """The smallest change of one feature or two that gives another band."""

    band: str
    probability: float
    changes: Annotated[list[str], Field(description="In words")]


class WhatIfAnswer(Wire):
    """What the model says of the stored values and of the changed ones; a trial, and no decision."""

    risk: str
    stored: SaidBody
    changed: SaidBody
    smallest: list[SmallestBody]


class Scored(NamedTuple):
    """A model with the values of a stored record."""

    model: LiveModel
    values: Values

    @property
    def specs(self) -> Sequence[FeatureSpec]:
        """The features, in the order of the values."""
        return self.model.scorer.specs


def scored_again(row: StoredDecision, risk: Mapping[str, Any], active: ActiveModels) -> Scored:
    """Compute the values of a stored record again, for the model that scored it.

    Args:
        row: the decision.
        risk: of its answer.
        active: opens bundles.

    Raises:
        NotFoundError: where the record is no longer kept.
        ExplanationMismatchError: where bundle or record are not what they were.
    """
    if row.input is None:
        raise NotFoundError(row.note or "Nothing is kept of this decision.")
    try:
        record = TravellerRecord.model_validate_json(row.input)
        [(model, values)] = LiveModels([active.open(risk["model"]["digest"])]).values(record)
    except (ValueError, FeatureError, ModelError) as error:
        raise ExplanationMismatchError(f"The decision cannot be computed again ({type(error).__name__}).") from None
    if model.scorer.assess(values).log_odds != risk["log_odds"]:
        raise ExplanationMismatchError(f"Risk {risk['risk']!r}: the log-odds differ from the stored ones.")
    return Scored(model, values)


def what_if(scored: Scored, changes: Sequence[ChangedValue]) -> dict[str, Any]:
    """Ask the model with other values.

    Raises:
        InvalidBodyError: where a feature is none of the model's, or a value is not of its kind.
    """
    place = {spec.name: at for at, spec in enumerate(scored.specs)}
    values = list(scored.values)
    problems = []
    for number, one in enumerate(changes):
        at = place.get(one.feature)
        if at is None:
            problems.append(Problem(f"changes[{number}].feature", "is no feature of this model", "Send one that is."))
        elif not _fits(scored.specs[at].kind, one.value):
            rule = f"a {scored.specs[at].kind.value} is expected"
            problems.append(Problem(f"changes[{number}].value", rule, "Send a value of that kind, or null."))
        else:
            values[at] = one.value
    if problems:
        raise InvalidBodyError(problems)
    scorer = scored.model.scorer
    return {
        "risk": scored.model.risk,
        "stored": _said(scorer.assess(scored.values)),
        "changed": _said(scorer.assess(values)),
        "smallest": smallest(scored),
    }


def smallest(scored: Scored) -> list[dict[str, Any]]:
    """The smallest changes that would have given another band, in words, where the model still says enough."""
    bundle, scorer = scored.model.bundle, scored.model.scorer
    place = {spec.name: at for at, spec in enumerate(scored.specs)}
    found = []
    for one in smallest_changes(bundle.model, bundle.bands, scored.values):
        values = list(scored.values)
        for change in one.changes:
            values[place[change.feature]] = change.value
        said = scorer.assess(values)
        if said.band == one.band:
            words = [_in_words(change, scored.specs[place[change.feature]]) for change in one.changes]
            found.append({"band": said.band, "probability": said.probability, "changes": words})
    return found


def _in_words(change: Change, spec: FeatureSpec) -> str:
    if change.at_least is None:
        return f"{spec.label}: {value_text(spec, change.value)}"
    number = value_text(spec, float(f"{change.value:.12g}"))
    return f"{spec.label}: {number} or more" if change.at_least else f"{spec.label}: less than {number}"


def _fits(kind: Kind, value: FeatureValue) -> bool:
    if value is None:
        return True
    if kind is Kind.FLAG:
        return isinstance(value, bool)
    if kind is Kind.CATEGORY:
        return isinstance(value, str)
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _NUMBER_MAX


def _said(found: RiskAssessment) -> dict[str, Any]:
    interval = found.interval
    return {
        "probability": found.probability,
        "interval": {"low": interval.low, "high": interval.high, "level": interval.level},
        "percentile": found.percentile,
        "band": found.band,
        "log_odds": found.log_odds,
    }
