"""Small synthetic cases with a known truth, for tests of fitting: no record, no simulator."""

from functools import cache

import numpy as np
import pandas as pd

from features.spec import FeatureSpec, Kind, Monotone, ReasonText, Use


def spec(name: str, kind: Kind, expects: Monotone = Monotone.NONE) -> FeatureSpec:
    """A feature that only its column knows."""
    code = name[:2].upper() + "01"
    return FeatureSpec(
        function=lambda record: None,
        name=name,
        group="extra",
        doc=name,
        kind=kind,
        unit="units" if kind is Kind.NUMBER else None,
        label=name.replace("_", " "),
        expects=expects,
        use=Use.SCORE,
        reason=ReasonText(code, f"{name} raises", f"{name} lowers", f"{name} was not given"),
        because="Made for a test; nobody travels here",
    )


SPECS = (
    spec("lead", Kind.NUMBER, Monotone.DECREASING),
    spec("weight", Kind.NUMBER),
    spec("cash", Kind.FLAG, Monotone.INCREASING),
    spec("verified", Kind.FLAG, Monotone.DECREASING),
    spec("purpose", Kind.CATEGORY),
    spec("accommodation", Kind.CATEGORY),
    spec("noise", Kind.NUMBER),
)


@cache
def cases(rows: int = 4000, seed: int = 3) -> tuple[pd.DataFrame, np.ndarray]:
    """Cases in which lead, cash, purpose and a pair (weight, purpose) matter, and about 12 % are confirmed.

    ``lead`` bends the wrong way at its low end, which a model must not follow. All but the flags have missing values,
    and a rare level exists.
    """
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "lead": rng.gamma(2.0, 200.0, rows),
            "weight": rng.normal(20, 6, rows).round(1),
            "cash": (rng.random(rows) < 0.3).astype(float),
            "verified": (rng.random(rows) < 0.8).astype(float),
            "purpose": rng.choice(["tourism", "work", "family", "rare"], p=[0.5, 0.3, 0.195, 0.005], size=rows),
            "accommodation": rng.choice(["hotel", "private"], size=rows),
            "noise": rng.normal(size=rows),
        }
    )
    log_odds = (
        -2.6
        - 0.8 * (frame["lead"] - 400) / 280 * (frame["lead"] > 60)
        + 0.9 * frame["cash"]
        - 0.4 * frame["verified"]
        + 0.7 * (frame["purpose"] == "work")
        + 0.15 * (frame["weight"] - 20) / 6 * np.where(frame["purpose"] == "tourism", 6, -2)
    )
    y = (rng.random(rows) < 1 / (1 + np.exp(-log_odds))).astype(float)
    for name in ("lead", "weight", "noise"):
        frame.loc[rng.random(rows) < 0.06, name] = np.nan
    for name in ("purpose", "accommodation"):
        frame[name] = frame[name].astype(object).where(rng.random(rows) > 0.05, None)
    return frame, y


QUICK = {
    "prior": {},
    "logistic_scorecard": {"min_bin_rows": 100, "min_level_rows": 40},
    "explainable_boosting": {
        "redraws": 3,
        "max_rounds": 300,
        "learning_rate": 0.05,
        "smoothing_rounds": 20,
        "pairs": 3,
    },
    "gradient_boosting": {"rounds": 30, "leaves": [6]},
}
"""Settings that fit in about a second."""
