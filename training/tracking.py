"""The one door to MLflow: what a run was given, what it measured, what it made, and the model in the registry."""

import logging
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pandas as pd
from sqlalchemy.exc import SQLAlchemyError

import features
import models
from models.bundle import read_directory
from models.errors import BundleError
from training.errors import TrackingError
from training.release.contents import DIRECTORY as PACK
from training.settings import TrainingSettings
from training.tracked import RunContent, TrackedRun, Version

# Nothing leaves the machine: these must stand before MLflow is imported anywhere.
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["DO_NOT_TRACK"] = "true"
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")

if TYPE_CHECKING:
    from mlflow import MlflowClient

CANDIDATE = "candidate"
"""Alias of the newest version; the service promotes by digest and approval, never by an alias."""
BUNDLE = "bundle"
"""Directory of the bundle among the artefacts of a run."""
MODEL = "model"
EMBEDDED = "sqlite:///"
"""How the address of the embedded database begins."""
NEEDED = ("pydantic", "numpy", "pandas", "orjson", "rfc8785", "cryptography", "jiter")
"""What serving a bundle needs, pinned to what is installed; no estimator library is among it."""
_PARAMS_AT_ONCE = 100
_PARAM_LENGTH = 6000
_NOISY = ("alembic", "mlflow")
_ADDRESSES = ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI")


class Tracker:
    """Talks to one tracking server, or to the embedded database."""

    def __init__(self, settings: TrainingSettings) -> None:
        self.settings = settings

    def open(self) -> str:
        """Import MLflow, reach the server, and find or make the experiment.

        Returns:
            Id of the experiment.

        Raises:
            TrackingError: where the server cannot be used.
        """
        with self._session() as client:
            found = client.get_experiment_by_name(self.settings.experiment)
            if found is not None:
                return str(found.experiment_id)
            return str(client.create_experiment(self.settings.experiment, artifact_location=self._artifacts()))

    def log(self, content: RunContent) -> TrackedRun:
        """Track a run and register its model under the alias ``candidate``.

        Raises:
            TrackingError: where the server refuses.
        """
        experiment = self.open()
        with self._session() as client:
            import mlflow  # noqa: PLC0415  seconds to import: only who tracks pays
            from mlflow.data.pandas_dataset import from_pandas  # noqa: PLC0415  same

            with mlflow.start_run(experiment_id=experiment, run_name=content.name, tags=dict(content.tags)) as run:
                params = {key: str(value)[:_PARAM_LENGTH] for key, value in content.params.items()}
                names = sorted(params)
                for start in range(0, len(names), _PARAMS_AT_ONCE):
                    mlflow.log_params({name: params[name] for name in names[start : start + _PARAMS_AT_ONCE]})
                mlflow.log_metrics(dict(content.metrics))
                for record in content.data:
                    mlflow.log_input(
                        from_pandas(record.frame, source=record.source, name=record.name, digest=record.sha256[:36]),
                        context=record.context,
                        tags={"sha256": record.sha256},
                    )
                mlflow.log_artifacts(str(content.directory))
                logged = _log_model(content)
            if not client.search_registered_models(f"name = '{content.risk}'"):
                client.create_registered_model(content.risk)
            number = str(
                client.create_model_version(
                    content.risk,
                    logged.model_uri,
                    run_id=run.info.run_id,
                    model_id=logged.model_id,
                    tags={"digest": content.tags["digest"]},
                ).version
            )
            client.set_registered_model_alias(content.risk, CANDIDATE, number)
            return TrackedRun(
                run.info.run_id, content.name, f"models:/{content.risk}/{number}", number, content.metrics, content.tags
            )

    def runs(self, risk: str, limit: int = 20) -> list[TrackedRun]:
        """List the finished runs of one risk, newest first.

        Raises:
            TrackingError: where the server cannot be used.
        """
        experiment = self.open()
        with self._session() as client:
            found = client.search_runs(
                [experiment],
                filter_string=f"tags.risk = '{risk}' and attributes.status = 'FINISHED'",
                order_by=["attributes.start_time DESC"],
                max_results=limit,
            )
            return [
                TrackedRun(
                    run_id=run.info.run_id,
                    name=run.info.run_name or "",
                    metrics=dict(run.data.metrics),
                    tags={key: text for key, text in run.data.tags.items() if not key.startswith("mlflow.")},
                    started=int(run.info.start_time or 0),
                )
                for run in found
            ]

    def bundle(self, run_id: str, target: Path) -> Path:
        """Download the bundle of a run.

        Args:
            run_id: of MLflow.
            target: directory to download into.

        Raises:
            TrackingError: where the run has no bundle.
        """
        place = self._download(run_id, target, (BUNDLE,)) / BUNDLE
        try:
            read_directory(place)
        except BundleError as error:
            raise TrackingError(f"Run {run_id} holds no bundle: {error}") from None
        return place

    def handed_over(self, run_id: str, target: Path) -> Path:
        """Download bundle and release pack of a run, as far as it has them.

        Returns:
            ``target``, with both in it as in the directory of a run.

        Raises:
            TrackingError: where there is no such run.
        """
        return self._download(run_id, target, (BUNDLE, PACK))

    def run_of(self, digest: str) -> str | None:
        """Find the newest run that made a bundle; ``None`` where none did.

        Raises:
            TrackingError: where the server cannot be used.
        """
        experiment = self.open()
        with self._session() as client:
            found = client.search_runs(
                [experiment], f"tags.digest = '{digest}'", order_by=["attributes.start_time DESC"], max_results=1
            )
            return str(found[0].info.run_id) if found else None

    def versions(self, risk: str) -> tuple[list[Version], dict[str, str]]:
        """List the versions of a registered model, and its aliases: name -> number; nothing where there is no model.

        Raises:
            TrackingError: where the server cannot be used.
        """
        with self._session() as client:
            known = client.search_registered_models(f"name = '{risk}'")
            if not known:
                return [], {}
            versions: list[Version] = []
            page: str | None = None
            while page != "":
                found = client.search_model_versions(f"name = '{risk}'", max_results=200, page_token=page)
                for each in found:
                    tags = dict(each.tags)
                    digest = tags.get("digest") or client.get_run(each.run_id or "").data.tags.get("digest", "")
                    versions.append(Version(str(each.version), digest, tags))
                page = found.token or ""
            return versions, {alias: str(number) for alias, number in known[0].aliases.items()}

    def set_alias(self, risk: str, alias: str, number: str | None) -> None:
        """Point an alias of a registered model at a version, or at none.

        Raises:
            TrackingError: where the server refuses.
        """
        with self._session() as client:
            if number is None:
                client.delete_registered_model_alias(risk, alias)
            else:
                client.set_registered_model_alias(risk, alias, number)

    def set_tags(self, risk: str, number: str, tags: Mapping[str, str]) -> None:
        """Set tags of one version.

        Raises:
            TrackingError: where the server refuses.
        """
        with self._session() as client:
            for key, text in tags.items():
                client.set_model_version_tag(risk, number, key, text)

    def _download(self, run_id: str, target: Path, parts: Sequence[str]) -> Path:
        """Download those of some directories that a run has."""
        with self._session() as client:
            import mlflow  # noqa: PLC0415  as above

            target.mkdir(parents=True, exist_ok=True)
            held = {each.path for each in client.list_artifacts(run_id)}
            for part in parts:
                if part in held:
                    mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path=part, dst_path=str(target))
        return target

    @contextmanager
    def _session(self) -> Iterator["MlflowClient"]:
        """Point MLflow at the server for a while, quietly; its errors become ours."""
        uri = self.settings.tracking_uri
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # MLflow and its database warn about themselves; nothing here to act on
            import mlflow  # noqa: PLC0415  as above
            import mlflow.pyfunc  # noqa: PLC0415  as above
            from mlflow.exceptions import MlflowException  # noqa: PLC0415  as above

            before = {name: os.environ.get(name) for name in _ADDRESSES}
            levels = {name: logging.getLogger(name).level for name in _NOISY}
            try:
                for name in _NOISY:
                    logging.getLogger(name).setLevel(logging.ERROR)
                if uri.startswith(EMBEDDED):
                    Path(uri.removeprefix(EMBEDDED)).parent.mkdir(parents=True, exist_ok=True)
                mlflow.set_tracking_uri(uri)
                mlflow.set_registry_uri(uri)
                yield mlflow.MlflowClient(tracking_uri=uri, registry_uri=uri)
            except MlflowException as error:
                raise TrackingError(f"The tracking server refused: {error.message}") from error
            except (OSError, SQLAlchemyError) as error:
                raise TrackingError(f"The tracking server cannot be used: {type(error).__name__}") from error
            finally:
                mlflow.set_tracking_uri(None)  # type: ignore[arg-type]  # None is how it forgets
                mlflow.set_registry_uri(None)  # type: ignore[arg-type]  # same
                for name, level in levels.items():
                    logging.getLogger(name).setLevel(level)
                # MLflow writes its address into the environment, where the next settings would read it
                for name, text in before.items():
                    os.environ.pop(name, None)
                    if text is not None:
                        os.environ[name] = text

    def _artifacts(self) -> str | None:
        """Where the embedded tracking keeps files; a server decides by itself."""
        if not self.settings.tracking_uri.startswith(EMBEDDED):
            return None
        self.settings.artifacts.mkdir(parents=True, exist_ok=True)
        return self.settings.artifacts.resolve().as_uri()


