"""One record in this process: the compiled table beside the estimators that one would take instead.

Run by ``make bench``. Every line is measured in the same run, in turns, on the same travellers: read the ratios.
"""

import statistics
import time
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import cycle
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from rivals import boosted_trees, explainable_boosting
from setting import CASES, dataset, open_bundles

from features.checks import failed_checks
from features.record import TravellerRecord
from features.risk import Audience
from features.spec import Kind
from models.assessment import RiskScorer
from riskapi.live import LiveModel, LiveModels
from riskapi.scoring import assess
from training.cases import load

ROUNDS = 5
RECORDS = 200
RISK = "document_fraud"


def measure(work: Callable[[Any], Any], inputs: list[Any], seconds: float = 0.6) -> list[float]:
    """Call again and again for a while.

    Returns:
        Seconds of each call.
    """
    taken = []
    until = time.perf_counter() + seconds
    for given in cycle(inputs):
        began = time.perf_counter()
        work(given)
        ended = time.perf_counter()
        taken.append(ended - began)
        if ended > until:
            return taken
    return taken


def main() -> None:
    """Measure and print."""
    warnings.filterwarnings("ignore")
    bundles = open_bundles()
    bundle = bundles[RISK]
    raw = load(CASES).accepted["record"].head(RECORDS).tolist()
    records = [TravellerRecord.model_validate_json(one) for one in raw]
    values = [bundle.extractor.values(record) for record in records]
    frames = [dataset().holdout.frame.iloc[[at]] for at in range(RECORDS)]
    live = LiveModels([LiveModel(one, RiskScorer(one)) for one in bundles.values()])
    one_risk, now = RiskScorer(bundle), datetime.now(UTC)
    trees, machine = boosted_trees(), explainable_boosting()
    eval_terms = machine.parts["machine"].eval_terms
    prepared = [frame.to_numpy(dtype=object) for frame in frames]

    sides: list[tuple[str, Callable[[Any], Any], list[Any]]] = [
        ("compiled table: log-odds and all contributions", bundle.model.explain, values),
        ("features of one record", bundle.extractor.values, records),
        ("hard checks of one record", lambda record: failed_checks(record, now.date()), records),
        ("assess: score, interval, band, reasons; one risk", one_risk.assess, values),
        (
            "assess: features, scores, reasons; all three risks",
            lambda record: assess(record, live, frozenset(Audience), now),
            records,
        ),
        ("explainable boosting machine: eval_terms, prepared row", eval_terms, prepared),
        (machine.title, machine.explain, frames),
        (trees.title, trees.explain, frames),
    ]
    taken: dict[str, list[float]] = {title: [] for title, _, _ in sides}
    for _ in range(ROUNDS):
        for title, work, inputs in sides:
            taken[title] += measure(work, inputs)
    show(taken)


def show(taken: dict[str, list[float]]) -> None:
    """Print medians and ratios to the first line."""
    table = Table("one record", "p50 us", "p99 us", "times the table")
    base = statistics.median(next(iter(taken.values())))
    for title, seconds in taken.items():
        p50, p99 = statistics.median(seconds), float(np.quantile(seconds, 0.99))
        table.add_row(title, f"{p50 * 1e6:,.1f}", f"{p99 * 1e6:,.1f}", f"{p50 / base:,.1f}")
    numbers = sum(spec.kind is not Kind.CATEGORY for spec in dataset().specs)
    console = Console(width=110)
    console.print(f"{len(dataset().specs)} features, {numbers} of them numbers or flags; {ROUNDS} rounds in turns")
    console.print(table)


if __name__ == "__main__":
    main()
