"""The shape of a term as a picture: points over the values of a feature, with their uncertainty and the data behind."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from xml.etree.ElementTree import Element, SubElement

from markupsafe import Markup

from features.spec import FeatureSpec, Kind
from models.assessment import Z
from models.bundle import ModelBundle
from models.terms import Axis, Term
from models.wording import NOT_GIVEN, number_text
from riskapi.console import svg

_WIDE, _HIGH = 640, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 12, 12, 34
_DENSITY_HIGH = 46
_TICKS = 5
_LABELS = 7


@dataclass(frozen=True, slots=True)
class Bin:
    """One bin of a feature as people read it.

    Attributes:
        label: its values in words.
        points: log-odds.
        low: end of the 90 % interval of the points.
        high: other end.
        travellers: different travellers of the training that fell into it.
    """

    label: str
    points: float
    low: float
    high: float
    travellers: float


def bin_labels(axis: Axis, spec: FeatureSpec) -> list[str]:
    """Say the values of each bin that a record can fall in: missing first, then in order, then what was never seen."""
    if axis.kind is Kind.CATEGORY:
        return [NOT_GIVEN, *(spec.labels.get(level, level) for level in axis.levels), "never seen in training"]
    if axis.kind is Kind.FLAG:
        return [NOT_GIVEN, "no", "yes"]
    cuts = [number_text(cut) for cut in axis.cuts]
    if not cuts:
        return [NOT_GIVEN, "any"]
    between = [f"{low} to {high}" for low, high in pairwise(cuts)]
    return [NOT_GIVEN, f"under {cuts[0]}", *between, f"{cuts[-1]} and more"]


def bins_of(term: Term, spec: FeatureSpec) -> list[Bin]:
    """The bins of a term of one feature."""
    rows = zip(bin_labels(term.axes[0], spec), term.points, term.errors, term.travellers, strict=False)
    return [
        Bin(label, float(points), float(points) - Z * float(error), float(points) + Z * float(error), float(count))  # type: ignore[arg-type]
        for label, points, error, count in rows
    ]


def line(term: Term, spec: FeatureSpec) -> Markup:
    """Draw the points of a number as steps from bin to bin, the interval as a band, travellers as bars below.

    Bins are drawn equally wide, so that those in which most travellers are can be read; their bounds stand below.
    """
    axis, bins = term.axes[0], bins_of(term, spec)[1:]
    frame = _Frame(bins)
    figure = svg.canvas("plot", _WIDE, _HIGH)
    frame.draw_axes(figure, [number_text(cut) for cut in axis.cuts])
    most = max((one.travellers for one in bins), default=0.0) or 1.0
    steps = []
    for place, one in enumerate(bins):
        left, wide = frame.x(place), frame.x(place + 1) - frame.x(place)
        tall = _DENSITY_HIGH * one.travellers / most
        svg.rect(figure, "f-density", (left + 0.5, _HIGH - _BOTTOM - tall, wide - 1, tall))
        top, bottom = frame.y(one.high), frame.y(one.low)
        svg.rect(figure, "f-band", (left, top, wide, max(bottom - top, 1.0)))
        steps += [f"{x:.1f},{frame.y(one.points):.1f}" for x in (left, left + wide)]
    SubElement(figure, "polyline", {"class": "f-line", "points": " ".join(steps)})
    return svg.written(figure)


class _Frame:
    """Where bins and points stand in a picture."""

    def __init__(self, bins: Sequence[Bin]) -> None:
        self._bins = len(bins)
        reach = [0.0, *(one.low for one in bins), *(one.high for one in bins)]
        room = (max(reach) - min(reach) or 1.0) * 0.08
        self._floor, self._ceiling = min(reach) - room, max(reach) + room

    def x(self, place: int) -> float:
        """Where a bin begins, from left to right."""
        return _LEFT + (_WIDE - _LEFT - _RIGHT) * place / self._bins

    def y(self, points: float) -> float:
        """From the top down."""
        share = (points - self._floor) / (self._ceiling - self._floor)
        return _TOP + (_HIGH - _TOP - _BOTTOM - _DENSITY_HIGH) * (1 - share)

    def draw_axes(self, figure: Element, cuts: Sequence[str]) -> None:
        """Draw lines at round points, and some of the bounds between bins."""
        for points in ticks(self._floor, self._ceiling):
            y = self.y(points)
            svg.line(figure, "f-zero" if points == 0 else "f-grid", (_LEFT, y), (_WIDE - _RIGHT, y))
            svg.text(figure, (_LEFT - 6, y + 5), f"{points:+.3g}" if points else "0", "end")
        every = -(-len(cuts) // _LABELS) or 1
        for place in range(every // 2, len(cuts), every):
            x = self.x(place + 1)
            svg.line(figure, "f-grid", (x, _HIGH - _BOTTOM), (x, _HIGH - _BOTTOM + 5))
            svg.text(figure, (x, _HIGH - _BOTTOM + 21), cuts[place], "middle")


def ticks(low: float, high: float) -> list[float]:
    """Round values between two ends.

    >>> ticks(-0.3, 1.1)
    [0.0, 0.5, 1.0]
    """
    rough = (high - low) / _TICKS
    size = 10.0 ** math.floor(math.log10(rough))
    width = next(size * factor for factor in (1, 2, 5, 10) if size * factor >= rough)
    first = math.ceil(low / width)
    return [round(place * width, 12) + 0.0 for place in range(first, math.floor(high / width) + 1)]


def grid(rows: Sequence[Sequence[tuple[float, float]]]) -> Markup:
    """Draw two features together: warm cells raise the score, cool ones lower it, pale ones nobody fell in.

    Args:
        rows: points and travellers of each pair of bins.
    """
    reach = max((abs(cell) for row in rows for cell, _ in row), default=0.0) or 1.0
    known = any(count for row in rows for _, count in row)
    figure = svg.canvas("plot", _WIDE, _HIGH)
    wide, high = (_WIDE - 4) / len(rows[0]), (_HIGH - 4) / len(rows)
    for down, row in enumerate(rows):
        for across, (cell, count) in enumerate(row):
            tone = "f-raises" if cell > 0 else "f-lowers"
            box = (2 + across * wide, 2 + down * high, wide - 1, high - 1)
            filled = svg.rect(figure, tone, box)
            filled.set("fill-opacity", f"{abs(cell) / reach * (1.0 if count or not known else 0.35):.3f}")
            svg.rect(figure, "f-cell", box)
    return svg.written(figure)


@dataclass(frozen=True, slots=True)
class TermRow:
    """One term in a list: its number in the model, what it is called, its codes and its weight."""

    number: int
    label: str
    codes: tuple[str, ...]
    importance: float
    together: bool


def terms_of(bundle: ModelBundle) -> list[TermRow]:
    """Every term of a model, the weightiest first."""
    told = {term.name: term for term in bundle.card.terms}
    specs = {spec.name: spec for spec in bundle.specs}
    rows = []
    for number, term in enumerate(bundle.model.terms):
        card = told.get(term.name)
        label = card.label if card is not None else " and ".join(specs[axis.feature].label for axis in term.axes)
        codes = card.codes if card is not None else tuple(specs[axis.feature].reason.code for axis in term.axes)
        rows.append(TermRow(number, label, codes, card.importance if card is not None else 0.0, len(term.axes) > 1))
    return sorted(rows, key=lambda row: -row.importance)


@dataclass(frozen=True)
class Shape:
    """One term to look at.

    Attributes:
        specs: of its features.
        picture: of a number or of two features together; ``None`` where the table alone says it better.
        bins: of one feature.
        columns: labels of the bins across, for two features together.
        rows: label, points and travellers of each bin down, likewise.
    """

    specs: tuple[FeatureSpec, ...]
    picture: Markup | None
    bins: list[Bin]
    columns: list[str]
    rows: list[tuple[str, list[tuple[float, float]]]]


def shape_of(bundle: ModelBundle, number: int) -> Shape:
    """The shape of one term of a model."""
    by_name = {spec.name: spec for spec in bundle.specs}
    term = bundle.model.terms[number]
    specs = tuple(by_name[axis.feature] for axis in term.axes)
    if len(term.axes) == 1:
        picture = line(term, specs[0]) if term.axes[0].kind is Kind.NUMBER else None
        return Shape(specs, picture, bins_of(term, specs[0]), [], [])
    down, across = (bin_labels(axis, spec) for axis, spec in zip(term.axes, specs, strict=True))
    table: Any = list(zip(term.points, term.travellers, strict=True))
    cells = [
        [(float(point), float(count)) for _, point, count in zip(across, *row, strict=False)]
        for _, row in zip(down, table, strict=False)
    ]
    return Shape(specs, grid(cells), [], across, list(zip(down, cells, strict=True)))
