"""Inspections that miss, and finds that are none: what a measured share says of what is there.

Corrects a share for sensitivity and specificity (Rogan and Gladen 1978, "Estimating prevalence from the results of a
screening test", American Journal of Epidemiology 107). Both are assumptions that an agency documents, given as ranges;
the interval carries them by drawing: uniform over each range, and the measured share from its own interval.
"""

from dataclasses import dataclass

import numpy as np

from models.metrics.intervals import normal_quantile

DRAWS = 20_000
SMALLEST = 1e-9


@dataclass(frozen=True, slots=True)
class Corrected:
    """A share after correction.

    Attributes:
        estimate: at the middle of both ranges.
        low: lower end of the interval.
        high: upper end.
        level: of the interval.
        note: the assumptions it rests on.
    """

    estimate: float
    low: float
    high: float
    level: float
    note: str


def rogan_gladen(share: float, sensitivity: float, specificity: float) -> float:
    """Share that is there, from the share that inspections report: (share + Sp - 1) / (Se + Sp - 1), kept in 0 to 1.

    >>> round(rogan_gladen(0.0085, 0.75, 0.9992), 5)
    0.01028

    Raises:
        ValueError: where an inspection tells no more than a coin.
    """
    tells = sensitivity + specificity - 1
    if not tells > 0:
        raise ValueError("sensitivity and specificity together are above 1, or an inspection tells nothing")
    return min(1.0, max(0.0, (share + specificity - 1) / tells))


def corrected(
    share: float,
    low: float,
    high: float,
    *,
    level: float,
    sensitivity: tuple[float, float],
    specificity: tuple[float, float],
) -> Corrected:
    """Correct a share and its interval.

    Args:
        share: as measured.
        low: lower end of its interval.
        high: upper end.
        level: of that interval and of the one returned.
        sensitivity: range from low to high; a point is a range of no width.
        specificity: the same.
    """
    for first, second in (sensitivity, specificity):
        if not 0 < first <= second <= 1:
            raise ValueError("a range of sensitivity or specificity is from low to high, above 0 and at most 1")
    rng = np.random.default_rng(0)
    noise = rng.standard_normal(DRAWS)
    z = normal_quantile(level)
    down, up = max(0.0, share - low) / z, max(0.0, high - share) / z
    drawn = np.clip(share + np.where(noise < 0, down, up) * noise, 0.0, 1.0)
    se = rng.uniform(*sensitivity, DRAWS)
    sp = rng.uniform(*specificity, DRAWS)
    there = np.clip((drawn + sp - 1) / np.maximum(se + sp - 1, SMALLEST), 0.0, 1.0)
    middle = rogan_gladen(share, sum(sensitivity) / 2, sum(specificity) / 2)
    ends = np.quantile(there, [(1 - level) / 2, (1 + level) / 2])
    note = (
        f"Assumes that inspections find {sensitivity[0]:.2%} to {sensitivity[1]:.2%} of what is there, and find "
        f"nothing in {specificity[0]:.2%} to {specificity[1]:.2%} of the others."
    ).replace("%", " %")
    return Corrected(middle, min(middle, float(ends[0])), max(middle, float(ends[1])), level, note)
