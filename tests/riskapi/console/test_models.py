"""The pages about models: what they show equals the bundle, and what is decided on them is decided as by the API."""

import io
import re
import zipfile

import pytest

from features.examples import EXAMPLE_RECORD
from models.promotion import Verdict
from riskapi.access.matrix import Role
from riskapi.console.shapes import bins_of, shape_of, terms_of, ticks
from tests.bundles import make_bundle
from tests.riskapi.console.makers import Browser, make_person
from tests.riskapi.makers import PROPOSER, RATIONALE, services_of

RISK = "document_fraud"


def propose(client, seed, verdict=Verdict.PASSED, proposer=PROPOSER) -> str:
    """Propose a bundle; gives its digest."""
    files, _ = make_bundle(RISK, seed, verdict=verdict)
    return services_of(client).approvals.propose(dict(files), proposer, "Trained on what was new.").digest


def scored_by(client) -> str:
    """The digest of the model that scores the next traveller for document fraud."""
    answer = client.post("/v1/scores", json=EXAMPLE_RECORD, headers=client.key_headers)
    return next(risk["model"]["digest"] for risk in answer.json()["risks"] if risk["risk"] == RISK)


def test_r10_what_is_approved_on_the_page_scores_the_next_traveller_and_there_is_a_way_back(client, person):
    """Approve, score, go back, score: each time the digest in the answer is the one that was decided upon."""
    approver, before, digest = person(Role.APPROVER), scored_by(client), propose(client, 11)
    page = f"/console/models/{digest}"
    assert "Approve" in approver.open(page).text
    answer = approver.send(page + "/approve", page, rationale=RATIONALE)
    assert (answer.status_code, answer.headers["location"]) == (303, page)
    assert scored_by(client) == digest
    assert "This model scores now" in approver.open(page).text
    back = f"/console/models/{before}"
    assert "Go back to this model" in approver.open(back).text
    assert approver.send(back + "/approve", back, rationale="The new one is to be looked at again.").status_code == 303
    assert scored_by(client) == before
    assert "The new one is to be looked at again." in approver.open(back).text


def test_an_inconclusive_gate_is_answered_for_by_its_box(client, person):
    """Without the tick the page says which gate stands in the way, and keeps what was written."""
    approver, digest = person(Role.APPROVER), propose(client, 12, Verdict.INCONCLUSIVE)
    page = f"/console/models/{digest}"
    gate = re.search(r'name="accept_inconclusive" value="(\w+)"', approver.open(page).text)[1]
    refused = approver.send(page + "/approve", page, rationale=RATIONALE)
    assert refused.status_code == 409
    assert "is inconclusive" in refused.text
    assert RATIONALE in refused.text
    assert scored_by(client) != digest
    assert approver.send(page + "/approve", page, rationale=RATIONALE, accept_inconclusive=gate).status_code == 303
    assert scored_by(client) == digest


def test_a_failed_gate_blocks_whatever_is_ticked(client, person):
    """The page says so before anybody writes, and again after."""
    approver, digest = person(Role.APPROVER), propose(client, 13, Verdict.FAILED)
    page = f"/console/models/{digest}"
    assert "A gate failed" in approver.open(page).text
    assert approver.send(page + "/approve", page, rationale=RATIONALE).status_code == 409
    assert scored_by(client) != digest


def test_who_proposed_does_not_decide(client):
    """Four eyes hold on the page as anywhere, whatever roles somebody has."""
    services = services_of(client)
    make_person(services, "both", Role.DATA_SCIENTIST, Role.APPROVER, name="Both Hats")
    browser = Browser(client)
    browser.sign_in("both")
    account = services.sessions.principal(browser.cookies["__Host-riskapi"])
    digest = propose(client, 14, proposer=account)
    page = f"/console/models/{digest}"
    answer = browser.send(page + "/approve", page, rationale=RATIONALE)
    assert answer.status_code == 403
    assert "The proposer does not decide" in answer.text


def test_a_decision_needs_its_reason(client, person):
    """Too short a reason is named as the problem; the record stays as it was."""
    approver, digest = person(Role.APPROVER), propose(client, 15)
    page = f"/console/models/{digest}"
    for path in ("/approve", "/reject"):
        answer = approver.send(page + path, page, rationale="because")
        assert answer.status_code == 422
        assert "Rationale: must have 10 characters or more" in answer.text
    assert approver.send(page + "/reject", page, rationale=RATIONALE).status_code == 303
    assert "That is for good" in approver.open(page).text


