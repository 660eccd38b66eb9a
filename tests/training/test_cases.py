"""Case tables: every row is accepted or stands in the table of rejected rows with its reason."""

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd
import pytest

from features.mapping import TableMapping
from tests.makers import random_data
from tests.training import agency
from training import cases as cases_module
from training.cases import Cases, load
from training.errors import CaseTableError
from training.labels import label_of


def own_table(rows: int = 200, seed: int = 1) -> pd.DataFrame:
    """The project's own case table: a third of the rows is not inspected."""
    rng = np.random.default_rng(seed)
    table = []
    for place, record in enumerate(random_data(rows, seed)):
        looked = rng.random() < 0.66
        crossed = pd.Timestamp(record["crossing"]["expected_at"])
        table.append(
            {
                "record": json.dumps(record | {"record_id": f"r{place:05d}"}),
                "entity": f"person-{rng.integers(0, rows)}",
                "known_at": (crossed + pd.Timedelta(days=int(rng.integers(0, 20)))).isoformat() if looked else None,
                "outcome_code": rng.choice(["forged_document", "nothing_found", "inconclusive"]) if looked else None,
                "selection": rng.choice(["random", "officer"]) if looked else None,
                "selection_probability": 0.02 if looked else None,
                "decided_by_role": "officer" if looked else None,
                "evidence_type": "document_examination" if looked else None,
                "inspection_depth": "full" if looked else None,
            }
        )
    return pd.DataFrame(table, dtype=object)


def loaded(frame: pd.DataFrame, folder: Path, **changes: Any) -> Cases:
    """Write the agency's table and read it through its mapping."""
    return load(agency.write(frame, folder / "cases.csv"), TableMapping(agency.mapping() | changes))


def test_a_clean_table_is_accepted_whole(tmp_path):
    """Records, outcomes, groups and times arrive; nothing is rejected."""
    found = loaded(agency.table(300), tmp_path)
    assert (found.read, len(found.accepted), found.rejected_rows, len(found.rejected)) == (300, 300, 0, 0)
    assert set(found.accepted["outcome_code"].dropna()) == {"undeclared_goods", "nothing_found"}
    assert set(found.accepted["audit_driver_age"]) == {"under 30", "30 to 50", "50 and over"}
    assert found.accepted["time"].is_monotonic_increasing
    assert found.accepted.loc[found.accepted["outcome_code"].isna(), "selection"].isna().all()
    assert found.audit == ("driver_gender", "driver_age")


def test_columns_that_are_not_mapped_are_reported_and_not_used(tmp_path):
    """What a mapping neither reads nor lists is named, and reaches no record."""
    found = loaded(agency.table(50), tmp_path)
    assert found.unused_columns == ("Colour",)
    assert not any(b"vermilion" in record for record in found.accepted["record"])
    assert found.summary()["unused_columns"] == ["Colour"]


BREAKS: list[tuple[str, Any, str, str]] = [
    ("known_at", None, "known_at", "an outcome needs the time at which it became known"),
    ("known_at", "soon", "known_at", "a date or time in the declared format is expected"),
    ("known_at", "1999-01-01T00:00:00Z", "known_at", "an outcome that was known over a day before the crossing"),
    ("outcome_code", None, "known_at", "a time without an outcome"),
    ("outcome_code", "Forged!", "outcome_code", "an outcome code is small letters, digits and underscores"),
    ("selection", None, "selection", "an outcome needs the reason for which the case was checked"),
    ("selection", "habit", "selection", "a selection that is not known"),
    ("selection_probability", "1.5", "selection_probability", "a probability lies above 0 and not above 1"),
    ("selection_probability", "often", "selection_probability", "a number is expected"),
    ("decided_by_role", None, "decided_by_role", "an outcome needs the role of the person who decided on it"),
    ("decided_by_role", "robot", "decided_by_role", "a role that is not known"),
    ("decided_by_role", "system", "decided_by_role", "an outcome that a system decided is no independent outcome"),
    ("evidence_type", None, "evidence_type", "an outcome needs the evidence that it rests on"),
    ("evidence_type", "hearsay", "evidence_type", "a kind of evidence that is not known"),
    ("evidence_type", "model_score", "evidence_type", "a score, a rule or no evidence makes no label"),
    ("evidence_type", "rule_hit", "evidence_type", "a score, a rule or no evidence makes no label"),
    ("evidence_type", "none", "evidence_type", "a score, a rule or no evidence makes no label"),
    ("record", "{", "record", "Invalid JSON"),
    ("record", '{"record_id": "x"}', "record.crossing", "Field required"),
]


@pytest.mark.parametrize(("column", "value", "place", "rule"), BREAKS)
def test_r18_each_broken_row_is_rejected_with_place_rule_and_remedy(tmp_path, column, value, place, rule):
    """A label needs an independent outcome, a selection, a time; what lacks one is not learned from."""
    table = own_table(30)
    at = int(np.flatnonzero(table["outcome_code"].notna())[2])
    table.loc[at, column] = value
    table.to_csv(tmp_path / "cases.csv", index=False)
    found = load(tmp_path / "cases.csv")
    assert (len(found.accepted), found.rejected_rows) == (29, 1)
    told = found.rejected[found.rejected["place"] == place]
    assert told["rule"].str.startswith(rule).any()
    assert set(found.rejected["row"]) == {at + 1}
    assert set(found.rejected["file"]) == {"cases.csv"}
    assert found.rejected["remedy"].str.len().min() > 10


