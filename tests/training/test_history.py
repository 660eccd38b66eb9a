"""A history grows by what is new, never by what was there, and not at all by what contradicts it."""

import csv
import stat
from datetime import UTC, datetime, timedelta

import orjson
import pandas as pd
import pytest
from typer.testing import CliRunner

from tests.training import small_world
from training.__main__ import app
from training.cases import load
from training.errors import CaseTableError
from training.history import SCHEMA, import_file

NOW = datetime(2027, 1, 1, tzinfo=UTC)
BLANK = ("outcome_code", "known_at", "selection", "decided_by_role", "evidence_type")


def exported(rows=120):
    """Cases as the service exports them: all scored under a policy, some drawn, some referred, some never looked at."""
    table = small_world.table().head(rows).astype(object).where(lambda frame: frame.notna(), None)
    place = pd.Series(range(rows))
    table["arm"] = place.map(lambda at: (None, "random", "score")[at % 3])
    table["draw"] = table["arm"] == "random"
    table["policy_version"] = "0123456789abcdef/2026-11"
    looked = table["outcome_code"].notna()
    table["inspection_depth"], table["officer_id"], table["score_shown"] = "full", "KE-1", place % 2 == 0
    table["compliance"] = None
    table["selection"] = table["arm"].where(table["arm"].notna(), "officer").where(looked, None)
    chance = place.map(lambda at: (0.05, 0.05, 1.0)[at % 3])
    table["selection_probability"] = chance.where(~looked | table["arm"].notna(), None).astype(float)
    return table


def blanked(table, which):
    """The same cases before anything was known of some of them."""
    table = table.copy()
    for name in BLANK:
        table.loc[which, name] = None
    table.loc[which, "selection_probability"] = table.loc[which, "arm"].map({"random": 0.05, "score": 1.0}).fillna(0.05)
    return table


def write(path, table):
    """Write an export."""
    table.to_parquet(path, index=False)
    return path


def content(path):
    """What a history says, without where it came from."""
    return load([path], workers=1).sha256


@pytest.fixture
def history(tmp_path):
    """A history that is not there yet."""
    return tmp_path / "kept" / "history.parquet"


def bring(path, history, **options):
    """Import a file."""
    return import_file(path, history, now=NOW, **options)


def test_a_training_reads_the_history_as_it_reads_the_exports(tmp_path, history):
    """The content is the same, the file is its owner's, and who was not inspected has no outcome."""
    table = exported()
    path = write(tmp_path / "cases.parquet", table)
    done = bring(path, history)
    inspected = int(table["outcome_code"].notna().sum())
    assert (done.added, done.labelled, done.cases, done.outcomes) == (120, inspected, 120, inspected)
    assert 0 < inspected < 120
    assert content(history) == content(path)
    assert stat.S_IMODE(history.stat().st_mode) == 0o600
    kept = pd.read_parquet(history)
    assert list(kept.columns) == SCHEMA.names
    assert set(kept["source"]) == {"cases.parquet"}
    assert set(kept["source_sha256"]) == {done.sha256}
    assert done.logged == int((kept["outcome_code"].notna() & kept["arm"].notna()).sum())
    assert done.chances == (0.05, 1.0)
    assert sum(done.evidence.values()) == sum(done.selections.values()) == inspected


def test_the_same_file_again_changes_nothing(tmp_path, history):
    """Not a byte, whatever the order of its rows."""
    table = exported()
    bring(write(tmp_path / "cases.parquet", table), history)
    before = history.read_bytes()
    again = bring(write(tmp_path / "again.parquet", table.sample(frac=1, random_state=1)), history)
    assert (again.added, again.labelled, again.repeated) == (0, 0, 120)
    assert history.read_bytes() == before


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_order_does_not_matter(tmp_path, history, order):
    """Older exports say less of the same cases, and take nothing away."""
    table = exported()
    parts = [blanked(table, table.index >= 40), blanked(table.iloc[20:], table.index[20:] >= 80), table.iloc[70:]]
    whole = blanked(table, (table.index >= 40) & (table.index < 70))
    whole.loc[40:69] = table.loc[40:69]
    for number in order:
        bring(write(tmp_path / f"{number}.parquet", parts[number]), history)
    assert content(history) == content(write(tmp_path / "whole.parquet", whole))


