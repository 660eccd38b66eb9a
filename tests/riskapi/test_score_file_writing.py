"""Files of answers: whole as lines, flat as tables, safe to open, and never half there."""

import csv
import json

import pyarrow.parquet as pq
import pytest

from riskapi.errors import ServiceError
from riskapi.files.write import COLUMNS, open_writer


def answer(sentence="Booked late", **changes):
    """Make an answer as the service gives it, with one risk."""
    reason = {"code": "BKG1", "sentence": sentence, "contribution": 0.5}
    check = {"code": "CK03", "version": 1, "sentence": "The document expires before the crossing"}
    risk = {
        "risk": "document_fraud",
        "probability": 0.25,
        "interval": {"low": 0.125, "high": 0.5, "level": 0.9},
        "percentile": 97.5,
        "band": "elevated",
        "reasons_for": [reason, reason],
        "reasons_against": [],
        "advice": None,
        "model": {"name": "document_fraud", "version": "1", "digest": "sha256:ab"},
    }
    return {
        "decision_id": "d1",
        "record_id": "r1",
        "not_scored": None,
        "checks": [check],
        "risks": [risk, risk],
    } | changes


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_table_has_a_row_per_traveller_and_risk(tmp_path, suffix):
    """Both tables hold the same columns and rows."""
    path = tmp_path / f"out{suffix}"
    with open_writer(path) as file:
        file.write([("a line 1", answer())])
        file.write([("a line 2", answer(record_id="r2", not_scored="crew", risks=[]))])
    if suffix == ".csv":
        with path.open(newline="") as written:
            rows = list(csv.DictReader(written))
    else:
        rows = pq.read_table(path).to_pylist()
    assert list(rows[0]) == COLUMNS.names
    assert [row["record_id"] for row in rows] == ["r1", "r1", "r2"]
    assert rows[0]["reasons_for"] == "Booked late [BKG1]; Booked late [BKG1]"
    assert float(rows[0]["probability_high"]) == 0.5
    assert rows[0]["checks"] == rows[2]["checks"] == "The document expires before the crossing [CK03]"
    assert (rows[2]["not_scored"], rows[2]["risk"] or None) == ("crew", None)


def test_lines_hold_answers_whole(tmp_path):
    """NDJSON loses nothing, and each line says where its record came from."""
    path = tmp_path / "out.ndjson"
    with open_writer(path) as file:
        file.write([("a line 1", answer()), ("a line 2", answer())])
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert lines == [{"source": f"a line {number}", **answer()} for number in (1, 2)]


@pytest.mark.parametrize(
    "start", ["=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "\uff1d", "\uff0b", "\uff0d", "\uff20", " ="]
)
def test_a_text_is_never_a_formula(tmp_path, start):
    """What a spreadsheet would run is written as text."""
    path = tmp_path / "out.csv"
    with open_writer(path) as file:
        file.write([(f"{start}cmd", answer(record_id=f"{start}1+1"))])
    with path.open(newline="") as written:
        row = next(csv.DictReader(written))
    assert row["record_id"] == f"'{start}1+1"
    assert row["source"].startswith("'")


@pytest.mark.parametrize("suffix", [".ndjson", ".csv", ".parquet"])
def test_a_file_is_there_only_when_it_is_complete(tmp_path, suffix):
    """A run that stops half-way leaves the file of the last complete run alone."""
    path = tmp_path / f"out{suffix}"
    path.write_text("the last run's")

    def stop_half_way():
        with open_writer(path) as file:
            file.write([("a", answer())])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop_half_way()
    assert path.read_text() == "the last run's"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["out.xlsx", "absent/out.csv"])
def test_a_file_that_cannot_be_written_says_so_at_once(tmp_path, name):
    """Nothing is scored for a file that nobody will find."""
    with pytest.raises(ServiceError, match="--out"):
        open_writer(tmp_path / name)
