"""Files to score: each kind gives records with their places, and problems where a record cannot be made."""

import csv
import gzip
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.mapping import TableMapping
from riskapi.errors import ServiceError
from riskapi.files import read
from riskapi.files.read import rows_of
from tests.makers import random_data

MAPPING = """
[record]
"crossing.mode" = { constant = "land" }
"crossing.point" = { column = "post" }
"crossing.direction" = { column = "way", values = { entry = "in", exit = "out" } }
"crossing.expected_at" = { column = "seen" }
"baggage.count" = { column = "bags" }
"""
ROWS = [
    {"post": "LIBOI", "way": "entry", "seen": "2026-03-14T09:40:00", "bags": "1", "note": "x"},
    {"post": "LIBOI", "way": "sideways", "seen": "yesterday", "bags": "many", "note": "x"},
    {"post": "LIBOI", "way": "exit", "seen": "2026-03-14T10:10:00", "bags": "", "note": "x"},
]


@pytest.fixture
def mapping(tmp_path):
    """A mapping of a small table of crossings by land."""
    path = tmp_path / "mapping.toml"
    path.write_text(MAPPING)
    return TableMapping.from_toml(path)


def write_csv(path, rows):
    """Write a table, compressed where its name says so."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "wt", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    return path


def assert_is_the_mapped_table(rows):
    """Check what :data:`ROWS` becomes."""
    good, bad, other = rows
    assert good.record.crossing.point == "LIBOI"
    assert good.record.baggage.count == 1
    assert good.problems == ()
    assert bad.record is None
    assert {problem.place for problem in bad.problems} == {
        "crossing.direction",
        "crossing.expected_at",
        "baggage.count",
    }
    assert other.record.baggage is None
    assert len({row.record.record_id for row in (good, other)}) == 2


@pytest.mark.parametrize("name", ["table.csv", "table.csv.gz"])
def test_a_csv_table_is_read_through_its_mapping(tmp_path, mapping, name):
    """Each row is a record, or all that is wrong with it."""
    rows = list(rows_of(write_csv(tmp_path / name, ROWS), mapping))
    assert_is_the_mapped_table(rows)
    assert rows[0].source == f"{name} line 2"


def test_a_parquet_table_is_read_through_the_same_mapping(tmp_path, mapping):
    """The mapping does not care how the table is stored."""
    path = tmp_path / "table.parquet"
    pq.write_table(pa.Table.from_pylist(ROWS), path)
    rows = list(rows_of(path, mapping))
    assert_is_the_mapped_table(rows)
    assert rows[0].source == "table.parquet row 0"


def test_parquet_is_streamed_in_parts(tmp_path, monkeypatch):
    """Rows keep their number across the parts in which a table is read."""
    monkeypatch.setattr(read, "ROWS_AT_A_TIME", 2)
    path = tmp_path / "cases.parquet"
    records = [json.dumps(one) for one in random_data(5, seed=1)]
    pq.write_table(pa.table({"record": records, "outcome_code": [None] * 5}), path)
    assert [row.source for row in rows_of(path)] == [f"cases.parquet row {number}" for number in range(5)]


@pytest.mark.parametrize("suffix", [".ndjson", ".jsonl", ".csv", ".parquet"])
def test_records_as_json_need_no_mapping(tmp_path, suffix):
    """A line, or a column ``record``, holds a record as the service takes it."""
    records = random_data(20, seed=2)
    path = tmp_path / f"records{suffix}"
    if suffix == ".csv":
        write_csv(path, [{"record": json.dumps(record)} for record in records])
    elif suffix == ".parquet":
        pq.write_table(pa.table({"record": [json.dumps(record) for record in records]}), path)
    else:
        path.write_text("\ufeff" + "\n".join(json.dumps(record) for record in records) + "\n\n", encoding="utf-8")
    rows = list(rows_of(path))
    assert [row.record.record_id for row in rows] == [record["record_id"] for record in records]


@pytest.mark.parametrize(
    "line", ['{"record_id": "4711"', '{"record_id": "4711", "x": 4711}', "[4711]", '{"a":1,"a":2}']
)
def test_r37_a_broken_line_is_told_without_what_it_says(tmp_path, line):
    """The line before and the line after are read all the same."""
    whole = json.dumps(random_data(1, seed=3)[0])
    path = tmp_path / "records.ndjson"
    path.write_text(f"{whole}\n{line}\n{whole}\n")
    first, broken, last = rows_of(path)
    assert first.record == last.record
    assert broken.source == "records.ndjson line 2"
    assert broken.problems
    assert "4711" not in repr(broken.problems)


def test_a_manifest_gives_a_row_per_entry_and_its_findings_first(tmp_path):
    """The places are those of the passenger list."""
    manifest = {
        "CarrierType": "SEA",
        "ArrivalPortCode": "MBA",
        "ScheduledDateOfArrival": "2026-03-14",
        "ScheduledTimeOfArrival": "09:40",
        "PassengerList": [{"PoavKey": "a"}, 1, {"PoavKey": "b"}],
    }
    path = tmp_path / "list.json"
    path.write_text(json.dumps(manifest))
    findings, *rows = rows_of(path)
    assert [problem.place for problem in findings.problems] == ["PassengerList[1]"]
    assert [row.source for row in rows] == ["list.json PassengerList[0]", "list.json PassengerList[2]"]


@pytest.mark.parametrize("name", ["list.json", "table.xlsx"])
def test_a_file_of_no_known_kind_is_one_problem(tmp_path, name):
    """The other files of the same run are scored all the same."""
    path = tmp_path / name
    path.write_text("{}")
    (row,) = rows_of(path)
    assert row.record is None
    assert row.problems[0].rule.startswith("one of these: voyage manifest in JSON")


def test_tables_that_cannot_be_read_say_what_to_do(tmp_path, mapping):
    """One clear sentence each: no mapping, columns that are missing, no Parquet, no such file."""
    table = write_csv(tmp_path / "table.csv", [{"post": "LIBOI"}])
    damaged = tmp_path / "damaged.parquet"
    damaged.write_bytes(b"PAR1")
    for path, given, text in (
        (table, None, "Say by --mapping"),
        (table, mapping, "lacks the mapped columns bags, seen, way"),
        (damaged, None, "no Parquet file"),
        (tmp_path / "absent.ndjson", None, "cannot be read"),
    ):
        with pytest.raises(ServiceError, match=text):
            list(rows_of(path, given))


def test_a_line_without_end_is_not_read_into_memory(tmp_path, monkeypatch):
    """A line has a bound."""
    monkeypatch.setattr(read, "LINE_BYTES_MAX", 100)
    path = tmp_path / "records.ndjson"
    path.write_bytes(b"x" * 200)
    with pytest.raises(ServiceError, match="line 1: a line may have 100 bytes"):
        list(rows_of(path))
