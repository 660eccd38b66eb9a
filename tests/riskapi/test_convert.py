"""``riskapi convert``: files of any kind become one file of records."""

import json

import pytest
from typer.testing import CliRunner

from features.record import TravellerRecord
from riskapi.__main__ import command_line
from riskapi.files.read import rows_of
from tests.makers import random_data
from tests.riskapi.messages.wire import MARKED, SPECIMEN, Pushed, list_segments, person, push_segments, replace, written

RUNNER = CliRunner()


def converted(folder, *arguments):
    """Run the command, and read what it wrote."""
    out = folder / "out.ndjson"
    done = RUNNER.invoke(command_line(["convert"]), ["convert", *map(str, arguments), "--out", str(out)])
    lines = out.read_text().splitlines() if out.exists() else []
    report = folder / "out.ndjson.report.ndjson"
    told = [json.loads(line) for line in report.read_text().splitlines()] if report.exists() else []
    return done, [TravellerRecord.model_validate_json(line) for line in lines], told


def file(folder, name, content):
    """Write a file."""
    path = folder / name
    path.write_text(content)
    return path


def test_pushes_and_a_list_become_one_record_for_each_traveller(tmp_path):
    """Five pushes in the order in which they came, and the list of the flight."""
    booking = Pushed()
    listed = person(0, surname="WARSAME", given="AMINA", document="A12345671", locator="K7X2QP")
    files = [
        file(tmp_path, f"push-{place}.edi", written(push_segments(one)))
        for place, one in enumerate([booking, booking, replace(booking, payment="CC")])
    ]
    files.append(file(tmp_path, "list.txt", written(list_segments(persons=[listed, person(7)]))))
    done, records, told = converted(tmp_path, *files)
    assert done.exit_code == 0, done.output
    assert [record.message_types_present for record in records] == [("API", "PNR"), ("PNR",), ("API",)]
    assert records[0].booking.payment_method == "CC"
    assert "3 records, 0 travellers not read, 1 of list and booking, 4 earlier pushes left out" in done.output
    versions = [one for one in told if "version" in one]
    assert [(one["version"], one["pushes"]) for one in versions] == [(2, 3), (2, 3)]
    (sources,) = [one["sources"] for one in told if "sources" in one]
    assert sources["booking.payment_method"] == "PNR"
    assert MARKED not in (tmp_path / "out.ndjson").read_text()


def test_zones_take_their_crossing_from_the_command_line(tmp_path):
    """And without it the error says which options."""
    zones = file(tmp_path, "zones.txt", "\n".join(SPECIMEN.values()))
    done, records, _ = converted(
        tmp_path, zones, "--mode", "land", "--point", "LIBOI", "--at", "2012-03-14T09:40:00+03:00"
    )
    assert done.exit_code == 0
    assert {record.crossing.point for record in records} == {"LIBOI"}
    assert len(records) == 5
    done, records, told = converted(tmp_path, zones)
    assert (done.exit_code, records) == (1, [])
    assert "on the command line by its options" in told[0]["remedy"]


def test_records_and_tables_go_through(tmp_path):
    """What is a record already is written as it is."""
    data = random_data(5, seed=1)
    lines = file(tmp_path, "records.ndjson", "\n".join(map(json.dumps, data)))
    done, records, _ = converted(tmp_path, lines)
    assert done.exit_code == 0
    assert [record.record_id for record in records] == [one["record_id"] for one in data]


def test_what_was_converted_is_read_again_the_same(tmp_path):
    """The output is a file that ``score-file`` takes."""
    _, records, _ = converted(tmp_path, file(tmp_path, "list.edi", written(list_segments())))
    again = [row.record for row in rows_of(tmp_path / "out.ndjson")]
    assert again == records


@pytest.mark.parametrize("content", ["", "hello SECRET4711", "UNA:+.?'UNB+UNOA:4'"])
def test_a_file_of_no_known_kind_is_told(tmp_path, content):
    """The report says what could be read; the value is nowhere."""
    done, records, told = converted(tmp_path, file(tmp_path, "x.edi", content))
    assert (done.exit_code, records, len(told)) == (1, [], 1)
    assert "4711" not in json.dumps(told) + done.output


def test_a_time_that_is_none_is_refused(tmp_path):
    """Before anything is written."""
    zones = file(tmp_path, "zones.txt", SPECIMEN["TD3"])
    done, _, _ = converted(tmp_path, zones, "--mode", "land", "--point", "LIBOI", "--at", "yesterday")
    assert done.exit_code != 0
