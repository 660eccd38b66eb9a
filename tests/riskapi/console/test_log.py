"""The page of the log: who did what, whether it is whole, and what can be taken along."""

import csv
import io

import pytest
import sqlalchemy as sa

from features.examples import EXAMPLE_RECORD
from riskapi.access.matrix import Role
from riskapi.console.verifying import VERIFICATIONS
from riskapi.log.entry import Kind
from tests.riskapi.console.makers import Browser, make_person
from tests.riskapi.makers import scoring_service, services_of


@pytest.fixture
def viewed(client, person):
    """A decision that a reviewer looked at."""
    made = client.post("/v1/scores", json=EXAMPLE_RECORD, headers=client.key_headers).json()["decision_id"]
    assert person(Role.REVIEWER).open(f"/console/decisions/{made}?purpose=redress").status_code == 200
    return made


def test_r13_an_auditor_finds_who_looked_at_a_decision(person, viewed):
    """By its id: who, when, what for; nobody else's views are among them."""
    shown = person(Role.AUDITOR).open(f"/console/log?kind=access&decision_id={viewed}").text
    assert "Reviewer" in shown
    assert "redress" in shown
    assert shown.count(f'href="/console/decisions/{viewed}"') == 1


def test_events_of_one_kind_are_shown_alone(person):
    """A kind that is none shows everything."""
    auditor = person(Role.AUDITOR)
    assert '<th scope="row">signed in</th>' in auditor.open("/console/log?kind=signed_in").text
    assert '<th scope="row">approved</th>' not in auditor.open("/console/log?kind=signed_in").text
    assert '<th scope="row">approved</th>' in auditor.open("/console/log?kind=nothing").text


def test_decisions_are_not_among_the_events(client, person, viewed):
    """They have a page of their own, and tell who was drawn."""
    assert '<th scope="row">decision</th>' not in person(Role.AUDITOR).open("/console/log").text
    assert "referrals" not in person(Role.AUDITOR).open("/console/log/events.csv").text


def test_what_is_no_id_is_told(person):
    """And finds nothing, whatever it holds."""
    for wanted in ("x", "%25", "' OR 1=1 --"):
        shown = person(Role.AUDITOR).open(f"/console/log?decision_id={wanted}").text
        assert "This is no id of a decision" in shown
        assert "Nothing found." in shown


def test_d2_the_table_that_is_taken_along_is_inert(client, person):
    """A text that a spreadsheet would run comes out as a text; the rows are those of the log."""
    services = services_of(client)
    services.journal.append(
        Kind.REFUSED_PURPOSE, {"by": '=HYPERLINK("x")', "key_id": "0", "route": "/", "stated": "none"}
    )
    answer = person(Role.AUDITOR).open("/console/log/events.csv?kind=refused_purpose")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert [row["by"] for row in rows if "HYPERLINK" in row["by"]] == ['\'=HYPERLINK("x")']
    assert {row["kind"] for row in rows} == {"refused_purpose"}


def test_r12_the_log_is_verified_on_the_page_and_a_change_is_named(tmp_path):
    """Whole first; then a row is changed behind the service's back, and the page names the place."""
    with scoring_service(tmp_path, risks=["document_fraud"], monitoring_enabled=False) as client:
        client.base_url = "https://testserver"
        headers = dict(client.headers)
        assert client.post("/v1/scores", json=EXAMPLE_RECORD, headers=headers).status_code == 200
        client.headers.clear()
        services = services_of(client)
        make_person(services, "auditor", Role.AUDITOR)
        browser = Browser(client)
        browser.sign_in("auditor")
        assert "Not verified in full" in browser.open("/console/log").text
        whole = browser.send("/console/log/verify")
        assert "all holds" in whole.text
        assert f"{VERIFICATIONS.last(services).result.rows} rows" in whole.text
        with services.engine.begin() as connection:
            connection.execute(sa.text("DROP TRIGGER log_no_update"))
            connection.execute(sa.text("UPDATE log SET body = '{}' WHERE kind = 'approved'"))
        broken = browser.send("/console/log/verify").text
        assert "all holds" not in broken
        assert "broken" in broken


def test_one_verification_at_a_time(person):
    """A second one is told to wait, and the first goes on."""
    auditor = person(Role.AUDITOR)
    with VERIFICATIONS._running:
        answer = auditor.send("/console/log/verify")
    assert answer.status_code == 409
    assert "going on already" in answer.text
