"""Tables on disk: the case table that an agency would have, and the truth that nobody has, in another directory."""

import hashlib
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from training.simulator.columns import Array, Ints, Texts
from training.simulator.officers import LANES, RANDOM
from training.simulator.outcomes import Week
from training.simulator.records import compose_records, record_ids
from training.simulator.risks import Truth
from training.simulator.world import World

ROWS_PER_GROUP = 30_000
TIME = pa.timestamp("us", tz="UTC")


def times(world: World, minutes: Ints) -> pa.Array:
    """Minutes from the start of the period as a column of UTC times; -1 is null."""
    start = np.datetime64(world.parameters.calendar.start, "us")
    stamps = start + minutes * np.timedelta64(60_000_000, "us")
    return pa.array(stamps, mask=minutes < 0).cast(pa.timestamp("us")).cast(TIME)


def case_table(world: World, week: Week, officer_ids: Texts) -> pa.Table:
    """Make the rows of the case table: what an agency would have, and nothing of the truth."""
    facts, selection, outcomes = week.scene.facts, week.selection, week.outcomes
    checked = outcomes.known_minute >= 0
    lanes = np.array([*LANES, None], dtype=object)[selection.lane]
    probability = np.where(selection.lane == RANDOM, world.parameters.lanes.random_probability, np.nan)
    officers = officer_ids[selection.officer]
    officers[~checked] = None
    return pa.table(
        {
            "record": pa.array(compose_records(world, facts), pa.string()),
            "entity": pa.array([f"P{number}" for number in facts["traveller"].tolist()], pa.string()),
            "known_at": times(world, outcomes.known_minute),
            "outcome_code": pa.array(outcomes.code, pa.string()),
            "selection": pa.array(lanes, pa.string()),
            "selection_probability": pa.array(probability, mask=np.isnan(probability)),
            "decided_by_role": pa.array(outcomes.role, pa.string()),
            "evidence_type": pa.array(outcomes.evidence, pa.string()),
            "inspection_depth": pa.array(outcomes.depth, pa.string()),
            "officer_id": pa.array(officers, pa.string()),
        }
    )


def _join_causes(truth: Truth) -> Array:
    """Names of the acting causes of each crossing, joined by a blank."""
    names = list(truth.causes)
    bits = np.zeros(len(truth.present), dtype=np.int64)
    for place, acts in enumerate(truth.causes.values()):
        bits |= acts.astype(np.int64) << place
    met, which = np.unique(bits, return_inverse=True)
    words = [" ".join(name for place, name in enumerate(names) if bit >> place & 1) for bit in met.tolist()]
    return np.array(words, dtype=object)[which]


def truth_table(world: World, week: Week) -> pa.Table:
    """Make the rows of the truth: what is really so, how likely it was, why, and whether it was found."""
    facts, truths, outcomes = week.scene.facts, week.truths, week.outcomes
    columns: dict[str, pa.Array] = {"record_id": pa.array(record_ids(world, facts), pa.string())}
    for risk, truth in truths.items():
        columns[f"truth_{risk}"] = pa.array(truth.present)
        columns[f"truth_probability_{risk}"] = pa.array(truth.probability)
        columns[f"truth_recorded_probability_{risk}"] = pa.array(truth.recorded)
        columns[f"truth_causes_{risk}"] = pa.array(_join_causes(truth), pa.string())
        columns[f"truth_detected_{risk}"] = pa.array(outcomes.detected[risk])
    columns["truth_cue"] = pa.array(week.scene.hidden.cue)
    columns["truth_attention"] = pa.array(week.selection.attention)
    columns["truth_pattern"] = pa.array(facts["pattern"])
    return pa.table(columns)


class Table:
    """A Parquet file that grows by row groups; the same rows give the same bytes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writer: pq.ParquetWriter | None = None
        self._waiting: list[pa.Table] = []

    def append(self, rows: pa.Table) -> None:
        """Add rows; full row groups go to the disk."""
        self._waiting.append(rows)
        if sum(table.num_rows for table in self._waiting) >= ROWS_PER_GROUP:
            self._flush()

    def _flush(self) -> None:
        if not self._waiting:
            return
        rows = pa.concat_tables(self._waiting).combine_chunks()
        self._waiting.clear()
        if self._writer is None:
            # Records compress well by themselves: a dictionary of them would only cost memory.
            dictionary = [name for name in rows.column_names if name not in {"record", "entity", "record_id"}]
            self._writer = pq.ParquetWriter(self.path, rows.schema, compression="zstd", use_dictionary=dictionary)
        self._writer.write_table(rows)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write what waits and close the file."""
        self._flush()
        if self._writer is not None:
            self._writer.close()


def digest_file(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
