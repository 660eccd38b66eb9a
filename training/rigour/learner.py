"""A model learned from a small world the way the pipeline learns it: weights, family, calibration, who judges."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.spec import FeatureSpec, Kind, Monotone, ReasonText, Use
from training.calibrate import Calibration, calibrate
from training.families import FAMILIES
from training.families.logistic_scorecard import LogisticScorecardSettings
from training.rigour.worlds import FEATURES, OFFICER, RANDOM, SCORE, Flags, Floats, Inspections, World
from training.selection_bias import Judged, SelectionConfig, judge_by, weights_to_fit

TRAIN_UNTIL, CALIBRATION_UNTIL = 0.6, 0.75
"""Shares of the days of a world."""
ARM_NAMES = {RANDOM: "random", SCORE: "score", OFFICER: "officer"}


def spec_of(place: int, name: str, kind: Kind | None = None) -> FeatureSpec:
    """Make a feature of a column; a number that may only raise a score where nothing else is said."""
    kind = kind or (Kind.FLAG if name == "cash" else Kind.NUMBER)
    code = f"W{place:03d}"
    return FeatureSpec(
        function=lambda record: None,  # noqa: ARG005  worlds have columns, no records
        name=name,
        group="extra",
        doc=name,
        kind=kind,
        unit="units" if kind is Kind.NUMBER else None,
        label=name.replace("_", " "),
        expects=Monotone.NONE if name == "noise" or kind is Kind.CATEGORY else Monotone.INCREASING,
        use=Use.SCORE,
        reason=ReasonText(code, f"{name} raises", f"{name} lowers", f"{name} was not given"),
        because="A column of a made-up world",
    )


SPECS = tuple(spec_of(place, name) for place, name in enumerate(FEATURES))
"""The columns of a world as features."""


@dataclass(frozen=True, slots=True)
class Learned:
    """A model of a world.

    Attributes:
        log_odds: (n,), calibrated scores of all travellers.
        line: the calibration.
        test: (n,), who crossed after training and calibration.
        judged: which labelled cases of the test its quality rests on.
        places: (n_labelled_test,), those cases among all travellers.
    """

    log_odds: Floats
    line: Calibration
    test: Flags
    judged: Judged
    places: np.ndarray[tuple[int], np.dtype[np.int64]]


def frame_of(world: World) -> pd.DataFrame:
    """Give the columns of a world as a model reads them."""
    return pd.DataFrame(world.x, columns=list(FEATURES))


def about(seen: Inspections, places: Floats | np.ndarray[tuple[int], np.dtype[np.int64]]) -> pd.DataFrame:
    """Give selection and logged chance of cases, as a case table has them."""
    arms = seen.arm[places]
    chances = np.where(np.isin(arms, (RANDOM, SCORE)), seen.logged[places], np.nan)
    return pd.DataFrame({"selection": [ARM_NAMES[int(arm)] for arm in arms], "selection_probability": chances})


def learn(world: World, seen: Inspections, config: SelectionConfig | None = None, *, naive: bool = False) -> Learned:
    """Train on the first days, calibrate on the next, and leave the last for judging.

    Args:
        world: who crosses.
        seen: whom anybody inspected.
        config: how it is allowed for selection.
        naive: whether all labelled cases count alike everywhere, as if they were all travellers: the control.
    """
    settings = config or SelectionConfig()
    frame = frame_of(world)
    share = world.day / world.parameters.days
    place = np.digitize(share, [TRAIN_UNTIL, CALIBRATION_UNTIL])
    train, later, test = (np.flatnonzero(seen.inspected & (place == number)) for number in range(3))
    facts = about(seen, train)
    weight = np.ones(len(train)) if naive else weights_to_fit(facts, settings).weight
    used = weight > 0
    family = FAMILIES["logistic_scorecard"]
    model = family.fit(
        frame.iloc[train[used]].reset_index(drop=True),
        seen.found[train[used]],
        None if (weight[used] == 1).all() else weight[used],
        SPECS,
        settings=LogisticScorecardSettings(),
        seed=0,
    )
    raw = model.log_odds(frame)
    everyone = Judged(np.ones(len(later), dtype=np.bool_), None, "inspected", "")
    chosen = everyone if naive else judge_by("calibration", seen.found[later], about(seen, later), settings)
    fitted_on = later[chosen.chosen]
    line = calibrate(raw[fitted_on], seen.found[fitted_on], chosen.weight)
    judged = judge_by("holdout", seen.found[test], about(seen, test), settings)
    return Learned(line.slope * raw + line.intercept, line, place == 2, judged, test)  # noqa: PLR2004  the last part
