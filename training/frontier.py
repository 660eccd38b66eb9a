"""What fairness costs: the same cases fitted under several mitigations, quality beside parity, as table and picture."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import numpy as np

from features.reference import ReferenceData
from models.metrics.fairness import worst
from models.metrics.quality import bootstrap_interval, precision_at, roc_auc
from models.promotion import Verdict
from training import fairness, mitigation
from training.airports import airports
from training.calibrate import calibrate
from training.cases import Cases
from training.checks import scored_slice
from training.config import TrainingConfig
from training.dataset import Dataset, build
from training.errors import ConfigError, NotExplainableError
from training.fairness_config import MitigationConfig
from training.families import ExplainableModel
from training.families.base import Floats
from training.html import notice, page, table
from training.memory import remember
from training.slices import NONE, TRAIN

STRENGTHS = (0.25, 0.5, 0.75, 1.0)
_WIDE, _HIGH, _EDGE = 640, 380, 60


@dataclass(frozen=True)
class Point:
    """One mitigation and what came of it.

    Attributes:
        name: what was done.
        precision: at the share referred, among later labelled cases.
        low: lower end of its interval, over travellers drawn anew.
        high: upper end.
        roc_auc: on the same cases.
        gap: ratio of referral furthest from 1 among the judged groups of gated facts, as a factor of at least 1.
        furthest: the fact and group that it is of.
        verdict: over all gated facts.
    """

    name: str
    precision: float
    low: float
    high: float
    roc_auc: float
    gap: float
    furthest: str
    verdict: Verdict


def frontier(
    config: TrainingConfig,
    cases: Cases,
    *,
    drop: Sequence[str] = (),
    jobs: int = 1,
    told: Callable[[Point], None] = lambda _: None,
) -> tuple[Point, ...]:
    """Fit the configured family once per mitigation, on the same cases.

    Args:
        config: of a training; its own mitigation is one of the points.
        cases: of the configuration.
        drop: features of which each is left out once.
        jobs: processes.
        told: is given each point as it is found.
    """
    risk = config.risk or cases.risk
    if risk is None:
        raise ConfigError("Name the risk: risk in the configuration, or a [risk] table in the mapping.")
    dataset = build(
        remember(cases, risk, workers=jobs) if config.memory else cases,
        risk,
        config.split,
        selection=config.selection,
        reference=ReferenceData(airports=airports()),
        seed=config.seed,
        workers=jobs,
    )
    found = []
    for name, asked in variants(config, drop):
        found.append(_point(name, asked, config, dataset, jobs))
        told(found[-1])
    return tuple(found)


def variants(config: TrainingConfig, drop: Sequence[str]) -> list[tuple[str, MitigationConfig]]:
    """List what is tried: nothing, the configured way, each feature left out, and weights of several strengths."""
    own = config.fairness.mitigation
    facts = own.reweigh or config.fairness.gated[:1]
    tried = [("nothing", MitigationConfig())]
    tried += [] if own.nothing else [("as configured", own)]
    tried += [(f"without {name}", MitigationConfig(drop=(name,))) for name in drop]
    by = ", ".join(fact.replace("_", " ") for fact in facts)
    tried += [(f"weights by {by}, {part:g}", MitigationConfig(reweigh=facts, strength=part)) for part in STRENGTHS]
    return tried


def _point(name: str, asked: MitigationConfig, config: TrainingConfig, dataset: Dataset, jobs: int) -> Point:
    family = config.family
    early = dataset.population.take("time of training", dataset.cut.place == TRAIN)
    fitted = mitigation.fit(
        family.family,
        dataset.train,
        dataset.specs,
        everybody=early,
        mitigation=asked,
        settings=family.settings,
        seed=config.seed,
        jobs=jobs,
    )
    if not isinstance(fitted, ExplainableModel):
        raise NotExplainableError(f"The family {family.name} is a yardstick: it has no table of points.")
    later = dataset.calibration
    line = calibrate(fitted.log_odds(later.frame), later.y, later.weight)
    model = line.apply(fitted.compile())
    came = (dataset.cut.place != TRAIN) & (dataset.cut.place != NONE)
    everybody = scored_slice(dataset.population.take("later", came), model)
    labelled = scored_slice(dataset.holdout, model)
    audit = fairness.audit(everybody, labelled, config.fairness, config.gates.capacity)
    gated = [fact for fact in audit.facts if fact.fact in config.fairness.gated]
    gaps = [
        (float(np.exp(abs(cell.ratio.log))), f"{fact.fact.replace('_', ' ')} {cell.group}")
        for fact in gated
        for cell in fact.judged
        if cell.ratio is not None
    ]
    gap, furthest = max(gaps, default=(1.0, "no group to compare"))

    def precise(y: Floats, score: Floats, weight: Floats) -> float:
        return precision_at(y, score, weight, share=audit.capacity)

    reach = bootstrap_interval(
        precise,
        labelled.y,
        labelled.log_odds,
        labelled.weight,
        n=config.evaluation.bootstrap,
        seed=config.seed,
        cluster=labelled.entity,
    )
    return Point(
        name=name,
        precision=precise(labelled.y, labelled.log_odds, labelled.weight),
        low=reach.low,
        high=reach.high,
        roc_auc=roc_auc(labelled.y, labelled.log_odds, labelled.weight),
        gap=gap,
        furthest=furthest,
        verdict=worst([fact.verdict("referral") for fact in gated]),
    )


def write(points: Sequence[Point], path: Path, *, title: str, simulated: bool) -> None:
    """Write a page that needs nothing but itself."""
    rows = (
        (
            str(number),
            each.name,
            f"{each.precision:.1%} ({each.low:.1%} to {each.high:.1%})".replace("%", " %"),
            f"{each.roc_auc:.3f}",
            f"{each.gap:.2f}: {each.furthest}",
            each.verdict.value,
        )
        for number, each in enumerate(points, 1)
    )
    heads = ("number", "mitigation", "precision, 90 % interval", "ROC AUC", "furthest ratio of referral", "verdict")
    told = [notice("All cases are simulated.")] if simulated else []
    parts = [f"<h1>{escape(title)}</h1>", *told, picture(points), table(heads, rows)]
    path.write_text(page(title, parts), encoding="utf-8")


def picture(points: Sequence[Point]) -> str:
    """Draw quality over parity as SVG: up is better, left is fairer; numbers are those of the table."""
    most_gap = max(1.3, *(each.gap for each in points))
    most = max(0.01, *(each.high for each in points))

    def across(gap: float) -> float:
        return _EDGE + (_WIDE - 2 * _EDGE) * (gap - 1) / (most_gap - 1)

    def up(value: float) -> float:
        return _HIGH - _EDGE - (_HIGH - 2 * _EDGE) * value / most

    dots = ""
    for number, each in enumerate(points, 1):
        x, y = across(each.gap), up(each.precision)
        dots += (
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{up(each.low):.1f}" y2="{up(each.high):.1f}" stroke="#999"/>'
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="#1f4e79"/>'
            f'<text x="{x + 7:.1f}" y="{y - 5:.1f}" font-size="13">{number}</text>'
        )
    limit = across(1.25)
    return (
        f'<svg viewBox="0 0 {_WIDE} {_HIGH}" role="img" aria-label="Precision over the furthest ratio of referral">'
        f'<line x1="{limit:.1f}" x2="{limit:.1f}" y1="{_EDGE}" y2="{_HIGH - _EDGE}" stroke="#8a1f11" '
        f'stroke-dasharray="5"/><text x="{limit:.1f}" y="{_EDGE - 8}" font-size="12">1.25</text>'
        f'<line x1="{_EDGE}" x2="{_WIDE - _EDGE}" y1="{_HIGH - _EDGE}" y2="{_HIGH - _EDGE}" stroke="#333"/>'
        f'<line x1="{_EDGE}" x2="{_EDGE}" y1="{_EDGE}" y2="{_HIGH - _EDGE}" stroke="#333"/>'
        f'<text x="{_WIDE / 2 - 90:.0f}" y="{_HIGH - 20}" font-size="13">furthest ratio of referral (1 is alike)</text>'
        f'<text x="8" y="{_EDGE - 20}" font-size="13">precision, up to {most:.1%}</text>{dots}</svg>'
    ).replace("%<", " %<")
