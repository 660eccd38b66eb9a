"""Claim: a case table that was spoiled on its way is noticed, and one that was not raises no alarm."""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from training.cases import Cases, load
from training.errors import CaseTableError
from training.intake import Difference, differences
from training.rigour.claim import Claim, Limit, mean_row, over_seeds
from training.rigour.spoiled import CUTS, SPOILS, spoiled
from training.simulator.parameters import WorldParameters
from training.simulator.simulation import simulate
from training.table_profile import TableProfile, profile

CROSSINGS = 48_000
STARTS, BEFORE = 0.4, 0.7
"""Shares of the crossings after which the table before begins, since histories are short at first, and ends."""
BATCHES = 5
"""Later tables of each border, one after the other."""


def claim(seeds: Sequence[int], *, jobs: int = 1) -> Claim:
    """Spoil the last table of each border, and look at all that are not spoiled.

    Args:
        seeds: of the borders.
        jobs: processes.
    """
    found = over_seeds(measure, seeds, jobs=jobs)
    number = len(SPOILS) + len(CUTS)
    rows = (
        mean_row(
            f"share of {number} ways to spoil a table that are noticed", found["noticed"], Limit(1.0), unit="percent"
        ),
        mean_row(f"alarms over {BATCHES} later tables that were not spoiled", found["false"], Limit(high=0.0)),
        mean_row(
            "share noticed by broken rows alone", found["rejected"], Limit(high=0.5), control=True, unit="percent"
        ),
    )
    note = f"{CROSSINGS:,} simulated crossings a seed; the control accepts whatever leaves each row valid."
    return Claim("Spoiled case tables are noticed", rows, note)


def measure(seed: int) -> dict[str, float]:
    """Measure one border."""
    missed, rejected, false = [], 0, 0
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        simulate(WorldParameters.default(), CROSSINGS, seed, place)
        table = pd.read_parquet(place / "feed" / "cases.parquet")
        cases = load([place / "feed" / "cases.parquet"], workers=1)
        first, start = int(STARTS * len(table)), int(BEFORE * len(table))
        before = profile(_part(cases, first, start))
        size = (len(table) - start) // BATCHES
        later = [(start + at * size, start + (at + 1) * size) for at in range(BATCHES)]
        false = sum(bool(_unlike(_part(cases, *span), before)) for span in later)
        ids = set(_part(cases, *later[-1]).accepted["record_id"])
        last = table[[_id_of(text) in ids for text in table["record"]]].reset_index(drop=True)
        for number, (way, spoil) in enumerate(SPOILS.items()):
            path = place / "spoiled.parquet"
            spoiled(last, spoil, seed * 1000 + number).to_parquet(path)
            noticed, broken = _noticed(path, before)
            rejected += broken
            missed += [] if noticed else [way]
        for way, cut in CUTS.items():
            noticed, broken = _noticed(cut(last, place), before)
            rejected += broken
            missed += [] if noticed else [way]
    number = len(SPOILS) + len(CUTS)
    return {"noticed": 1 - len(missed) / number, "false": float(false), "rejected": rejected / number}


def _noticed(path: Path, before: TableProfile) -> tuple[bool, bool]:
    """Whether a table is told to be unlike, and whether broken rows alone would have told it."""
    try:
        cases = load([path], workers=1)
    except CaseTableError:
        return True, True
    return bool(_unlike(cases, before)), cases.rejected_rows > 0


def _unlike(cases: Cases, before: TableProfile) -> tuple[Difference, ...]:
    return differences(cases, profile(cases), before)


def _part(cases: Cases, start: int, end: int) -> Cases:
    rows = cases.accepted.iloc[start:end].reset_index(drop=True)
    return replace(cases, accepted=rows, read=len(rows))


def _id_of(text: str) -> str:
    return text.split('"record_id":"', 1)[1].split('"', 1)[0]
