"""The report of a run for people: one HTML page that needs nothing but itself, beside plots and rejected rows."""

import base64
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path

import numpy as np
import orjson

from features.spec import FeatureSpec
from models.card import CapacityRow, GroupRow, Measure, ModelCard
from models.promotion import Gate, Verdict
from models.terms import Axis, Term
from training import plots
from training.bin_names import bin_names
from training.calibrate import Calibration
from training.cases import Cases
from training.champion import Compared
from training.checks import Checks
from training.config import TrainingConfig
from training.dataset import Dataset
from training.evaluate import Evaluation
from training.fairness import rows as fairness_rows
from training.html import bullets, notice, page, section, table
from training.package import Package
from training.readings import AGREES, CANNOT_TELL, DISAGREES, Provenance, provenance
from training.ready import Ready
from training.selection_study import SelectionFindings

PDO = 20
"""Points that double the odds, on the points scale of a scorecard."""
_SHOWN_REJECTED = 50
_SHOWN_TELLINGS = 120


@dataclass(frozen=True)
class Findings:
    """What a report tells of.

    Attributes:
        config: of the run.
        packed: the bundle.
        ready: the calibrated table, with scores of the reference population.
        evaluation: on the holdout.
        calibration: the line folded into the model.
        selection: how cases were chosen, and what follows for all travellers.
        cases: read and rejected rows.
        dataset: what was learned from, and judged on.
        checks: of groups, proxies and leaks.
        champion: the model that it would replace, measured on the same cases; ``None`` for a first model.
    """

    config: TrainingConfig
    packed: Package
    ready: Ready
    evaluation: Evaluation
    calibration: Calibration
    selection: SelectionFindings
    cases: Cases
    dataset: Dataset
    checks: Checks
    champion: Compared | None = None

    @cached_property
    def provenance(self) -> Provenance:
        """Where the outcomes came from, and what readers thought of the reasons for earlier scores."""
        return provenance(self.cases.accepted, self.packed.bundle.risk.name)


def write_report(directory: Path, found: Findings) -> None:
    """Write report, plots, configuration and rejected rows into the directory of a run, beside the bundle."""
    packed, evaluation, config, cases = found.packed, found.evaluation, found.config, found.cases
    bundle = packed.bundle
    simulated = bundle.card.simulated
    pictures = {
        "reliability": plots.reliability(evaluation, simulated),
        "precision_at_capacity": plots.precision_at_capacity(evaluation, simulated),
        "term_shapes": plots.term_shapes(bundle.model, bundle.specs, packed.importance, simulated),
    }
    drawn = {name: plots.png(figure) for name, figure in pictures.items()}
    (directory / "plots").mkdir(parents=True, exist_ok=True)
    for name, data in drawn.items():
        (directory / "plots" / f"{name}.png").write_bytes(data)
    (directory / "config.json").write_bytes(orjson.dumps(config.content(), option=orjson.OPT_INDENT_2))
    about = {**cases.summary(), "cut": dict(found.dataset.cut.numbers), "provenance": found.provenance.content()}
    (directory / "data.json").write_bytes(orjson.dumps(about, option=orjson.OPT_INDENT_2))
    (directory / "profile.json").write_text(found.checks.profile.model_dump_json(indent=1), encoding="utf-8")
    cases.rejected.to_csv(directory / "rejected.csv", index=False)
    (directory / "report.html").write_text(render(found, drawn), encoding="utf-8")