def test_an_outcome_that_comes_later_fills_its_case_and_says_where_it_came_from(tmp_path, history):
    """Only its row changes; the source is that of the outcome."""
    table = exported()
    bring(write(tmp_path / "first.parquet", blanked(table, table.index < 60)), history)
    done = bring(write(tmp_path / "second.parquet", table), history)
    later = int(table["outcome_code"].head(60).notna().sum())
    assert (done.added, done.labelled) == (0, later)
    kept = pd.read_parquet(history)
    assert int((kept["source"] == "second.parquet").sum()) == later
    assert kept.loc[kept["source"] == "second.parquet", "outcome_code"].notna().all()


def test_what_is_not_known_yet_is_left_for_later(tmp_path, history):
    """An outcome known after the import is no label then, and one as soon as it is."""
    table = exported()
    at = table.index[table["outcome_code"].notna()][0]
    table.loc[at, "known_at"] = NOW + timedelta(days=1)
    table["compliance"] = "done"
    path = write(tmp_path / "cases.parquet", table)
    done = bring(path, history)
    assert done.pending == 1
    kept = pd.read_parquet(history)
    case = orjson.loads(table["record"][at])["record_id"]
    assert kept.loc[kept["record_id"] == case, "outcome_code"].isna().all()
    later = import_file(path, history, now=NOW + timedelta(days=2))
    assert (later.pending, later.labelled, later.added) == (0, 1, 0)


@pytest.mark.parametrize(
    ("column", "value", "place"),
    [("outcome_code", "inconclusive", "outcome_code"), ("policy_version", "another/2026-12", "policy_version")],
)
def test_a_file_that_contradicts_the_history_changes_nothing(tmp_path, history, column, value, place):
    """Not even by its other rows; the finding tells file, row, place, rule and remedy, and no value."""
    table = exported()
    bring(write(tmp_path / "first.parquet", table.head(100)), history)
    before = history.read_bytes()
    at = table.index[table["outcome_code"].notna()][3]
    table.loc[at, column] = value
    done = bring(write(tmp_path / "second.parquet", table), history)
    assert history.read_bytes() == before
    [(file, row, where, rule, remedy)] = done.findings
    assert (file, row, where) == ("second.parquet", at + 1, place)
    assert "history" in rule
    assert remedy
    assert value not in rule + remedy
    assert done.refused


def test_a_correction_is_taken_where_it_is_asked_for(tmp_path, history):
    """An outcome may be corrected, what was scored never."""
    table = exported()
    bring(write(tmp_path / "first.parquet", table), history)
    at = table.index[table["outcome_code"].notna()][3]
    table.loc[at, "outcome_code"] = "overturned"
    path = write(tmp_path / "second.parquet", table)
    done = bring(path, history, corrections=True)
    assert (done.corrected, done.labelled, done.repeated) == (1, 0, 119)
    assert content(history) == content(path)
    table.loc[at, "entity"] = "somebody else"
    assert bring(write(tmp_path / "third.parquet", table), history, corrections=True).contradictions == 1


