"""What all benchmarks measure with: simulated cases, three trained models, the features of the cases."""

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

from features.catalogue import CATALOGUE
from features.reference import ReferenceData
from features.risk import RISKS
from models.bundle import ModelBundle, read_directory
from models.signing import load_key, public_text
from training.airports import airports_for
from training.cases import load
from training.dataset import Dataset, build

ROOT = Path("var/benchmarks")
CROSSINGS = 60_000
RISK_NAMES = ("document_fraud", "migrant_smuggling", "trafficking_protection")
KEY = ROOT / "signing_key.pem"
CASES = ROOT / "data" / "feed" / "cases.parquet"


def environment() -> dict[str, str]:
    """The user's environment, with every file of a training under :data:`ROOT`."""
    return os.environ | {
        "TRAINING_TRACKING_URI": f"sqlite:///{ROOT / 'mlflow.db'}",
        "TRAINING_ARTIFACTS": str(ROOT / "mlartifacts"),
        "TRAINING_SIGNING_KEY": str(KEY),
        "TRAINING_RUNS": str(ROOT / "runs"),
    }


def run(*arguments: str, **changes: str) -> str:
    """Run a public command of the project and hand back what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", *arguments], env=environment() | changes, stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout


def make_models() -> dict[str, Path]:
    """Simulate and train, where that was not done before.

    Returns:
        The directory of each risk's bundle.
    """
    if not CASES.exists():
        print(f"Simulating {CROSSINGS:,} crossings ...", flush=True)
        run("training", "simulate", "--crossings", str(CROSSINGS), "--seed", "1", "--out", str(ROOT / "data"))
    found = {}
    for risk in RISK_NAMES:
        if not list((ROOT / "runs").glob(f"{risk.replace('_', '-')}*/bundle")):
            print(f"Training {risk} ...", flush=True)
            run("training", "run", f"training/configs/{risk}.toml", "--cases", str(CASES))
        found[risk] = max((ROOT / "runs").glob(f"{risk.replace('_', '-')}*/bundle"))
    return found


def open_bundles() -> dict[str, ModelBundle]:
    """Open the trained models as the service does."""
    trusted = {public_text(load_key(KEY))}
    return {risk: ModelBundle.open(read_directory(path), trusted) for risk, path in make_models().items()}


@cache
def dataset(risk: str = "document_fraud") -> Dataset:
    """Compute the features of all cases, for the estimators that the tables are measured beside."""
    make_models()
    specs = CATALOGUE.for_scoring(RISKS[risk])
    return build(load(CASES), RISKS[risk], reference=ReferenceData(airports=airports_for(specs)))