def _home(package: ModuleType) -> str:
    """The directory of a package.

    Its ``__path__`` tells it in every kind of installation; ``__file__`` is ``None`` where an installation for
    development knows the package as a namespace, and MLflow would copy the working directory, whatever is in it.
    """
    place = Path(next(iter(package.__path__)))
    if not (place / "__init__.py").is_file():
        raise TrackingError(f"The package {package.__name__} is not found on the disk: install the project again.")
    return str(place)


def _log_model(content: RunContent) -> Any:
    """Log the bundle as a model from code: MLflow stores text and runs it, and unpickles nothing."""
    import mlflow  # noqa: PLC0415  as above
    from mlflow.models import ModelSignature  # noqa: PLC0415  as above
    from mlflow.types.schema import ColSpec, Schema  # noqa: PLC0415  as above

    numbers = ("probability", "interval_low", "interval_high", "percentile", "log_odds")
    outputs = (
        "risk",
        *numbers[:4],
        "band",
        "log_odds",
        "reasons",
        "model_digest",
        "problem",
    )
    return mlflow.pyfunc.log_model(
        name=MODEL,
        python_model=str(Path(__file__).with_name("pyfunc.py")),
        artifacts={BUNDLE: str(content.directory / BUNDLE)},
        code_paths=[_home(package) for package in (features, models)],
        signature=ModelSignature(
            inputs=Schema([ColSpec("string", "record")]),
            outputs=Schema(
                [ColSpec("double" if name in numbers else "string", name, required=False) for name in outputs]
            ),
        ),
        input_example=pd.DataFrame({"record": list(content.examples[:2])}),
        pip_requirements=[f"mlflow=={version('mlflow')}", *(f"{name}=={version(name)}" for name in NEEDED)],
        model_config={"trusted_signers": [content.signer]},
        metadata={"digest": content.tags.get("digest", ""), "simulated": content.tags.get("simulated", "")},
    )
