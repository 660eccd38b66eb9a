"""R36: where a list and a booking were joined, each reason names the message that said the facts behind it."""

import json

import pytest
from typer.testing import CliRunner

from models.bundle import write_directory
from riskapi.__main__ import command_line
from riskapi.messages.sources import sources_of_reasons
from tests.bundles import TRUSTED, make_bundle
from tests.riskapi.makers import scoring_service
from tests.riskapi.messages.wire import Pushed, list_segments, person, push_segments, written

EDIFACT = {"content-type": "application/edifact"}
LIST = written(
    list_segments(persons=[person(0, surname="WARSAME", given="AMINA", document="A12345671", born="910502")])
)
PUSH = written(push_segments(Pushed()))
BOTH = f"{LIST}\r\n{PUSH}"


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """A service that tells many reasons."""
    with scoring_service(tmp_path_factory.mktemp("service"), reasons_for=50, reasons_against=50) as started:
        yield started


def rows_of(client, text):
    """Send a message; gives the rows of the answer."""
    answered = client.post("/v1/messages", content=text.encode(), headers=EDIFACT)
    assert answered.status_code == 200, answered.text
    return answered.json()["rows"]


def reasons_of(answer):
    """Every reason of an answer."""
    return [one for risk in answer["risks"] for one in (*risk["reasons_for"], *risk["reasons_against"])]


def check(answer, sources):
    """Reasons about payment rest on the booking, those about the date of issue on the list, which alone gives it."""
    codes = {one["feature"]: one["code"] for one in reasons_of(answer)}
    assert set(sources) <= set(codes.values())
    assert sources[codes["paid_in_cash"]] == {"booking.payment_method": "PNR"}
    assert sources[codes["document_age_days"]]["documents[0].issue_date"] == "API"
    assert {message for facts in sources.values() for message in facts.values()} == {"API", "PNR", "API+PNR"}


def test_r36_reasons_about_a_joined_traveller_name_their_messages(client):
    """The traveller who is on the list alone or on the booking alone has one message, and nothing to tell apart."""
    joined, other = rows_of(client, BOTH)
    check(joined["answer"], joined["sources"])
    assert other["sources"] == {}
    assert [row["sources"] for text in (LIST, PUSH) for row in rows_of(client, text)] == [{}, {}, {}]


def test_r36_the_same_body_again_names_the_same_messages(client):
    """The answer of the first time, and the sources of what was sent."""
    (first, *_), (again, *_) = rows_of(client, BOTH), rows_of(client, BOTH)
    assert again["replayed"]
    assert again["sources"] == first["sources"] != {}


def test_r36_reasons_of_a_file_name_their_messages(tmp_path, monkeypatch):
    """NDJSON holds the same as an answer over HTTP."""
    monkeypatch.chdir(tmp_path)
    write_directory(make_bundle("document_fraud")[0], tmp_path / "bundle")
    (tmp_path / "both.edi").write_text(BOTH)
    words = ["score-file", "both.edi", "--out", "out.ndjson", "--bundle", "bundle", "--signer", TRUSTED[0]]
    done = CliRunner().invoke(command_line(words), words)
    assert done.exit_code == 0, done.output
    joined, other = (json.loads(line) for line in (tmp_path / "out.ndjson").read_text().splitlines())
    assert joined["sources"]
    assert {message for facts in joined["sources"].values() for message in facts.values()} <= {"API", "PNR", "API+PNR"}
    assert "sources" not in other


def test_a_reason_that_no_message_says_has_no_source():
    """An agency's own column, and what a memory knows."""
    reasons = [
        {"code": "XX01", "feature": "plate_bookings_60"},
        {"code": "LI02", "feature": "phone_unrelated_bookings"},
    ]
    answer = {"risks": [{"reasons_for": reasons, "reasons_against": []}]}
    assert sources_of_reasons(answer, {"contact.phone": "PNR", "traveller.surname": "API"}) == {}