def test_others_read_and_find_no_form(client, person):
    """A data scientist sees the gates and no button; sending the form all the same is refused."""
    digest = propose(client, 16)
    scientist = person(Role.DATA_SCIENTIST)
    page = f"/console/models/{digest}"
    shown = scientist.open(page).text
    assert "/approve" not in shown
    assert scientist.send(page + "/approve", page, rationale=RATIONALE).status_code == 403


def test_the_list_shows_where_each_bundle_stands(client, person):
    """Live, waiting and before: every bundle of the ledger is on the page once."""
    propose(client, 17)
    shown = person(Role.AUDITOR).open("/console/models").text
    for digest in services_of(client).ledger.bundles():
        assert shown.count(f'href="/console/models/{digest}"') == 1


def test_the_files_that_are_handed_out_are_those_that_were_signed(client, person):
    """Whoever downloads a bundle can verify it; the card comes as it was read."""
    services, browser = services_of(client), person(Role.AUDITOR)
    digest = scored_by(client)
    answer = browser.open(f"/console/models/{digest}/bundle.zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        handed = {name: archive.read(name) for name in archive.namelist()}
    assert handed == services.ledger.bundle(digest).files
    assert answer.headers["content-disposition"].startswith('attachment; filename="')
    card = browser.open(f"/console/models/{digest}/card.md")
    assert card.text == services.active.open(digest).bundle.card.to_markdown()


def test_every_term_can_be_looked_at_and_shows_the_points_that_score(client, person):
    """For each term of a live model: all of its bins, with the very points of the table."""
    services, browser = services_of(client), person(Role.AUDITOR)
    digest = scored_by(client)
    bundle = services.active.open(digest).bundle
    assert {row.number for row in terms_of(bundle)} == set(range(len(bundle.model.terms)))
    for number, term in enumerate(bundle.model.terms):
        shape = shape_of(bundle, number)
        shown = browser.open(f"/console/models/{digest}/terms?number={number}").text
        points = [one.points for one in shape.bins] or [cell for _, row in shape.rows for cell, _ in row]
        reachable = term.points if len(term.axes) == 1 else [cell for row in term.points for cell in row]
        assert set(points) <= set(reachable)
        for value in points:
            assert f"{value:+.2f}" in shown
    assert browser.open(f"/console/models/{digest}/terms?number=99").status_code == 404
    assert browser.open(f"/console/models/{digest}/terms?number=x").status_code == 422


def test_a_bin_is_named_by_the_values_that_fall_into_it(client):
    """The label of the bin of a value holds that value."""
    bundle = services_of(client).active.open(scored_by(client)).bundle
    specs = {spec.name: spec for spec in bundle.specs}
    for term in bundle.model.terms:
        if len(term.axes) == 1 and term.axes[0].cuts and term.axes[0].kind == "number":
            bins = bins_of(term, specs[term.axes[0].feature])
            first, last = term.axes[0].cuts[0], term.axes[0].cuts[-1]
            assert bins[term.axes[0].bin_of(first - 1)].label.startswith("under")
            assert bins[term.axes[0].bin_of(last)].label.endswith("and more")


def test_every_sentence_that_can_be_said_is_on_the_page_of_reasons(client, person):
    """Codes with their three sentences."""
    digest = scored_by(client)
    shown = person(Role.AUDITOR).open(f"/console/models/{digest}/reasons").text
    for spec in services_of(client).active.open(digest).bundle.specs:
        assert spec.reason.code in shown


def test_a_proposal_is_compared_with_the_live_model(client, person):
    """Both columns are there; a live model has nothing to be compared with."""
    browser, digest = person(Role.APPROVER), propose(client, 18)
    shown = browser.open(f"/console/models/{digest}/comparison").text
    assert "Live model" in shown
    assert "Lift" in shown
    assert browser.open(f"/console/models/{scored_by(client)}/comparison").status_code == 404


@pytest.mark.parametrize("digest", ["sha256:" + "0" * 64, "x", "%3Cscript%3E"])
def test_a_model_that_is_not_there_is_told_in_words(person, digest):
    """On each of its pages."""
    browser = person(Role.AUDITOR)
    for suffix in ("", "/terms", "/reasons", "/comparison", "/card.md", "/bundle.zip"):
        answer = browser.open(f"/console/models/{digest}{suffix}")
        assert answer.status_code == 404
        assert "No proposal has this digest" in answer.text


@pytest.mark.parametrize(("low", "high"), [(-0.3, 1.1), (0, 1e-6), (-5e5, 3), (0.99, 1.0)])
def test_lines_stand_at_round_values_within_the_picture(low, high):
    """Few enough to read, none outside."""
    found = ticks(low, high)
    assert 2 <= len(found) <= 7
    assert all(low <= value <= high for value in found)
