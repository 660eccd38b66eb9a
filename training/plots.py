"""Pictures of a run: reliability, precision at capacity, and the shape of every term. Drawn without a display."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from features.spec import FeatureSpec, Kind
from models.additive import AdditiveModel, Term
from training.evaluate import Evaluation

SHAPES = 16
"""Most terms that are drawn; the others are in the table."""
_COLOURS = ("#0b3d91", "#8a8a8a", "#c7501a", "#2c7a4b")
_MARKS = ("o", "s", "^", "D")
_Z = 1.6448536269514722


def png(figure: Figure) -> bytes:
    """Write a figure as PNG."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
    return buffer.getvalue()


def reliability(evaluation: Evaluation, simulated: bool) -> Figure:  # noqa: FBT001  one fact about the data
    """Expected against observed share of confirmed cases, on logarithmic axes since most risks are small."""
    figure = Figure(figsize=(5.6, 5.0), layout="constrained")
    axes = figure.subplots()
    ends: list[float] = []
    for model, colour, mark in zip(evaluation.models, _COLOURS, _MARKS, strict=False):
        points = [(each.predicted, each.rate) for each in model.reliability if each.rate > 0 and each.predicted > 0]
        if points:
            axes.plot(*zip(*points, strict=True), mark, color=colour, label=model.title, linestyle="-", linewidth=0.8)
            ends += [value for point in points for value in point]
    low, high = (min(ends) / 1.5, max(ends) * 1.5) if ends else (0.001, 1.0)
    axes.plot([low, high], [low, high], color="black", linewidth=0.7, linestyle=":", label="expected = observed")
    axes.set(xscale="log", yscale="log", xlabel="expected share", ylabel="observed share", title="Reliability")
    axes.legend(fontsize=8)
    return _signed(figure, simulated)


def precision_at_capacity(evaluation: Evaluation, simulated: bool) -> Figure:  # noqa: FBT001  as above
    """Share of confirmed cases among those referred, by share referred, with intervals."""
    figure = Figure(figsize=(6.4, 4.4), layout="constrained")
    axes = figure.subplots()
    for place, (model, colour, mark) in enumerate(zip(evaluation.models, _COLOURS, _MARKS, strict=False)):
        rows = [
            (row.share, measure) for row in model.capacity for measure in row.measures if measure.name == "precision"
        ]
        rows = [(share, measure) for share, measure in rows if measure.value is not None]
        x = np.asarray([share * 100 for share, _ in rows]) * (1 + 0.03 * place)
        y = np.asarray([measure.value or 0.0 for _, measure in rows]) * 100
        low, high = (
            np.asarray(
                [getattr(measure, end) if getattr(measure, end) is not None else measure.value for _, measure in rows]
            )
            * 100
            for end in ("low", "high")
        )
        axes.errorbar(
            x,
            y,
            [np.maximum(y - low, 0), np.maximum(high - y, 0)],
            color=colour,
            marker=mark,
            label=model.title,
            capsize=2,
        )
    axes.axhline(evaluation.base_rate * 100, color="black", linewidth=0.7, linestyle=":", label="base rate")
    axes.set(
        xscale="log", xlabel="travellers referred, %", ylabel="confirmed among them, %", title="Precision at capacity"
    )
    axes.set_ylim(bottom=0)
    axes.legend(fontsize=8)
    return _signed(figure, simulated)


def term_shapes(
    model: AdditiveModel,
    specs: Sequence[FeatureSpec],
    importance: Sequence[float],
    simulated: bool,  # noqa: FBT001  as above
) -> Figure:
    """Points per bin of the weightiest terms, with 90 % intervals; pairs as maps.

    Args:
        model: compiled and calibrated.
        specs: its features.
        importance: mean size of the contribution of each term.
        simulated: whether the cases were.
    """
    order = sorted(range(len(model.terms)), key=lambda place: -importance[place])[:SHAPES]
    columns = 4
    rows = max(1, -(-len(order) // columns))
    figure = Figure(figsize=(4.0 * columns, 2.8 * rows), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False).flatten()
    by_name = {spec.name: spec for spec in specs}
    for axes, place in zip(grid, order, strict=False):
        _draw(axes, model.terms[place], by_name)
    for axes in grid[len(order) :]:
        axes.set_axis_off()
    figure.suptitle("Contribution to the score, log-odds (weightiest terms first)")
    return _signed(figure, simulated)


def _draw(axes: Any, term: Term, specs: dict[str, FeatureSpec]) -> None:
    names = [specs[axis.feature].label if axis.feature in specs else axis.feature for axis in term.axes]
    axes.set_title(" and ".join(names), fontsize=8)
    axes.tick_params(labelsize=7)
    points, errors = (np.asarray(table, dtype=np.float64) for table in (term.points, term.errors))
    if len(term.axes) > 1:
        size = float(np.max(np.abs(points))) or 1.0
        image = axes.imshow(points[1:-1, 1:-1].T, aspect="auto", origin="lower", cmap="RdBu_r", vmin=-size, vmax=size)
        axes.set_xlabel(names[0], fontsize=7)
        axes.set_ylabel(names[1], fontsize=7)
        axes.figure.colorbar(image, ax=axes)
        return
    axes.axhline(0, color="black", linewidth=0.5)
    axis = term.axes[0]
    if axis.kind is Kind.NUMBER and axis.cuts:
        low = axis.low if axis.low is not None else axis.cuts[0]
        high = axis.high if axis.high is not None else axis.cuts[-1]
        edges = np.asarray([min(low, axis.cuts[0]), *axis.cuts, max(high, axis.cuts[-1])])
        axes.stairs(points[1:-1], edges, color=_COLOURS[0], baseline=None)
        axes.stairs(
            points[1:-1] + _Z * errors[1:-1], edges, baseline=points[1:-1] - _Z * errors[1:-1], fill=True, alpha=0.2
        )
        spec = specs.get(axis.feature)
        axes.set_xlabel((spec.unit if spec else None) or "", fontsize=7)
        return
    labels = list(axis.levels) if axis.kind is Kind.CATEGORY else ["no", "yes"] if axis.kind is Kind.FLAG else ["any"]
    known = points[1 : 1 + len(labels)]
    axes.bar(range(len(labels)), known, yerr=_Z * errors[1 : 1 + len(labels)], color=_COLOURS[0], alpha=0.7, capsize=2)
    axes.set_xticks(range(len(labels)), labels, rotation=30 if len(labels) > 3 else 0, ha="right")  # noqa: PLR2004  room


def _signed(figure: Figure, simulated: bool) -> Figure:  # noqa: FBT001  as above
    """Say on the picture itself that its cases are made up."""
    if simulated:
        figure.text(0.995, 0.005, "simulated cases", ha="right", va="bottom", fontsize=7, color="#8a1f11")
    return figure
