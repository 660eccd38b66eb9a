"""A case table is held against the one before: what was spoiled on its way is told, and nothing else."""

from dataclasses import replace

import pandas as pd
import pytest
from typer.testing import CliRunner

from models.promotion import Verdict
from training import intake
from training.__main__ import app
from training.cases import Cases, load
from training.errors import CaseTableError
from training.rigour import intake as claimed
from training.rigour.spoiled import CUTS, SPOILS, spoiled
from training.simulator.parameters import WorldParameters
from training.simulator.simulation import simulate
from training.table_profile import LEVEL_ROWS, OTHER, TableProfile, profile

CROSSINGS = 16_000


@pytest.fixture(scope="module")
def feed(tmp_path_factory):
    """The case table of a small border."""
    place = tmp_path_factory.mktemp("border")
    simulate(WorldParameters.default(), CROSSINGS, 5, place)
    return place / "feed" / "cases.parquet"


@pytest.fixture(scope="module")
def cases(feed) -> Cases:
    """Its cases."""
    return load([feed], workers=1)


def part(cases: Cases, start: float, end: float) -> Cases:
    """Cases between two shares of the table."""
    rows = cases.accepted.iloc[int(start * len(cases.accepted)) : int(end * len(cases.accepted))].reset_index(drop=True)
    return replace(cases, accepted=rows, read=len(rows))


@pytest.fixture(scope="module")
def before(cases) -> TableProfile:
    """The profile of the earlier part."""
    return profile(part(cases, 0.2, 0.7))


@pytest.fixture(scope="module")
def later(feed, cases) -> pd.DataFrame:
    """The rows of the later part, as they come."""
    ids = set(part(cases, 0.7, 1.0).accepted["record_id"])
    table = pd.read_parquet(feed)
    return table[[claimed._id_of(text) in ids for text in table["record"]]].reset_index(drop=True)


def test_later_cases_are_like_those_before(cases, before):
    """Seasons, routes and drift of the border are no spoiling."""
    for start, end in ((0.7, 0.85), (0.85, 1.0)):
        table = part(cases, start, end)
        assert intake.differences(table, profile(table), before) == ()


@pytest.mark.parametrize("way", SPOILS)
def test_a_spoiled_table_is_noticed(tmp_path, later, before, way):
    """Each way by its own, with place, rule and remedy."""
    path = tmp_path / "spoiled.parquet"
    spoiled(later, SPOILS[way], 1).to_parquet(path)
    table = load([path], workers=1)
    found = intake.differences(table, profile(table), before)
    assert found
    assert all(one.place and one.rule and one.remedy for one in found)


@pytest.mark.parametrize("way", CUTS)
def test_a_file_that_ends_early_is_noticed(tmp_path, later, before, way):
    """Whatever its form, such a file is refused."""
    with pytest.raises(CaseTableError, match="not readable"):
        load([CUTS[way](later, tmp_path)], workers=1)


def test_a_profile_tells_of_nobody(cases, before):
    """Texts that are rare are counted together, and no name, number or address of a traveller is a level."""
    for aspect in before.aspects:
        rare = [rows for level, rows in zip(aspect.levels, aspect.counts, strict=False) if level != OTHER]
        assert all(rows >= LEVEL_ROWS for rows in rare)
    text = before.model_dump_json()
    records = part(cases, 0.2, 0.7).accepted["record"].map(lambda one: claimed._id_of(one.decode()))
    assert not any(one in text for one in records[:200])
    levels = {level for aspect in before.aspects for level in aspect.levels}
    for fact in ("documents[0].number", "contact.phone", "contact.email", "traveller.surname"):
        assert not any(aspect.fact == fact and aspect.view == "values" for aspect in before.aspects), levels


def test_a_profile_is_kept_as_it_was(before, tmp_path):
    """It survives its file; another file is refused with a remedy."""
    path = tmp_path / "profile.json"
    path.write_text(before.model_dump_json())
    assert intake.read_profile(path) == before
    path.write_text("{}")
    with pytest.raises(CaseTableError, match="check-cases"):
        intake.read_profile(path)


def test_the_gate_names_what_is_different():
    """It fails where anything is, and names the first few."""
    many = tuple(intake.Difference(f"fact {n}", "values: 1 %", "look") for n in range(5))
    gate = intake.gate(many)
    assert (gate.verdict, gate.value) == (Verdict.FAILED, 5)
    assert "fact 0: values: 1 %" in gate.note
    assert "2 more" in gate.note
    assert intake.gate(()).verdict is Verdict.PASSED


def test_the_command_tells_and_its_exit_code_too(tmp_path, feed, later):
    """A profile is written, a like table passes, a spoiled one does not."""
    kept, table, run = tmp_path / "before.json", tmp_path / "later.parquet", CliRunner().invoke
    assert run(app, ["check-cases", str(feed), "--write", str(kept)]).exit_code == 0
    later.to_parquet(table)
    like = run(app, ["check-cases", str(table), "--like", str(kept)])
    assert like.exit_code == 0, like.output
    assert "Like the table before." in like.output
    spoiled(later, SPOILS["pounds for kilograms"], 1).to_parquet(table)
    unlike = run(app, ["check-cases", str(table), "--like", str(kept)])
    assert unlike.exit_code == 1
    assert "baggage.weight_kg" in unlike.output


def test_a_broken_last_row_is_told(cases, before):
    """As where a file ends early and the rest of it can be read."""
    table = part(cases, 0.85, 1.0)
    last = pd.DataFrame({"file": ["cut"], "row": [table.read + 1], "place": ["record"], "rule": ["x"], "remedy": ["y"]})
    cut = replace(table, read=table.read + 1, rejected=last)
    assert [one.place for one in intake.differences(cut, profile(cut), before)] == ["last row"]
