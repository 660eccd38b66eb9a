"""The case history: one growing table of cases that imports add to, and that says where each outcome came from.

An import adds cases that are not held yet, and outcomes of cases that had none. The same file again changes nothing,
and so does an older one. A file that says something else of a case than the history holds changes nothing either: it is
told row by row, and a person decides. A case that nobody looked at stays one without outcome.
"""

import hashlib
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import orjson
import pandas as pd
import pyarrow as pa

from features.columns import Layout
from training.cases import NEEDED, own_cases
from training.errors import CaseTableError
from training.labels import COLUMNS
from training.outcomes import AUDIT_COLUMNS, PROVENANCE
from training.readings import number_of
from training.tables import Table, read_tables

IDS: Final = ("record_id", "decision_id")
"""Names of the column by which a file of outcomes names cases; the first is that of the history."""
FACTS: Final = ("record", "entity", "draw", "arm", "policy_version")
"""What is settled when a case is scored."""
OUTCOME: Final = (*COLUMNS, *AUDIT_COLUMNS, "compliance", "score_shown", *PROVENANCE)
"""What is found later."""
ORIGIN: Final = ("source", "source_sha256", "imported_at")
"""Where the outcome of a row came from, or the row where it has none: name and digest of the file, and when."""
_TIME: Final = pa.timestamp("us", tz="UTC")
_TYPES: Final = {
    "known_at": _TIME,
    "imported_at": _TIME,
    "recorded_at": _TIME,
    "selection_probability": pa.float64(),
    "draw": pa.bool_(),
    "score_shown": pa.bool_(),
}
SCHEMA: Final = pa.schema([(name, _TYPES.get(name, pa.string())) for name in (IDS[0], *FACTS, *OUTCOME, *ORIGIN)])
"""Columns of a history; a training run reads it like any case table of the project's own form."""
Finding = tuple[str, int, str, str, str]
"""File, row, place, rule, remedy."""


@dataclass(frozen=True)
class Imported:
    """What an import did.

    Attributes:
        source: name of the file.
        sha256: of its content.
        read: rows of the file.
        added: cases that the history did not hold.
        labelled: outcomes that it did not hold, those of added cases among them.
        corrected: outcomes that were exchanged, as was asked for.
        evidenced: cases of which the history held all but who recorded the outcome, or what readers thought.
        repeated: rows that say nothing new.
        pending: outcomes that become known only after the moment of the import: left for a later one.
        contradictions: rows that say something else than the history; with any of them nothing was changed.
        findings: why rows were left out, or nothing was changed; no values.
        evidence: new outcomes by kind of evidence.
        selections: new outcomes by how the case was selected.
        chances: least and greatest logged chance of inspection of the new outcomes; ``None`` where none was logged.
        logged: new outcomes with a logged chance.
        cases: in the history now.
        outcomes: of them with an outcome.
    """

    source: str
    sha256: str
    read: int
    added: int
    labelled: int
    corrected: int
    evidenced: int
    repeated: int
    pending: int
    contradictions: int
    findings: tuple[Finding, ...]
    evidence: Mapping[str, int]
    selections: Mapping[str, int]
    chances: tuple[float, float] | None
    logged: int
    cases: int
    outcomes: int

    @property
    def refused(self) -> bool:
        """Whether the file changed nothing though it holds something new, or holds nothing that can be taken."""
        return bool(self.contradictions) or (
            bool(self.findings) and not self.added + self.labelled + self.corrected + self.evidenced + self.repeated
        )

    def text(self) -> str:
        """Say it in a few lines."""
        if self.contradictions:
            head = f"nothing was changed; rows that contradict the history: {self.contradictions:,}"
        else:
            corrected = f", {self.corrected:,} corrected" if self.corrected else ""
            corrected += f", {self.evidenced:,} only in who recorded or read them" if self.evidenced else ""
            head = (
                f"{self.added:,} cases and {self.labelled:,} outcomes are new{corrected}, {self.repeated:,} rows say "
                f"nothing new, {self.pending:,} outcomes are not known yet, {len(self.findings):,} findings"
            )
        lines = [f"{self.source} (sha256 {self.sha256[:12]}, {self.read:,} rows): {head}."]
        if self.labelled and not self.contradictions:
            chances = "" if self.chances is None else f" ({self.chances[0]:g} to {self.chances[1]:g})"
            lines.append(
                f"New outcomes: {_told(self.selections)}; {self.logged:,} with a logged chance{chances}. "
                f"Evidence: {_told(self.evidence)}."
            )
        lines.append(
            f"History: {self.cases:,} cases, {self.outcomes:,} with an outcome. Of the others nothing is known: they "
            "are no zeros."
        )
        return "\n".join(lines)