def test_every_problem_of_every_row_is_in_one_table(tmp_path):
    """A table is corrected in one go: a row with three problems has three lines."""
    table = own_table(30)
    first, second = (int(at) for at in np.flatnonzero(table["outcome_code"].notna())[:2])
    table.loc[first, ["selection", "evidence_type", "decided_by_role"]] = [None, "rule_hit", "system"]
    table.loc[second, "record"] = "{}"
    table.to_parquet(tmp_path / "cases.parquet")
    found = load(tmp_path / "cases.parquet")
    lines = found.rejected.groupby("row")["place"].apply(list).to_dict()
    assert lines[first + 1] == ["decided_by_role", "evidence_type", "selection"]
    assert {"record.record_id", "record.crossing"} <= set(lines[second + 1])
    assert len(found.accepted) + found.rejected_rows == found.read == 30


def test_nothing_is_dropped_silently_however_many_rows_are_broken(tmp_path):
    """Accepted and rejected rows are all rows, for damage at random."""
    rng = np.random.default_rng(8)
    table = own_table(300)
    for at in np.flatnonzero(table["outcome_code"].notna()):
        if rng.random() < 0.4:
            column, value, *_ = BREAKS[rng.integers(0, len(BREAKS))]
            table.loc[at, column] = value
    table.to_csv(tmp_path / "cases.csv", index=False)
    found = load(tmp_path / "cases.csv")
    assert found.rejected_rows > 30
    assert len(found.accepted) + found.rejected["row"].nunique() == found.read == 300


def test_r37_rejected_rows_hold_no_values(tmp_path):
    """The table of rejected rows can be mailed: it names columns and rules, never a cell."""
    table = agency.table(40).assign(Marker="")
    table.loc[3, "Weight"] = "SECRET-WEIGHT"
    table.loc[4, "Found"] = "SECRET-FOUND"
    table.loc[5, "Way"] = "SECRET-WAY"
    table.loc[6, "Closed"] = "SECRET-CLOSED"
    found = loaded(table, tmp_path)
    assert set(found.rejected["row"]) == {4, 5, 6, 7}
    assert "SECRET" not in found.rejected.to_csv()


def test_not_inspected_is_never_zero():
    """Nobody looked, nothing concluded, another thing found and the thing itself are four different answers."""
    codes = pd.Series(
        [None, "inconclusive", "overturned", "nothing_found", "smuggling", "forged_document"], dtype=object
    )
    labels = label_of(codes, ["forged_document"])
    assert labels.isna().tolist() == [True, True, True, False, False, False]
    assert labels.dropna().tolist() == [0.0, 0.0, 1.0]


def test_rows_without_ids_are_the_same_cases_in_any_order(tmp_path):
    """Ids then follow from what a row holds, so shuffled rows and columns give the same cases; copies are all kept."""
    described = agency.mapping()
    del described["record"]["record_id"]
    table = agency.table(300).drop(columns="Entry")
    table = pd.concat([table, table.iloc[:2]], ignore_index=True)
    shuffled = table.sample(frac=1, random_state=4)[list(reversed(table.columns))]
    found = [
        load([agency.write(rows, tmp_path / name)], TableMapping(described))
        for rows, name in ((table, "a.csv"), (shuffled, "b.csv"))
    ]
    assert len(found[0].accepted) == 302
    assert found[0].sha256 == found[1].sha256
    assert found[0].accepted["record"].tolist() == found[1].accepted["record"].tolist()


def test_the_same_cases_in_any_order_file_or_format_are_the_same(tmp_path):
    """Digest and canonical order follow from the content alone."""
    table = own_table(120)
    table.to_parquet(tmp_path / "a.parquet")
    shuffled = table.sample(frac=1, random_state=4)
    shuffled.iloc[:50].to_csv(tmp_path / "b1.csv", index=False)
    shuffled.iloc[50:].to_csv(tmp_path / "b2.csv.gz", index=False)
    lines = [{**row, "record": json.loads(row["record"])} for row in table.to_dict("records")]
    (tmp_path / "c.ndjson").write_bytes(b"\n".join(map(orjson.dumps, lines)))
    found = [
        load(tmp_path / "a.parquet"),
        load([tmp_path / "b1.csv", tmp_path / "b2.csv.gz"]),
        load(tmp_path / "c.ndjson"),
    ]
    for each in found[1:]:
        pd.testing.assert_frame_equal(each.accepted, found[0].accepted)
        assert each.sha256 == found[0].sha256


