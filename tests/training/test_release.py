"""The release pack: made from the run alone, whole or not proposed, and a champion measured on the same cases."""

import html
import json
import re
import shutil
from dataclasses import replace

import numpy as np
import pytest

from models.manifest import sha256
from models.promotion import Gate, Verdict
from tests.training import small_world
from tests.training.test_pipeline import settings
from training import pipeline
from training.champion_bundle import read_champion
from training.errors import ChampionError, ReleaseError
from training.pipeline import run
from training.release.check import check_pack
from training.release.contents import DEMANDED, OF_A_SUCCESSOR
from training.release.document import Document, Section, Table, missing_sections
from training.release.hazards import HAZARDS
from training.release.pack import KINDS, documents
from training.release.risk_file import evidence_for, standing

CARD = {"family": {"name": "logistic_scorecard", "min_bin_rows": 60}, "evaluation": {"scorecard": False}}


def trained(place, champion=None, **changes):
    """A run, with what it found caught on the way to the pack."""
    caught = {}
    with pytest.MonkeyPatch.context() as patched:
        original = pipeline.write_pack
        patched.setattr(pipeline, "write_pack", lambda found, to: caught.update(found=found) or original(found, to))
        asked = small_world.config(**(CARD | changes))
        result = run(asked, settings(place), cases=small_world.cases(), track=False, champion=champion)
    return result, caught["found"]


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """A first model."""
    return trained(tmp_path_factory.mktemp("first"))


@pytest.fixture(scope="module")
def second(first, tmp_path_factory):
    """Its successor, of another family and without one of its facts, compared with it."""
    changes = {"version": "1.1.0", "family": small_world.config().content()["family"]}
    changes["fairness"] = {"mitigation": {"drop": ["paid_in_cash"]}}
    return trained(tmp_path_factory.mktemp("second"), read_champion(first[0].directory), **changes)


def read(result, name):
    """Sections of one document by name."""
    return json.loads((result.directory / "release" / f"{name}.json").read_text())["sections"]


def test_r40_every_run_leaves_a_whole_pack(first):
    """All documents as JSON and as pages, bound to the bundle by digests."""
    result, _ = first
    place = result.directory / "release"
    names = {f"{name}.{form}" for name in DEMANDED for form in ("json", "html")} | {"index.html", "pack.json"}
    assert {path.name for path in place.iterdir()} == names
    assert set(KINDS) == set(DEMANDED)
    assert check_pack(place, result.package.digest) == result.pack
    assert result.pack == f"sha256:{sha256((place / 'pack.json').read_bytes())}"


def test_the_pack_comes_from_the_run_alone(first):
    """Written again it has the same bytes: no time, no path, nothing typed in between."""
    result, found = first
    again = documents(found)
    for name, data in again.items():
        assert (result.directory / "release" / name).read_bytes() == data
        assert b"SECRET" not in data
        assert str(result.directory).encode() not in data


def test_numbers_of_the_pack_are_those_of_the_run(first):
    """Card, data sheet, gates and guide, each against what was measured."""
    result, found = first
    chosen = result.evaluation.chosen
    capacity = read(result, "model_card")["analyses"]["tables"]["capacity"]
    assert [row["lift"]["value"] for row in capacity] == [chosen.at(share, "lift").value for share in (0.05, 0.1)]
    sheet = read(result, "data_sheet")
    gone = {row["feature"]: row["all"]["value"] for row in sheet["missingness"]["tables"]["missing"]}
    for name, share in gone.items():
        assert share == pytest.approx(result.dataset.population.frame[name].isna().mean())
    assert sum(row["cases"] for row in sheet["labels"]["tables"]["outcomes"]) == np.sum(
        ~np.isnan(result.dataset.population.y)
    )
    gates = read(result, "gate_report")["gates"]["tables"]["gates"]
    assert [(row["name"], row["verdict"]) for row in gates] == [
        (gate.name, gate.verdict.value) for gate in result.package.bundle.gates.gates
    ]
    guide = {row["share"]: row for row in read(result, "oversight_guide")["capacity"]["tables"]["capacity"]}
    assert guide["10 %"]["referred"] == 100
    assert guide["10 %"]["confirmed"]["value"] == pytest.approx(100 * chosen.at(0.1, "precision").value)
    assert guide["10 %"]["note"] == "judged here"
    told = read(result, "reason_stability")["agreement"]["tables"]["agreement"]
    assert told[-1]["value"] == found.packed.stability.reasons.rank


