"""What MLflow holds of a run, and that it serves the same scores as the bundle, without any unpickling."""

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import httpx
import mlflow
import orjson
import pandas as pd
import pytest

import models
from features.record import TravellerRecord
from models.assessment import RiskScorer
from models.bundle import read_directory
from models.errors import BundleSignatureError
from tests.training import small_world
from tests.training.test_pipeline import settings
from training.errors import TrackingError
from training.pipeline import run
from training.pyfunc import COLUMNS
from training.tracking import CANDIDATE, Tracker, _home


@pytest.fixture(scope="module")
def tracked(tmp_path_factory):
    """One tracked run, with its settings and a client."""
    place = tmp_path_factory.mktemp("tracked")
    asked = small_world.config(
        family={"name": "logistic_scorecard", "min_bin_rows": 60}, evaluation={"scorecard": False}
    )
    result = run(asked, settings(place), cases=small_world.cases())
    uri = settings(place).tracking_uri
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("MLFLOW_TRACKING_URI", uri)
        patched.setenv("MLFLOW_REGISTRY_URI", uri)
        yield result, settings(place), mlflow.MlflowClient()


@pytest.fixture(scope="module")
def served(tracked):
    """The registered model, as anybody with the address of the tracking server loads it."""
    assert tracked
    return mlflow.pyfunc.load_model(f"models:/{small_world.RISK}@{CANDIDATE}")


def records(result, number: int) -> list[str]:
    """Texts of golden records."""
    return [orjson.dumps(golden.record).decode() for golden in result.package.bundle.golden[:number]]


def test_run_holds_the_whole_configuration(tracked):
    """Every setting, with the defaults of the family filled in, under a dotted name."""
    result, _, client = tracked
    params = client.get_run(result.tracked.run_id).data.params
    assert params["family.name"] == "logistic_scorecard"
    assert params["family.max_bins"] == "6"
    assert params["bands.0.name"] == "high"
    assert params["seed"] == "3"
    assert params["risk.name"] == small_world.RISK


def test_run_holds_measures_with_their_intervals(tracked):
    """ROC AUC, quality at capacity, calibration, the base rate's, and how long each step took."""
    result, _, client = tracked
    metrics = client.get_run(result.tracked.run_id).data.metrics
    assert metrics["roc_auc.low"] < metrics["roc_auc"] < metrics["roc_auc.high"]
    assert metrics["lift_at_10pct"] == result.evaluation.chosen.at(0.1, "lift").value
    assert metrics["prior.roc_auc"] == 0.5
    assert metrics["seconds.fit_logistic_scorecard"] > 0
    assert metrics["gates.open"] == len(result.package.bundle.gates.open_gates)


def test_run_holds_where_the_model_comes_from(tracked):
    """Digests of bundle, data, configuration and lock, and the commit."""
    result, _, client = tracked
    tags, manifest = client.get_run(result.tracked.run_id).data.tags, result.package.bundle.manifest
    assert tags["digest"] == result.package.digest
    assert tags["data_sha256"] == manifest.data_sha256 == small_world.cases().sha256
    assert tags["config_sha256"] == manifest.config_sha256
    assert tags["lock_sha256"] == manifest.lock_sha256
    assert tags["git_commit"]
    assert tags["simulated"] == "true"


def test_run_holds_its_data_as_records_with_full_digests(tracked):
    """One dataset per slice; MLflow's own digest is short, so ours stands beside it."""
    result, _, client = tracked
    inputs = client.get_run(result.tracked.run_id).inputs.dataset_inputs
    found = {each.dataset.name: each for each in inputs}
    assert set(found) == {"train", "calibration", "holdout"}
    for name, each in found.items():
        tags = {tag.key: tag.value for tag in each.tags}
        assert len(tags["sha256"]) == 64
        assert tags["mlflow.data.context"] == name
        assert json.loads(each.dataset.profile)["num_rows"] == len(getattr(result.dataset, name))
        assert "surname" not in each.dataset.schema


