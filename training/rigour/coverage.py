"""Claim: the 90 % interval of a score holds the true chance of the traveller in about 90 of 100 cases."""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import numpy.typing as npt

from models.assessment import Z
from training.calibrate import calibrate
from training.families import FAMILIES, ExplainableModel
from training.families.base import model_columns
from training.recalibrate import redrawn_lines
from training.rigour.claim import Claim, Limit, mean_row, over_seeds
from training.rigour.travellers import SPECS, make_travellers

FAMILY_NAMES = ("logistic_scorecard", "explainable_boosting")
RANGE = Limit(0.85, 0.94)
"""Where the mean coverage of a right 90 % interval lies with 300 confirmed cases in 99 of 100 trials (Beta range)."""


def claim(seeds: Sequence[int], *, rows: int = 12_000, jobs: int = 1) -> Claim:
    """Fit, calibrate on later cases, and look how often the interval holds the truth.

    Args:
        seeds: of worlds and fits.
        rows: labelled crossings to learn from; a third of that to calibrate on.
        jobs: processes.
    """
    found = over_seeds(partial(measure, rows=rows), seeds, jobs=jobs)
    shown = []
    for name in FAMILY_NAMES:
        title = FAMILIES[name].title
        shown.append(mean_row(f"{title}: intervals that hold the truth", found[name], RANGE, unit="percent"))
        shown.append(
            mean_row(
                f"{title}: with terms taken as independent, redraws not widened, and the calibration as given",
                found[f"{name} naive"],
                Limit(high=0.85),
                control=True,
                unit="percent",
            )
        )
    note = (
        f"{rows:,} labelled crossings, about 2 % confirmed, a third as many later ones for the calibration; truth of "
        "4,000 other travellers, which no table of steps can follow everywhere."
    )
    return Claim("The 90 % interval holds the true chance", tuple(shown), note)


def measure(seed: int, rows: int) -> Mapping[str, float]:
    """Share of intervals that hold the truth, for each family and for the naive way beside it."""
    learned, later, other = (make_travellers(n, seed) for n in (rows, rows // 3, 4000))
    found = {}
    for name in FAMILY_NAMES:
        family = FAMILIES[name]
        model = family.fit(
            learned.frame,
            learned.y,
            None,
            SPECS,
            settings=family.settings_type(),
            seed=seed,
            travellers=learned.who.tolist(),
        )
        if not isinstance(model, ExplainableModel):  # both are
            raise TypeError(name)
        table = model.compile()
        line = calibrate(model.log_odds(later.frame), later.y)
        lines = redrawn_lines(table, line, later.frame, later.y, None, who=later.who, seed=seed)
        whole = table.scaled(line.slope, line.intercept, lines)
        columns = model_columns(other.frame, whole.features)
        away = np.abs(whole.log_odds(columns) - other.log_odds)
        found[name] = float(np.mean(away <= Z * whole.standard_errors(columns)))
        plain = line.apply(table)
        alone = sum(
            np.array([term.cell(term.errors, [value]) ** 2 for value in _values(columns[term.name])])
            for term in plain.terms
            if len(term.axes) == 1
        )
        errors = np.sqrt(alone + plain.baseline_error**2) / model.inflation
        found[f"{name} naive"] = float(np.mean(away <= Z * errors))
    return found


def _values(column: npt.NDArray[np.generic]) -> list[float | str | None]:
    return [None if value != value else value for value in column.tolist()]  # noqa: PLR0124  only not-a-number
