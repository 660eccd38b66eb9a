"""The same list goes to the country that is left and to the one that is reached: who receives it says which it is."""

import json

import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from riskapi.__main__ import command_line
from riskapi.messages.joining import join
from riskapi.messages.kinds import read_message
from riskapi.settings import Settings
from tests.riskapi.makers import SECRET, scoring_service, services_of
from tests.riskapi.messages.wire import Pushed, list_segments, person, push_segments, written

LIST = written(list_segments(persons=[person(0, surname="WARSAME", given="AMINA", document="A12345671")]))
"""Travellers from Mogadishu to Nairobi."""
PUSH = written(push_segments(Pushed()))


def crossings(text, country):
    """Read a message for a country."""
    return [record.crossing for record in read_message(text.encode(), country=country).records]


@pytest.mark.parametrize("text", [LIST, PUSH])
def test_who_leaves_the_country_departs_from_its_port_at_the_time_of_departure(text):
    """For Somalia it is a departure from Mogadishu, for Kenya an arrival in Nairobi."""
    arrivals, departures = crossings(text, "KEN"), crossings(text, "SOM")
    assert arrivals == crossings(text, None)
    assert {(one.direction, one.point) for one in arrivals} == {("in", "NBO")}
    assert {(one.direction, one.point) for one in departures} == {("out", "MGQ")}
    assert all(left.expected_at < reached.expected_at for left, reached in zip(departures, arrivals, strict=True))


@pytest.mark.parametrize("country", ["ETH", "DJI"])
def test_a_country_that_is_not_on_the_way_changes_nothing(country):
    """Neither end is there: the message says what it said."""
    assert crossings(LIST, country) == crossings(LIST, None)


def test_list_and_booking_are_joined_on_either_side():
    """Both are about the same port, whichever side sees them; the rest of the records is the same."""
    for country, point in (("KEN", "NBO"), ("SOM", "MGQ")):
        records = [record for text in (LIST, PUSH) for record in read_message(text.encode(), country=country).records]
        first, *_ = join(records)
        assert first.record.message_types_present == ("API", "PNR")
        assert first.record.crossing.point == point


def test_who_changes_planes_abroad_is_no_transit_here():
    """In transit at Nairobi on the way to Johannesburg: for Somalia somebody who leaves."""
    onward = [segment.replace("LOC+179+NBO", "LOC+179+JNB") for segment in person(0)]
    going_on = written(list_segments(persons=[onward]))
    [here], [left] = (read_message(going_on.encode(), country=country).records for country in ("KEN", "SOM"))
    assert (here.crossing.direction, here.traveller.passenger_type) == ("transit", "I")
    assert (left.crossing.direction, left.traveller.passenger_type) == ("out", "P")


def test_the_service_stores_departures_of_its_country(tmp_path):
    """The setting reaches the route."""
    with scoring_service(tmp_path, country="SOM") as client:
        answer = client.post("/v1/messages", content=LIST.encode(), headers={"content-type": "application/edifact"})
        [row] = answer.json()["rows"]
        kept = json.loads(services_of(client).decisions.decision(row["answer"]["decision_id"]).input)
    assert (kept["crossing"]["direction"], kept["crossing"]["point"]) == ("out", "MGQ")


def test_convert_reads_for_a_country_and_refuses_what_is_none(tmp_path):
    """By its option or by the setting; three letters that are no country are refused with the rule."""
    (tmp_path / "list.edi").write_text(LIST)
    words = ["convert", str(tmp_path / "list.edi"), "--out", str(tmp_path / "out.ndjson")]
    done = CliRunner().invoke(command_line(words), words, env={"RISKAPI_COUNTRY": "SOM"})
    assert done.exit_code == 0, done.output
    assert json.loads((tmp_path / "out.ndjson").read_text())["crossing"]["direction"] == "out"
    words += ["--country", "XQX"]
    refused = CliRunner().invoke(command_line(words), words)
    assert refused.exit_code != 0
    assert "XQX" not in refused.output
    with pytest.raises(ValidationError, match="ISO 3166-1 in three letters"):
        Settings(secret_key=SECRET, country="XQX")
