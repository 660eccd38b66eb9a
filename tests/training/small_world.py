"""A small case table with a planted signal: enough to train, package and track a model in seconds."""

import json
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from training.cases import Cases, load
from training.config import TrainingConfig

START = datetime(2026, 1, 1, tzinfo=UTC)
RISK = "migrant_smuggling"


@cache
def table(rows: int = 2400, seed: int = 5) -> pd.DataFrame:
    """Cases in which short notice and cash matter; about one in seven of the labelled is confirmed.

    A third of the crossings is never inspected; a quarter is by land, without any booking.
    """
    rng = np.random.default_rng(seed)
    lead = rng.gamma(2.0, 300.0, rows)
    cash = rng.random(rows) < 0.3
    land = rng.random(rows) < 0.25
    bags = rng.poisson(1.2, rows)
    stay = rng.integers(1, 60, rows)
    log_odds = -2.3 + np.where(land, -0.2, -0.9 * (lead - 600) / 420 + 1.1 * cash)
    confirmed = rng.random(rows) < 1 / (1 + np.exp(-log_odds))
    inspected = rng.random(rows) < 0.67
    cases = []
    for row in range(rows):
        at = START + timedelta(hours=2 * row)
        record: dict[str, Any] = {
            "record_id": f"case-{row:05d}",
            "crossing": {
                "mode": "land" if land[row] else "air",
                "point": "NAMANGA" if land[row] else "NBO",
                "direction": "in",
                "expected_at": at.isoformat(),
            },
            "traveller": {"surname": "SECRET", "nationality": "KEN", "date_of_birth": "1990-01-01"},
            "documents": [{"type": "P", "number": f"SECRET{row}", "issue_date": str((at - issued(row)).date())}],
            "message_types_present": ["API"] if land[row] else ["API", "PNR"],
        }
        if not land[row]:
            record["booking"] = {
                "created_at": (at - timedelta(hours=float(lead[row]))).isoformat(),
                "payment_method": "CA" if cash[row] else "CC",
                "party_size": int(1 + row % 4),
            }
            record["baggage"] = {"count": int(bags[row])}
            record["journey"] = {"stay_days": float(stay[row]), "legs": [{"departs_at": at.isoformat()}]}
        looked = bool(inspected[row])
        found = ("smuggled_migrant" if confirmed[row] else "nothing_found") if looked else None
        cases.append(
            {
                "record": json.dumps(record),
                "entity": f"P{row}",
                "known_at": at + timedelta(hours=3) if looked else None,
                "outcome_code": found,
                "selection": ("random" if row % 5 == 0 else "officer") if looked else None,
                "selection_probability": None,
                "decided_by_role": "officer" if looked else None,
                "evidence_type": "interview" if looked else None,
            }
        )
    return pd.DataFrame(cases)


def issued(row: int) -> timedelta:
    """How long ago a document was issued: up to seven years, at any time of the year alike."""
    return timedelta(days=100 + row * 37 % 2400)


def write(path: Path, frame: pd.DataFrame | None = None) -> Path:
    """Write the case table as Parquet."""
    (table() if frame is None else frame).to_parquet(path, index=False)
    return path


@cache
def cases() -> Cases:
    """The case table, read."""
    import tempfile  # noqa: PLC0415  only here

    with tempfile.TemporaryDirectory() as directory:
        return load([write(Path(directory) / "cases.parquet")], workers=1)


def config(**changes: Any) -> TrainingConfig:
    """A configuration that fits in about a second; dotted keys with ``__``."""
    content: dict[str, Any] = {
        "name": "small-smuggling",
        "version": "1.0.0",
        "risk": RISK,
        "seed": 3,
        "cases": "cases.parquet",
        "simulated": True,
        "family": {
            "name": "explainable_boosting",
            "redraws": 3,
            "max_rounds": 200,
            "learning_rate": 0.05,
            "smoothing_rounds": 10,
            "pairs": 2,
            "min_samples_leaf": 20,
        },
        "evaluation": {"bootstrap": 50, "min_cell_rows": 60, "capacities": [0.05, 0.1], "yardstick": False},
        "gates": {"capacity": 0.1, "min_train_positives": 50, "min_lift": 1.1, "max_observed_to_expected": 2.0},
    }
    for key, value in changes.items():
        place = content
        *tables, last = key.split("__")
        for name in tables:
            place = place.setdefault(name, {})
        if isinstance(value, dict) and isinstance(place.get(last), dict) and "name" not in value:
            place[last] = place[last] | value
        else:
            place[last] = value
    return TrainingConfig.read(content)
