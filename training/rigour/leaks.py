"""Whether planted leaks are caught, shuffled outcomes teach nothing, and history is what was known at its time.

Runs the whole way from case table to score on small simulated borders, since leaks are made on that way.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from features.catalogue import CATALOGUE
from features.risk import RISKS
from features.spec import FeatureSpec, Kind
from training import leakage
from training.cases import Cases, load
from training.checks import table_of
from training.config import SplitConfig
from training.dataset import Dataset, build
from training.families import FAMILIES
from training.rigour.claim import Claim, Limit, count_row, mean_row, over_seeds
from training.simulator.parameters import WorldParameters
from training.simulator.simulation import simulate

CROSSINGS = 24_000
CODES = tuple(code for risk in RISKS.values() for code in risk.outcome_codes)
RISK = RISKS["document_fraud"].model_copy(update={"outcome_codes": CODES})
"""Any confirmed outcome: single risks are too rare on so small a border."""
RECOMPUTED = 1_000
SPLIT = SplitConfig(train_share=0.5, calibration_share=0.2)
WEEK = 7 * 86_400.0
PLANTS = ("outcome with noise", "filled in by the check", "count from the future", "officer", "both sides", "copies")


def claim(seeds: Sequence[int]) -> Claim:
    """Plant leaks, shuffle outcomes, and recompute history.

    Args:
        seeds: of the borders.
    """
    found = over_seeds(measure, seeds)
    rows = [count_row(f"planted and caught: {name}", found[name], len(seeds)) for name in PLANTS]
    rows += [
        count_row("nothing planted, nothing reported", found["clean"], len(seeds)),
        count_row("ROC AUC after shuffling within 0.5 by 3 standard errors", found["shuffled right"], len(seeds)),
        mean_row("ROC AUC after shuffling", found["shuffled"], Limit(0.5, 0.5), se_allowance=3.0),
        mean_row(
            f"share of {RECOMPUTED:,} histories that are the same when recomputed as of then",
            found["same history"],
            Limit(low=1.0),
            unit="percent",
        ),
        mean_row(
            "the same where the future is counted, too",
            found["future history"],
            Limit(high=0.9),
            control=True,
            unit="percent",
        ),
    ]
    return Claim("Leaks are caught", tuple(rows), f"{CROSSINGS:,} simulated crossings a seed, any confirmed outcome.")


def measure(seed: int) -> dict[str, float]:
    """Measure one border."""
    with tempfile.TemporaryDirectory() as place:
        simulate(WorldParameters.default(), CROSSINGS, seed, Path(place))
        cases = load([Path(place) / "feed" / "cases.parquet"], workers=1)
    dataset = build(cases, RISK, SPLIT, seed=seed, workers=1)
    table = table_of(dataset, cases, dataset.specs)
    found: dict[str, float] = {
        name: float(any(leak.what == what for leak in leakage.leaks(broken, max_auc=0.95, seed=seed)))
        for name, (what, broken) in zip(PLANTS, _planted(table, seed), strict=True)
    }
    found["clean"] = float(not leakage.leaks(table, max_auc=0.95, seed=seed))
    found["shuffled"], error = _shuffled(cases, seed)
    found["shuffled right"] = float(abs(found["shuffled"] - 0.5) <= 3 * error)
    found["same history"], found["future history"] = _history(dataset, cases, seed)
    return found


def _planted(table: leakage.Table, seed: int) -> list[tuple[str, leakage.Table]]:
    """One leak each, in the order of :data:`PLANTS`."""
    rng = np.random.default_rng((seed, 12))
    number = len(table.y)
    looked = ~np.isnan(table.y)
    codes = pd.factorize(table.entity)[0].astype(np.int64)
    checks = np.bincount(codes[looked], minlength=int(codes.max()) + 1)[codes].astype(np.float64)
    officer = rng.choice(np.array([f"officer {n}" for n in range(20)], dtype=object), number)
    seen_by = np.array([f"desk {one.split()[1]}" for one in officer], dtype=object)
    copies = list(table.content)
    learned, later = np.flatnonzero(table.train), np.flatnonzero(table.holdout)
    for one, other in zip(learned, later[: max(20, len(later) // 50)], strict=False):
        copies[one] = copies[other]
    mixed = looked & (rng.random(number) < 0.5)  # noqa: PLR2004  half of them
    return [
        ("outcome", _with(table, np.nan_to_num(table.y) + rng.normal(0, 0.2, number))),
        ("outcome", _with(table, np.where(looked, rng.gamma(2.0, 5.0, number), np.nan))),
        ("time", _with(table, checks)),
        ("staffing", _with(replace(table, audit={"officer_id": officer}), seen_by, Kind.CATEGORY)),
        ("split", replace(table, train=mixed, holdout=looked & ~mixed)),
        ("repeats", replace(table, content=copies)),
    ]


def _with(table: leakage.Table, values: np.ndarray, kind: Kind = Kind.NUMBER) -> leakage.Table:
    """One more column, under a name that tells nothing."""
    like = CATALOGUE["party_size"] if kind is Kind.NUMBER else CATALOGUE["transport_mode"]
    spec: FeatureSpec = replace(like, name="column_seven")
    return replace(table, frame=table.frame.assign(column_seven=values), specs=(*table.specs, spec))


def _shuffled(cases: Cases, seed: int) -> tuple[float, float]:
    """ROC AUC, and its standard error by chance, of the whole way on outcomes dealt anew among the checked."""
    table = cases.accepted.copy()
    looked = np.flatnonzero(table["outcome_code"].notna().to_numpy())
    codes = table["outcome_code"].to_numpy(dtype=object).copy()
    codes[looked] = codes[np.random.default_rng((seed, 13)).permutation(looked)]
    table["outcome_code"] = codes
    dataset = build(replace(cases, accepted=table), RISK, SPLIT, seed=seed, workers=1)
    family = FAMILIES["logistic_scorecard"]
    train, later = dataset.train, dataset.holdout
    fitted = family.fit(train.frame, train.y, None, dataset.specs, settings=family.settings_type(), seed=seed)
    return leakage.shuffled_auc(later.y, fitted.log_odds(later.frame))


def _history(dataset: Dataset, cases: Cases, seed: int) -> tuple[float, float]:
    """Share of histories that are the same when counted again as of then, and when the future is counted, too.

    The books of the simulated agency are posted at the start of each week.
    """
    about = dataset.population.about
    served = dataset.population.frame["confirmed_benign_crossings"].to_numpy(dtype=np.float64)
    codes = pd.factorize(about["entity"])[0].astype(np.int64)
    time, known = (about[name].dt.as_unit("s").astype("int64").to_numpy(np.float64) for name in ("time", "known_at"))
    start = WorldParameters.default().calendar.start
    first = pd.Timestamp(start, tz="UTC").timestamp()
    posted = first + np.floor((time - first) / WEEK) * WEEK
    clear = (cases.accepted["outcome_code"] == "nothing_found").to_numpy()
    then, whole = leakage.known_before(codes, np.where(clear, known, np.inf), posted, clear)
    rows = np.flatnonzero(~np.isnan(served) & (whole > 0))
    chosen = np.random.default_rng((seed, 14)).permutation(rows)[:RECOMPUTED]
    return float(np.mean(served[chosen] == then[chosen])), float(np.mean(served[chosen] == whole[chosen]))
