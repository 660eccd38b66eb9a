"""Travellers with a known chance each, as a frame of features: for claims about fitted models and their uncertainty.

The truth bends (a ramp, a valley, a wave), so that no table of steps can follow it everywhere; travellers cross more
than once with the same facts; at land posts two facts are never given. Sizes are assumptions.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.record import TravellerRecord
from features.spec import FeatureSpec, FeatureValue, Kind, Monotone, ReasonText, Use
from training.families.base import Floats

HUBS = {"A": 0.0, "B": 0.2, "C": -0.3, "D": 0.6, "E": 0.0, "F": 1.0, "G": -0.5, "H": 0.4}
LAND_SHARE = 0.2
CASH_SHARE = 0.15
VERIFIED_SHARE = 0.8
SHORT_STAY = 3.0


@dataclass(frozen=True)
class Travellers:
    """Crossings.

    Attributes:
        frame: features.
        log_odds: (n_rows,), the truth.
        y: (n_rows,), 1 where a full inspection would confirm the risk.
        who: (n_rows,), number of the traveller.
        modes: (n_rows,), air or land.
    """

    frame: pd.DataFrame
    log_odds: Floats
    y: Floats
    who: npt.NDArray[np.int64]
    modes: npt.NDArray[np.object_]


def _nothing(_record: TravellerRecord) -> FeatureValue:
    return None


def _spec(name: str, kind: Kind, expects: Monotone = Monotone.NONE, group: str = "crossing") -> FeatureSpec:
    return FeatureSpec(
        function=_nothing,
        name=name,
        group=group,
        doc=name,
        kind=kind,
        unit="units" if kind is Kind.NUMBER else None,
        label=name,
        expects=expects,
        use=Use.SCORE,
        reason=ReasonText(name[:2].upper() + "01", f"{name} raises", f"{name} lowers", f"{name} was not given"),
        because="A column of a made-up world, with a known effect",
    )


SPECS = (
    _spec("lead", Kind.NUMBER, Monotone.DECREASING, "booking"),
    _spec("cash", Kind.FLAG, Monotone.INCREASING, "booking"),
    _spec("weight", Kind.NUMBER),
    _spec("stay", Kind.NUMBER, Monotone.DECREASING),
    _spec("verified", Kind.FLAG, Monotone.DECREASING),
    _spec("hub", Kind.CATEGORY),
    _spec("age", Kind.NUMBER),
    _spec("noise", Kind.NUMBER),
)


def make_travellers(rows: int, seed: int, *, level: float = -4.3, land: bool = False) -> Travellers:
    """Let travellers cross.

    Args:
        rows: crossings; each traveller has one and a half on average.
        seed: the same seed gives the same crossings.
        level: intercept of the truth [log-odds]; the default confirms about 2 %.
        land: whether some cross at land posts, where no booking is known.
    """
    rng = np.random.default_rng((seed, rows))
    frame = pd.DataFrame(
        {
            "lead": rng.gamma(2.0, 200.0, rows),
            "cash": (rng.random(rows) < CASH_SHARE).astype(float),
            "weight": rng.normal(20.0, 6.0, rows),
            "stay": rng.exponential(10.0, rows),
            "verified": (rng.random(rows) < VERIFIED_SHARE).astype(float),
            "hub": rng.choice(list(HUBS), rows, p=[0.3, 0.2, 0.15, 0.1, 0.1, 0.07, 0.05, 0.03]).astype(object),
            "age": rng.uniform(18.0, 75.0, rows),
            "noise": rng.standard_normal(rows),
        }
    )
    modes = np.where(land & (rng.random(rows) < LAND_SHARE), "land", "air").astype(object)
    who = rng.integers(0, rows, rows)
    frame, modes = frame.iloc[who].reset_index(drop=True), modes[who]
    booked = (
        level - 0.6 * np.minimum((frame["lead"] - 400) / 280, 1.5) + 0.8 * frame["cash"] - 0.15
    )  # at land posts the average booking counts
    booked = np.where(modes == "land", level, booked)
    log_odds = np.asarray(
        booked
        + 0.25 * np.abs((frame["weight"] - 20) / 6)
        + 0.5 * (frame["stay"] < SHORT_STAY)
        - 0.5 * frame["verified"]
        + frame["hub"].map(HUBS)
        + 0.4 * np.sin(frame["age"] / 10),
        dtype=np.float64,
    )
    frame.loc[modes == "land", ["lead", "cash"]] = np.nan
    y = (rng.random(rows) < 1 / (1 + np.exp(-log_odds))).astype(float)
    return Travellers(frame, log_odds, y, who, modes)