def test_run_holds_report_card_plots_and_bundle(tracked):
    """All that a person reads, and the very files that a service would verify."""
    result, asked, client = tracked
    paths = {each.path for each in client.list_artifacts(result.tracked.run_id)}
    assert {"report.html", "release", "bundle", "plots", "rejected.csv"} <= paths
    assert len(client.list_artifacts(result.tracked.run_id, "plots")) == 3
    again = Tracker(asked).bundle(result.tracked.run_id, result.directory / "downloaded")
    assert read_directory(again) == dict(result.package.files)


def test_newest_version_is_the_candidate(tracked):
    """The alias points at the version of this run; nothing is called champion by training."""
    result, _, client = tracked
    version = client.get_model_version_by_alias(small_world.RISK, CANDIDATE)
    assert (str(version.version), version.run_id) == (result.tracked.version, result.tracked.run_id)
    assert set(client.get_registered_model(small_world.RISK).aliases) == {CANDIDATE}


def test_registered_model_needs_no_estimator_and_no_pickle(tracked):
    """Text and JSON only: no pickle, no skops, no scikit-learn among what it needs."""
    result, _, _ = tracked
    place = Path(mlflow.artifacts.download_artifacts(result.tracked.model_uri))
    names = [path.name for path in place.rglob("*") if path.is_file()]
    assert not [name for name in names if name.endswith((".pkl", ".pickle", ".skops", ".joblib", ".pyc"))]
    assert (place / "code" / "features" / "record.py").is_file()
    assert (place / "code" / "models" / "bundle.py").is_file()
    assert {path.name for path in (place / "code").iterdir()} == {"features", "models"}
    needed = (place / "requirements.txt").read_text().splitlines()
    assert {line.split("==")[0] for line in needed} == {
        "mlflow",
        "pydantic",
        "numpy",
        "pandas",
        "orjson",
        "rfc8785",
        "cryptography",
        "jiter",
    }
    assert all("==" in line for line in needed)


def test_registered_model_scores_as_the_bundle_does(tracked, served):
    """A hundred records, every number equal bit for bit, every reason the same."""
    result, _, _ = tracked
    texts = records(result, 100)
    answer = served.predict(pd.DataFrame({"record": texts}))
    assert tuple(answer.columns) == COLUMNS
    bundle = result.package.bundle
    scorer = RiskScorer(bundle)
    for text, row in zip(texts, answer.to_dict("records"), strict=True):
        told = scorer.assess(bundle.extractor.values(TravellerRecord.model_validate_json(text)))
        assert row["log_odds"] == told.log_odds
        assert row["probability"] == told.probability
        assert (row["band"], row["percentile"]) == (told.band, told.percentile)
        assert (row["interval_low"], row["interval_high"]) == (told.interval.low, told.interval.high)
        said = json.loads(row["reasons"])
        assert [reason["code"] for reason in said["for"]] == [reason.code for reason in told.reasons_for]
        total = said["baseline"] + said["other_contributions"]
        total += sum(reason["contribution"] for side in ("for", "against") for reason in said[side])
        assert total == pytest.approx(told.log_odds, abs=1e-9)
        assert row["model_digest"] == result.package.digest


def test_r37_a_record_that_cannot_be_read_gets_a_row_without_its_values(tracked, served):
    """One bad row does not fail the batch, and its text is not echoed."""
    result, _, _ = tracked
    texts = ['{"record_id": "sekret", "colour": "sekret"}', "sekret", *records(result, 1)]
    answer = served.predict(pd.DataFrame({"record": texts}))
    assert answer["probability"].isna().tolist() == [True, True, False]
    assert "crossing" in answer["problem"][0]
    assert not answer["problem"].str.contains("sekret", na=False).any()


def test_r7_registered_model_decides_nothing(served):
    """No column says allow or deny."""
    names = [column.name for column in served.metadata.signature.outputs.inputs]
    assert names == list(COLUMNS)
    assert not {"decision", "allow", "deny", "refer"} & set(names)
    assert [column.name for column in served.metadata.signature.inputs.inputs] == ["record"]