def test_r30_groups_are_told_how_often_they_get_no_band(first):
    """With its interval, in card and report, and equal to a count."""
    result, found = first
    rows = [row for row in result.package.bundle.card.fairness if row.by == "mode"]
    later = found.dataset.cut.place > 0
    modes = found.dataset.population.groups["mode"].to_numpy()[later]
    for row in rows:
        told = next(measure for measure in row.measures if measure.name == "abstention")
        assert told.value == pytest.approx(found.ready.abstained[modes == row.group].mean())
        assert told.low <= told.value <= told.high
    assert {row.group for row in rows} == {"air", "land"}


def test_pages_need_nothing_but_themselves_and_say_that_cases_are_simulated(first):
    """No script, no outside address, headings and captions; every measured number bears its mark."""
    result, _ = first
    for name in DEMANDED:
        page = (result.directory / "release" / f"{name}.html").read_text()
        assert not re.search(r"https?://|<script", page)
        assert page.count("<h1>") == 1
        assert '<html lang="en">' in page
        assert "All data behind this card are simulated" in page.split("<section>")[0]
        assert page.count("<table>") == page.count("<caption>")
        for part in read(result, name).values():
            assert f"<h2>{html.escape(part['title'])}</h2>" in page
    guide = read(result, "oversight_guide")
    for name in ("score", "automation_bias"):
        assert ", simulated" in guide[name]["text"][0], "in sentences, too"
    card = (result.directory / "release" / "model_card.html").read_text()
    assert re.search(r"interval [0-9.]+ to [0-9.]+\), simulated", card)


@pytest.mark.parametrize("name", sorted(DEMANDED))
def test_a_document_without_a_section_blocks(first, tmp_path, name):
    """Each document in turn: the error names document and section."""
    result, found = first
    place = tmp_path / "release"
    shutil.copytree(result.directory / "release", place)
    gone = DEMANDED[name][-1]
    content = json.loads((place / f"{name}.json").read_text())
    content["sections"][gone] = {"title": "Gone", "text": [], "points": [], "tables": {"empty": []}}
    (place / f"{name}.json").write_text(json.dumps(content))
    with pytest.raises(ReleaseError, match=rf"{name}\.json of the release pack was changed"):
        check_pack(place, found.packed.digest)
    listed = json.loads((place / "pack.json").read_text())
    listed["files"][f"{name}.json"] = sha256((place / f"{name}.json").read_bytes())
    (place / "pack.json").write_text(json.dumps(listed))
    with pytest.raises(ReleaseError, match=rf"nothing is said under {gone}"):
        check_pack(place, found.packed.digest)


def test_a_pack_of_another_bundle_and_one_that_lacks_a_file_block(first, second, tmp_path):
    """Bound to its bundle, and whole."""
    place = tmp_path / "release"
    shutil.copytree(first[0].directory / "release", place)
    with pytest.raises(ReleaseError, match="another bundle"):
        check_pack(place, second[0].package.digest)
    (place / "risk_file.html").unlink()
    with pytest.raises(ReleaseError, match=r"lacks risk_file\.html"):
        check_pack(place, first[0].package.digest)
    listed = json.loads((first[0].directory / "release" / "pack.json").read_text())
    shutil.copy(first[0].directory / "release" / "risk_file.html", place)
    (place / "risk_file.json").write_text("no JSON")
    listed["files"]["risk_file.json"] = sha256(b"no JSON")
    (place / "pack.json").write_text(json.dumps(listed))
    with pytest.raises(ReleaseError, match="Risk file: nothing is said under scope"):
        check_pack(place, first[0].package.digest)
    (place / "pack.json").write_text("{}")
    with pytest.raises(ReleaseError, match="no list"):
        check_pack(place, first[0].package.digest)


