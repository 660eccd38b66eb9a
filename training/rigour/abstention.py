"""Claim: scores without a band are those that are wrong more often, and few ordinary travellers are among them."""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.abstention import Abstainer
from models.assessment import Z
from models.bands import BandPolicy
from training.calibrate import calibrate
from training.families import FAMILIES, ExplainableModel
from training.families.base import model_columns
from training.rigour.claim import Claim, Limit, mean_row, over_seeds
from training.rigour.travellers import SPECS, make_travellers
from training.stability import plain_rows, rules_for

FAMILY = FAMILIES["logistic_scorecard"]
ODD = 1000


def claim(seeds: Sequence[int], *, rows: int = 12_000, jobs: int = 1) -> Claim:
    """Fit, set the rules on other travellers, and look at those without a band.

    Args:
        seeds: of worlds and fits.
        rows: labelled crossings, and as many of the reference population.
        jobs: processes.
    """
    found = over_seeds(partial(measure, rows=rows), seeds, jobs=jobs)
    shown = (
        mean_row("ordinary travellers without a band", found["share"], Limit(high=0.03), unit="percent"),
        mean_row("land posts, where no booking is known", found["land"], Limit(high=0.03), unit="percent"),
        mean_row("records with a value outside of training without a band", found["outside"], Limit(low=1.0)),
        mean_row("squared error without a band, over that with one", found["error"], Limit(low=1.25)),
        mean_row("the same for travellers left out at random", found["random"], Limit(high=1.25), control=True),
    )
    note = f"{rows:,} labelled crossings, one in five at a land post; squared error of the log-odds."
    return Claim("Insufficient data is said of those of whom too little is known", shown, note)


def measure(seed: int, rows: int) -> Mapping[str, float]:
    """All numbers of one world."""
    learned, later, other = (make_travellers(n, seed, land=True) for n in (rows, rows // 3, rows + 1))
    model = FAMILY.fit(
        learned.frame,
        learned.y,
        None,
        SPECS,
        settings=FAMILY.settings_type(),
        seed=seed,
        travellers=learned.who.tolist(),
    )
    if not isinstance(model, ExplainableModel):  # it is
        raise TypeError(FAMILY.name)
    table = calibrate(model.log_odds(later.frame), later.y).apply(model.compile())
    scores = table.log_odds(model_columns(other.frame, table.features))
    rules = rules_for(table, model.specs, other.frame, other.modes)
    bands = BandPolicy.from_reference(scores, version="1", abstention=rules)
    abstainer = Abstainer(rules, table, model.specs, bands.edges)

    def silent(frame: pd.DataFrame) -> npt.NDArray[np.bool_]:
        told = [table.explain(values) for values in plain_rows(table, model.specs, frame)]
        return np.array(
            [
                bool(
                    abstainer.reasons(one, one.log_odds - Z * one.standard_error, one.log_odds + Z * one.standard_error)
                )
                for one in told
            ]
        )

    rng = np.random.default_rng(seed)
    odd = other.frame.iloc[:ODD].copy()
    numbers = [name for name in ("weight", "age", "stay") if name in table.features]
    for at in range(ODD):
        odd.loc[odd.index[at], rng.choice(numbers)] = rng.choice([-1.0, 1.0]) * 10 ** rng.uniform(3, 9)
    quiet, wrong = silent(other.frame), (scores - other.log_odds) ** 2
    drawn = rng.permutation(quiet)
    return {
        "share": float(quiet.mean()),
        "land": float(quiet[other.modes == "land"].mean()),
        "outside": float(silent(odd).mean()),
        "error": float(wrong[quiet].mean() / wrong[~quiet].mean()),
        "random": float(wrong[drawn].mean() / wrong[~drawn].mean()),
    }
