"""The figures of a world: read strictly, and every name must lead somewhere."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from training.simulator import parameters as module
from training.simulator.parameters import WorldParameters
from training.simulator.simulation import assemble_cast

TOML = Path(module.__file__).with_name("world.toml").read_text(encoding="utf-8")


def read_changed(tmp_path, old, new):
    """Read the default world with one change of its text."""
    assert old in TOML
    path = tmp_path / "world.toml"
    path.write_text(TOML.replace(old, new, 1), encoding="utf-8")
    return WorldParameters.from_toml(path)


def test_default_world_equals_its_file_read_from_elsewhere(tmp_path):
    """A copy of the file is the same world."""
    (tmp_path / "copy.toml").write_text(TOML, encoding="utf-8")
    copy = WorldParameters.from_toml(tmp_path / "copy.toml")
    assert copy == WorldParameters.default()
    assert copy.digest == WorldParameters.default().digest


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("[volume]\n", "[volume]\nspeed = 1\n", "volume.speed"),
        ("random_probability = 0.02 ", "random_probability = 1.2 ", "lanes.random_probability"),
        ("whole_party = 0.75 ", "# ", "volume.whole_party"),
    ],
    ids=["unknown key", "not a share", "missing key"],
)
def test_a_wrong_file_is_refused_with_the_place(tmp_path, old, new, place):
    """The error says where."""
    with pytest.raises(ValidationError) as refused:
        read_changed(tmp_path, old, new)
    assert place in [".".join(map(str, error["loc"])) for error in refused.value.errors()]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('{ share = 0.235, bloc = "kenya" }', '{ share = 0.235, bloc = "kenia" }', "kenia"),
        ('{ post = "HGA", path = ["JIB"]', '{ post = "XXX", path = ["JIB"]', "XXX"),
        ("[officers.bias_blocs]", "[officers.bias_blocs]\nnorth = 0.1", "north"),
        ("six_week_sd = 0.80 ", "six_week_sd = 2.0 ", "six_week_sd is allowed up to"),
        ("delay_days = { document_fraud = 5.0, ", "delay_days = { ", "detection.delay_days must have one entry"),
    ],
    ids=["bloc", "post", "bias", "walk", "risk"],
)
def test_a_name_that_leads_nowhere_is_refused(tmp_path, old, new, words):
    """The error names it and what is allowed."""
    with pytest.raises(ValidationError, match=words):
        read_changed(tmp_path, old, new)


def test_a_cause_that_does_not_exist_is_refused(tmp_path):
    """The error names it and lists the causes."""
    world = read_changed(tmp_path, "[officers.beliefs] ", "[officers.beliefs]\nbad_luck = 1.0 ")
    with pytest.raises(ValueError, match=r"officers\.beliefs names \['bad_luck'\].*late_booking"):
        assemble_cast(world, 1_000, 1)


def test_a_rarer_world_is_rarer(tmp_path):
    """Base rates follow the file."""
    assert read_changed(tmp_path, "base_rate = 0.014", "base_rate = 0.003").risks["document_fraud"].base_rate == 0.003


def test_every_figure_names_its_source():
    """Outside of tables whose heading gives it, a line with a figure has a comment."""
    explained_by_heading = ("[nationalities]", "[blocs]", "[posts]", ".weights]", "[officers.", "[routing]", "[risks.")
    section = ""
    for line in TOML.splitlines():
        if line.startswith("["):
            section = line
        assigns = line and not line.startswith(("#", "[", " ", "]")) and "=" in line
        if assigns and not any(part in section for part in explained_by_heading):
            assert "#" in line or line.startswith(("start", "purposes")), line
