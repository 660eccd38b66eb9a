"""An invented agency: lorries at a ferry port, in its own columns, and the mapping that describes them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

RISK = {
    "name": "hidden_goods",
    "title": "Hidden goods",
    "audience": "enforcement",
    "outcome_codes": ["undeclared_goods"],
    "groups": [],
    "wording": {
        "statement": "Likelihood that an inspection would confirm goods that were not declared",
        "raises": "Points towards an inspection",
        "lowers": "Points away from an inspection",
        "advice": "Consider an inspection. The score is an aid: a person decides.",
    },
}


def mapping() -> dict[str, Any]:
    """The mapping of the table, to be changed by a test."""
    return {
        "table": {"entity": "Plate", "after_decision": ["Fine"], "ignored": ["Remark"]},
        "record": {
            "record_id": {"column": "Entry"},
            "crossing.mode": {"constant": "sea"},
            "crossing.point": {"column": "Berth"},
            "crossing.direction": {"column": "Way", "values": {"I": "in", "O": "out"}},
            "crossing.expected_at": {"column": "Day", "format": "%d.%m.%Y"},
        },
        "extra": {
            "weight_t": {"column": "Weight", "kind": "number", "unit": "t", "label": "weight of the load"},
            "crew": {"column": "Crew", "kind": "number", "unit": "persons"},
            "load_per_head": {"ratio": ["weight_t", "crew"], "kind": "number", "unit": "t per person"},
            "sealed": {"column": "Sealed", "kind": "flag", "expects": "decreasing", "true": ["J"], "false": ["N"]},
            "insured_until": {"column": "Insured", "kind": "date", "label": "end of the insurance"},
            "berth": {"column": "Berth", "kind": "category"},
            "haulier": {"column": "Haulier", "kind": "category"},
            "goods": {"column": "Goods", "kind": "category"},
            "chapter": {"of": ["goods"], "prefix": 2, "kind": "category", "encoding": "none"},
            "origin": {"column": "From", "kind": "category"},
            "goods_origin": {"of": ["goods", "origin"], "kind": "category", "encoding": "rate"},
        },
        "audit": {"driver_gender": "Driver", "driver_age": {"column": "Years", "bands": [30, 50]}},
        "outcome": {
            "column": "Found",
            "positive": ["yes"],
            "negative": ["no"],
            "known_at": {"column": "Closed", "format": "%d.%m.%Y"},
            "selection": {"column": "Why", "values": {"R": "random", "T": "tip"}},
            "evidence": {"constant": "physical_search"},
        },
        "risk": RISK,
    }


def table(rows: int = 4000, seed: int = 5) -> pd.DataFrame:
    """Cases in which the goods with their origin, the weight and the seal matter; a quarter is not inspected.

    Hauliers are many and say nothing: a model that believes their past in-sample is misled.
    """
    rng = np.random.default_rng(seed)
    hauliers = rng.integers(0, rows // 2, rows)
    goods, origins = rng.integers(0, 20, rows), rng.integers(0, 18, rows)
    weight, sealed = rng.gamma(4, 4, rows).round(1), rng.random(rows) < 0.7
    log_odds = -1.4 + 1.5 * rng.normal(size=(20, 18))[goods, origins] + 0.08 * (weight - 16) - 1.0 * sealed
    found = rng.random(rows) < 1 / (1 + np.exp(-log_odds))
    days = np.sort(rng.integers(0, 540, rows))
    start = datetime(2025, 1, 1, tzinfo=UTC)
    looked = rng.random(rows) < 0.75
    delay = rng.integers(0, 40, rows)

    def day(number: Any) -> str:
        return (start + timedelta(days=int(number))).strftime("%d.%m.%Y")

    return pd.DataFrame(
        {
            "Entry": [f"E{number:06d}" for number in range(rows)],
            "Day": [day(number) for number in days],
            "Berth": rng.choice(["B1", "B2", "B3"], rows),
            "Way": rng.choice(["I", "O"], rows),
            "Plate": [f"P{number}" for number in rng.integers(0, 3 * rows, rows)],
            "Weight": [f"{number:.1f}" for number in weight],
            "Crew": rng.choice(["1", "2", ""], rows),
            "Sealed": np.where(sealed, "J", "N"),
            "Insured": [(start + timedelta(days=int(n))).date().isoformat() for n in days + rng.integers(0, 300, rows)],
            "Haulier": [f"H{number:04d}" for number in hauliers],
            "Goods": [f"{10 + number // 4}{number:02d}" for number in goods],
            "From": [f"C{number:02d}" for number in origins],
            "Driver": rng.choice(["F", "M"], rows),
            "Years": rng.integers(20, 65, rows).astype(str),
            "Fine": np.where(found & looked, "500", ""),
            "Found": np.where(looked, np.where(found, "yes", "no"), ""),
            "Closed": [day(number) if seen else "" for number, seen in zip(days + delay, looked, strict=True)],
            "Why": np.where(looked, rng.choice(["R", "T"], rows), ""),
            "Remark": "",
            "Colour": "vermilion",
        }
    )


def write(frame: pd.DataFrame, path: Path) -> Path:
    """Write a table as CSV."""
    frame.to_csv(path, index=False)
    return path
