"""Where a training keeps its files and how much of the machine it may use: read once from the environment."""

import os
from pathlib import Path
from typing import Annotated

from pydantic import AliasChoices, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from training.errors import SettingsError


class TrainingSettings(BaseSettings):
    """Settings of the training side; prefix ``TRAINING_``. None of them can change a model."""

    model_config = SettingsConfigDict(env_prefix="TRAINING_", frozen=True, extra="ignore", populate_by_name=True)

    tracking_uri: Annotated[
        str, Field(validation_alias=AliasChoices("TRAINING_TRACKING_URI", "MLFLOW_TRACKING_URI"))
    ] = "sqlite:///var/mlflow.db"
    """Where runs are tracked: an embedded database, or an MLflow server by its address."""
    artifacts: Path = Path("var/mlartifacts")
    """Where the embedded tracking keeps files; a server has its own place."""
    experiment: Annotated[str, Field(min_length=1)] = "risk-models"
    """Name of the experiment that runs belong to."""
    signing_key: Path = Path("var/training/signing_key.pem")
    """Ed25519 key that signs bundles; made at the first run, readable by its owner alone."""
    runs: Path = Path("var/training/runs")
    """Where each run leaves its bundle and report."""
    jobs: Annotated[int, Field(ge=-1, le=256)] = -1
    """Processes to use; -1 is one per core."""
    service_url: str = "http://127.0.0.1:8000"
    """The service that bundles are proposed to."""
    api_key: SecretStr | None = None
    """Key of a person with the scopes models:propose, to propose, and models:read, to follow what was decided."""
    timeout_seconds: Annotated[float, Field(gt=0, le=600)] = 60.0
    """How long the service may take to check a proposed bundle."""

    @property
    def processes(self) -> int:
        """Number of processes, at least one."""
        return max(1, os.cpu_count() or 1) if self.jobs < 1 else self.jobs


def read_settings() -> TrainingSettings:
    """Read the environment.

    Raises:
        SettingsError: naming every variable that breaks a rule, never its value.
    """
    try:
        return TrainingSettings()
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, each['loc']))}: {each['msg']}"
            for each in error.errors(include_input=False, include_url=False)
        )
        raise SettingsError(f"The environment (prefix TRAINING_): {problems}.") from None
