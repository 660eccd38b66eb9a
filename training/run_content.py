"""What is tracked of a run: its configuration, numbers, origin and cases, as plain values."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import pandas as pd

from training.config import TrainingConfig
from training.dataset import Slice
from training.evaluate import flat_metrics
from training.origin import git_commit, lock_sha256
from training.readings import Provenance
from training.report import Findings
from training.slices import SLICES
from training.tracked import DataRecord, RunContent


def run_content(found: Findings, directory: Path, pack: str, seconds: Mapping[str, float]) -> RunContent:
    """Collect it.

    Args:
        found: what the run found.
        directory: of the run.
        pack: digest of the release pack.
        seconds: step -> time that it took.
    """
    config, packed, evaluation, dataset = found.config, found.packed, found.evaluation, found.dataset
    bundle = packed.bundle
    data = []
    for name in SLICES:
        part: Slice = getattr(dataset, name)
        frame = part.frame.assign(confirmed=part.y)
        data.append(DataRecord(name, frame, _frame_sha256(frame), _source(config), name))
    manifest = bundle.manifest
    return RunContent(
        name=f"{config.name} {config.version}",
        risk=bundle.risk.name,
        params={**_flat(config.content()), "features": len(bundle.specs)},
        metrics={
            **flat_metrics(evaluation),
            "train.positives": float(dataset.train.y.sum()),
            "train.rows": float(len(dataset.train)),
            "parity_gap": packed.parity_gap,
            "gates.open": float(len(bundle.gates.open_gates)),
            **_told(found.provenance),
            **{f"seconds.{name.replace(' ', '_')}": value for name, value in seconds.items()},
        },
        tags={
            "risk": bundle.risk.name,
            "family": config.family.name,
            "digest": bundle.digest,
            "release_pack": pack,
            "data_sha256": manifest.data_sha256,
            "config_sha256": manifest.config_sha256,
            "lock_sha256": lock_sha256(),
            "git_commit": git_commit(),
            "simulated": str(config.simulated).lower(),
            "outcomes_by_way": _listed(found.provenance.ways) or "untold",
            "gates": "passed" if bundle.gates.passed else "open",
            "explainability": evaluation.verdict,
        },
        data=data,
        directory=directory,
        signer=bundle.signer,
        examples=[orjson.dumps(golden.record).decode() for golden in bundle.golden[:2]],
    )


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {number}" for name, number in counts.items())


def _told(found: Provenance) -> dict[str, float]:
    """Numbers of who recorded outcomes and who read cases, where the table tells of any."""
    numbers = {
        **{f"outcomes.{way}": number for way, number in found.ways.items()},
        "readings.cases": found.read,
        "readings.cases_without_outcome": found.read_without_outcome,
        "readings.readings": found.readings,
        **{f"readings.{verdict}": number for verdict, number in found.verdicts.items()},
    }
    return {name: float(number) for name, number in numbers.items()} if found.told else {}


def _source(config: TrainingConfig) -> str:
    paths = config.cases or (() if config.mapping is None else (config.mapping,))
    return ", ".join(path.name for path in paths)


def _frame_sha256(frame: pd.DataFrame) -> str:
    """Digest of a table's content: names, then values row by row."""
    digest = hashlib.sha256(json.dumps(list(frame.columns)).encode())
    filled = frame.fillna({name: "\x00" for name in frame if frame[name].dtype == object})
    digest.update(pd.util.hash_pandas_object(filled, index=False).to_numpy().tobytes())
    return digest.hexdigest()


def _flat(content: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Dotted names for nested tables; lists of tables by their place."""
    flat: dict[str, Any] = {}
    for key, value in content.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            flat |= _flat(value, f"{name}.")
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for place, entry in enumerate(value):
                flat |= _flat(entry, f"{name}.{place}.")
        else:
            flat[name] = value
    return flat
