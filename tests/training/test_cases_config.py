"""One file for an agency: the mapping says how to read its table and how to learn from it."""

from datetime import date

from features.mapping import TableMapping
from training.config import TrainingConfig

TEXT = """
[table]
files = ["cases.csv"]
[record]
"crossing.mode" = { constant = "land" }
"crossing.point" = { constant = "X" }
"crossing.direction" = { constant = "in" }
"crossing.expected_at" = { constant = 2026-01-01 }
"""
TRAINING = """
[training]
version = "2.1.0"
[training.split]
train_until = 2025-12-01
calibration_until = 2026-03-01
"""


def test_a_mapping_file_is_a_configuration(tmp_path):
    """Its [training] table is the configuration; name and version have defaults."""
    path = tmp_path / "Ferry_Cases.toml"
    path.write_text(TEXT + TRAINING, encoding="utf-8")
    config = TrainingConfig.from_toml(path, {"seed": 4})
    assert (config.name, config.version, config.seed) == ("ferry-cases", "2.1.0", 4)
    assert config.mapping == path
    assert config.split.train_until == date(2025, 12, 1)


def test_how_to_learn_does_not_change_how_a_table_is_read(tmp_path):
    """The mapping's own digest leaves [training] out: the configuration has it."""
    path = tmp_path / "a.toml"
    path.write_text(TEXT, encoding="utf-8")
    plain = TableMapping.from_toml(path).to_json()
    assert TrainingConfig.from_toml(path).version == "1.0.0"
    path.write_text(TEXT + TRAINING, encoding="utf-8")
    assert TableMapping.from_toml(path).to_json() == plain
