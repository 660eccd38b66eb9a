"""Which columns may not be where a mapping puts them, and what an outcome must state."""

from collections.abc import Iterator, Mapping

from features.catalogue import CATALOGUE
from features.columns import Source
from features.declared import Choice, DeclaredColumns
from features.forbidden import why_forbidden
from features.mapping_file import AuditEntry, MappingFile, OutcomeEntry
from features.outcome import EVIDENCE, NOT_INDEPENDENT, ROLES, SELECTIONS
from features.places import fact_at
from features.record import Sensitivity
from features.risk import Risk
from features.spec import FeatureSpec

REQUIRED = ("crossing.mode", "crossing.point", "crossing.direction", "crossing.expected_at")
"""Facts that every record has; a table without them gives constants."""


def refusals(
    file: MappingFile, sources: Mapping[str, Source], audit: Mapping[str, AuditEntry], risk: Risk | None
) -> Iterator[str]:
    """Name every rule that a mapping breaks, with its remedy.

    Args:
        file: the file as read.
        sources: extra column -> where it comes from.
        audit: audit column -> its entry.
        risk: the file's own risk.
    """
    for place in REQUIRED:
        if place not in file.record:
            yield f"record.{place}: every record has it; name its column, or give a constant where the table has none"
    after = _known_after(file)
    audited = {entry.column: "it is kept for the fairness audit alone (audit)" for entry in audit.values()}
    yield from _extra_refusals(sources, after, audited)
    yield from _record_refusals(file.record, after, audited)
    yield from _audit_refusals(audit)
    yield from _entity_refusals(file, sources)
    if file.outcome is not None:
        yield from _outcome_refusals(file.outcome, risk, has_time=has_time(file))


def clashes(declared: DeclaredColumns) -> Iterator[str]:
    """Name every text that a declared column shares with another feature, whichever encoding training chooses for it.

    Args:
        declared: the agency's own columns.
    """
    told: set[str] = set()
    ways: tuple[Choice, ...] = ("none", "rate")
    for way in ways:
        texts = {text: f"the feature {spec.name!r}" for spec in CATALOGUE for text in _texts(spec)}
        columns = declared.decided({column.name: way for column in declared.categories})
        for column in columns.columns:
            for spec in columns.features_of(column):
                for (what, text), remedy in _texts(spec).items():
                    other = texts.setdefault((what, text), f"extra.{column.name}")
                    if other != f"extra.{column.name}":
                        told.add(f"extra.{column.name}: its {what} is also that of {other}; {remedy}")
    yield from sorted(told)


def _texts(spec: FeatureSpec) -> dict[tuple[str, str], str]:
    """What no two features may share, with what to do where they do."""
    reason = spec.reason
    sentences = {
        ("sentence", said): "give it another `label`" for said in (reason.raises, reason.lowers, reason.missing)
    }
    return {("name", spec.name): "rename the entry", ("code", reason.code): "give it another `code`", **sentences}


def has_time(file: MappingFile) -> bool:
    """Whether the time of the crossing comes from a column."""
    source = file.record.get("crossing.expected_at")
    return source is not None and source.column is not None


def _known_after(file: MappingFile) -> dict[str, str]:
    """Columns that nobody knows when a case is scored, with the reason."""
    after = dict.fromkeys(file.table.after_decision, "it is known only after the decision (after_decision)")
    if file.outcome is not None:
        told = (source.column for source in file.outcome.sources if source.column is not None)
        after |= dict.fromkeys(told, "it says how the outcome came about")
        after[file.outcome.column] = "it holds the outcome"
    return after


def _extra_refusals(
    sources: Mapping[str, Source], after: Mapping[str, str], audited: Mapping[str, str]
) -> Iterator[str]:
    for name, source in sources.items():
        column = source.column
        if column is not None and (why := after.get(column) or audited.get(column) or why_forbidden(column)):
            yield f"extra.{name}: column {column!r} is refused as a feature: {why}"


def _record_refusals(
    record: Mapping[str, Source], after: Mapping[str, str], audited: Mapping[str, str]
) -> Iterator[str]:
    for place, source in record.items():
        column = source.column or ""
        try:
            fact = fact_at(place)
        except ValueError as error:
            yield f"record.{place}: {error}"
            continue
        if column in after:
            yield f"record.{place}: column {column!r} is refused: {after[column]}"
        elif column in audited and fact.sensitivity is Sensitivity.FEATURE:
            yield f"record.{place}: column {column!r} is refused as a feature: {audited[column]}"


def _audit_refusals(audit: Mapping[str, AuditEntry]) -> Iterator[str]:
    for name, entry in audit.items():
        reasons = [why for text in (name, entry.column) if "never stored" in (why := why_forbidden(text) or "")]
        yield from (f"audit.{name}: {why}" for why in reasons[:1])
        if list(entry.bands) != sorted(set(entry.bands)):
            yield f"audit.{name}: the edges in `bands` must rise"


def _entity_refusals(file: MappingFile, sources: Mapping[str, Source]) -> Iterator[str]:
    """An entity has cases in one slice only, so past checks of it can teach nothing about later cases."""
    for name, source in sources.items():
        entry = file.extra[name]
        is_entity = (source.column,) == file.table.entity_columns
        if is_entity and entry.get("kind") == "category" and entry.get("feature", True):
            yield (
                f"extra.{name}: column {source.column!r} is the entity, whose cases never lie on both sides of a "
                f"split, so its values teach nothing; leave out the entry or the entity"
            )


def _outcome_refusals(outcome: OutcomeEntry, risk: Risk | None, *, has_time: bool) -> Iterator[str]:
    """Every rule that the outcome entry breaks."""
    if outcome.codes is not None and (outcome.positive or outcome.negative or outcome.inconclusive):
        yield "outcome: give either `codes`, or `positive` and `negative`"
    if bool(outcome.positive) != bool(outcome.negative):
        yield "outcome: give both `positive` and `negative`; a cell that is neither is no label"
    if outcome.positive and outcome.code is None and risk is None:
        yield "outcome.code: name the outcome code that `positive` stands for, or add a [risk] table"
    if outcome.known_at is not None and outcome.delay_days is not None:
        yield "outcome: give either `known_at` or `delay_days`"
    if has_time and outcome.known_at is None and outcome.delay_days is None:
        yield (
            "outcome: say when an outcome became known, by `known_at = { column = ... }` or `delay_days = ...`; "
            "a training may only use what was known at its time"
        )
    for name, allowed in (("selection", SELECTIONS), ("evidence", EVIDENCE), ("decided_by_role", ROLES)):
        source: Source = getattr(outcome, name)
        given = [source.constant] if source.column is None else [*(source.values or {}).values(), source.other]
        if any(value not in allowed for value in given if value is not None):
            yield f"outcome.{name}: choose among {', '.join(allowed)}"
        elif source.column is None and (source.constant in NOT_INDEPENDENT or source.constant == "system"):
            yield f"outcome.{name}: labels come from independent outcomes, never from a score, a rule or a system alone"
