"""Whole files: answers in one file, findings in another, through the service or with bundles."""

import json
from datetime import UTC, datetime

import httpx
import orjson
import pyarrow.parquet as pq
import pytest

from models.assessment import RiskScorer
from models.bundle import ModelBundle
from riskapi import score_file
from riskapi.errors import ServiceError
from riskapi.files.scorers import BundleScorer, ServiceScorer
from riskapi.live import LiveModel, LiveModels
from riskapi.score_file import score_files
from tests.bundles import RISK_NAMES, TRUSTED, make_bundle
from tests.makers import random_data
from tests.riskapi.makers import scoring_service, services_of

NOW = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def models():
    """The models of all risks, opened on this machine."""
    bundles = [ModelBundle.open(make_bundle(risk)[0], TRUSTED) for risk in RISK_NAMES]
    return LiveModels([LiveModel(bundle, RiskScorer(bundle)) for bundle in bundles])


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """A service with the same models."""
    with scoring_service(tmp_path_factory.mktemp("service")) as started:
        yield started


@pytest.fixture
def lines(tmp_path):
    """A file with forty records and two broken lines, one of them at the end of a chunk."""
    records = [json.dumps(record) for record in random_data(40, seed=5)]
    records[10:10] = ['{"record_id": "SECRET 4711"}']
    records += ["no JSON"]
    path = tmp_path / "records.ndjson"
    path.write_text("\n".join(records))
    return path


def read(path):
    """Read lines of JSON."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def scores_of(answers):
    """Reduce answers to what a model said."""
    return [(answer["record_id"], [(risk["risk"], risk["log_odds"]) for risk in answer["risks"]]) for answer in answers]


def test_both_ways_give_the_same_scores(tmp_path, lines, models, client, monkeypatch):
    """Bundles at hand and the running service say the same; only the service keeps a record."""
    monkeypatch.setattr(score_file, "CHUNK_ROWS", 7)
    local, served = tmp_path / "local.ndjson", tmp_path / "served.ndjson"
    for scorer, out in ((BundleScorer(models, NOW), local), (ServiceScorer(client), served)):
        summary = score_files([lines], scorer, out)
        assert (summary.scored, summary.not_scored) == (40, 2)
    assert scores_of(read(local)) == scores_of(read(served))
    assert {answer["decision_id"] for answer in read(local)} == {None}
    store = services_of(client).decisions
    assert all(store.decision(answer["decision_id"]) for answer in read(served))


def test_findings_tell_place_and_rule_beside_the_answers(tmp_path, lines, models):
    """The report names file and line, and repeats nothing."""
    summary = score_files([lines], BundleScorer(models, NOW), tmp_path / "out.ndjson")
    assert summary.findings_path == tmp_path / "out.ndjson.findings.ndjson"
    findings = read(summary.findings_path)
    assert summary.findings == len(findings)
    assert {finding["source"] for finding in findings} == {"records.ndjson line 11", "records.ndjson line 42"}
    assert "4711" not in summary.findings_path.read_text()


def test_no_findings_leave_no_report(tmp_path, models):
    """A report that is there says that there is something to read."""
    path = tmp_path / "one.ndjson"
    path.write_text(json.dumps(random_data(1, seed=6)[0]))
    summary = score_files([path], BundleScorer(models, NOW), tmp_path / "out.csv")
    assert summary.findings_path is None
    assert sorted(one.name for one in tmp_path.iterdir()) == ["one.ndjson", "out.csv"]


def test_several_files_of_several_kinds_go_into_one_table(tmp_path, lines, models):
    """Sources tell where each answer comes from; progress counts every row."""
    manifest = {
        "CarrierType": "AIR",
        "ArrivalPortCode": "NBO",
        "ScheduledDateOfArrival": "2026-03-14",
        "ScheduledTimeOfArrival": "09:40",
        "PassengerList": [{"PoavKey": "a", "Age": "x"}, 1],
    }
    path = tmp_path / "list.json"
    path.write_text(json.dumps(manifest))
    done = []
    out = tmp_path / "out.parquet"
    summary = score_files([path, lines], BundleScorer(models, NOW), out, on_progress=done.append)
    assert (summary.scored, summary.not_scored) == (41, 3)
    assert sum(done) == 44
    table = pq.read_table(out).to_pylist()
    assert table[0]["source"] == "list.json PassengerList[0]"
    assert len({row["source"] for row in table}) == 41


def test_undeclared_columns_of_one_record_cost_only_that_record(tmp_path, models, client):
    """Both ways tell that no live model declares the column."""
    good, bad = random_data(2, seed=7)
    path = tmp_path / "records.ndjson"
    path.write_text("\n".join(json.dumps(one) for one in (bad | {"extra": {"secret_4711": 1}}, good)))
    for scorer in (BundleScorer(models, NOW), ServiceScorer(client)):
        out = tmp_path / "out.ndjson"
        summary = score_files([path], scorer, out)
        assert (summary.scored, summary.not_scored, summary.findings) == (1, 1, 1)
        (finding,) = read(summary.findings_path)
        assert finding["source"] == "records.ndjson line 1"
        assert "4711" not in finding["rule"]


def test_r2_what_is_never_stored_does_not_leave_this_machine(tmp_path):
    """Dropped facts are named in the answer and absent from what is sent."""
    record = random_data(1, seed=8)[0] | {"meals": "SECRET 4711"}
    path = tmp_path / "records.ndjson"
    path.write_text(json.dumps(record))
    sent = []

    def answer(request):
        sent.append(request.content)
        row = {"answer": {"decision_id": "d", "record_id": record["record_id"], "risks": [], "not_scored": None}}
        return httpx.Response(200, content=orjson.dumps({"rows": [row]}))

    with httpx.Client(base_url="http://service", transport=httpx.MockTransport(answer)) as client:
        score_files([path], ServiceScorer(client), tmp_path / "out.ndjson")
    assert b"4711" not in b"".join(sent)
    assert read(tmp_path / "out.ndjson")[0]["dropped_fields"] == ["meals"]


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (httpx.Response(401, json={"title": "A valid key is needed", "detail": "Send one."}), "401: A valid key"),
        (httpx.Response(502, text="<html>"), "is not this service"),
        (httpx.ConnectError("no"), "does not answer"),
    ],
)
def test_a_service_that_does_not_score_stops_the_run_with_its_reason(tmp_path, lines, answer, text):
    """Nothing half-done is left under the name of the output."""

    def respond(_request):
        if isinstance(answer, Exception):
            raise answer
        return answer

    out = tmp_path / "out.csv"
    with (
        httpx.Client(base_url="http://service", transport=httpx.MockTransport(respond)) as client,
        pytest.raises(ServiceError, match=text),
    ):
        score_files([lines], ServiceScorer(client), out)
    assert not out.exists()
