"""Cases as a service with a memory would have seen them: an ordered replay adds to each record what was known then.

The definition is that of the service (:mod:`features.memory`): crossings are folded in order of time, an outcome counts
from the day on which it was known and mature, and each record gets its facts before it is remembered itself.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pandas as pd
from joblib import Parallel, delayed

from features.memory.events import Finding, finding_of, keys_read, rows_of_finding
from features.memory.facts import FACTS, Facts, MemoryFact, look, remembered_of
from features.memory.keys import Crossing
from features.memory.own import OwnKeys
from features.memory.table import MemoryTable
from features.risk import RISKS, Risk
from training.cases import Cases, Progress, processes
from training.crossings import crossings_of
from training.errors import ConfigError

Times = npt.NDArray[np.int64]
_CHUNK = 4_000
_NAMES = frozenset(fact.name for fact in FACTS)


def remember(
    cases: Cases, risk: Risk | None = None, *, workers: int | None = None, progress: Progress | None = None
) -> Cases:
    """Add to each record what a memory of the earlier ones says of it.

    Args:
        cases: with times of their own.
        risk: an agency's own risk, whose outcome codes confirm something, too.
        workers: processes; default: the machine's cores, one for few cases.
        progress: called as cases are done.

    Returns:
        The same cases; a record that came with facts of a memory keeps them, since they are what was seen then.

    Raises:
        ConfigError: where the cases have no times.
    """
    if not cases.has_time:
        raise ConfigError("A memory needs the order of the cases: map crossing.expected_at, or set memory = false.")
    crossings, findings = crossings_and_findings(cases, risk, workers=workers)
    facts = replay(crossings, findings, facts=cases.declared.own_keys.facts, progress=progress)
    return with_facts(cases, facts)


def crossings_and_findings(
    cases: Cases, risk: Risk | None = None, *, workers: int | None = None
) -> tuple[list[Crossing | None], list[Finding | None]]:
    """Make of cases what a memory is told of them, both in their order; ``None`` where that is nothing."""
    findings = _findings(cases.accepted, [*RISKS.values(), *([] if risk is None else [risk])])
    return _crossings(cases, workers), findings


def with_facts(cases: Cases, facts: Sequence[Facts]) -> Cases:
    """Put facts into the records of cases; a record that came with facts of a memory keeps those."""
    accepted, own = cases.accepted, cases.declared.own_keys
    records = [_with(text, found, own) for text, found in zip(accepted["record"].tolist(), facts, strict=True)]
    table = accepted.assign(record=pd.Series(records, index=accepted.index, dtype=object))
    return replace(cases, accepted=table, memory=True)


def replay(
    crossings: Sequence[Crossing | None],
    findings: Sequence[Finding | None],
    *,
    facts: Sequence[MemoryFact] = FACTS,
    table: MemoryTable | None = None,
    progress: Progress | None = None,
) -> list[Facts]:
    """Fold crossings in their order, and say of each what was known before it.

    Args:
        crossings: in order of time; ``None`` where a record tells too little.
        findings: of each; ``None`` where nobody looked, or where it may not be counted.
        facts: to compute.
        table: what is remembered already; nothing by default.
        progress: called now and then.

    Returns:
        Facts of each crossing; none where it is ``None``.
    """
    table = MemoryTable() if table is None else table
    found: list[Facts] = []
    for place, (crossing, finding) in enumerate(zip(crossings, findings, strict=True), 1):
        if crossing is None:
            found.append({})
            continue
        keys = keys_read(crossing)
        rows = table.read(keys.values(), crossing.at)
        known = look(crossing, keys, rows, facts)
        found.append(known)
        table.write(remembered_of(crossing, keys, rows, known), crossing.at)
        if finding is not None:  # its rows count from when it is known: no crossing before that sees them
            table.write(rows_of_finding(crossing, finding), crossing.at)
        if progress is not None and place % _CHUNK == 0:
            progress(place, len(crossings))
    return found


def _crossings(cases: Cases, workers: int | None) -> list[Crossing | None]:
    """Hash what links the records, in several processes; the key is the run's own and is kept nowhere."""
    key = hashlib.sha256(f"riskapi training memory {cases.sha256}".encode()).digest()
    texts = cases.accepted["record"].tolist()
    at = seconds(cases.accepted["time"])
    own = cases.declared.own_keys
    jobs = (
        delayed(crossings_of)(texts[start : start + _CHUNK], at[start : start + _CHUNK].tolist(), key, own)
        for start in range(0, len(texts), _CHUNK)
    )
    parts = Parallel(n_jobs=processes(len(texts), workers), return_as="generator")(jobs)
    return [crossing for part in parts for crossing in part]


def _findings(accepted: pd.DataFrame, risks: Sequence[Risk]) -> list[Finding | None]:
    columns = ("outcome_code", "selection", "decided_by_role", "evidence_type")
    looked = accepted["outcome_code"].notna().to_numpy()
    known = np.zeros(len(accepted), dtype=np.int64)
    known[looked] = seconds(accepted["known_at"][looked])
    rows: Any = zip(*(accepted[name].tolist() for name in columns), strict=True)
    return [
        finding_of(int(at), code=code, selection=selection, role=role, evidence=evidence, risks=risks)
        if there
        else None
        for there, at, (code, selection, role, evidence) in zip(looked, known, rows, strict=True)
    ]


def seconds(times: pd.Series) -> Times:
    """Times as seconds since 1970, (n,)."""
    return np.asarray(times.dt.as_unit("s").astype("int64"), dtype=np.int64)


def _with(text: bytes, facts: Facts, own: OwnKeys) -> bytes:
    """Put facts into a record, unless it came with such facts; the values of an agency's own keys go."""
    known = {name: value for name, value in facts.items() if value is not None and name in _NAMES}
    if not known and not own:
        return text
    record: dict[str, Any] = orjson.loads(text)
    extra = record.get("extra") or {}
    if own and extra:
        record["extra"] = own.told(extra, None if own.seen_in(extra) else facts)
    history = record.get("history") or {}
    if known and _NAMES.isdisjoint(history):
        record["history"] = {**history, **known}
    return orjson.dumps(record)