def test_outcomes_come_by_the_id_of_their_case(tmp_path, history):
    """How the system selected the case is known; an officer's choice is asked for; nothing is made of silence."""
    table = exported()
    bring(write(tmp_path / "cases.parquet", blanked(table, table.index >= 0)), history)
    ids = [orjson.loads(text)["record_id"] for text in table["record"]]
    path = tmp_path / "found.csv"
    with path.open("w", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(["decision_id", *("outcome_code", "known_at", "evidence_type", "decided_by_role", "selection")])
        known = "2026-12-01T00:00:00Z"
        lines.writerow([ids[0], "nothing_found", known, "interview", "officer", "officer"])
        lines.writerow([ids[1], "forged_document", known, "document_examination", "officer", ""])
        lines.writerow([ids[2], "nothing_found", known, "interview", "officer", ""])
        lines.writerow([ids[3], "nothing_found", known, "interview", "officer", ""])  # no reason for the officer's look
        lines.writerow([ids[4], "nothing_found", known, "model_score", "officer", ""])
        lines.writerow(["no such case", "nothing_found", known, "interview", "officer", "tip"])
        lines.writerow([ids[5], "", "", "", "", ""])
        for code in ("nothing_found", "forged_document"):
            lines.writerow([ids[7], code, known, "interview", "officer", ""])
        for _ in range(2):
            lines.writerow([ids[8], "nothing_found", known, "interview", "officer", ""])
    done = bring(path, history)
    assert (done.labelled, done.added, done.outcomes) == (4, 0, 4)
    assert {(row, place) for _, row, place, *_ in done.findings} == {
        (4, "selection"),
        (5, "evidence_type"),
        (6, "decision_id"),
        (7, "outcome_code"),
        (8, "record_id"),  # rivals: none is taken
        (9, "record_id"),
        (11, "record_id"),  # a copy: the other is taken
    }
    kept = pd.read_parquet(history).set_index("record_id")
    assert kept.loc[ids[:3], "selection"].tolist() == ["officer", "random", "score"]
    assert kept.loc[ids[1:3], "selection_probability"].tolist() == [0.05, 1.0]
    assert kept.loc[ids[0], "selection_probability"] != kept.loc[ids[0], "selection_probability"]
    assert bring(path, history).repeated == 4


def test_rows_that_are_no_cases_are_left_out_and_told(tmp_path, history):
    """A label from a score is none; the others are taken."""
    table = exported()
    at = table.index[table["outcome_code"].notna()][0]
    table.loc[at, "evidence_type"] = "model_score"
    done = bring(write(tmp_path / "cases.parquet", table), history)
    assert done.added == 119
    [(_, row, place, rule, _)] = done.findings
    assert (row, place) == (at + 1, "evidence_type")
    assert "makes no label" in rule


def test_tables_that_cannot_be_used_are_refused_with_a_remedy(tmp_path, history):
    """Neither record nor id; a history that is none; another import at work. Nothing is left behind."""
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n")
    with pytest.raises(CaseTableError, match="riskapi export-cases"):
        bring(other, history)
    assert list(history.parent.iterdir()) == []
    path = write(tmp_path / "cases.parquet", exported())
    with pytest.raises(CaseTableError, match="no column"):
        bring(path, write(tmp_path / "other.parquet", pd.DataFrame({"a": [1]})))
    (history.parent / ".history.parquet.part").touch()
    with pytest.raises(CaseTableError, match="another import is at work"):
        bring(path, history)


def test_the_command_says_what_came_of_each_file(tmp_path, history):
    """Counts, provenance and the report; a contradiction ends it with 1."""
    table = exported()
    first = write(tmp_path / "first.parquet", table)
    env = {"COLUMNS": "200", "TERM": "dumb", "NO_COLOR": "1"}
    done = CliRunner().invoke(app, ["import-outcomes", str(first), "--into", str(history)], env=env)
    assert done.exit_code == 0, done.output
    for said in ("120 cases", "with a logged chance (0.05 to 1)", "Evidence:", "they are no zeros"):
        assert said in done.output
    table.loc[table.index[table["outcome_code"].notna()][0], "outcome_code"] = "inconclusive"
    second = write(tmp_path / "second.parquet", table)
    done = CliRunner().invoke(app, ["import-outcomes", str(second), "--into", str(history)], env=env)
    assert done.exit_code == 1
    assert "rows that contradict the history: 1" in done.output
    [told] = [orjson.loads(line) for line in (tmp_path / "second.parquet.findings.ndjson").read_bytes().splitlines()]
    assert told["place"] == "outcome_code"


def read_by(*verdicts):
    """Readings of a case as an export has them."""
    told = {"own_view": None, "view": "look_closer", "turn": 1, "resolves": False, "at": "2026-03-14T09:00:00.000Z"}
    return orjson.dumps(
        [told | {"by": "a" * 32, "verdicts": [{"risk": "x", "code": "PY04", "verdict": one}]} for one in verdicts]
    ).decode()


def test_readings_are_added_to_and_never_lost(tmp_path, history):
    """More readings are taken, fewer say nothing new, and outcomes from elsewhere leave them where they are."""
    table = exported()
    case = json_id(table, 0)
    bring(write(tmp_path / "none.parquet", blanked(table, [0])), history)
    table["readings"] = None
    more = []
    for number, verdicts in enumerate((["agrees"], ["agrees", "disagrees"])):
        table.loc[0, "readings"] = read_by(*verdicts)
        more.append(write(tmp_path / f"{number}.parquet", blanked(table, [0])))
    for path, evidenced in ((more[0], 1), (more[1], 1), (more[0], 0), (more[1], 0)):
        done = bring(path, history)
        assert (done.evidenced, done.added, done.labelled, done.corrected) == (evidenced, 0, 0, 0)
    found = {"record_id": case, "outcome_code": "nothing_found", "known_at": "2026-06-01T00:00:00Z"}
    found |= {"decided_by_role": "officer", "evidence_type": "interview", "selection": "officer"}
    bring(write(tmp_path / "found.parquet", pd.DataFrame([found])), history)
    kept = pd.read_parquet(history).set_index("record_id").loc[case]
    assert (kept["outcome_code"], kept["readings"]) == ("nothing_found", read_by("agrees", "disagrees"))


def test_who_recorded_an_outcome_is_no_contradiction(tmp_path, history):
    """An export of before ways were told and one of after hold the same outcomes: the later one tells more."""
    table = exported()
    first = write(tmp_path / "first.parquet", table)
    looked = table["outcome_code"].notna()
    table["recorded_at"] = pd.Series(pd.Timestamp("2026-10-01T09:00:00Z"), index=table.index).where(looked)
    table["recorded_by"], table["recorded_way"] = (pd.Series(one, index=table.index).where(looked) for one in "ab")
    second = write(tmp_path / "second.parquet", table)
    counts = [bring(path, history) for path in (first, second, first, second)]
    assert [(one.contradictions, one.labelled, one.evidenced) for one in counts] == [
        (0, int(looked.sum()), 0),
        (0, 0, int(looked.sum())),
        (0, 0, 0),
        (0, 0, 0),
    ]
    assert content(history) == content(second)


def test_a_history_of_before_readings_is_read(tmp_path, history):
    """Columns that it does not have are blank."""
    path = write(tmp_path / "cases.parquet", exported())
    bring(path, history)
    older = pd.read_parquet(history).drop(columns=["recorded_at", "recorded_by", "recorded_way", "readings"])
    older.to_parquet(history, index=False)
    assert bring(path, history).repeated == 120


@pytest.mark.parametrize("text", ["x", "[1]", '[{"by": "a"}]', '[{"by": "a", "own_view": null, "verdicts": [{}]}]'])
def test_what_are_no_readings_is_a_finding(tmp_path, history, text):
    """The row is left out, with place and remedy."""
    table = exported()
    table["readings"] = None
    table.loc[3, "readings"] = text
    done = bring(write(tmp_path / "cases.parquet", table), history)
    [(_, _, place, rule, _)] = done.findings
    assert (done.added, place, "no readings" in rule) == (119, "readings", True)


def json_id(table, place):
    """The id of a case."""
    return orjson.loads(table.loc[place, "record"])["record_id"]