def write_findings(done: Imported, file: Path) -> Path:
    """Write the findings of an import beside its file, one JSON object a line."""
    report = file.with_name(f"{file.name}.findings.ndjson")
    lines = [
        orjson.dumps({"source": f"{name} row {row}", "place": place, "rule": rule, "remedy": remedy})
        for name, row, place, rule, remedy in done.findings
    ]
    report.write_bytes(b"\n".join([*lines, b""]))
    return report


def import_file(path: Path, history: Path, *, now: datetime, corrections: bool = False) -> Imported:
    """Bring the cases or outcomes of a file into a history.

    Args:
        path: an export of cases, or outcomes by the id of their case (a column ``record_id`` or ``decision_id``).
        history: the table; made where there is none.
        now: moment of the import, in UTC: outcomes known after it are left for a later one.
        corrections: whether an outcome that differs from that held takes its place.

    Raises:
        CaseTableError: where the file or the history cannot be used at all, or another import is at work.
    """
    draft = history.with_name(f".{history.name}.part")
    try:
        history.parent.mkdir(parents=True, exist_ok=True)
        file = os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
    except FileExistsError:
        raise CaseTableError(
            f"{draft}: another import is at work, or was broken off. Wait for it; remove the file where there is none."
        ) from None
    except OSError as error:
        raise CaseTableError(f"{history}: cannot be written ({error.strerror}). Check folder and rights.") from None
    try:
        with file:
            held = _held(history)
            merged, told = _merged(path, held, now=now, corrections=corrections)
            if merged is not None:
                merged.to_parquet(file, schema=SCHEMA, index=False)
                file.flush()
                os.fsync(file.fileno())
        if merged is not None:
            draft.replace(history)
    finally:
        draft.unlink(missing_ok=True)
    return told


def _held(history: Path) -> pd.DataFrame:
    """Read a history; an empty one where there is none."""
    if not history.exists():
        return pd.DataFrame(columns=SCHEMA.names, dtype=object)
    needed = [name for name in SCHEMA.names if name not in PROVENANCE]  # which older histories do not have
    frame: pd.DataFrame = read_tables([history], Layout(), needed).frame.reindex(columns=SCHEMA.names)
    return frame.astype(object).where(frame.notna(), None)


def _merged(
    path: Path, held: pd.DataFrame, *, now: datetime, corrections: bool
) -> tuple[pd.DataFrame | None, Imported]:
    """Merge; no table where nothing is to be changed."""
    table = read_tables([path], Layout(), ())
    names = set(table.frame.columns)
    lost: list[Finding] = []
    read = len(table.frame)
    if "record" not in names and names & set(IDS):
        table, lost = _by_id(table, held)
    elif missing := [name for name in NEEDED if name not in names]:
        raise CaseTableError(
            f"{path.name}: no column {', '.join(map(repr, missing))}. Give a table that riskapi export-cases wrote, or "
            f"outcomes by the id of their case: a column {IDS[0]!r}, and those of an outcome."
        )
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    checked = own_cases(table)
    found = _rows(checked.accepted).assign(source=path.name, source_sha256=digest, imported_at=pd.Timestamp(now))
    pending = _leave_pending(found, now)
    sorted_out = _sort_out(held, found, corrections=corrections)
    new = (*sorted_out["added"], *sorted_out["labelled"], *sorted_out["corrected"])
    taken = found[found[IDS[0]].isin([*new, *sorted_out["evidenced"]])]
    told = taken[taken["outcome_code"].notna() & taken[IDS[0]].isin(new)]
    against = _contradictions(table, sorted_out["against"])
    findings = [*lost, *checked.rejected.itertuples(index=False, name=None), *against]
    refused = bool(against)
    keep = held[~held[IDS[0]].isin(taken[IDS[0]])]
    whole = held if refused else pd.concat([keep, taken]).sort_values(IDS[0], ignore_index=True)
    chances = told["selection_probability"].dropna().astype(float)
    result = Imported(
        source=path.name,
        sha256=digest,
        read=read,
        added=len(sorted_out["added"]),
        labelled=len(told) - len(sorted_out["corrected"]),
        corrected=len(sorted_out["corrected"]),
        evidenced=len(sorted_out["evidenced"]),
        repeated=len(sorted_out["repeated"]),
        pending=pending,
        contradictions=len(against),
        findings=tuple(findings),
        evidence=_counted(told["evidence_type"]),
        selections=_counted(told["selection"]),
        chances=(float(chances.min()), float(chances.max())) if len(chances) else None,
        logged=len(chances),
        cases=len(whole),
        outcomes=int(whole["outcome_code"].notna().sum()),
    )
    return (None if refused or taken.empty else whole), result


def _rows(accepted: pd.DataFrame) -> pd.DataFrame:
    """Write accepted cases as a history has them."""
    frame = accepted.rename(columns={f"audit_{name}": name for name in AUDIT_COLUMNS})
    frame = frame.reindex(columns=[IDS[0], *FACTS, *OUTCOME]).astype(object)
    frame["record"] = [text.decode() for text in frame["record"]]
    return frame.where(frame.notna(), None)