def test_another_signer_is_refused_where_the_consumer_says_whom_it_trusts(tracked):
    """Whoever does not trust the tracking server brings a list of signers."""
    result, _, _ = tracked
    with pytest.raises(BundleSignatureError, match="trusted signers"):
        mlflow.pyfunc.load_model(result.tracked.model_uri, model_config={"trusted_signers": []})


def test_runs_are_listed_newest_first_with_their_numbers(tracked):
    """What compare shows."""
    result, asked, _ = tracked
    runs = Tracker(asked).runs(small_world.RISK)
    assert [each.run_id for each in runs] == [result.tracked.run_id]
    assert runs[0].metrics["roc_auc"] == result.evaluation.chosen.measure("roc_auc").value
    assert runs[0].tags["family"] == "logistic_scorecard"
    assert Tracker(asked).runs("document_fraud") == []


def test_unknown_run_is_a_typed_error(tracked, tmp_path):
    """With the run named."""
    _, asked, _ = tracked
    with pytest.raises(TrackingError, match="refused"):
        Tracker(asked).bundle("0123456789abcdef0123456789abcdef", tmp_path)


def test_an_unusable_server_is_a_typed_error(tmp_path):
    """A database that cannot be opened is told in one line."""
    (tmp_path / "mlflow.db").write_bytes(b"no database" * 100)
    with pytest.raises(TrackingError):
        Tracker(settings(tmp_path)).open()


def test_tracking_leaves_the_address_of_others_alone(tracked, monkeypatch):
    """Whoever uses MLflow in the same process keeps the own server, and no address stays in the environment."""
    _, asked, _ = tracked
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///theirs.db")
    Tracker(asked).runs(small_world.RISK)
    assert mlflow.get_tracking_uri() == os.environ["MLFLOW_TRACKING_URI"] == "sqlite:///theirs.db"
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    Tracker(asked).runs(small_world.RISK)
    assert "MLFLOW_TRACKING_URI" not in os.environ


def test_r34_telemetry_is_off_and_the_log_is_left_as_it_was(tracked):
    """The switches stand before MLflow is imported; the levels of its loggers come back."""
    assert tracked
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"
    assert os.environ["DO_NOT_TRACK"] == "true"
    assert logging.getLogger("mlflow").level != logging.ERROR


def test_the_code_that_travels_is_the_package_and_never_the_working_directory():
    """An installation for development may know a package without its file; its path is known in every one."""
    package = ModuleType("models")
    package.__path__ = list(models.__path__)
    package.__file__ = None
    assert (Path(_home(package)) / "bundle.py").is_file()
    package.__path__ = [str(Path.cwd())]
    with pytest.raises(TrackingError, match="install the project again"):
        _home(package)


@pytest.mark.slow
def test_mlflow_serves_the_model_from_another_directory(tracked, tmp_path):
    """A real server in a directory of its own, with the code that was logged beside the model."""
    result, _, _ = tracked
    place = mlflow.artifacts.download_artifacts(result.tracked.model_uri)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "mlflow",
        "models",
        "serve",
        "-m",
        place,
        "-p",
        str(port),
        "--env-manager",
        "local",
    ]
    log = (tmp_path / "serve.log").open("wb")
    paths = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))  # MLflow calls uvicorn by its name
    server = subprocess.Popen(
        command, cwd=tmp_path, stdout=log, stderr=log, start_new_session=True, env=os.environ | {"PATH": paths}
    )
    try:
        url = f"http://127.0.0.1:{port}"
        for _ in range(240):
            try:
                if httpx.get(f"{url}/ping", timeout=2).status_code == 200:
                    break
            except httpx.HTTPError:
                assert server.poll() is None, (tmp_path / "serve.log").read_text()[-2000:]
                time.sleep(0.5)
        else:
            pytest.fail((tmp_path / "serve.log").read_text()[-2000:])
        body = {"dataframe_records": [{"record": text} for text in records(result, 3)]}
        answer = httpx.post(f"{url}/invocations", json=body, timeout=60)
        assert answer.status_code == 200, answer.text
        rows = answer.json()["predictions"]
        expected = [golden.log_odds for golden in result.package.bundle.golden[:3]]
        assert [row["log_odds"] for row in rows] == expected
    finally:
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=30)
        log.close()
