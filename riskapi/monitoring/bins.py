"""Where values and scores are counted: the bins that the bundle's own baselines have."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import cached_property

from features.spec import FeatureValue, Kind
from models.baselines import QUANTILES, Baselines, FeatureBaseline
from models.bundle import ModelBundle

SCORE_PLACES = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99)
"""Quantiles of the log-odds at which their histogram is cut; finer at the top, where travellers are referred."""
REFERENCE_SIZE = 10_000
"""Taken for the size of the reference population where the card does not say it."""


class BundleBins:
    """The bins of one bundle.

    Args:
        bundle: whose features and scores are counted.
    """

    def __init__(self, bundle: ModelBundle) -> None:
        self.bundle = bundle
        self.names: tuple[str, ...] = bundle.model.features
        self.baselines: Baselines = bundle.baselines
        self._of = [(name, bundle.baselines.features.get(name)) for name in self.names]

    @cached_property
    def reference_size(self) -> int:
        """Travellers behind the baselines, as the card says."""
        return max((one.rows for one in self.bundle.card.data), default=REFERENCE_SIZE) or REFERENCE_SIZE

    @cached_property
    def score_edges(self) -> tuple[float, ...]:
        """Where the histogram of the log-odds is cut."""
        quantiles = self.baselines.quantiles
        return tuple(sorted({quantiles[round(place * (QUANTILES - 1))] for place in SCORE_PLACES}))

    @cached_property
    def score_shares(self) -> tuple[float, ...]:
        """Share of the reference population in each bin of the log-odds."""
        quantiles = self.baselines.quantiles
        ends = [bisect_left(quantiles, edge) / (QUANTILES - 1) for edge in self.score_edges]
        ends = [min(1.0, end) for end in ends]
        return tuple(high - low for low, high in zip([0.0, *ends], [*ends, 1.0], strict=True))

    def score_bin(self, log_odds: float) -> int:
        """The bin of a score."""
        return bisect_right(self.score_edges, log_odds)

    def value_bins(self, values: Sequence[FeatureValue]) -> list[tuple[str, int]]:
        """The bin of each value of a record, by feature; -1 where it is missing."""
        return [
            (name, -1 if value is None else value_bin(baseline, value))
            for (name, baseline), value in zip(self._of, values, strict=True)
            if baseline is not None
        ]


def value_bin(baseline: FeatureBaseline, value: FeatureValue) -> int:
    """The bin of one value.

    >>> number = FeatureBaseline(Kind.NUMBER, 0.0, 1.0, 0.0, 2.0, (1.0, 2.0), (), (0.3, 0.3, 0.4))
    >>> [value_bin(number, value) for value in (0.5, 1.0, 7.0)]
    [0, 1, 2]
    """
    if baseline.kind is Kind.CATEGORY:
        text = str(value)
        return baseline.levels.index(text) if text in baseline.levels else len(baseline.levels)
    assert isinstance(value, int | float), "numbers and flags are numbers"
    return bisect_right(baseline.edges, float(value))


def names_every_level(baseline: FeatureBaseline) -> bool:
    """Whether the baseline of a category names every level that there was, so that any other is new."""
    return baseline.kind is Kind.CATEGORY and bool(baseline.levels) and baseline.shares[-1] == 0
