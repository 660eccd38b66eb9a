"""Pictures of a run: reliability, precision at capacity, and the shape of every term. Drawn without a display."""

import io
import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from features.spec import FeatureSpec, Kind
from models.additive import AdditiveModel
from models.terms import Axis, Term
from training.bin_names import bin_names
from training.evaluate import Evaluation

SHAPES = 16
"""Most terms that are drawn; the others are in the table."""
_SHARES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0)
_COLOURS = ("#0b3d91", "#8a8a8a", "#c7501a", "#2c7a4b")
_MARKS = ("o", "s", "^", "D")
_Z = 1.6448536269514722
_UPRIGHT = 3
"""Most labels that stand upright beside each other."""


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
        points = [
            (each.predicted * 100, each.rate * 100)
            for each in model.reliability
            if each.rate > 0 and each.predicted > 0
        ]
        if points:
            axes.plot(*zip(*points, strict=True), mark, color=colour, label=model.title, linestyle="-", linewidth=0.8)
            ends += [value for point in points for value in point]
    low, high = (min(ends) / 1.5, max(ends) * 1.5) if ends else (0.1, 100.0)
    axes.plot([low, high], [low, high], color="black", linewidth=0.7, linestyle=":", label="expected = observed")
    axes.set(xscale="log", yscale="log", xlabel="expected share, %", ylabel="observed share, %", title="Reliability")
    for side in (axes.xaxis, axes.yaxis):
        _percent_ticks(side, [tick for tick in _SHARES if low <= tick <= high])
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
    _percent_ticks(axes.xaxis, [row.share * 100 for row in evaluation.chosen.capacity])
    axes.set_ylim(bottom=0)
    axes.legend(fontsize=8)
    return _signed(figure, simulated)


def _percent_ticks(side: Any, ticks: Sequence[float]) -> None:
    """Plain numbers at chosen places of a logarithmic axis."""
    side.set_major_locator(FixedLocator(list(ticks)))
    side.set_major_formatter(FuncFormatter(lambda value, _place: f"{value:g}"))
    side.set_minor_locator(NullLocator())


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
    names = [specs[axis.feature].label for axis in term.axes]
    axes.set_title(" and ".join(names), fontsize=8)
    axes.tick_params(labelsize=6)
    if len(term.axes) > 1:
        _draw_pair(axes, term, specs)
        return
    points, errors = (np.asarray(table, dtype=np.float64) for table in (term.points, term.errors))
    axes.axhline(0, color="black", linewidth=0.5)
    axis = term.axes[0]
    if axis.kind is Kind.NUMBER and axis.cuts:
        low = axis.low if axis.low is not None else axis.cuts[0]
        high = axis.high if axis.high is not None else axis.cuts[-1]
        edges = np.asarray([min(low, axis.cuts[0]), *axis.cuts, max(high, axis.cuts[-1])])
        lower, upper = (points[1:-1] + sign * _Z * errors[1:-1] for sign in (-1, 1))
        axes.stairs(points[1:-1], edges, color=_COLOURS[0], baseline=None)
        axes.stairs(upper, edges, baseline=lower, fill=True, alpha=0.2)
        axes.set_xlabel(specs[axis.feature].unit or "", fontsize=7)
        return
    labels = _ticks(axis, specs)
    known, reach = (table[1 : 1 + len(labels)] for table in (points, _Z * errors))
    axes.bar(range(len(labels)), known, yerr=reach, color=_COLOURS[0], alpha=0.7, capsize=2)
    many = len(labels) > _UPRIGHT
    axes.set_xticks(range(len(labels)), labels, rotation=30 if many else 0, ha="right" if many else "center")


def _draw_pair(axes: Any, term: Term, specs: dict[str, FeatureSpec]) -> None:
    """A map of the points of two features together."""
    cells = np.asarray(term.points, dtype=np.float64)
    size = float(np.max(np.abs(cells))) or 1.0
    known = cells[1 : 1 + len(_ticks(term.axes[0], specs)), 1 : 1 + len(_ticks(term.axes[1], specs))]
    image = axes.imshow(known.T, aspect="auto", origin="lower", cmap="RdBu_r", vmin=-size, vmax=size)
    for place, put in enumerate((axes.set_xticks, axes.set_yticks)):
        labels = _ticks(term.axes[place], specs)
        put(range(len(labels)), labels, **({"rotation": 30, "ha": "right"} if place == 0 else {}))
    axes.figure.colorbar(image, ax=axes)


def _ticks(axis: Axis, specs: dict[str, FeatureSpec]) -> list[str]:
    """Names of the bins, short enough for an axis."""
    return [textwrap.fill(name, 24) for name in bin_names(axis, specs[axis.feature])]


def _signed(figure: Figure, simulated: bool) -> Figure:  # noqa: FBT001  as above
    """Say on the picture itself that its cases are made up."""
    if simulated:
        figure.text(0.995, 0.005, "simulated cases", ha="right", va="bottom", fontsize=7, color="#8a1f11")
    return figure
