"""Writes the pages of the documentation that the code knows best; `--check` says which of them are out of date."""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # the packages beside this script, whether installed or not

from features.catalogue import CATALOGUE, GROUPS  # noqa: E402 - the line above finds them
from features.checks import CHECKS  # noqa: E402
from features.indicators import INDICATORS  # noqa: E402
from features.record import Block, Sensitivity, TravellerRecord, sensitivity_of  # noqa: E402
from features.risk import RISKS  # noqa: E402
from features.spec import FeatureSpec, Kind, Monotone, Use  # noqa: E402
from features.walk import block_types  # noqa: E402
from riskapi.settings import settings_table  # noqa: E402

NOTICE = "<!-- Written by docs/generate.py from the code: change the code, then run `make docs`. -->"

BECOMES = {
    Sensitivity.FEATURE: ("feature", "A score feature may read it."),
    Sensitivity.AUDIT: ("audit only", "For display, calibration groups and audits of fairness; no model reads it."),
    Sensitivity.HASHED: ("hashed", "Replaced by a keyed hash before it is stored; a model sees counts at most."),
    Sensitivity.CHECK: ("check only", "Shown to the reviewer beside the score; no model reads it."),
    Sensitivity.NEVER: ("never stored", "Dropped on receipt, and the answer names it."),
}
DIRECTIONS = {
    Monotone.INCREASING: "higher raises",
    Monotone.DECREASING: "higher lowers",
    Monotone.NONE: "free",
}


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Write a table; a bar inside of a cell is escaped."""
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |"
    yield ""


def feature_page() -> Iterator[str]:
    """The catalogue of features: indicators, one table per group, and every feature in full."""
    scored = [spec for spec in CATALOGUE if spec.use is Use.SCORE]
    yield from (
        "# Features",
        "",
        f"{len(scored)} features may enter a score, {len(CATALOGUE) - len(scored)} serve audits only. A feature is a",
        "documented function of one traveller record. Training and the service call the same function.",
        "",
        "No feature decides alone. Each rests on a published indicator or on a fact that speaks for the traveller,",
        "says where it was published, and carries the sentences that a reviewer reads.",
        "",
        "- **Direction**: what domain knowledge demands as the value grows. A model has to respect it.",
        "- **Message**: where the fact comes from. Without that message the feature is missing.",
        "- A flag states which value was seen; a number or a category states the value and compares it.",
        "",
        "## Which risks use what",
        "",
    )
    yield from table(
        ["risk", "audience", "features", "groups", "left out"],
        (
            [
                f"`{risk.name}`",
                risk.audience.value,
                str(len(CATALOGUE.for_scoring(risk))),
                ", ".join(risk.groups),
                ", ".join(f"`{name}`" for name in risk.without) or "none",
            ]
            for risk in RISKS.values()
        ),
    )
    yield from ("## Published indicators", "")
    yield from table(
        ["no.", "indicator", "risks", "published in", "features"],
        (
            [
                str(indicator.number),
                indicator.says,
                ", ".join(indicator.risks),
                indicator.source,
                ", ".join(f"`{spec.name}`" for spec in CATALOGUE if indicator.number in spec.indicators),
            ]
            for indicator in INDICATORS.values()
        ),
    )
    for group in GROUPS:
        name = group.__name__.rpartition(".")[2]
        specs = [spec for spec in CATALOGUE if spec.group == name]
        yield from (f"## {name.capitalize()}", "", (group.__doc__ or "").strip(), "")
        yield from table(
            ["feature", "code", "what it is", "unit or kind", "direction", "message"], map(_feature_row, specs)
        )
        for spec in specs:
            yield from _feature_in_full(spec)


def _feature_row(spec: FeatureSpec) -> list[str]:
    direction = "audit only" if spec.use is Use.AUDIT else DIRECTIONS[spec.expects]
    kind = spec.unit or spec.kind.value
    return [f"`{spec.name}`", spec.reason.code, spec.label, kind, direction, spec.message or "any"]


def _feature_in_full(spec: FeatureSpec) -> Iterator[str]:
    prose, _, example = spec.doc.partition("\n\n>>>")
    yield from (f"### `{spec.name}`", "", prose, "")
    if example:
        yield from ("```python", f">>>{example}", "```", "")
    if spec.use is Use.SCORE:
        yield f"- Raises: {spec.reason.raises}."
        yield f"- Lowers: {spec.reason.lowers}."
    yield f"- Missing: {spec.reason.missing}."
    yield f"- Why: {spec.because}"
    if spec.indicators:
        yield f"- Indicators: {', '.join(map(str, spec.indicators))}."
    if spec.only_for is not None:
        yield f"- Only for: {', '.join(sorted(spec.only_for))}."
    if spec.kind is Kind.CATEGORY and spec.labels:
        yield "- Values: " + ", ".join(f"`{value}` ({label})" for value, label in spec.labels.items()) + "."
    yield f"- Justification reviewed on {spec.reviewed.isoformat()}."
    yield ""


def record_page() -> Iterator[str]:
    """The data dictionary: every fact of the traveller record, block by block."""
    yield from (
        "# The traveller record",
        "",
        "What may be submitted of one traveller at one crossing. Only `record_id` and `crossing` are mandatory.",
        "Unknown fields are refused, types are not converted, times carry their zone and are kept in UTC.",
        "",
        "## What may become of a fact",
        "",
    )
    yield from table(["", "meaning"], ([f"**{word}**", meaning] for word, meaning in BECOMES.values()))
    blocks: dict[str, type[Block]] = {"": TravellerRecord, **dict(block_types())}
    for path, block in blocks.items():
        name = path.replace("__", ".")
        title = {"": "The record", "documents": "`documents[]`", "journey.legs": "`journey.legs[]`"}
        schema = block.model_json_schema()
        facts = [fact for fact in block.model_fields if sensitivity_of(block, fact) is not None]
        yield from (f"## {title.get(name, f'`{name}`')}", "", (block.__doc__ or "").strip(), "")
        yield from table(
            ["fact", "type", "may become", "standard", "what it is", "example"],
            (_fact_row(fact, schema["properties"][fact], sensitivity_of(block, fact)) for fact in facts),
        )


def checks_page() -> Iterator[str]:
    """The hard checks: every version with its rule in words, its facts, its standard and its days."""
    yield from (
        "# Hard checks",
        "",
        "Facts of a record that hold or do not hold. Those that fail stand beside the scores of an answer;",
        "`GET /v1/decisions/{id}/explanation` tells every result: passed, failed, or not checked, where the record has",
        "too little for it. No score rests on a check, and no model reads what another system found. A failed check",
        "decides nothing: typing errors are the usual cause, and a person looks.",
        "",
        "- A check is in force from a day to a day. Past its last day it is not applied; the alarm `checks` says so.",
        "- Another rule is another version. A decision is computed again by the versions that were in force then.",
        "- Days of a crossing are days in UTC. The local day of a post east of Greenwich is that one or the next.",
        "- Where a document is meant without number, it is the first one; flags are looked for on every document.",
        "- Where a date of birth is kept apart, the age, and what the date contradicted, stand in for it.",
        "",
    )
    yield from table(
        ["code", "version", "what is checked", "said where it fails", "reads", "standard", "shown to", "in force"],
        (
            [
                check.code,
                str(check.version),
                check.title,
                check.sentence,
                ", ".join(f"`{place}`" for place in check.reads),
                check.standard,
                ", ".join(check.failure.audiences),
                f"{check.valid_from} to {check.valid_until}" if check.valid_until else "never: it has no last day",
            ]
            for check in CHECKS
        ),
    )


def settings_page() -> Iterator[str]:
    """What can be set from outside."""
    yield from (
        "# Settings of the service",
        "",
        "Each is an environment variable, read once at start. An unknown `RISKAPI_` name stops the start, so that a",
        "misspelt one does not go unnoticed. `python -m riskapi init` writes a first file with a new secret.",
        "",
    )
    yield from settings_table().splitlines()
    yield ""


def _fact_row(name: str, schema: dict[str, Any], sensitivity: Sensitivity | None) -> list[str]:
    becomes = BECOMES[sensitivity][0] if sensitivity else ""
    derived = schema.get("x-derived-by", [])
    if derived:
        becomes += "; read by " + ", ".join(f"`{feature}`" for feature in derived)
    examples = schema.get("examples", [])
    example = f"`{_flat(examples[0])}`" if examples and sensitivity is not Sensitivity.NEVER else ""
    kind = "any" if sensitivity is Sensitivity.NEVER and name != "mrz" else _type_of(schema)
    unit = schema.get("x-unit")
    kind = f"{kind}, {unit}" if unit else kind
    return [f"`{name}`", kind, becomes, schema["x-standard"], schema.get("description", ""), example]


def _flat(example: object) -> str:
    if isinstance(example, list):
        return ", ".join(map(str, example))
    return str(example).lower() if isinstance(example, bool) else str(example)


def _type_of(schema: dict[str, Any]) -> str:
    """Put the type of a fact in words.

    >>> _type_of({"anyOf": [{"type": "integer", "minimum": 0, "maximum": 9}, {"type": "null"}]})
    'whole number 0 to 9'
    """
    options = [option for option in schema.get("anyOf", [schema]) if option.get("type") != "null"]
    return " or ".join(dict.fromkeys(map(_plain_type, options)))


def _plain_type(schema: dict[str, Any]) -> str:
    if "enum" in schema or "const" in schema:
        return " ".join(f"`{value}`" for value in schema.get("enum", [schema.get("const")]))
    if "pattern" in schema and "maxLength" not in schema:  # where both stand, the pattern keeps hidden characters out
        return f"text `{schema['pattern']}`"
    words = {
        "integer": "whole number",
        "number": "number",
        "boolean": "true or false",
        "array": "list",
        "object": "names with values",
    }
    kind = {"date": "date", "date-time": "time"}.get(
        schema.get("format", ""), words.get(schema.get("type", ""), "text")
    )
    if "minimum" in schema and "maximum" in schema:
        kind += f" {schema['minimum']:g} to {schema['maximum']:g}"
    if schema.get("type") == "string" and "maxLength" in schema:
        kind += f", at most {schema['maxLength']}"
    if kind == "list" and "items" in schema:
        kind = f"list of {_type_of(schema['items'])}"
    return kind


PAGES: dict[str, Callable[[], Iterable[str]]] = {
    "features.md": feature_page,
    "record.md": record_page,
    "checks.md": checks_page,
    "settings.md": settings_page,
}
"""File in docs/ -> what writes its lines."""


def pages() -> dict[Path, str]:
    """Write every page into memory."""
    return {ROOT / "docs" / name: "\n".join([NOTICE, "", *write()]).rstrip() + "\n" for name, write in PAGES.items()}


def main() -> int:
    """Write the pages, or check them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a page is out of date")
    check = parser.parse_args().check
    stale = [path for path, text in pages().items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        if check:
            print(f"{path.relative_to(ROOT)} is out of date: run `make docs`", file=sys.stderr)
        else:
            path.write_text(pages()[path], encoding="utf-8")
            print(f"wrote {path.relative_to(ROOT)}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