def render(found: Findings, drawn: Mapping[str, bytes]) -> str:
    """Write the page; every text in it is escaped, and it loads nothing from anywhere.

    Args:
        found: what it tells of.
        drawn: name of a plot -> PNG.
    """
    config, packed, evaluation = found.config, found.packed, found.evaluation
    bundle, card = packed.bundle, packed.bundle.card
    importance = dict(zip((term.name for term in bundle.model.terms), packed.importance, strict=True))
    parts = [
        f"<h1>{escape(card.title)}</h1>",
        f"<p>Model <code>{escape(config.name)}</code> {escape(config.version)}, {escape(card.family)}.</p>",
        f"<p>Bundle <code>{escape(bundle.digest)}</code>.</p>",
        *([notice(card.limits[-1])] if card.simulated else []),
        f"<p><strong>{escape(evaluation.verdict)}</strong></p>",
        section("Gates", _gates(bundle.gates.gates)),
        section("What it is for", _purpose(card)),
        section("Data", _data(card, found.cases, found.dataset.cut.numbers)),
        section("Who was inspected, and what that says of all", _selection(found.selection)),
        *_provenance(found.provenance),
        section("Quality on later cases", _models(evaluation)),
        section("Quality at capacity", _capacity(evaluation) + _picture(drawn, "precision_at_capacity")),
        section("Calibration", _calibration(found.calibration, evaluation) + _picture(drawn, "reliability")),
        section("Bands", _groups(card.bands)),
        section("By mode and crossing point", _groups(card.groups)),
        *_checks(found.checks),
        section("Shapes", _picture(drawn, "term_shapes")),
        section("Scorecard", _scorecard(bundle.model.terms, bundle.specs, importance, bundle.model.baseline)),
        section("Limits and notes", bullets((*card.limits, *card.notes))),
        section("Origin", _origin(packed, config)),
    ]
    return page(f"{card.title}: {config.name} {config.version}", parts)


def points(log_odds: float) -> float:
    """Log-odds on the points scale: :data:`PDO` points double the odds.

    >>> round(points(math.log(2)), 6)
    20.0
    """
    return log_odds * PDO / math.log(2)


def _gates(gates: Sequence[Gate]) -> str:
    marks = {
        Verdict.PASSED: "&#10003; passed",
        Verdict.FAILED: "&#10007; failed",
        Verdict.INCONCLUSIVE: "? inconclusive",
    }
    rows = "".join(
        f'<tr><td class="{gate.verdict.value}">{marks[gate.verdict]}</td><td>{escape(gate.title)}</td>'
        f"<td>{escape(gate.rule)}</td><td>{'' if gate.value is None else f'{gate.value:.4g}'}</td>"
        f"<td>{escape(gate.note)}</td></tr>"
        for gate in gates
    )
    heads = "".join(f'<th scope="col">{head}</th>' for head in ("verdict", "gate", "rule", "value", "note"))
    return f'<div class="wide" tabindex="0"><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>'


def _purpose(card: ModelCard) -> str:
    return (
        f"<p>{escape(card.purpose)}</p><p>Estimates: {escape(card.estimand)}</p><p>Audience: "
        f"{escape(card.audience.value)}.</p><p>Not for:</p>{bullets(card.forbidden_uses)}"
    )


def _data(card: ModelCard, cases: Cases, numbers: Mapping[str, int]) -> str:
    slices = table(
        ("slice", "from", "to", "cases", "labelled", "confirmed", "travellers"),
        (
            (
                one.name,
                str(one.starts or ""),
                str(one.ends or ""),
                *(
                    "" if count is None else f"{count:,}"
                    for count in (one.rows, one.labelled, one.positives, one.entities)
                ),
            )
            for one in card.data
        ),
    )
    went = table(
        ("where the cases went", "number"), ((name.replace("_", " "), f"{n:,}") for name, n in numbers.items())
    )
    by_rule = cases.rejected.groupby(["place", "rule", "remedy"], sort=True, as_index=False).size()
    rows = [(*map(str, row[:3]), f"{row[3]:,}") for row in by_rule.itertuples(index=False, name=None)]
    told = f"<p>{cases.read:,} rows read, {cases.rejected_rows:,} rejected: every one is in rejected.csv.</p>"
    rejected = table(("place", "rule", "remedy", "rows"), rows[:_SHOWN_REJECTED]) if rows else ""
    return slices + told + rejected + went


def _selection(found: SelectionFindings) -> str:
    counts = table(
        ("selected by", "labelled", "with logged chance", "confirmed"),
        ((name, *(f"{number:,}" for number in numbers)) for name, *numbers in found.counts),
    )
    estimates = table(
        ("of all travellers", "value", "note"), ((each.title, each.text(), each.note) for each in found.measures)
    )
    return f"<p>{escape(found.limit)}</p>{counts}{estimates}{bullets(found.notes)}"


