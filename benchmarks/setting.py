"""What all benchmarks measure with: the demo's cases, its three approved models, the features of the cases."""

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
from riskapi.demo.journey import RISKS as RISK_NAMES
from riskapi.demo.journey import read_settings
from training.airports import airports_for
from training.cases import load
from training.dataset import Dataset, build

ROOT = Path("var/benchmarks")
DEMO = ROOT / "demo"
KEY = DEMO / "signing_key.pem"
CASES = DEMO / "data" / "feed" / "cases.parquet"


def run(*arguments: str, **changes: str) -> str:
    """Run a public command of the project, with the demo's settings where there are some.

    Args:
        arguments: the module and what it is given.
        changes: settings on top of those of the demo.

    Returns:
        What it prints.
    """
    done = subprocess.run(
        [sys.executable, "-m", *arguments], env=environment() | changes, stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout


def environment() -> dict[str, str]:
    """The user's environment with the settings of the demo's service."""
    settings = DEMO / "riskapi.env"
    return os.environ | (read_settings(settings) if settings.exists() else {})


def make_models() -> dict[str, Path]:
    """Play the demo, where that was not done before: simulate, train, propose, approve.

    Returns:
        The directory of each risk's bundle.
    """
    if not (DEMO / "traveller.json").exists():
        print("Making models: the demo runs once, which takes a few minutes ...", flush=True)
        run("riskapi", "demo", "--once", "--root", str(DEMO))
    return {risk: next((DEMO / "runs").glob(f"{risk.replace('_', '-')}-*/bundle")) for risk in RISK_NAMES}


def open_bundles() -> dict[str, ModelBundle]:
    """Open the trained models as the service does."""
    places = make_models()
    trusted = {public_text(load_key(KEY))}
    return {risk: ModelBundle.open(read_directory(path), trusted) for risk, path in places.items()}


@cache
def dataset(risk: str = "document_fraud") -> Dataset:
    """Compute the features of all cases, for the estimators that the tables are measured beside."""
    make_models()
    specs = CATALOGUE.for_scoring(RISKS[risk])
    return build(load(CASES), RISKS[risk], reference=ReferenceData(airports=airports_for(specs)))
