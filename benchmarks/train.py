"""How training grows: the whole training with all its reports, beside what one would take instead.

    python benchmarks/train.py --cases 10000 100000
    python benchmarks/train.py --cases 1000000 --lane 0.5

The training is that of ``python -m training run document_fraud``: it reads the case table, labelled or not, computes
the features, fits four models, judges, audits, packages and tracks. The others are given its features, ready in memory,
and fit one model each.
"""

import argparse
import json
import shutil
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table
from setting import ROOT
from usage import MB, Usage, measured

from features.spec import Kind
from models.metrics.quality import roc_auc
from training.config import TrainingConfig
from training.families import FAMILIES
from training.pipeline import read_cases
from training.pipeline import run as train
from training.settings import TrainingSettings
from training.simulator.parameters import WorldParameters
from training.simulator.simulation import simulate

CONFIG = "document_fraud"
SEED = 1
LANE = 0.02
"""Share of the crossings that the random lane of the shipped world draws."""
LABELLED, LABELLED_BY_LANE = 0.093, 0.884
"""Share of the crossings that are labelled without the lane, and of those that the lane draws; measured."""
EXPLAINED = 20_000
"""Most cases of the holdout that shap explains."""


def main() -> None:
    """Measure each size, or be one of the sides of a measurement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, nargs="+", default=[10_000], help="labelled cases")
    parser.add_argument("--lane", type=float, default=LANE, help="share of the crossings that the random lane draws")
    parser.add_argument("--sides", nargs="+", choices=list(SIDES), default=list(SIDES))
    parser.add_argument("--side", nargs=2, metavar=("SIDE", "DIRECTORY"), help="used by this script itself")
    asked = parser.parse_args()
    if asked.side:
        side, directory = asked.side
        found = SIDES[side][1](Path(directory))
        (Path(directory) / f"{side}.json").write_text(json.dumps(found), encoding="utf-8")
        return
    for number in asked.cases:
        measure(number, asked.lane, ["training", *(side for side in asked.sides if side != "training")])


def measure(number: int, lane: float, sides: list[str]) -> None:
    """Simulate a case table of about so many labelled cases, and let each side learn from it."""
    directory = ROOT / "training" / f"{number}-{lane:g}"
    make_cases(directory, number, lane)
    taken: dict[str, Usage] = {}
    found: dict[str, dict[str, Any]] = {}
    for side in sides:
        taken[side] = measured([sys.executable, __file__, "--side", side, str(directory)])
        found[side] = json.loads((directory / f"{side}.json").read_text(encoding="utf-8"))
    show(taken, found)


def make_cases(directory: Path, number: int, lane: float) -> None:
    """Simulate, where that was not done before."""
    if (directory / "world" / "summary.json").exists():
        return
    world = WorldParameters.default()
    lanes = world.lanes.model_copy(update={"random_probability": lane})
    crossings = int(number / (LABELLED + LABELLED_BY_LANE * lane))
    print(f"Simulating {crossings:,} crossings ...", flush=True)
    simulate(world.model_copy(update={"lanes": lanes}), crossings, SEED, directory)


def whole_training(directory: Path) -> dict[str, Any]:
    """The training itself, with everything that it leaves; keeps the features for the others."""
    shutil.rmtree(directory / "out", ignore_errors=True)
    out = directory / "out"
    out.mkdir()
    settings = TrainingSettings(
        tracking_uri=f"sqlite:///{out / 'mlflow.db'}",
        artifacts=out / "artifacts",
        signing_key=out / "key.pem",
        runs=out / "runs",
    )
    config = TrainingConfig.from_toml(Path(CONFIG), {"cases": [str(directory / "feed" / "cases.parquet")]})
    result = train(config, settings, cases=read_cases(config, settings))
    dataset = result.dataset
    kinds = {spec.name: spec.kind is Kind.CATEGORY for spec in dataset.specs}
    holdout = dataset.holdout
    pd.to_pickle(
        (kinds, dataset.train.frame, dataset.train.y, holdout.frame, holdout.y, holdout.weight), kept(directory)
    )
    return {
        "auc": result.evaluation.chosen.measure("roc_auc").value,
        "labelled": int(dataset.cut.numbers["cases"] - dataset.cut.numbers["without_label"]),
        "crossings": int(dataset.cut.numbers["cases"]),
        "learned": len(dataset.train),
        "steps": dict(result.seconds),
    }


def kept(directory: Path) -> Path:
    """Where the features wait for the other sides."""
    return directory / "features.pickle"


def trees_with_shap(directory: Path) -> dict[str, Any]:
    """Boosted trees in a pipeline, and the shap values of the holdout."""
    import shap  # noqa: PLC0415  only this side pays for it
    from rivals import trees_pipeline  # noqa: PLC0415  same

    kinds, frame, y, later, later_y, weight = pd.read_pickle(kept(directory))
    pipeline = trees_pipeline([name for name, category in kinds.items() if category]).fit(frame, y)
    log_odds = pipeline.decision_function(later)
    shap.TreeExplainer(pipeline["trees"]).shap_values(pipeline["prepare"].transform(later.head(EXPLAINED)))
    return {"auc": roc_auc(later_y, log_odds, weight), "explained": min(len(later), EXPLAINED)}


def plain_machine(directory: Path) -> dict[str, Any]:
    """Interpret's machine as it comes, with as many bags and pairs, and the terms of the holdout."""
    from interpret.glassbox import ExplainableBoostingClassifier  # noqa: PLC0415  only this side pays for it

    kinds, frame, y, later, later_y, weight = pd.read_pickle(kept(directory))
    settings: Any = FAMILIES["explainable_boosting"].settings_type()
    machine = ExplainableBoostingClassifier(
        feature_types=["nominal" if category else "continuous" for category in kinds.values()],
        outer_bags=settings.redraws,
        interactions=settings.pairs,
        n_jobs=-1,
        random_state=0,
    ).fit(frame.fillna(np.nan), y)
    later = later.fillna(np.nan)
    machine.eval_terms(later)
    return {"auc": roc_auc(later_y, machine.decision_function(later), weight), "explained": len(later)}


SIDES: dict[str, tuple[str, Callable[[Path], dict[str, Any]]]] = {
    "training": ("whole training: table to signed bundle, reports, MLflow", whole_training),
    "trees": ("gradient boosting + shap, from ready features", trees_with_shap),
    "machine": ("explainable boosting machine as it comes, from ready features", plain_machine),
}


def show(taken: dict[str, Usage], found: dict[str, dict[str, Any]]) -> None:
    """Print what each side took, and the steps of the training."""
    console = Console(width=120)
    whole = found["training"]
    console.print(
        f"{whole['labelled']:,} labelled cases among {whole['crossings']:,} crossings, {whole['learned']:,} of them "
        "to learn from; simulated"
    )
    table = Table("side", "wall s", "CPU s", "peak MB", "ROC AUC", "load before")
    for side, usage in taken.items():
        told = found[side]
        title = SIDES[side][0] + (f", {told['explained']:,} cases explained" if "explained" in told else "")
        numbers = (f"{usage.wall:,.0f}", f"{usage.cpu:,.0f}", f"{usage.peak / MB:,.0f}")
        table.add_row(title, *numbers, f"{told['auc']:.3f}", f"{usage.load:.1f}")
    console.print(table)
    steps = sorted(whole["steps"].items(), key=lambda step: -step[1])
    console.print("Steps of the training: " + ", ".join(f"{name} {seconds:,.0f} s" for name, seconds in steps))


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    main()
