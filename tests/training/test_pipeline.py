"""A whole run on a small case table: what it leaves, what it refuses, and that it leaves the same bytes again."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from models.bundle import ModelBundle, read_directory
from models.promotion import Verdict, may_promote
from tests.training import agency, small_world
from training.errors import ConfigError, DatasetError, NotExplainableError, OneOutcomeError, TooFewPositivesError
from training.pipeline import read_cases, run
from training.settings import TrainingSettings

ROOT = Path(__file__).resolve().parents[2]


def settings(place: Path) -> TrainingSettings:
    """Everything below one directory, in one process."""
    return TrainingSettings(
        tracking_uri=f"sqlite:///{place}/mlflow.db",
        artifacts=place / "artifacts",
        signing_key=place / "key.pem",
        runs=place / "runs",
        jobs=1,
    )


class Watched:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.steps: list[str] = []

    def begin(self, step: str) -> None:
        """Note a step."""
        self.steps.append(step)

    def progress(self, done: int, total: int) -> None:
        """Check that progress is progress."""
        assert 0 <= done <= total


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """One run, with who watched it."""
    watched = Watched()
    place = tmp_path_factory.mktemp("run")
    result = run(small_world.config(), settings(place), cases=small_world.cases(), watcher=watched, track=False)
    return result, watched, place


def test_run_leaves_a_bundle_that_opens_for_its_signer_alone(done):
    """The bundle on disk verifies, replays its golden records, and bears the digest of the result."""
    result, _, _ = done
    files = read_directory(result.directory / "bundle")
    bundle = ModelBundle.open(files, [result.package.bundle.signer])
    assert bundle.digest == result.package.digest
    assert bundle.risk.name == small_world.RISK
    assert len(bundle.golden) == 200
    assert result.directory.name == f"small-smuggling-1.0.0-{bundle.digest.removeprefix('sha256:')[:12]}"


def test_run_finds_the_planted_signal_and_passes_its_gates(done):
    """Short notice and cash rank later cases well above chance, and every gate of quality says so."""
    result, _, _ = done
    assert result.evaluation.chosen.measure("roc_auc").low > 0.6
    weight = dict(
        zip((term.name for term in result.package.bundle.model.terms), result.package.importance, strict=True)
    )
    assert set(sorted(weight, key=weight.get)[-2:]) == {"booking_lead_hours", "paid_in_cash"}
    open_ = result.package.bundle.gates.open_gates
    assert {gate.name for gate in open_ if not gate.name.startswith("fair_")} == {"proxies"}


def test_r17_one_group_alone_is_no_proof_of_fairness(done):
    """All travellers of this table share a nationality and an age: the gates of groups say that they cannot tell."""
    result, _, _ = done
    gates = {gate.name: gate for gate in result.package.bundle.gates.gates}
    for name in ("fair_referral_nationality_region", "fair_misses_gender", "fair_referral_age_band", "proxies"):
        assert gates[name].verdict is Verdict.INCONCLUSIVE
        assert "large enough" in gates[name].note
    assert not may_promote(result.package.bundle.gates, "amina", "brian").allowed
    accepted = [gate.name for gate in result.package.bundle.gates.open_gates]
    assert may_promote(result.package.bundle.gates, "amina", "brian", accepted).allowed


def test_run_tells_its_steps_in_order(done):
    """A person who waits sees where the run is."""
    _, watched, _ = done
    assert watched.steps == [
        "compute features",
        "fit explainable boosting",
        "fit prior",
        "fit logistic scorecard",
        "set bands",
        "evaluate",
        "allow for selection",
        "audit groups and leaks",
        "package",
        "write report",
    ]


def test_run_keeps_every_rejected_row_and_the_whole_configuration(done):
    """What was left out is on disk, and so is what was asked for."""
    result, _, _ = done
    kept = {path.name for path in result.directory.iterdir()}
    assert kept == {
        "bundle",
        "config.json",
        "data.json",
        "plots",
        "profile.json",
        "rejected.csv",
        "release",
        "report.html",
    }
    assert json.loads((result.directory / "config.json").read_text())["family"]["max_bins"] == 32
    told = json.loads((result.directory / "data.json").read_text())
    assert told["read"] == 2400
    assert told["cut"]["without_label"] == told["outcomes"]["(not inspected)"]


def test_report_needs_nothing_but_itself_and_says_that_cases_are_simulated(done):
    """No script, no outside address; plots inside; the notice in its first lines; no identity anywhere."""
    result, _, _ = done
    page = (result.directory / "report.html").read_text()
    assert "http://" not in page
    assert "https://" not in page
    assert "<script" not in page
    assert page.count("data:image/png;base64,") == 3
    assert "All cases are simulated" in page.split("<section>")[0]
    assert "SECRET" not in page
    for heading in ("Gates", "Quality at capacity", "Calibration", "Bands", "Groups compared", "Scorecard", "Origin"):
        assert f"<h2>{heading}</h2>" in page


def test_r1_no_identity_is_in_the_bundle(done):
    """Names, numbers and nationalities of the golden records are gone."""
    result, _, _ = done
    for name, data in result.package.files.items():
        assert b"SECRET" not in data, name
    assert b"nationality" not in result.package.files["golden.json"]


def test_reference_population_is_everybody_after_training(done):
    """Labelled or not: bands are capacity, and capacity is of all travellers."""
    result, _, _ = done
    slices = {one.name: one for one in result.package.bundle.card.data}
    later = slices["reference population"]
    assert later.labelled >= slices["calibration"].labelled + slices["holdout"].labelled
    assert later.rows > 1.2 * later.labelled
    high = result.package.bundle.card.bands[0]
    assert high.measures[0].value <= 0.01


SCRIPT = """
import sys
from pathlib import Path
from tests.training import small_world
from tests.training.test_pipeline import settings
from training.pipeline import run
place, jobs = Path(sys.argv[1]), int(sys.argv[2])
asked = settings(place).model_copy(update={"jobs": jobs})
result = run(small_world.config(), asked, cases=small_world.cases(), track=False)
print(result.package.digest)
"""


@pytest.mark.slow
def test_same_cases_seed_and_lock_give_the_same_bytes_in_another_process(done, tmp_path):
    """Another hash seed, working directory, time zone, locale and number of jobs: every file is equal byte for byte."""
    result, _, place = done
    (tmp_path / "key.pem").write_bytes((place / "key.pem").read_bytes())
    (tmp_path / "key.pem").chmod(0o600)
    other = os.environ | {"PYTHONHASHSEED": "12345", "TZ": "Asia/Kolkata", "LC_ALL": "C", "PYTHONPATH": str(ROOT)}
    answer = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path), "2"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=other,
        check=True,
    )
    assert answer.stdout.strip() == result.package.digest
    again = next((tmp_path / "runs").iterdir()) / "bundle"
    assert read_directory(again) == dict(result.package.files)


def test_order_of_the_case_table_does_not_change_a_byte(done, tmp_path):
    """Shuffled rows are the same cases."""
    result, _, place = done
    path = small_world.write(tmp_path / "shuffled.parquet", small_world.table().sample(frac=1.0, random_state=1))
    asked = small_world.config(cases=str(path))
    shuffled = run(asked, settings(place).model_copy(update={"runs": tmp_path / "runs"}), track=False)
    assert shuffled.package.files == result.package.files


def test_another_seed_gives_another_digest(done, tmp_path):
    """The seed is part of where a model comes from."""
    result, _, place = done
    other = run(
        small_world.config(seed=4, family={"name": "logistic_scorecard", "min_bin_rows": 50}),
        settings(place).model_copy(update={"runs": tmp_path}),
        cases=small_world.cases(),
        track=False,
    )
    assert other.package.digest != result.package.digest


def test_the_yardstick_is_never_packaged(tmp_path):
    """A model without a table of points is refused by its type."""
    asked = small_world.config(family={"name": "gradient_boosting", "rounds": 10, "leaves": [4]})
    with pytest.raises(NotExplainableError, match="Choose one of prior, logistic_scorecard, explainable_boosting"):
        run(asked, settings(tmp_path), cases=small_world.cases(), track=False)
    assert not (tmp_path / "runs").exists()


def changed(tmp_path, **columns):
    """Read a changed case table."""
    path = small_world.write(tmp_path / "changed.parquet", small_world.table().assign(**columns))
    return read_cases(small_world.config(cases=str(path)), settings(tmp_path))


def test_cases_of_one_outcome_leave_no_artefact(tmp_path):
    """Every inspection found nothing: a typed error, and no bundle."""
    codes = small_world.table()["outcome_code"].where(lambda column: column.isna(), "nothing_found")
    with pytest.raises(OneOutcomeError):
        run(small_world.config(), settings(tmp_path), cases=changed(tmp_path, outcome_code=codes), track=False)
    assert not (tmp_path / "runs").exists()


def test_cases_that_nobody_inspected_leave_no_artefact(tmp_path):
    """Not inspected is no label: there is nothing to learn from."""
    blank = dict.fromkeys(("known_at", "outcome_code", "selection", "decided_by_role", "evidence_type"))
    empty = {name: pd.Series([None] * 2400, dtype=object) for name in blank}
    with pytest.raises(DatasetError, match="labelled case"):
        run(small_world.config(), settings(tmp_path), cases=changed(tmp_path, **empty), track=False)
    assert not (tmp_path / "runs").exists()


def test_too_few_confirmed_cases_are_refused_before_a_fit(tmp_path):
    """Below the floor no model is fitted at all."""
    with pytest.raises(TooFewPositivesError, match="fewer than 500"):
        run(small_world.config(min_positives_to_fit=500), settings(tmp_path), cases=small_world.cases(), track=False)


def test_a_run_needs_cases_and_a_risk(tmp_path):
    """Both are asked for by name."""
    with pytest.raises(ConfigError, match="Name the case tables"):
        read_cases(small_world.config(cases=[]), settings(tmp_path))
    with pytest.raises(ConfigError, match="Name the risk"):
        run(small_world.config(risk=None), settings(tmp_path), cases=small_world.cases(), track=False)


def toml(value) -> str:
    """Write a value as TOML, tables inline."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value)


def test_an_agency_table_with_its_own_risk_is_trained_through_its_mapping(tmp_path):
    """No Python: a table, a mapping with a risk, and a short configuration make a bundle with the agency's columns."""
    mapping = tmp_path / "mapping.toml"
    mapping.write_text("\n".join(f"{key} = {toml(value)}" for key, value in agency.mapping().items()))
    asked = small_world.config(
        risk=None,
        cases=str(agency.write(agency.table(2400), tmp_path / "agency.csv")),
        mapping=str(mapping),
        family={"name": "logistic_scorecard", "min_bin_rows": 40},
        gates={"min_lift": 1.0},
    )
    result = run(asked, settings(tmp_path), track=False)
    bundle = ModelBundle.open(read_directory(result.directory / "bundle"), [result.package.bundle.signer])
    assert bundle.risk.name == "hidden_goods"
    assert {"goods_rate", "sealed"} <= set(bundle.model.features)
    assert result.evaluation.chosen.measure("roc_auc").low > 0.55
    assert "vermilion" not in (result.directory / "report.html").read_text()
    assert "Colour" in (result.directory / "report.html").read_text()