def test_any_change_of_content_changes_the_digest(tmp_path):
    """One outcome, one fact or one row less gives another digest."""
    table = own_table(60)
    at = int(np.flatnonzero(table["outcome_code"] == "nothing_found")[0])
    outcome = table.copy()
    outcome.loc[at, "outcome_code"] = "forged_document"
    fact = table.copy()
    fact.loc[at, "record"] = json.dumps(json.loads(table.loc[at, "record"]) | {"source_system": "another"})
    digests = set()
    for number, each in enumerate((table, outcome, fact, table.drop(index=at))):
        each.to_parquet(tmp_path / f"{number}.parquet")
        digests.add(load(tmp_path / f"{number}.parquet").sha256)
    assert len(digests) == 4


def test_copies_are_kept_once_and_rivals_not_at_all(tmp_path):
    """Of rows with one record id, exact copies count once; with other content nobody knows which is right."""
    table = own_table(20)
    rival = table.iloc[[3]].copy()
    rival["entity"] = "somebody-else"
    pd.concat([table, table.iloc[[7]], rival], ignore_index=True).to_parquet(tmp_path / "cases.parquet")
    found = load(tmp_path / "cases.parquet")
    assert (found.read, len(found.accepted)) == (22, 19)
    assert found.rejected.groupby("rule")["row"].apply(list).to_dict() == {
        "an exact copy of another row": [21],
        "a record id that rows with other content share": [4, 22],
    }


def test_facts_that_are_never_stored_do_not_reach_the_cases(tmp_path):
    """A case table that still holds them is read without them."""
    table = own_table(3)
    record = json.loads(table.loc[0, "record"]) | {"meals": "SECRET-MEAL"}
    table.loc[0, "record"] = json.dumps(record)
    table.to_parquet(tmp_path / "cases.parquet")
    assert not any(b"SECRET" in text for text in load(tmp_path / "cases.parquet").accepted["record"])


def test_audit_columns_of_the_own_table_are_kept_apart(tmp_path):
    """How deep an inspection went is for the audit; no record holds it."""
    own_table(20).to_parquet(tmp_path / "cases.parquet")
    found = load(tmp_path / "cases.parquet")
    assert found.audit == ("inspection_depth",)
    assert set(found.accepted["audit_inspection_depth"].dropna()) == {"full"}


def test_several_processes_read_what_one_reads(tmp_path, monkeypatch):
    """The number of processes changes nothing, and progress is told to the end."""
    monkeypatch.setattr(cases_module, "_CHUNK", 100)
    monkeypatch.setattr(cases_module, "_SERIAL_BELOW", 10)
    path = agency.write(agency.table(450), tmp_path / "cases.csv")
    steps: list[tuple[int, int]] = []
    mapping = TableMapping(agency.mapping())
    several = load(path, mapping, workers=2, progress=lambda done, total: steps.append((done, total)))
    one = load(path, mapping, workers=1)
    pd.testing.assert_frame_equal(several.accepted, one.accepted)
    assert several.sha256 == one.sha256
    assert steps == [(100, 450), (200, 450), (300, 450), (400, 450), (450, 450)]


def test_without_a_delay_column_the_stated_delay_counts(tmp_path):
    """An outcome becomes known the stated days after the crossing."""
    outcome = copy.deepcopy(agency.mapping()["outcome"])
    outcome["delay_days"] = outcome.pop("known_at") and 10
    found = loaded(agency.table(30), tmp_path, outcome=outcome).accepted
    looked = found["outcome_code"].notna()
    assert ((found["known_at"] - found["time"])[looked] == pd.Timedelta(days=10)).all()
    assert found.loc[~looked, "known_at"].isna().all()


def test_a_case_without_an_entity_is_one_of_its_own(tmp_path):
    """A blank entity joins no other."""
    table = agency.table(40)
    table["Plate"] = ""
    assert loaded(table, tmp_path).accepted["entity"].nunique() == 40


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda table: table.assign(truth_violation=1), "truth_violation.*no agency can know"),
        (lambda table: table.drop(columns="evidence_type"), "no column 'evidence_type'"),
        (lambda table: table.iloc[:0], "no rows"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused(tmp_path, change, words):
    """The simulator's truth, a missing column and an empty table are no case tables."""
    change(own_table(5)).to_csv(tmp_path / "cases.csv", index=False)
    with pytest.raises(CaseTableError, match=words):
        load(tmp_path / "cases.csv")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("absent.csv", None, "no such file"),
        ("cases.parquet", b"no parquet", "not readable"),
        ("cases.ndjson", b"{", "not readable"),
        ("cases.xlsx", b"x", "not a kind of file"),
        ("cases.csv", b"record,record\n1,2\n", "no column|occurs twice"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path, name, content, words):
    """The text says which file, and what to do."""
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(CaseTableError, match=words):
        load(tmp_path / name)


def test_no_file_and_no_outcome_are_refused():
    """Nothing to read, and nothing to learn from."""
    with pytest.raises(CaseTableError, match="No case table is named"):
        load()
    content = agency.mapping()
    del content["outcome"]
    with pytest.raises(CaseTableError, match=r"no \[outcome\]"):
        load(mapping=TableMapping(content))
