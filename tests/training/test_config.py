"""The configuration of a run: read whole, checked whole, and digested without what does not shape a model."""

from pathlib import Path

import pytest

from features.risk import RISKS
from tests.training.agency import RISK
from training.config import CONFIGS, TrainingConfig, read_change
from training.errors import ConfigError, SettingsError
from training.families import FAMILIES
from training.settings import TrainingSettings, read_settings

LEAST = {"name": "border-a", "version": "1.0.0", "risk": "document_fraud", "cases": "cases.parquet"}


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.toml")), ids=lambda path: path.stem)
def test_shipped_configurations_are_valid_and_named_like_their_risk(path):
    """Each file trains the risk of its name, and says that its cases are simulated."""
    config = TrainingConfig.from_toml(Path(path.stem))
    assert config.risk == RISKS[path.stem]
    assert config.simulated
    assert config.family.family is FAMILIES["explainable_boosting"]


def test_every_declared_risk_has_a_shipped_configuration():
    """A risk of the project can be trained by its name."""
    assert {path.stem for path in CONFIGS.glob("*.toml")} == set(RISKS)


def test_risk_may_be_written_into_the_configuration():
    """A fourth risk is an entry, not code."""
    config = TrainingConfig.read(LEAST | {"risk": RISK})
    assert config.risk is not None
    assert config.risk.name == "hidden_goods"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"risk": "piracy"}, "choose one of document_fraud"),
        ({"risk": RISK | {"audience": "nobody"}}, "risk: .*audience"),
        ({"version": "one"}, "version"),
        ({"colour": "red"}, "colour: Extra inputs"),
        ({"family": {"name": "forest"}}, "choose one of prior, logistic_scorecard"),
        ({"family": {"name": "prior", "max_bins": 3}}, "max_bins"),
        ({"split": {"train_share": 0.9, "calibration_share": 0.09}}, "less than 5 %"),
        ({"split": {"train_until": "2026-01-01"}}, "both train_until and calibration_until"),
        ({"split": {"train_until": "2026-02-01", "calibration_until": "2026-01-01"}}, "must lie before"),
        ({"bands": [{"name": "high", "share": 0.5}, {"name": "low", "share": 0.4}]}, "add up to 1"),
        ({"bands": [{"name": "high", "share": 0.5}, {"name": "high", "share": 0.5}]}, "must differ"),
        ({"gates": {"min_lift": float("nan")}}, "gates.min_lift"),
    ],
)
def test_what_breaks_a_rule_is_named_with_its_place(change, message):
    """The text says where and what is allowed."""
    with pytest.raises(ConfigError, match=message):
        TrainingConfig.read(LEAST | change)


def test_all_problems_are_told_at_once():
    """Nobody corrects one key per attempt."""
    with pytest.raises(ConfigError, match=r"(?s)version.*seed|seed.*version"):
        TrainingConfig.read(LEAST | {"version": "x", "seed": -1})


def test_unreadable_files_are_told_apart(tmp_path):
    """A missing file names the shipped ones; a broken one says that it is no TOML."""
    with pytest.raises(ConfigError, match="one of: document_fraud, migrant_smuggling, trafficking_protection"):
        TrainingConfig.from_toml(tmp_path / "none.toml")
    (tmp_path / "broken.toml").write_text("name = = 1")
    with pytest.raises(ConfigError, match="not readable as TOML"):
        TrainingConfig.from_toml(tmp_path / "broken.toml")


def test_changes_of_the_command_line_reach_nested_tables():
    """Values are TOML; what is no TOML is text."""
    changes = dict(
        map(read_change, ["family.max_bins=16", "split.train_share=0.5", "name=border-b", "simulated=false"])
    )
    config = TrainingConfig.from_toml(Path("document_fraud"), changes)
    assert config.family.settings.max_bins == 16
    assert config.split.train_share == 0.5
    assert (config.name, config.simulated) == ("border-b", False)
    with pytest.raises(ConfigError, match="key=value"):
        read_change("max_bins")
    with pytest.raises(ConfigError, match="no table"):
        TrainingConfig.from_toml(Path("document_fraud"), {"name.first": 1})


def test_digest_follows_what_shapes_a_model_and_nothing_else():
    """Another place of the files is the same configuration; another bin count, or mapping, is not."""
    base = TrainingConfig.read(LEAST)
    elsewhere = TrainingConfig.read(LEAST | {"cases": ["/mnt/other.parquet"]})
    finer = TrainingConfig.read(LEAST | {"family": {"name": "explainable_boosting", "max_bins": 64}})
    spelled_out = TrainingConfig.read(LEAST | {"family": {"name": "explainable_boosting", "max_bins": 32}})
    assert base.sha256_with({}) == elsewhere.sha256_with({}) == spelled_out.sha256_with({})
    assert len({base.sha256_with({}), finer.sha256_with({}), base.sha256_with({"table": {}})}) == 3


def test_settings_come_from_the_environment(monkeypatch):
    """The MLflow server may be named in MLflow's own way; ours goes first."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://tracking:5000")
    assert read_settings().tracking_uri == "http://tracking:5000"
    monkeypatch.setenv("TRAINING_TRACKING_URI", "sqlite:///x.db")
    monkeypatch.setenv("TRAINING_JOBS", "3")
    assert (read_settings().tracking_uri, read_settings().processes) == ("sqlite:///x.db", 3)
    assert TrainingSettings(jobs=-1).processes >= 1


def test_wrong_setting_is_named_without_its_value(monkeypatch):
    """The text names the variable."""
    monkeypatch.setenv("TRAINING_TIMEOUT_SECONDS", "sekret")
    with pytest.raises(SettingsError, match="timeout_seconds") as caught:
        read_settings()
    assert "sekret" not in str(caught.value)


def test_the_key_of_the_service_is_not_shown():
    """A secret stays one in every printed form."""
    assert "rk_1_secret" not in repr(TrainingSettings(api_key="rk_1_secret"))