def _provenance(found: Provenance) -> list[str]:
    if not found.told:
        return []
    ways = table(("outcomes recorded by way of", "outcomes"), ((name, f"{n:,}") for name, n in found.ways.items()))
    unlabelled = found.read_without_outcome
    told = (
        f"<p>{found.read:,} cases were read at the review desk: {found.readings:,} readings by {found.readers:,} "
        f"persons, {found.own_views:,} with an own view before the score. {unlabelled:,} of these cases "
        "have no outcome, and no label. Verdicts are about reasons, by who had seen the score: no label rests on them."
        "</p>"
    )
    rows = (
        (
            one.code,
            *(f"{one.counts.get(name, 0):,}" for name in (AGREES, DISAGREES, CANNOT_TELL)),
            "too few to say" if one.agrees is None else f"{one.agrees:.1%}",
            "" if one.interval is None else f"{one.interval[0]:.1%} to {one.interval[1]:.1%}",
        )
        for one in found.reasons
    )
    verdicts = table(("reason", "agrees", "disagrees", "cannot tell", "agrees, of who could tell", "interval"), rows)
    return [section("Who recorded outcomes, and what readers thought of reasons", ways + told + verdicts)]


def _measure_row(title: str, found: Sequence[Measure]) -> tuple[str, ...]:
    return (title, *(measure.text() for measure in found), found[0].note)


def _models(evaluation: Evaluation) -> str:
    titles = [model.title for model in evaluation.models]
    whole = table(
        ("measure", *titles, "note"),
        (
            _measure_row(measure.title, [model.measure(measure.name) for model in evaluation.models])
            for measure in evaluation.chosen.measures
        ),
        f"{evaluation.rows:,} labelled cases, {evaluation.positives:,} confirmed; the same rows for all",
    )
    pairs = [found[name] for name in evaluation.differences for found in (evaluation.differences, evaluation.gain)]
    return whole + table(("on the same resamples", "value"), ((each.title, each.text()) for each in pairs))


def _capacity(evaluation: Evaluation) -> str:
    titles = [model.title for model in evaluation.models]

    def rows() -> Iterable[tuple[str, ...]]:
        for place, row in enumerate(evaluation.chosen.capacity):
            for number, measure in enumerate(row.measures):
                others = [_same(model.capacity[place], number) for model in evaluation.models]
                yield (f"{row.share * 100:g} %", measure.title, *(each.text() for each in others))

    return f"<p>Base rate: {evaluation.base_rate:.3%}.</p>" + table(("referred", "measure", *titles), rows())


def _same(row: CapacityRow, number: int) -> Measure:
    return row.measures[number]


def _calibration(calibration: Calibration, evaluation: Evaluation) -> str:
    reliability = table(
        ("cases", "expected", "observed", "interval", "observed over expected", "interval"),
        (
            (
                f"{row.cases:,}",
                f"{row.predicted:.3%}",
                f"{row.rate:.3%}",
                f"{row.rate_low:.3%} to {row.rate_high:.3%}",
                f"{row.ratio:.2f}",
                f"{row.ratio_low:.2f} to {row.ratio_high:.2f}",
            )
            for row in evaluation.chosen.reliability
        ),
        "Reliability, from the lowest scores to the highest",
    )
    line = f"calibrated = {calibration.slope:.3f} times the score {calibration.intercept:+.3f} log-odds"
    return f"<p>{escape(line)}. {escape(calibration.note)}</p>{reliability}"


def _groups(rows: Sequence[GroupRow]) -> str:
    titles = list(dict.fromkeys(measure.title for row in rows for measure in row.measures))

    def cells(row: GroupRow) -> tuple[str, ...]:
        texts = {measure.title: measure.text() for measure in row.measures}
        positives = "" if row.positives is None else f"{row.positives:,}"
        return (row.by, row.group, f"{row.rows:,}", positives, *(texts.get(title, "") for title in titles), row.note)

    return table(("by", "group", "labelled", "confirmed", *titles, "note"), map(cells, rows))


