"""What a person reads before trusting a model: purpose, data, measured quality, limits. JSON and Markdown."""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from features.risk import Audience
from features.spec import Monotone

SIMULATED_NOTE = "simulated"
"""Stands beside every number that was measured on made-up data."""
SIMULATED_HEADING = (
    "All data behind this card are simulated. The numbers show that the software works. "
    "They say nothing about real travellers."
)
FORBIDDEN_USES = (
    "Deciding about a person without a person: the score is one piece of information for an officer.",
    "Refusing entry, detention or a sanction on the score alone.",
    "Any risk other than the one named here.",
    "Profiling by nationality, ethnicity, religion, gender or age: no such fact reaches the model.",
)


class CardPart(BaseModel):
    """A part of the card: frozen, unknown keys refused, no number that is not finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Measure(CardPart):
    """One measured number with its interval."""

    name: Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$")]
    title: str
    value: float | None
    """``None`` where there are too few cases to say."""
    low: float | None = None
    high: float | None = None
    level: float | None = None
    unit: Literal["", "percent"] = ""
    """``percent`` shows a share of 1 as 100 %."""
    note: str = ""

    def text(self, mark: str = "") -> str:
        """Write the number with its interval.

        >>> Measure(name="lift", title="Lift", value=3.214, low=2.5, high=4.0, level=0.9).text("simulated")
        '3.21 (90 % interval 2.5 to 4), simulated'
        >>> Measure(name="recall", title="Recall", value=0.125, unit="percent").text()
        '12.5 %'
        """
        if self.value is None:
            return "not enough data"
        text = self._number(self.value)
        if self.low is not None and self.high is not None:
            level = f"{self.level:.0%} ".replace("%", " %") if self.level is not None else ""
            text += f" ({level}interval {self._number(self.low)} to {self._number(self.high)})"
        return f"{text}, {mark}" if mark else text

    def _number(self, value: float) -> str:
        return f"{value * 100:.3g} %" if self.unit == "percent" else f"{value:.3g}"


class DataSlice(CardPart):
    """One slice of the cases, in time."""

    name: Annotated[str, Field(min_length=1)]
    """train, calibration, holdout, reference population, ..."""
    starts: date | None = None
    ends: date | None = None
    rows: Annotated[int, Field(ge=0)]
    labelled: Annotated[int, Field(ge=0)] | None = None
    positives: Annotated[int, Field(ge=0)] | None = None
    entities: Annotated[int, Field(ge=0)] | None = None


class CapacityRow(CardPart):
    """Quality where a share of travellers is referred."""

    share: Annotated[float, Field(gt=0, le=1)]
    measures: tuple[Measure, ...]
    """Precision, recall, lift, ..."""


class GroupRow(CardPart):
    """Quality in one group: a mode of transport, a crossing point, ..."""

    by: str
    group: str
    rows: Annotated[int, Field(ge=0)]
    positives: Annotated[int, Field(ge=0)] | None = None
    measures: tuple[Measure, ...] = ()
    note: str = ""


class Comparison(CardPart):
    """Another model on the same rows: what explainability costs."""

    name: str
    title: str
    measures: tuple[Measure, ...]
    note: str = ""


class CardTerm(CardPart):
    """One term of the model."""

    name: str
    label: str
    codes: tuple[str, ...]
    expects: Monotone = Monotone.NONE
    importance: Annotated[float, Field(ge=0)]
    """Mean size of its contribution in the reference population [log-odds]."""


class ModelCard(CardPart):
    """The card of one model."""

    name: str
    version: str
    risk: str
    title: str
    audience: Audience
    purpose: str
    estimand: str
    """What exactly the probability is of."""
    forbidden_uses: Annotated[tuple[str, ...], Field(min_length=1)] = FORBIDDEN_USES
    simulated: bool
    family: str
    data: Annotated[tuple[DataSlice, ...], Field(min_length=1)]
    prevalence: Measure
    measures: tuple[Measure, ...]
    """Of the whole holdout."""
    capacity: tuple[CapacityRow, ...]
    groups: tuple[GroupRow, ...] = ()
    fairness: tuple[GroupRow, ...] = ()
    """Groups of protected and other facts: referral, misses, burden, chances kept, with the verdict on each."""
    comparisons: tuple[Comparison, ...] = ()
    bands: tuple[GroupRow, ...] = ()
    """Observed outcomes per band."""
    selection: tuple[Measure, ...] = ()
    """What the cases say of all travellers, by the random lane and by logged chances of inspection."""
    limits: Annotated[tuple[str, ...], Field(min_length=1)]
    notes: tuple[str, ...] = ()
    """What happened in training that a reader should know."""
    terms: tuple[CardTerm, ...]

    def to_markdown(self) -> str:
        """Write the card for reading; every number measured on simulated data says so."""
        mark = SIMULATED_NOTE if self.simulated else ""
        parts = [f"# {self.title}", f"Model `{self.name}` {self.version}, risk `{self.risk}`, family {self.family}."]
        if self.simulated:
            parts.insert(0, f"> **{SIMULATED_HEADING}**")
        parts += ["## Purpose", self.purpose, f"Audience: {self.audience.value}.", f"Estimates: {self.estimand}"]
        parts += ["## Forbidden uses", _list(self.forbidden_uses)]
        parts += ["## Data", _data_table(self.data, mark), f"{self.prevalence.title}: {self.prevalence.text(mark)}"]
        parts += ["## Quality on later cases", _measures(self.measures, mark)]
        if self.capacity:
            parts += ["## Quality at capacity", _capacity_table(self.capacity, mark)]
        if self.bands:
            parts += ["## Outcomes by band", _group_table(self.bands, mark)]
        if self.groups:
            parts += ["## Quality by group", _group_table(self.groups, mark)]
        if self.selection:
            parts += ["## All travellers, inspected or not", _measures(self.selection, mark)]
        if self.fairness:
            parts += ["## Groups compared", _group_table(self.fairness, mark)]
        for comparison in self.comparisons:
            parts += [f"## Beside it: {comparison.title}", _measures(comparison.measures, mark)]
            parts += [comparison.note] if comparison.note else []
        parts += ["## Limits", _list(self.limits)]
        parts += ["## Notes of the training run", _list(self.notes)] if self.notes else []
        parts += ["## Terms", _term_table(self.terms, mark)]
        return "\n\n".join(parts) + "\n"


def _list(lines: tuple[str, ...]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _table(heads: list[str], rows: list[list[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "/") for cell in line) + " |" for line in lines)


def _count(number: int | None, mark: str) -> str:
    if number is None:
        return ""
    return f"{number:,}, {mark}" if mark else f"{number:,}"


def _data_table(slices: tuple[DataSlice, ...], mark: str) -> str:
    rows = [
        [
            one.name,
            "" if one.starts is None else one.starts.isoformat(),
            "" if one.ends is None else one.ends.isoformat(),
            *(_count(number, mark) for number in (one.rows, one.labelled, one.positives, one.entities)),
        ]
        for one in slices
    ]
    return _table(["slice", "from", "to", "cases", "labelled", "confirmed", "entities"], rows)


def _measures(measures: tuple[Measure, ...], mark: str) -> str:
    return _table(["measure", "value", "note"], [[m.title, m.text(mark), m.note] for m in measures])


def _capacity_table(rows: tuple[CapacityRow, ...], mark: str) -> str:
    titles = list(dict.fromkeys(measure.title for row in rows for measure in row.measures))
    lines = []
    for row in rows:
        texts = {measure.title: measure.text(mark) for measure in row.measures}
        lines.append([f"{row.share * 100:.3g} %", *(texts.get(title, "") for title in titles)])
    return _table(["share referred", *titles], lines)


def _group_table(rows: tuple[GroupRow, ...], mark: str) -> str:
    titles = list(dict.fromkeys(measure.title for row in rows for measure in row.measures))
    lines = []
    for row in rows:
        texts = {measure.title: measure.text(mark) for measure in row.measures}
        counts = [_count(row.rows, mark), _count(row.positives, mark)]
        lines.append([row.by, row.group, *counts, *(texts.get(title, "") for title in titles), row.note])
    return _table(["by", "group", "cases", "confirmed", *titles, "note"], lines)


def _term_table(terms: tuple[CardTerm, ...], mark: str) -> str:
    rows = [
        [
            term.label,
            " ".join(f"`{code}`" for code in term.codes),
            "" if term.expects is Monotone.NONE else term.expects.value,
            f"{term.importance:.3f}" + (f", {mark}" if mark else ""),
        ]
        for term in sorted(terms, key=lambda term: -term.importance)
    ]
    return _table(["term", "codes", "direction", "mean size in log-odds"], rows)