def _by_id(table: Table, held: pd.DataFrame) -> tuple[Table, list[Finding]]:
    """Make cases of outcomes, by the facts that the history holds of them.

    Returns:
        The rows as a case table has them, and as findings the others.
    """
    frame = table.frame.astype(object).where(table.frame.notna() & (table.frame != ""), None)
    name = next(one for one in IDS if one in frame)
    known = held.set_index(IDS[0])
    places = frame[name].isin(known.index)
    says = frame.reindex(columns=["outcome_code", "compliance"]).notna().any(axis=1)
    lost = [
        (table.files[at], table.rows[at], place, rule, remedy)
        for wrong, place, rule, remedy in (
            (
                ~places,
                name,
                "an id of which the history holds no case",
                "import the export that holds this case first, or correct the id",
            ),
            (
                ~says,
                "outcome_code",
                "neither an outcome nor a reason for which nobody looked",
                "leave the row out, or give compliance: that nobody looked is not that nothing was found",
            ),
        )
        for at in frame.index[wrong]
    ]
    rows = frame[places & says]
    case = known.loc[rows[name]].set_axis(rows.index)
    made = rows.reindex(columns=list(OUTCOME)).assign(**{each: case[each] for each in (*FACTS, "readings")})
    looked = made["outcome_code"].notna()
    made["selection"] = case["arm"].where(looked & case["arm"].notna(), made["selection"])
    # of somebody whom an officer chose the chance is not that of the system's draw, which is logged for everybody
    by_system = case["arm"].notna() | ~looked
    made["selection_probability"] = case["selection_probability"].where(by_system, made["selection_probability"])
    return Table(
        made.reset_index(drop=True),
        table.files[rows.index].reset_index(drop=True),
        table.rows[rows.index].reset_index(drop=True),
    ), lost


def _leave_pending(found: pd.DataFrame, now: datetime) -> int:
    """Take back outcomes that are known only after a moment; gives their number."""
    known = pd.to_datetime(found["known_at"], utc=True)
    late = known > pd.Timestamp(now)
    for name in OUTCOME:
        if name != "selection_probability":  # of the draw, which is logged before anybody looks
            found.loc[late, name] = None
    return int(late.sum())


def _sort_out(held: pd.DataFrame, found: pd.DataFrame, *, corrections: bool) -> dict[str, list[Any]]:
    """Hold each row against the history: ids by what becomes of them; contradictions with their place."""
    out: dict[str, list[Any]] = {
        name: [] for name in ("added", "labelled", "corrected", "evidenced", "repeated", "against")
    }
    columns = (*FACTS, *OUTCOME)
    kept = {row[0]: row[1:] for row in held[[IDS[0], *columns]].itertuples(index=False, name=None)}
    for case, *row in found[[IDS[0], *columns]].itertuples(index=False, name=None):
        old = kept.get(case)
        if old is None:
            out["added"].append(case)
            continue
        was, now = dict(zip(columns, old, strict=True)), dict(zip(columns, row, strict=True))
        differ = [name for name in columns if name not in PROVENANCE and was[name] != now[name]]
        if not differ:
            out["evidenced" if _evidence(now) > _evidence(was) else "repeated"].append(case)
        elif differ[0] in FACTS:
            out["against"].append((case, differ[0]))
        elif not _is_told(was):
            out["labelled"].append(case)
        elif not _is_told(now):  # before the outcome was known
            out["repeated"].append(case)
        elif corrections:
            out["corrected"].append(case)
        else:
            out["against"].append((case, differ[0]))
    return out


def _is_told(row: Mapping[str, Any]) -> bool:
    """Whether a row says what was found, or why nobody looked."""
    return row["outcome_code"] is not None or row["compliance"] is not None


def _evidence(row: Mapping[str, Any]) -> tuple[int, bool, datetime]:
    """How much a row tells of who read a case and who recorded its outcome: the log only grows."""
    recorded = row["recorded_at"]
    return number_of(row["readings"]), recorded is not None, recorded or datetime.min.replace(tzinfo=UTC)


def _contradictions(table: Table, against: Sequence[tuple[str, str]]) -> list[Finding]:
    """Tell where in the file each contradiction stands."""
    places = dict(against)
    found: list[Finding] = []
    for text, file, row in zip(table.frame["record"], table.files, table.rows, strict=True) if places else ():
        place = places.get(orjson.loads(text).get(IDS[0]))
        if place in FACTS:
            rule = "a case of which the history holds other facts"
            found.append((file, row, place, rule, "find out which file is right: what was scored does not change"))
        elif place is not None:
            rule = "an outcome that differs from that in the history"
            found.append((file, row, place, rule, "find out which holds; --corrections takes that of this file"))
    return found


def _told(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())


def _counted(values: pd.Series) -> dict[str, int]:
    return dict(sorted(Counter(values.dropna().tolist()).items()))
