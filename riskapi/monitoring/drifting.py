"""Which distributions of a window are compared, and with what: the training data, last year's season, earlier days."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from features.spec import Kind
from models.baselines import FeatureBaseline
from models.metrics.drift import INDEPENDENT, Comparison, Dispersion, Reference, compare, dispersion, verdicts
from riskapi.monitoring.bins import BundleBins, names_every_level
from riskapi.monitoring.tally import Counts
from riskapi.monitoring.windows import added, row_of, under

TRAINING, SEASON, EARLIER = "training", "season", "earlier"
REASONS_MAX = 30
"""Reasons that are told apart; the rest is counted together."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a window is judged by.

    Attributes:
        window: its counts.
        past: counts of the days before it, a day each: how much quiet days vary, and which reasons were usual.
        season: counts of the same days of last year, where the same bins were counted then.
    """

    window: Counts
    past: Sequence[Counts]
    season: Counts


def drift_of(bins: BundleBins, evidence: Evidence) -> list[Comparison]:
    """Compare everything that is watched of one bundle; alarms first, then by index."""
    found = verdicts([*_features(bins, evidence), *_score(bins, evidence), *_reasons(evidence)])
    return sorted(found, key=lambda one: (one.verdict != "alarm", -(one.index or 0.0), one.family, one.name))


def _features(bins: BundleBins, evidence: Evidence) -> Iterator[Comparison]:
    seen, seen_then = evidence.window.get("seen", 0.0), evidence.season.get("seen", 0.0)
    for name in bins.names:
        baseline = bins.baselines.features.get(name)
        if baseline is None:
            continue
        missing = f"missing|{name}"
        given = (1 - baseline.missing) * bins.reference_size
        references = [Reference(TRAINING, [baseline.missing, 1 - baseline.missing], bins.reference_size)]
        if seen_then:
            lacking = evidence.season.get(missing, 0.0)
            references.append(Reference(SEASON, [lacking, seen_then - lacking], seen_then))
        lacking = evidence.window.get(missing, 0.0)
        past = [[day.get(missing, 0.0), day.get("seen", 0.0) - day.get(missing, 0.0)] for day in evidence.past]
        counts = [lacking, max(0.0, seen - lacking)]
        yield compare(name, "missing", counts, references, spread=_spread(past))
        yield from _values(name, baseline, given, evidence)


def _values(name: str, baseline: FeatureBaseline, given: float, evidence: Evidence) -> Iterator[Comparison]:
    names = [f"bin|{place}|{name}" for place in range(len(baseline.shares))]
    shares = list(baseline.shares)
    window, then = row_of(evidence.window, names), row_of(evidence.season, names)
    past = [row_of(day, names) for day in evidence.past]
    if baseline.kind is Kind.CATEGORY and names_every_level(baseline):
        total = sum(window)
        references = [Reference(TRAINING, [0.0, 1.0], given)]
        if sum(then):
            references.append(Reference(SEASON, [then[-1], sum(then) - then[-1]], sum(then)))
        yield compare(name, "new", [window[-1], total - window[-1]] if total else [0.0, 0.0], references)
        window, then, shares = window[:-1], then[:-1], shares[:-1]
        past = [day[:-1] for day in past]
    references = [Reference(TRAINING, shares, given)]
    if sum(then):
        references.append(Reference(SEASON, then, sum(then)))
    yield compare(name, "values", window, references, spread=_spread(past))


def _score(bins: BundleBins, evidence: Evidence) -> Iterator[Comparison]:
    names = [f"score|{place}" for place in range(len(bins.score_shares))]
    bands = bins.bundle.bands.bands
    for name, keys, shares in (
        ("log-odds", names, list(bins.score_shares)),
        ("bands", [f"band|{band.name}" for band in bands], [band.share for band in bands]),
    ):
        references = [Reference(TRAINING, shares, bins.reference_size)]
        then = row_of(evidence.season, keys)
        if sum(then):
            references.append(Reference(SEASON, then, sum(then)))
        past = [row_of(day, keys) for day in evidence.past]
        yield compare(name, "score", row_of(evidence.window, keys), references, spread=_spread(past))


def _reasons(evidence: Evidence) -> Iterator[Comparison]:
    """The main reason of each decision; training says nothing of its mix, so earlier days of the same bundle do."""
    earlier = under(added(evidence.past), "reason")
    common = sorted(earlier, key=lambda code: (-earlier[code], code))[:REASONS_MAX]

    def row(counts: Counts) -> list[float]:
        found = under(counts, "reason")
        return [*(found.get(code, 0.0) for code in common), sum(n for code, n in found.items() if code not in common)]

    references = [Reference(EARLIER, row(added(evidence.past)), sum(earlier.values()))] if earlier else []
    if then := under(evidence.season, "reason"):
        references.append(Reference(SEASON, row(evidence.season), sum(then.values())))
    past = [row(day) for day in evidence.past]
    yield compare("main reason", "reasons", row(evidence.window), references, spread=_spread(past))


def _spread(past: Sequence[Sequence[float]]) -> Dispersion:
    return dispersion(past) if past else INDEPENDENT
