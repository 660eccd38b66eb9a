"""What an agency decides about fairness: who is compared, how far apart they may lie, what must be justified."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Fact = Annotated[str, Field(pattern="^[a-z][a-z0-9_]{1,39}$")]
Feature = Annotated[str, Field(pattern="^[a-z][a-z0-9_]{1,59}$")]
Reason = Annotated[str, Field(min_length=40, max_length=600)]
"""A reason is a sentence or more: fewer letters justify nothing."""
Share = Annotated[float, Field(gt=0, lt=1)]

TOGETHER = "together"
"""Name under which the score features as a whole are justified in [fairness.necessity]."""

MISSING = "missing_facts"
"""Name under which it is justified that a model may see which facts are missing."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class RangeConfig(_Part):
    """A range of its own for one protected fact, which has to be argued for."""

    low: Annotated[float, Field(gt=0, lt=1)]
    high: Annotated[float, Field(gt=1, le=100)]
    reason: Reason


class MitigationConfig(_Part):
    """What is done so that groups meet the model more alike; it stays a sum of points, and no protected fact enters it.

    Nothing by default. ``python -m training frontier`` shows what each step costs and gains.
    """

    drop: tuple[Feature, ...] = ()
    """Features that are left out."""
    coarsen: dict[Feature, Annotated[tuple[float, ...], Field(min_length=1, max_length=16)]] = {}
    """Number feature -> limits between which the model may no longer tell values apart."""
    reweigh: tuple[Fact, ...] = ()
    """Protected facts whose groups are weighted, with the outcome, until referral no longer follows the group."""
    strength: Annotated[float, Field(gt=0, le=1)] = 1.0
    """How far: 1 aims at equal referral, less goes part of the way."""
    max_weight: Annotated[float, Field(ge=1, le=50)] = 10.0
    """Largest weight of a case against the mean."""

    @property
    def nothing(self) -> bool:
        """Whether the model is fitted as if there were no such table."""
        return not (self.drop or self.coarsen or self.reweigh)

    @model_validator(mode="after")
    def _limits_rise(self) -> Self:
        for name, limits in self.coarsen.items():
            if list(limits) != sorted(set(limits)):
                raise ValueError(f"the limits of {name} must rise")
            if name in self.drop:
                raise ValueError(f"{name} is dropped: it cannot be coarsened, too")
        return self


class FairnessConfig(_Part):
    """The [fairness] table.

    Equal false-positive rates and calibration within groups cannot both hold where base rates differ (Kleinberg and
    others 2016, Chouldechova 2017): ``priority`` names the one that the gates hold the model to; the other is shown.
    """

    gated: Annotated[tuple[Fact, ...], Field(min_length=1)] = ("nationality_region", "gender", "age_band")
    """Protected facts: a breach by one of them blocks the proposal."""
    shown: tuple[Fact, ...] = ("mode", "crossing_point")
    """Further facts by which the model is audited; a verdict there is told and blocks nothing."""
    pairs: bool = True
    """Whether groups of two protected facts at once are judged, too."""
    priority: Literal["error_rates", "calibration"] = "error_rates"
    reference: Literal["rest", "largest"] = "rest"
    """Who a group is compared with: all others, or the largest group."""
    capacity: Share | None = None
    """Share referred at which groups are compared; none takes that of [gates]."""
    low: Annotated[float, Field(gt=0, lt=1)] = 0.8
    high: Annotated[float, Field(gt=1, le=10)] = 1.25
    """Range in which a ratio of rates counts as equal: four fifths, and its inverse."""
    ranges: dict[Fact, RangeConfig] = {}
    """Facts with a range of their own, each with its reason."""
    level: Share = 0.90
    """Level of each interval: 0.90 leaves 5 % on either side."""
    min_cell: Annotated[int, Field(ge=50)] = 500
    """Travellers below which a group is not judged by itself: smaller ones are shown, drawn together, and pooled."""
    min_cell_positives: Annotated[int, Field(ge=5)] = 10
    """Confirmed cases below which misses and precision of a group are not judged."""
    max_proxy_auc: Annotated[float, Field(gt=0.5, lt=1)] = 0.6
    """How well a feature may tell a protected fact (ROC AUC) before its use needs a reason."""
    necessity: dict[Feature, Reason] = {}
    """Feature -> why it is needed although it tells a protected fact; ``together`` speaks for all as a whole."""
    max_split_gap: Annotated[float, Field(gt=0, le=0.2)] = 0.02
    """ROC AUC by which a random split may flatter against one over time and travellers before the card warns."""
    mitigation: MitigationConfig = MitigationConfig()

    @model_validator(mode="after")
    def _facts_once(self) -> Self:
        both = set(self.gated) & set(self.shown)
        if both:
            raise ValueError(f"both gated and shown: {', '.join(sorted(both))}")
        unknown = set(self.ranges) - set(self.gated) - set(self.shown)
        if unknown:
            raise ValueError(f"a range for facts that are not audited: {', '.join(sorted(unknown))}")
        return self
