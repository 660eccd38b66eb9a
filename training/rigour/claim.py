"""The form of a claim: what was measured over many seeds, how sure that is, what limit it keeps, and whether it does.

A row without a standard error is not shown: each measured mean comes from at least two seeds. A control is a row in
which the uncorrected way is *expected* to fail; it holds when it fails as badly as the limit says, and shows that the
claim beside it is one that could have failed.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np
import numpy.typing as npt
from joblib import Parallel, delayed

Unit = Literal["", "percent"]
Measured = TypeVar("Measured")


@dataclass(frozen=True, slots=True)
class Limit:
    """A range that a measured number has to lie in, both ends included.

    >>> Limit(low=0.18).text("percent"), Limit(-0.06, 0.06).text("percent"), Limit(high=3).text()
    ('at least 18 %', '-6 % to 6 %', 'at most 3')
    >>> Limit(-0.06, 0.06).holds(0.07)
    False
    """

    low: float = -math.inf
    high: float = math.inf

    def holds(self, value: float) -> bool:
        """Whether the number keeps the limit; one that is not a number keeps none."""
        return self.low <= value <= self.high

    def text(self, unit: Unit = "") -> str:
        """Say the limit in words."""
        if self.low == -math.inf:
            return f"at most {number(self.high, unit)}"
        if self.high == math.inf:
            return f"at least {number(self.low, unit)}"
        return f"{number(self.low, unit)} to {number(self.high, unit)}"


@dataclass(frozen=True, slots=True)
class Row:
    """One measured number.

    Attributes:
        label: what was measured.
        measured: its mean over the seeds.
        standard_error: of that mean.
        limit: what it has to keep, in words.
        holds: whether it does. A control holds where it fails as it should.
        is_control: whether this is the uncorrected way beside the claim.
        unit: how the number is shown.
    """

    label: str
    measured: float
    standard_error: float
    limit: str
    holds: bool
    is_control: bool = False
    unit: Unit = ""

    def text(self) -> str:
        """Write mean and standard error, for example ``-1.2 % ± 0.8 %``."""
        return f"{number(self.measured, self.unit)} ± {number(self.standard_error, self.unit)}"


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim: some rows that belong together.

    Attributes:
        name: in plain words, what is claimed.
        rows: what was measured; at least one.
        note: how it was measured, where a reader needs that.
    """

    name: str
    rows: tuple[Row, ...]
    note: str = ""

    @property
    def holds(self) -> bool:
        """Whether every row keeps its limit."""
        return all(row.holds for row in self.rows)

    def to_json(self) -> dict[str, object]:
        """Ready for JSON."""
        rows = [
            {
                "label": row.label,
                "measured": row.measured,
                "standard_error": row.standard_error,
                "limit": row.limit,
                "holds": row.holds,
                "is_control": row.is_control,
                "unit": row.unit,
            }
            for row in self.rows
        ]
        return {"name": self.name, "note": self.note, "holds": self.holds, "rows": rows}


def number(value: float, unit: Unit = "") -> str:
    """Write a number to three digits.

    >>> number(0.01234, "percent"), number(12.0), number(0.98765)
    ('1.23 %', '12', '0.988')
    """
    return f"{value * 100:.3g} %" if unit == "percent" else f"{value:.3g}"


def mean_row(
    label: str,
    values: npt.ArrayLike,
    limit: Limit,
    *,
    control: bool = False,
    unit: Unit = "",
    se_allowance: float = 0.0,
) -> Row:
    """Judge the mean of one number per seed.

    Args:
        label: what was measured.
        values: (n_seeds,), one number per seed; at least two.
        limit: that the mean has to keep.
        control: whether the row is a control.
        unit: how the number is shown.
        se_allowance: standard errors by which the limit is widened, said in its text; 0 for the bare limit.

    Raises:
        ValueError: for fewer than two seeds: there is no standard error then, and no number without one.
    """
    found = np.asarray(values, dtype=np.float64)
    if found.ndim != 1 or len(found) < 2:  # noqa: PLR2004  a spread takes two
        raise ValueError("a claim is measured on at least two seeds")
    mean, error = float(found.mean()), float(found.std(ddof=1) / math.sqrt(len(found)))
    wide = Limit(limit.low - se_allowance * error, limit.high + se_allowance * error)
    text = limit.text(unit) + (f", ± {se_allowance:g} standard errors" if se_allowance else "")
    return Row(label, mean, error, text, wide.holds(mean), control, unit)


def count_row(label: str, hits: Iterable[object], at_least: int, *, control: bool = False) -> Row:
    """Judge how many seeds came out right, for example 19 of 20; the standard error is that of a binomial count.

    Args:
        label: what was counted.
        hits: (n_seeds,), true where a seed came out right.
        at_least: how many have to.
        control: whether at most that many may come out right instead.
    """
    found = [bool(hit) for hit in hits]
    right, seeds = sum(found), len(found)
    if seeds < 2:  # noqa: PLR2004  a spread takes two
        raise ValueError("a claim is measured on at least two seeds")
    error = math.sqrt(right * (seeds - right) / seeds)
    words = f"{'at most' if control else 'at least'} {at_least} of {seeds}"
    return Row(label, float(right), error, words, right <= at_least if control else right >= at_least, control)


def share_of(seeds: int, share: float) -> int:
    """Smallest count that is this share of the seeds, for limits such as 18 of 20.

    >>> share_of(20, 0.9), share_of(40, 0.9), share_of(5, 0.9)
    (18, 36, 5)
    """
    return math.ceil(seeds * share - 1e-9)


def over_seeds(
    measure: Callable[[int], Mapping[str, Measured]], seeds: Sequence[int], *, jobs: int = 1
) -> dict[str, list[Measured]]:
    """Measure once per seed.

    Args:
        measure: of a seed; gives the same names for each. With several jobs it is a function of a module.
        seeds: the seeds.
        jobs: processes.

    Returns:
        For each name, the value of each seed in their order.
    """
    found: list[Mapping[str, Measured]] = list(Parallel(n_jobs=jobs)(delayed(measure)(seed) for seed in seeds))
    return {name: [each[name] for each in found] for name in found[0]}
