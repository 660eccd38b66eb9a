"""One document of the pack: sections of texts, lists and tables, written once as JSON and once as a page."""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Any

from models.card import SIMULATED_HEADING, SIMULATED_NOTE, Measure
from training.html import bullets, notice, page, section, table

Cell = str | int | float | Measure | None


@dataclass(frozen=True)
class Table:
    """A table whose numbers stay numbers in JSON.

    Attributes:
        name: in JSON.
        caption: on the page.
        columns: name in JSON and title on the page, one per cell of a row.
        rows: of equal length.
    """

    name: str
    caption: str
    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[Cell, ...], ...]

    def to_json(self) -> list[dict[str, Any]]:
        """One object per row."""
        names = [name for name, _ in self.columns]
        return [dict(zip(names, map(_plain, row), strict=True)) for row in self.rows]

    def to_html(self, mark: str) -> str:
        """Write it with numbers as texts; every measured one carries the mark."""
        heads = [title for _, title in self.columns]
        caption = f"{self.caption} ({mark})" if mark else self.caption
        return table(heads, ([_text(cell, mark) for cell in row] for row in self.rows), caption)


@dataclass(frozen=True)
class Section:
    """A part of a document.

    Attributes:
        name: in JSON; the pack demands certain ones.
        title: on the page.
        text: paragraphs.
        points: a list.
        tables: after both.
    """

    name: str
    title: str
    text: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()

    @property
    def says_something(self) -> bool:
        """Whether there is a text, a point or a row in it."""
        return any(self.text) or any(self.points) or any(each.rows for each in self.tables)

    def to_json(self) -> dict[str, Any]:
        """Title, texts, and the tables by name."""
        return {
            "title": self.title,
            "text": [text for text in self.text if text],
            "points": list(self.points),
            "tables": {each.name: each.to_json() for each in self.tables},
        }

    def to_html(self, mark: str) -> str:
        """Write it under a heading of second level."""
        parts = [f"<p>{escape(text)}</p>" for text in self.text if text]
        parts += [bullets(self.points)] if self.points else []
        parts += [each.to_html(mark) for each in self.tables if each.rows]
        return section(self.title, "\n".join(parts))


@dataclass(frozen=True)
class Document:
    """One document about one model.

    Attributes:
        name: of its files.
        title: on the page.
        form: the published form that it follows.
        model: name, version and bundle of the model.
        simulated: whether the cases are, which the page says first and beside each number.
        sections: in the order in which they should be read.
    """

    name: str
    title: str
    form: str
    model: dict[str, str]
    simulated: bool
    sections: tuple[Section, ...]

    def to_json(self) -> dict[str, Any]:
        """All of it, sections by name."""
        return {
            "document": self.name,
            "title": self.title,
            "form": self.form,
            "model": self.model,
            "simulated": self.simulated,
            "sections": {each.name: each.to_json() for each in self.sections},
        }

    def to_html(self) -> str:
        """One page that needs nothing but itself."""
        mark = SIMULATED_NOTE if self.simulated else ""
        return page(f"{self.title}: {self.model['name']} {self.model['version']}", self._parts(mark))

    def _parts(self, mark: str) -> Iterator[str]:
        yield f"<h1>{escape(self.title)}</h1>"
        yield f"<p>Model <code>{escape(self.model['name'])}</code> {escape(self.model['version'])}, bundle "
        yield f"<code>{escape(self.model['bundle'])}</code>. {escape(self.form)}</p>"
        if self.simulated:
            yield notice(SIMULATED_HEADING)
        yield from (each.to_html(mark) for each in self.sections)


def missing_sections(document: dict[str, Any], demanded: tuple[str, ...]) -> list[str]:
    """Name the demanded sections that a document in JSON lacks, or that say nothing.

    >>> missing_sections({"sections": {"a": {"text": ["x"], "points": [], "tables": {}}, "b": {}}}, ("a", "b", "c"))
    ['b', 'c']
    """
    found = document.get("sections")
    sections = found if isinstance(found, dict) else {}
    return [name for name in demanded if not _says_something(sections.get(name))]


def _says_something(part: Any) -> bool:
    if not isinstance(part, dict):
        return False
    tables = part.get("tables")
    return bool(part.get("text") or part.get("points") or (isinstance(tables, dict) and any(tables.values())))


def _plain(cell: Cell) -> Any:
    return cell.model_dump(mode="json", exclude={"name"}) if isinstance(cell, Measure) else cell


def _text(cell: Cell, mark: str) -> str:
    """Write a cell.

    >>> _text(1234, ""), _text(0.12345, ""), _text(None, ""), _text("left", "simulated")
    ('1,234', '0.123', '', 'left')
    """
    if cell is None:
        return ""
    if isinstance(cell, Measure):
        return cell.text(mark if cell.value is not None else "")
    if isinstance(cell, str):
        return cell
    return f"{cell:,}" if isinstance(cell, int) else f"{cell:.3g}"
