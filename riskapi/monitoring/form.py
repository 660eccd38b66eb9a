"""A report about one risk, as it is stored and sent."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from features.risk import Audience
from riskapi.desk.measures import DeskMeasures

Share = Annotated[float, Field(ge=0)]


class Part(BaseModel):
    """A part of a report: frozen, unknown keys refused, no number that is not finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Rate(Part):
    """A count, and how many that is of a thousand."""

    count: int
    per_1000: float | None = Field(description="`null` where there is nobody to count")
    low: float | None
    high: float | None


class PointRates(Part):
    """What came of referrals at one crossing point, on days whose outcomes should be in."""

    point: str = Field(description="Empty for all together")
    travellers: int
    referrals: Rate
    confirmed: Rate
    false_positives: Rate = Field(description="Referred, looked at, and nothing found")
    open: int = Field(description="Referred, without a conclusive outcome")


class Volume(Part):
    """What was answered."""

    travellers: int
    bands: dict[str, int]
    arms: dict[str, int] = Field(description="How referrals came about; `none` for those who were not referred")
    referred: Rate
    unsure: int = Field(description="With a value outside what the model was trained on, or too little to go by")


class Capacity(Part):
    """How full the places for referrals were in the hours that are kept."""

    hours: int = Field(description="Hours and crossing points with a traveller")
    referred_mean: float
    referred_max: int
    busiest: str | None = Field(description="Crossing point and hour with the most referrals")
    places: int | None = Field(
        None, description="For referrals by score in these hours, by the policy; `null` where it bounds none"
    )
    taken: int = Field(0, description="Of these places")
    full: int = Field(0, description="Hours and crossing points whose places were all taken")


class DriftLine(Part):
    """One distribution of the window, held against its reference."""

    name: str
    family: Literal["values", "missing", "new", "score", "reasons"]
    against: str
    size: int
    index: float | None = Field(description="Population stability index; `null` where there are too few")
    low: float | None
    high: float | None
    noise: float | None = Field(description="Index that a quiet window of this size exceeds once in a hundred")
    verdict: Literal["quiet", "alarm", "too_few"]


class Window(Part):
    """What was answered in some days, and whether it still looks like what the model knows."""

    days: int
    start: str
    end: str = Field(description="First day that is past the window")
    volume: Volume
    drift: tuple[DriftLine, ...] = Field(description="Alarms first, then by index")


class BandCalibration(Part):
    """Confirmed cases of one band over the number that the probabilities promise."""

    band: str
    cases: int
    observed: int
    expected: float
    ratio: float | None
    low: float | None
    high: float | None


class ArmRate(Part):
    """What was found among those who were looked at for one reason."""

    arm: str
    concluded: int
    confirmed: int
    share: float | None
    low: float | None
    high: float | None


class Compliance(Part):
    """Whether who was referred was looked at."""

    arm: str
    told: int = Field(description="Referrals of which somebody said whether they were looked at")
    done: int
    share: float | None
    low: float | None
    high: float | None


class Outcomes(Part):
    """What came of referrals, on days whose outcomes should be in."""

    delay_days: int = Field(description="By then nineteen of twenty outcomes are known")
    start: str
    end: str
    points: tuple[PointRates, ...]
    calibration: tuple[BandCalibration, ...]
    hit_rates: tuple[ArmRate, ...]
    compliance: tuple[Compliance, ...]


class GroupLine(Part):
    """One group held against all others, for one question."""

    fact: str
    group: str
    question: Literal["selection", "precision", "misses"] = Field(
        description="Referred by score, of travellers; confirmed, of those looked at because of the score; missed by"
        " the score, of the confirmed who were drawn at random"
    )
    of: int | None = Field(None, description="How many the group has; `null`, as all else, where it is too small")
    hits: int | None = None
    rate: float | None = None
    low: float | None = None
    high: float | None = None
    ratio: float | None = Field(None, description="Of the rate, to that of all others")
    ratio_low: float | None = None
    ratio_high: float | None = None
    verdict: Literal["passed", "failed", "inconclusive", "too_few"]


class MonitoringReport(Part):
    """What is watched of one risk. Alarms tell; they change nothing."""

    risk: str
    title: str
    audience: Audience
    digest: str = Field(description="Of the bundle that is live")
    at: datetime
    waiting: int = Field(description="Rows of the log that were not counted yet")
    alarms: tuple[str, ...]
    windows: tuple[Window, ...]
    capacity: Capacity
    outcomes: Outcomes
    groups: tuple[GroupLine, ...] = Field((), description="Of protected facts, mode and crossing point")
    people: DeskMeasures | None = Field(
        None, description="Readers of the audience's cases; of reasons those of the risk, names for auditors alone"
    )
    level: float = Field(0.95, description="Of the intervals")
