"""What a mapping file may say: the tables of the TOML, key by key."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from features.columns import Layout, Source, as_text
from features.declared import plain
from features.errors import FeatureDefinitionError
from features.outcome import INCONCLUSIVE, NOTHING_FOUND
from features.risk import Risk

Cells = tuple[str | int | float | bool, ...]
_UNKNOWN = "not known here; check the spelling, or remove it (docs/agency-columns.md lists all keys)"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TableEntry(Layout):
    """The ``[table]`` of a mapping file: which files, how they are written, which columns play a part."""

    files: tuple[str, ...] = ()
    """CSV, CSV.gz or Parquet files, relative to the mapping file; read one after the other."""
    entity: str | tuple[str, ...] = ()
    """Columns that say who the case is about; cases of one entity are never on both sides of a split."""
    after_decision: tuple[str, ...] = ()
    """Columns that are known only after the decision: refused as features."""
    ignored: tuple[str, ...] = ()
    """Columns that are left out on purpose, so that the report does not name them."""

    @property
    def entity_columns(self) -> tuple[str, ...]:
        """The entity as a tuple of columns."""
        return (self.entity,) if isinstance(self.entity, str) else self.entity


class AuditEntry(_Part):
    """One column that is kept for the fairness audit alone."""

    column: str
    bands: tuple[float, ...] = ()
    """Edges that make groups of a number: ``[30, 50]`` gives under 30, 30 to 50, 50 and over."""


class OutcomeEntry(_Part):
    """The ``[outcome]`` of a mapping file: what was found, when it was known, and how the case came to be checked."""

    column: str
    positive: Cells = ()
    negative: Cells = ()
    inconclusive: Cells = ()
    code: str | None = None
    """Outcome code of ``positive``; default: the first code of the ``[risk]`` in the same file."""
    codes: dict[str, str] | None = None
    """Instead of ``positive`` and ``negative``: cell -> outcome code."""
    known_at: Source | None = None
    delay_days: Annotated[float, Field(ge=0, le=3650)] | None = None
    """Days from the crossing until an outcome is known, where no column says it."""
    selection: Source
    selection_probability: Source | None = None
    evidence: Source
    decided_by_role: Source = Source(constant="officer")

    @property
    def sources(self) -> tuple[Source, ...]:
        """Where all but the outcome itself comes from."""
        found = (self.known_at, self.selection, self.selection_probability, self.evidence, self.decided_by_role)
        return tuple(source for source in found if source is not None)

    def translation(self, risk: Risk | None) -> dict[str, str] | None:
        """Map the cells of the outcome column to outcome codes; ``None`` where they are codes already."""
        if self.codes is not None:
            return self.codes
        if not self.positive:
            return None
        table = {as_text(cell): self.code or (risk.outcome_codes[0] if risk else "") for cell in self.positive}
        table |= {as_text(cell): NOTHING_FOUND for cell in self.negative}
        return table | {as_text(cell): min(INCONCLUSIVE) for cell in self.inconclusive}


class EncodingEntry(_Part):
    """The ``[encoding]`` of a mapping file: how rates of past checks are learned."""

    max_levels: Annotated[int, Field(ge=2, le=1000)] = 16
    """A category with more values becomes a rate, unless its entry says otherwise."""
    smoothing: Annotated[float, Field(gt=0, le=1000)] = 2.0
    """Further checks, with the rate of all cases, that each value is given."""
    folds: Annotated[int, Field(ge=2, le=50)] = 10
    """Parts of the training cases; a case sees the rates of the parts that it is not in."""
    order: Literal["folds", "past"] = "folds"
    """"past": a training case sees only outcomes that were known when it came."""


class MappingFile(_Part):
    """The whole file, as TOML spells it."""

    table: TableEntry = TableEntry()
    record: dict[str, Source]
    extra: dict[str, dict[str, Any]] = Field(default_factory=dict)
    audit: dict[str, AuditEntry | str] = Field(default_factory=dict)
    outcome: OutcomeEntry | None = None
    encoding: EncodingEntry = EncodingEntry()
    risk: dict[str, Any] | None = None
    training: dict[str, Any] | None = None
    """How to learn from the table: a training configuration, read by the training alone."""


def read_file(content: Mapping[str, Any]) -> MappingFile:
    """Validate what a TOML file holds.

    Raises:
        FeatureDefinitionError: naming every key that breaks a rule.
    """
    try:
        return MappingFile.model_validate(content)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, found['loc'])) or 'file'}: "
            f"{_UNKNOWN if found['type'] == 'extra_forbidden' else plain(found['msg'])}"
            for found in error.errors(include_input=False)
        )
        raise FeatureDefinitionError(f"Mapping: {problems}") from None
