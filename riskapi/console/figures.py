"""Small bars that stand in the rows of a table, which says the same in numbers."""

from collections.abc import Iterable, Sequence
from typing import Final
from xml.etree.ElementTree import Element

from markupsafe import Markup

from riskapi.console.svg import canvas, rect, written

WIDTH: Final = 100.0
_HEIGHT: Final = 12.0


class Scale:
    """Places values along the width of a figure, with a little room at both ends.

    >>> Scale([-1.0, 3.0], room=0.0).at(1.0)
    50.0
    """

    def __init__(self, values: Iterable[float | None], room: float = 0.04) -> None:
        known = [value for value in values if value is not None]
        self._low, high = (min(known), max(known)) if known else (0.0, 1.0)
        self._span = (high - self._low) or 1.0
        self._room = room

    def at(self, value: float) -> float:
        """Where a value stands, from 0 to :data:`WIDTH`; what lies outside stands at the edge."""
        share = min(max((value - self._low) / self._span, 0.0), 1.0)
        return round(WIDTH * (self._room + share * (1 - 2 * self._room)), 2)


def step(scale: Scale, span: tuple[float, float], mark: float, tone: str) -> Markup:
    """One step of a waterfall: a bar from where it starts to where it ends, with one value marked in all of them."""
    figure = _strip()
    _mark(figure, scale.at(mark))
    left, right = sorted(map(scale.at, span))
    rect(figure, f"f-{tone}", (left, 1.5, max(right - left, 0.6), _HEIGHT - 3))
    return written(figure)


def share(value: float, tone: str = "plain") -> Markup:
    """A share of 1 as a bar."""
    figure = _strip()
    rect(figure, "f-ground", (0, 2, WIDTH, _HEIGHT - 4))
    rect(figure, f"f-{tone}", (0, 2, WIDTH * min(max(value, 0.0), 1.0), _HEIGHT - 4))
    return written(figure)


def whisker(
    scale: Scale, value: float | None, interval: Sequence[float | None], marks: Sequence[float], tone: str = "plain"
) -> Markup:
    """A value with its interval; what it is held against is marked by thin lines.

    Args:
        scale: of all rows.
        value: nothing where there is too little to say.
        interval: its two ends.
        marks: what it is held against.
        tone: of its colour.
    """
    figure = _strip()
    for mark in marks:
        _mark(figure, scale.at(mark))
    low, high = interval
    if low is not None and high is not None:
        left, right = scale.at(low), scale.at(high)
        rect(figure, f"f-{tone} f-thin", (left, _HEIGHT / 2 - 1, max(right - left, 0.4), 2))
    if value is not None:
        rect(figure, f"f-{tone}", (scale.at(value) - 0.8, 2, 1.6, _HEIGHT - 4))
    return written(figure)


def _strip() -> Element:
    """A figure that takes the width of its cell."""
    return canvas("strip", WIDTH, _HEIGHT, preserveAspectRatio="none")


def _mark(figure: Element, x: float) -> None:
    rect(figure, "f-rule", (x, 0, 0.35, _HEIGHT))