def _checks(checks: Checks) -> list[str]:
    """Groups and pairs of them, small ones included; what tells protected facts, and what leaving it out changes."""
    tellings = table(
        ("protected fact", "told by", "group told best", "ROC AUC", "90 % interval"),
        (
            (one.fact.replace("_", " "), one.feature, one.group, f"{one.auc:.3f}", f"{one.low:.3f} to {one.high:.3f}")
            for one in sorted(checks.told.tellings, key=lambda each: (each.fact, -each.auc))[:_SHOWN_TELLINGS]
        ),
        f"How well facts tell protected ones, among {checks.told.travellers:,} travellers, out of fold; 0.5 is chance",
    )
    ablations = table(
        ("left out", "protected fact", "group", "precision with and without", "ratio of referral with and without"),
        (
            (
                one.feature,
                one.fact.replace("_", " "),
                one.group,
                f"{one.precision[0]:.2%} and {one.precision[1]:.2%}".replace("%", " %"),
                " and ".join("not known" if ratio is None else f"{ratio:.2f}" for ratio in one.ratio),
            )
            for one in checks.told.ablations
        ),
        "What leaving a fact out of the score changes, without a new fit",
    )
    return [
        section("Groups compared", _groups(tuple(fairness_rows(checks.audit)))),
        section("Proxies of protected facts", tellings + (ablations if checks.told.ablations else "")),
    ]


def _scorecard(
    terms: Sequence[Term], specs: Sequence[FeatureSpec], importance: Mapping[str, float], baseline: float
) -> str:
    """The model itself, as points: what is added to every score is all that there is."""
    by_name = {spec.name: spec for spec in specs}
    start = f"{PDO} points double the odds. Every score starts at {points(baseline):.0f} points."
    parts = [f"<p>{start} Each row adds its own, and there is nothing else in the model.</p>"]
    for term in sorted(terms, key=lambda term: -importance[term.name]):
        name = " and ".join(by_name[axis.feature].label for axis in term.axes)
        summary = f"<summary>{escape(name)} <small>(mean size {importance[term.name]:.3f} log-odds)</small></summary>"
        parts.append(f"<details>{summary}{_term_table(term, by_name)}</details>")
    return "".join(parts)


def _bin_names(axis: Axis, specs: Mapping[str, FeatureSpec]) -> list[str]:
    return ["missing", *bin_names(axis, specs[axis.feature]), "never met"]


def _term_table(term: Term, specs: Mapping[str, FeatureSpec]) -> str:
    cells = np.asarray(term.points, dtype=np.float64)
    first = _bin_names(term.axes[0], specs)
    if cells.ndim == 1:
        errors, travellers = (np.asarray(each, dtype=np.float64) for each in (term.errors, term.travellers))
        return table(
            ("value", "points", "log-odds", "standard error", "travellers"),
            (
                (name, f"{points(cell):+.0f}", f"{cell:+.3f}", f"{error:.3f}", f"{number:,.0f}")
                for name, cell, error, number in zip(first, cells, errors, travellers, strict=True)
            ),
        )
    body = ((name, *(f"{points(cell):+.0f}" for cell in row)) for name, row in zip(first, cells, strict=True))
    heads = (" / ".join(specs[axis.feature].label for axis in term.axes), *_bin_names(term.axes[1], specs))
    return table(heads, body, "Points")


def _picture(drawn: Mapping[str, bytes], name: str) -> str:
    text = base64.b64encode(drawn[name]).decode()
    return f'<p><img alt="{escape(name.replace("_", " "))}" src="data:image/png;base64,{text}"></p>'


def _origin(packed: Package, config: TrainingConfig) -> str:
    manifest = packed.bundle.manifest
    facts = {
        "bundle": packed.digest,
        "signed by": packed.bundle.signer,
        "data": manifest.data_sha256,
        "configuration": manifest.config_sha256,
        "lock of packages": manifest.lock_sha256,
        "seed": str(manifest.seed),
        "parity of table and estimator": f"{packed.parity_gap:.3g} log-odds",
    }
    whole = orjson.dumps(config.content(), option=orjson.OPT_INDENT_2).decode()
    return (
        table(("what", "digest or value"), facts.items())
        + f"<details><summary>The whole configuration</summary><pre>{escape(whole)}</pre></details>"
    )
