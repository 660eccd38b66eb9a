"""What is usual in the reference population: where a score stands in it, and which values its features take."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from features.spec import FeatureSpec, Kind
from models.errors import ModelFormError
from models.wording import SHARES, number_text, share_text, value_text

if TYPE_CHECKING:  # numpy is needed to measure baselines, not to use them
    import numpy as np
    import numpy.typing as npt

QUANTILES = 1001
MAX_LEVELS = 20
"""Levels of a category that are kept by name; the rest is counted together."""
HISTOGRAM_EDGES = tuple(place / 10 for place in range(1, 10))
"""Quantiles at which the histogram of a number is cut."""


@dataclass(frozen=True, slots=True)
class FeatureBaseline:
    """What is usual of one feature. Shares but ``missing`` are of the values that were given.

    Attributes:
        kind: of the feature.
        missing: share of records without a value.
        median: of a number; ``low`` and ``high`` are its 5th and 95th percentiles.
        edges: where the histogram of a number or a flag is cut.
        levels: of a category, most common first.
        shares: per bin of the histogram, or per level and then of all others.
    """

    kind: Kind
    missing: float
    median: float | None = None
    low: float | None = None
    high: float | None = None
    edges: tuple[float, ...] = ()
    levels: tuple[str, ...] = ()
    shares: tuple[float, ...] = ()

    def usual(self, spec: FeatureSpec) -> str | None:
        """Say what is usual in a phrase; ``None`` where nothing was given."""
        if not any(self.shares):
            return None
        if self.kind is Kind.FLAG:
            answer = int(self.shares[1] > self.shares[0])
            return f"{('no', 'yes')[answer]} for {share_text(self.shares[answer])}"
        if self.kind is Kind.CATEGORY:
            return f"{value_text(spec, self.levels[0])} for {share_text(self.shares[0])}" if self.levels else None
        if self.median is None or self.low is None or self.high is None:
            return None
        if self.low == self.high:
            return f"nearly always {number_text(self.median, spec.unit)}"
        low, median = (
            number_text(number, spec.unit if spec.unit in SHARES else None) for number in (self.low, self.median)
        )
        return f"mostly {low} to {number_text(self.high, spec.unit)}, median {median}"


@dataclass(frozen=True)
class Baselines:
    """Where scores and values stand in the reference population.

    Attributes:
        quantiles: 1,001 quantiles of the log-odds, from the lowest to the highest.
        features: baseline of each feature by name.

    >>> Baselines(tuple(place / 1000 for place in range(1001)), {}).percentile(0.75)
    75.0
    """

    quantiles: tuple[float, ...]
    features: Mapping[str, FeatureBaseline]

    def __post_init__(self) -> None:
        """Check the form.

        Raises:
            ModelFormError: naming the rule that is broken.
        """
        finite = all(map(math.isfinite, self.quantiles))
        if len(self.quantiles) != QUANTILES or not finite or any(a > b for a, b in pairwise(self.quantiles)):
            raise ModelFormError(f"baselines have {QUANTILES} finite quantiles that do not fall")
        for name, feature in self.features.items():
            broken = list(_problems(feature))
            if broken:
                raise ModelFormError(f"baseline of {name!r}: " + "; ".join(broken))

    def percentile(self, log_odds: float) -> float:
        """Percent of the reference population that scores lower, or as high, to two digits."""
        place = bisect_right(self.quantiles, log_odds)
        if place == 0:
            return 0.0
        if place == QUANTILES:
            return 100.0
        below, above = self.quantiles[place - 1], self.quantiles[place]
        return round((place - 1 + (log_odds - below) / (above - below)) * 100 / (QUANTILES - 1), 2)

    def threshold(self, share: float) -> float:
        """Find the log-odds that at most a share of the reference population reaches.

        Between two quantiles the line is straight. Where equal scores straddle the limit none of them reaches it: what
        cannot be told apart is treated alike, and a share promised to those who do the work is not exceeded.

        >>> even = Baselines(tuple(place / 1000 for place in range(1001)), {})
        >>> [even.threshold(share) for share in (1.0, 0.25, 0.02, 0.0)]
        [-inf, 0.75, 0.98, inf]
        """
        quantiles = self.quantiles
        if share >= 1:
            return -math.inf
        if share <= 0:
            return math.inf
        place = round((1 - share) * (QUANTILES - 1), 9)
        below = math.floor(place)
        part = place - below
        found = quantiles[below] if not part else quantiles[below] + part * (quantiles[below + 1] - quantiles[below])
        return math.nextafter(found, math.inf) if bisect_left(quantiles, found) < below else found

    @classmethod
    def from_reference(
        cls,
        log_odds: "npt.NDArray[np.float64]",
        columns: "Mapping[str, npt.NDArray[np.generic]]",
        specs: Sequence[FeatureSpec],
    ) -> "Baselines":
        """Measure the reference population.

        Args:
            log_odds: (n_rows,), its scores.
            columns: one array per feature, as :meth:`AdditiveModel.contributions` takes them.
            specs: the features to measure.

        Raises:
            ModelFormError: for an empty population or scores that are not finite.
        """
        import numpy as np  # noqa: PLC0415  baselines are measured where models are trained, and used without numpy

        if not len(log_odds) or not np.isfinite(log_odds).all():
            raise ModelFormError("baselines need a reference population with finite scores")
        quantiles = np.quantile(log_odds, np.linspace(0.0, 1.0, QUANTILES))
        quantiles = np.maximum.accumulate(quantiles)  # interpolation may lose the order in the last bit
        features = {spec.name: _measure(spec, columns[spec.name]) for spec in specs}
        return cls(tuple((quantiles + 0.0).tolist()), features)

    def to_json(self) -> dict[str, Any]:
        """Write the baselines as plain values."""
        features = {name: asdict(one) | {"kind": one.kind.value} for name, one in self.features.items()}
        return {"quantiles": list(self.quantiles), "features": features}

    @classmethod
    def from_json(cls, data: Any) -> "Baselines":
        """Read what :meth:`to_json` wrote.

        Raises:
            ModelFormError: naming what breaks the form.
        """
        try:
            quantiles = tuple(map(_number, data["quantiles"]))
            features = {name: _read(fields) for name, fields in data["features"].items()}
            whole = set(data) == {"quantiles", "features"}
        except (TypeError, KeyError, ValueError, AttributeError, OverflowError) as error:
            raise ModelFormError(f"baselines have quantiles and features: {type(error).__name__}") from None
        if not whole:
            raise ModelFormError("baselines have quantiles and features, and nothing else")
        return cls(quantiles, features)


def _problems(feature: FeatureBaseline) -> list[str]:
    numbers = [feature.median, feature.low, feature.high]
    bins = len(feature.levels) + 1 if feature.kind is Kind.CATEGORY else len(feature.edges) + 1
    rules = {
        "shares are from 0 to 1": all(0 <= share <= 1 for share in (feature.missing, *feature.shares)),
        "one share per bin": len(feature.shares) == bins,
        "a flag has two bins": feature.kind is not Kind.FLAG or bins == 2,  # noqa: PLR2004  yes and no
        "edges are finite and rise": all(map(math.isfinite, feature.edges))
        and all(a < b for a, b in pairwise(feature.edges)),
        "numbers are finite": all(number is None or math.isfinite(number) for number in numbers),
        "levels are few and differ": len(set(feature.levels)) == len(feature.levels) <= MAX_LEVELS,
    }
    return [rule for rule, holds in rules.items() if not holds]


def _number(value: Any) -> float:
    if type(value) not in (int, float):
        raise TypeError
    return float(value)


def _read(fields: dict[str, Any]) -> FeatureBaseline:
    numbers = {name: fields[name] for name in ("median", "low", "high")}
    if not all(isinstance(level, str) for level in fields["levels"]):
        raise TypeError
    known = {
        "kind": Kind(fields["kind"]),
        "missing": _number(fields["missing"]),
        "edges": tuple(map(_number, fields["edges"])),
        "levels": tuple(fields["levels"]),
        "shares": tuple(map(_number, fields["shares"])),
    } | {name: None if value is None else _number(value) for name, value in numbers.items()}
    return FeatureBaseline(**(dict(fields) | known))


def _measure(spec: FeatureSpec, column: "npt.NDArray[np.generic]") -> FeatureBaseline:
    """Measure one column."""
    import numpy as np  # noqa: PLC0415  as above

    rows = len(column)
    if spec.kind is Kind.CATEGORY:
        given = [str(value) for value in column if value is not None and value == value]  # noqa: PLR0124  not-a-number
        counts: dict[str, int] = {}
        for value in given:
            counts[value] = counts.get(value, 0) + 1
        common = sorted(counts, key=lambda level: (-counts[level], level))[:MAX_LEVELS]
        most = max(1, len(given))
        shares = [counts[level] / most for level in common]
        rest = (len(given) - sum(counts[level] for level in common)) / most
        return FeatureBaseline(spec.kind, 1 - len(given) / rows, levels=tuple(common), shares=(*shares, rest))
    numbers = np.asarray(column, dtype=np.float64)
    numbers = numbers[np.isfinite(numbers)]
    missing = 1 - len(numbers) / rows
    edges: list[float] = [0.5] if spec.kind is Kind.FLAG else []
    if not len(numbers):
        return FeatureBaseline(spec.kind, missing, edges=tuple(edges), shares=(0.0,) * (len(edges) + 1))
    if spec.kind is Kind.NUMBER:
        edges = np.unique(np.quantile(numbers, HISTOGRAM_EDGES) + 0.0).tolist()
    ordered = np.sort(numbers)
    ends = [bisect_left(ordered, edge) for edge in edges]
    counted = np.diff([0, *ends, len(ordered)]) / len(ordered)
    low, median, high = (np.quantile(numbers, (0.05, 0.5, 0.95)) + 0.0).tolist()
    return FeatureBaseline(spec.kind, missing, median, low, high, tuple(edges), (), tuple(counted.tolist()))
