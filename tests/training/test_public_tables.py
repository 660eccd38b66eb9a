"""The mapping files of the public tables stay valid; the tables themselves are fetched by the benchmark alone."""

from pathlib import Path

import pytest

from features.mapping import TableMapping
from training.config import TrainingConfig

TABLES = Path(__file__).parents[2] / "benchmarks" / "tables"


@pytest.mark.parametrize("path", sorted(TABLES.glob("*.toml")), ids=lambda path: path.stem)
def test_a_public_table_needs_its_mapping_file_alone(path):
    """One file is mapping, risk and training configuration, and keeps gender, age and later columns from the model."""
    mapping = TableMapping.from_toml(path)
    assert TrainingConfig.from_toml(path).mapping == path
    assert mapping.risk is not None
    assert {"gender", "age"} <= mapping.audit.keys()
    assert not set(mapping.after_decision) & set(mapping.record_columns)


def test_every_wheel_is_pinned_by_its_hash():
    """A table that changed under its name is not taken."""
    lines = (TABLES / "wheels.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert pins
    assert all("==" in pin and " --hash=sha256:" in pin for pin in pins)