def test_every_gate_is_evidence_for_a_hazard_and_every_hazard_has_evidence(first):
    """No gate without a hazard that it stands against; what failed or is open shows in the risk file."""
    result, _ = first
    gates = result.package.bundle.gates.gates
    used = {gate.name for hazard in HAZARDS for gate in evidence_for(hazard, gates)}
    assert used == {gate.name for gate in gates}
    told = {row["hazard"]: row["standing"] for row in read(result, "risk_file")["residual"]["tables"]["hazards"]}
    for hazard in HAZARDS:
        evidence = evidence_for(hazard, gates)
        assert evidence, hazard.name
        opened = [gate for gate in evidence if gate.verdict is not Verdict.PASSED]
        assert told[hazard.source].startswith("open" if opened else "controlled")
    failed = Gate(name="parity", title="Parity", rule="equal", verdict=Verdict.FAILED)
    assert standing((failed, gates[0])).startswith("not controlled")


def test_a_first_model_has_nothing_to_compare_with(first):
    """The document is there, and says so."""
    assert read(first[0], "champion_comparison")["models"]["text"] == ["First model: nothing to compare with."]


def test_a_successor_is_measured_beside_the_champion_on_the_same_cases(first, second):
    """Quality with paired intervals, groups, bands, reasons and features; and that the champion knew none of them."""
    result, found = second
    told = found.champion
    own, other = (each.evaluation.chosen.at(0.1, "precision").value for each in (result, first[0]))
    pair = next(pair for pair in told.quality if pair.title == "Precision at 10 % referred")
    assert (pair.own.value, pair.other.value) == (pytest.approx(own), pytest.approx(other))
    assert pair.difference.value == pytest.approx(own - other)
    assert pair.difference.low < pair.difference.value < pair.difference.high
    ranking = next(pair for pair in told.quality if pair.title == "ROC AUC")
    width = ranking.own.high - ranking.own.low
    assert ranking.difference.high - ranking.difference.low < width, "the same resamples leave out what both share"
    assert told.dropped == ("paid_in_cash",)
    assert told.met_before == 0
    assert sum(number for _, _, number in told.moved) == told.travellers == int((found.dataset.cut.place > 0).sum())
    assert 0 <= told.reasons.overlap < 1
    assert ("paid_in_cash", 0) in {(name, here) for name, here, _ in told.reasons.terms}
    sections = read(result, "champion_comparison")
    assert set(OF_A_SUCCESSOR) == set(sections)
    assert not missing_sections({"sections": sections}, OF_A_SUCCESSOR)
    assert sections["features"]["points"][1] == "Dropped: paid_in_cash."


def test_a_model_beside_itself_is_neither_better_nor_worse(first, tmp_path):
    """The control: no difference anywhere, nobody moves, every reason stays."""
    _, found = trained(tmp_path, read_champion(first[0].directory / "bundle"))
    told = found.champion
    assert all(pair.difference.value == pair.difference.low == pair.difference.high == 0 for pair in told.quality)
    assert all(old == new for old, new, _ in told.moved)
    assert (told.reasons.overlap, told.reasons.same_first) == (1, 1)
    assert told.added == told.dropped == ()
    assert found.packed.digest == first[1].packed.digest, "a champion leaves no trace in the bundle"


def test_a_champion_that_saw_the_cases_is_told_to_flatter_itself(first, tmp_path):
    """It learned until later than this holdout begins."""
    early = {"train_share": 0.4, "calibration_share": 0.1}
    result, found = trained(tmp_path, read_champion(first[0].directory), split=early)
    assert found.champion.met_before > 0
    assert "flatter" in read(result, "champion_comparison")["models"]["text"][1]


def test_a_champion_of_another_risk_is_refused(first, tmp_path):
    """Before anything is fitted."""
    champion = read_champion(first[0].directory)
    other = replace(champion, risk=champion.risk.model_copy(update={"name": "document_fraud"}))
    with pytest.raises(ChampionError, match="name one of migrant_smuggling"):
        trained(tmp_path, other)


def test_a_document_says_numbers_as_numbers():
    """JSON keeps them, the page writes and escapes them."""
    table = Table("t", "Caption", (("a", "A"), ("b", "B")), ((1234, "<b>"), (None, 0.5)))
    made = Document(
        "d",
        "Title",
        "Form.",
        {"name": "n", "version": "1", "bundle": "x"},
        False,
        (Section("s", "S", tables=(table,)),),
    )
    assert made.to_json()["sections"]["s"]["tables"]["t"] == [{"a": 1234, "b": "<b>"}, {"a": None, "b": 0.5}]
    assert "<td>1,234</td><td>&lt;b&gt;</td>" in made.to_html()
    assert "simulated" not in made.to_html()
