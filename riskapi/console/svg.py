"""The few parts of a picture: built as a tree, so that every text is escaped, and coloured by classes of the sheet.

A table beside each picture says the same in numbers, so pictures are hidden from screen readers.
"""

from xml.etree.ElementTree import Element, SubElement, tostring

from markupsafe import Markup

Box = tuple[float, float, float, float]
"""Left, top, width and height."""
Place = tuple[float, float]
"""From the left and from the top."""


def canvas(kind: str, width: float, height: float, **about: str) -> Element:
    """An empty picture."""
    given = {"class": kind, "viewBox": f"0 0 {width:g} {height:g}", "aria-hidden": "true", "focusable": "false"}
    return Element("svg", given | about)


def rect(figure: Element, tone: str, box: Box) -> Element:
    """Add a rectangle."""
    given = {name: f"{value:.2f}" for name, value in zip(("x", "y", "width", "height"), box, strict=True)}
    return SubElement(figure, "rect", {"class": tone} | given)


def line(figure: Element, tone: str, start: Place, end: Place) -> None:
    """Add a straight line."""
    ends = {"x1": start[0], "y1": start[1], "x2": end[0], "y2": end[1]}
    SubElement(figure, "line", {"class": tone} | {name: f"{value:.2f}" for name, value in ends.items()})


def text(figure: Element, place: Place, words: str, anchor: str) -> None:
    """Add a text that begins, ends or has its middle at a place."""
    about = {"x": f"{place[0]:.2f}", "y": f"{place[1]:.2f}", "text-anchor": anchor}
    SubElement(figure, "text", about).text = words


def written(figure: Element) -> Markup:
    """The picture as it stands in a page."""
    return Markup(tostring(figure, encoding="unicode"))  # noqa: S704 - built as a tree: every text is escaped
