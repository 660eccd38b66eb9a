"""The audit of a model by groups: who is referred, who is missed, who bears checks, and whether chances are kept.

False positives are counted among all scored travellers, labelled or not, less those whose case was confirmed. Where few
are guilty that is the rate among the innocent, and it needs no label: labels exist only where somebody chose to look.
What needs labels (misses, precision, calibration) uses the weights of the labelled cases, where there are any.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.card import GroupRow, Measure
from models.errors import MetricError
from models.metrics.calibration import observed_to_expected
from models.metrics.fairness import (
    Allowed,
    Counted,
    Flags,
    Rate,
    Ratio,
    rate,
    ratio_of_rates,
    referred,
    shrunk,
    worst,
)
from models.metrics.intervals import normal_quantile
from models.promotion import Verdict
from training.fairness_config import FairnessConfig
from training.families.base import Floats
from training.measures import probability

NOT_KNOWN = "not known"
NOT_ENOUGH = "not enough data"
SMALLER = "smaller groups together"
JOINT = " and "
"""Between the names of two facts, and of two groups."""


@dataclass(frozen=True)
class Scored:
    """Cases with their scores.

    Attributes:
        log_odds: (n,), calibrated.
        y: (n,), 1 or 0; NaN where nobody knows.
        weight: (n,), of the labelled cases; ones where there are no better.
        entity: (n,), who each case belongs to.
        groups: (n, n_facts), one column per fact; ``None`` where it is not known.
        abstained: (n,), whether the model gives no band, or ``None`` where that was not asked.
    """

    log_odds: Floats
    y: Floats
    weight: Floats
    entity: npt.NDArray[np.generic]
    groups: pd.DataFrame
    abstained: Flags | None = None

    def __len__(self) -> int:
        return len(self.log_odds)


@dataclass(frozen=True)
class Cell:
    """One group of one fact.

    Attributes:
        group: its name.
        rows: scored travellers (crossings) in it.
        positives: confirmed among its labelled cases.
        measures: rates and ratios with their intervals.
        ratio: referral of its innocent travellers over that of the others; ``None`` where it cannot be told.
        misses: share of its confirmed cases that are not referred, over that of the others; ``None`` as above.
        calibration: observed over expected cases among its labelled, or ``None``.
        drawn: the ratio of referral, drawn towards all groups as far as it is noisy.
        judged: whether it is large enough to be judged by itself.
        referral: verdict on the ratio of referral; ``missing`` that on misses; ``kept`` that on calibration.
    """

    group: str
    rows: int
    positives: int
    measures: tuple[Measure, ...]
    ratio: Ratio | None
    misses: Ratio | None
    calibration: Ratio | None
    drawn: float | None
    judged: bool
    referral: Verdict = Verdict.INCONCLUSIVE
    missing: Verdict = Verdict.INCONCLUSIVE
    kept: Verdict = Verdict.INCONCLUSIVE


@dataclass(frozen=True)
class FactAudit:
    """All groups of one fact, or of two facts at once.

    Attributes:
        fact: its name; two names joined for a pair.
        cells: the groups, the largest first; small ones follow, and then all small ones together.
        allowed: range in which a ratio counts as equal.
        reason: why the range is not the usual one; empty where it is.
    """

    fact: str
    cells: tuple[Cell, ...]
    allowed: Allowed
    reason: str = ""

    @property
    def judged(self) -> tuple[Cell, ...]:
        """The groups that are large enough."""
        return tuple(cell for cell in self.cells if cell.judged)

    def verdict(self, what: str) -> Verdict:
        """Verdict on ``referral``, ``missing`` or ``kept`` over all groups that are judged."""
        if len(self.judged) < 2:  # noqa: PLR2004  a comparison takes two
            return Verdict.INCONCLUSIVE
        return worst([getattr(cell, what) for cell in self.judged])


@dataclass(frozen=True)
class FairnessAudit:
    """What the audit found.

    Attributes:
        facts: single facts, gated ones first.
        pairs: two gated facts at once.
        capacity: share referred.
    """

    facts: tuple[FactAudit, ...]
    pairs: tuple[FactAudit, ...]
    capacity: float


def audit(everybody: Scored, labelled: Scored, config: FairnessConfig, capacity: float) -> FairnessAudit:
    """Audit a model.

    Args:
        everybody: all who are scored, labelled or not: they say who is referred.
        labelled: later labelled cases: they say who is missed, and whether chances are kept.
        config: who is compared, and how.
        capacity: share of everybody that is referred, unless ``config`` names another.
    """
    share = config.capacity or capacity
    limit = _limit(everybody.log_odds, share)
    both = _Both(everybody, referred(everybody.log_odds, share), labelled, (labelled.log_odds >= limit).astype(float))
    names = [*config.gated, *config.shown]
    pairs = combinations(config.gated, 2) if config.pairs else ()
    return FairnessAudit(
        facts=tuple(_fact(both, name, (name,), config) for name in names),
        pairs=tuple(_fact(both, JOINT.join(pair), pair, config) for pair in pairs),
        capacity=share,
    )


def _limit(log_odds: Floats, share: float) -> float:
    """Lowest score that is referred."""
    return float(np.min(log_odds[referred(log_odds, share) > 0]))


class _Both:
    """Everybody and the labelled, counted once for all facts."""

    def __init__(self, everybody: Scored, chance: Floats, labelled: Scored, found: Floats) -> None:
        self.everybody, self.labelled = everybody, labelled
        entity = _numbers(everybody.entity)
        innocent = (everybody.y != 1).astype(np.float64)
        ones = np.ones(len(everybody))
        self.selection = Counted(chance, ones, entity)
        self.innocent = Counted(chance * innocent, innocent, entity)
        told = everybody.abstained
        self.abstention = None if told is None else Counted(told.astype(np.float64), ones, entity)
        entity = _numbers(labelled.entity)
        weight = labelled.weight
        positive = (labelled.y == 1) * weight
        self.misses = Counted(positive * (1 - found), positive, entity)
        self.precision = Counted(positive * found, weight * found, entity)


def _numbers(entity: npt.NDArray[np.generic]) -> npt.NDArray[np.int64]:
    return np.asarray(pd.factorize(entity)[0], dtype=np.int64)


def _names(groups: pd.DataFrame, facts: Sequence[str]) -> npt.NDArray[np.object_]:
    """Name the group of each case; a fact that the table does not hold is not known of anybody."""
    columns = []
    for fact in facts:
        column = groups[fact] if fact in groups else pd.Series([None] * len(groups), dtype=object)
        columns.append(column.astype(object).where(column.notna(), NOT_KNOWN).astype(str))
    joined = columns[0]
    for column in columns[1:]:
        joined = joined + JOINT + column
    return np.asarray(joined.to_numpy(), dtype=object)


def _fact(both: _Both, name: str, facts: Sequence[str], config: FairnessConfig) -> FactAudit:
    """Audit the groups of one fact: large ones by themselves, small ones drawn together and pooled."""
    groups, known = _names(both.everybody.groups, facts), _names(both.labelled.groups, facts)
    counts = pd.Series(groups).value_counts()
    order = sorted(counts.index, key=lambda group: (-counts[group], group))
    small = [group for group in order if counts[group] < config.min_cell]
    largest = groups == order[0]
    cells = [
        _cell(both, group, (groups == group, known == group), largest, config, judged=group not in small)
        for group in order
    ]
    if len(small) > 1:
        inside = np.isin(groups, small), np.isin(known, small)
        judged = int(inside[0].sum()) >= config.min_cell
        cells.append(_cell(both, SMALLER, inside, largest, config, judged=judged))
    ranges = [config.ranges[fact] for fact in facts if fact in config.ranges]
    allowed = Allowed(
        min([config.low, *(own.low for own in ranges)]), max([config.high, *(own.high for own in ranges)])
    )
    return FactAudit(name, _judged(cells, allowed), allowed, " ".join(own.reason for own in ranges))


def _judged(cells: Sequence[Cell], allowed: Allowed) -> tuple[Cell, ...]:
    """Give each cell its verdicts: the family of comparisons is that of one fact."""
    judged = [cell for cell in cells if cell.judged]
    found: dict[str, tuple[Verdict, ...]] = {}
    for cell, referral, missing, kept in zip(
        judged,
        allowed.verdicts([cell.ratio for cell in judged]),
        allowed.verdicts([cell.misses for cell in judged]),
        allowed.verdicts([cell.calibration for cell in judged]),
        strict=True,
    ):
        found[cell.group] = (referral, missing, kept)
    drawn = shrunk([cell.ratio for cell in cells])
    rows = []
    for cell, value in zip(cells, drawn, strict=True):
        referral, missing, kept = found.get(cell.group, (Verdict.INCONCLUSIVE,) * 3)
        given = {name: getattr(cell, name) for name in Cell.__dataclass_fields__}
        rows.append(Cell(**(given | {"drawn": value, "referral": referral, "missing": missing, "kept": kept})))
    return tuple(rows)


def _cell(
    both: _Both, group: str, inside: tuple[Flags, Flags], largest: Flags, config: FairnessConfig, *, judged: bool
) -> Cell:
    """Measure one group: among everybody, and among the labelled."""
    scored, labelled = inside
    level = config.level
    others = largest if config.reference == "largest" and not (largest & scored).any() else ~scored
    ratio = ratio_of_rates(both.innocent, scored, others, level)
    y, weight = both.labelled.y[labelled], both.labelled.weight[labelled]
    positives = int((y == 1).sum())
    enough = positives >= config.min_cell_positives
    misses = ratio_of_rates(both.misses, labelled, ~labelled, level) if enough else None
    precision = rate(both.precision, labelled, level) if enough else None
    kept = _calibration(y, both.labelled.log_odds[labelled], weight, level) if enough else None
    burden = rate(both.innocent, scored, level)
    measures = [
        _rate_measure("selection", "Referred", rate(both.selection, scored, level), level),
        _rate_measure("false_positives", "Referred among the innocent", burden, level),
        Measure(name="burden", title="Referrals per 1,000 innocent", value=None)
        if burden is None
        else Measure(
            name="burden",
            title="Referrals per 1,000 innocent",
            value=1000 * burden.value,
            low=1000 * burden.low,
            high=1000 * burden.high,
            level=level,
        ),
        _ratio_measure("ratio", "Innocent referred, against the others", ratio),
        _ratio_measure(
            "ratio_to_largest", "The same, against the largest group", _to_largest(both, scored, largest, level)
        ),
        _rate_measure(
            "misses", "Missed among the confirmed", rate(both.misses, labelled, level) if enough else None, level
        ),
        _rate_measure("precision", "Confirmed among the referred", precision, level),
        _ratio_measure("observed_to_expected", "Observed over expected", kept),
    ]
    if both.abstention is not None:
        measures.append(_rate_measure("abstention", "No band given", rate(both.abstention, scored, level), level))
    return Cell(
        group=group,
        rows=int(scored.sum()),
        positives=positives,
        measures=tuple(measures),
        ratio=ratio,
        misses=misses,
        calibration=kept,
        drawn=None,
        judged=judged,
    )


def _to_largest(both: _Both, inside: Flags, largest: Flags, level: float) -> Ratio | None:
    return None if (inside & largest).any() else ratio_of_rates(both.innocent, inside, largest, level)


def _calibration(y: Floats, log_odds: Floats, weight: Floats, level: float) -> Ratio | None:
    """Observed over expected in a group, its error taken from the interval of the count."""
    try:
        found = observed_to_expected(y, probability(log_odds), weight, level=level)
    except MetricError:
        return None
    if not found.ratio > 0 or not found.low > 0:
        return None
    error = float(np.log(found.high / found.low)) / 2 / normal_quantile(level)
    return Ratio(found.ratio, found.low, found.high, error, level)


def _rate_measure(name: str, title: str, found: Rate | None, level: float) -> Measure:
    if found is None:
        return Measure(name=name, title=title, value=None, unit="percent", note=NOT_ENOUGH)
    return Measure(
        name=name, title=title, value=found.value, low=found.low, high=found.high, level=level, unit="percent"
    )


def _ratio_measure(name: str, title: str, found: Ratio | None) -> Measure:
    if found is None:
        return Measure(name=name, title=title, value=None, note=NOT_ENOUGH)
    return Measure(name=name, title=title, value=found.value, low=found.low, high=found.high, level=found.level)


def rows(found: FairnessAudit) -> Iterator[GroupRow]:
    """Write all groups for card and report, small ones included."""
    for each in (*found.facts, *found.pairs):
        for cell in each.cells:
            yield GroupRow(
                by=each.fact.replace("_", " "),
                group=cell.group,
                rows=cell.rows,
                positives=cell.positives,
                measures=cell.measures,
                note=_told(cell),
            )


def _told(cell: Cell) -> str:
    if not cell.judged:
        drawn = "" if cell.drawn is None else f"; ratio drawn towards all groups {cell.drawn:.2f}"
        return f"{NOT_ENOUGH}{drawn}"
    return f"referral {cell.referral.value}, misses {cell.missing.value}, chances {cell.kept.value}"
