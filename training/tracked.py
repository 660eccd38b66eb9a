"""What a tracking server is given, and what it gives back, as plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd


@dataclass(frozen=True)
class DataRecord:
    """Cases that a run used.

    Attributes:
        name: of the slice.
        frame: features and outcome, for schema and size; no record and no id.
        sha256: digest of the content.
        source: file that the cases came from.
        context: train, calibration or holdout.
    """

    name: str
    frame: pd.DataFrame
    sha256: str
    source: str
    context: str


@dataclass(frozen=True)
class RunContent:
    """All that is tracked of a run.

    Attributes:
        name: of the run.
        risk: what is scored for; the registered model has this name.
        params: dotted name -> value, the whole configuration.
        metrics: name -> number.
        tags: name -> text.
        data: the cases.
        directory: files of the run, with the bundle in ``bundle/``.
        signer: public key that signed the bundle.
        examples: JSON texts of anonymous records.
    """

    name: str
    risk: str
    params: Mapping[str, Any]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    data: Sequence[DataRecord]
    directory: Path
    signer: str
    examples: Sequence[str]


@dataclass(frozen=True)
class TrackedRun:
    """A run as the tracking server holds it.

    Attributes:
        run_id: of MLflow.
        name: of the run.
        model_uri: what loads the registered version.
        version: of the registered model.
        metrics: name -> number.
        tags: name -> text.
        started: milliseconds since 1970.
    """

    run_id: str
    name: str
    model_uri: str = ""
    version: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    started: int = 0


@dataclass(frozen=True)
class Version:
    """One version of a registered model.

    Attributes:
        number: as MLflow counts it.
        digest: of its bundle; empty where nobody logged it.
        tags: name -> text.
    """

    number: str
    digest: str
    tags: Mapping[str, str]
