"""Limits over HTTP: the headers, the refusals, and what they do not give away."""

import pytest

from features.examples import EXAMPLE_RECORD
from riskapi.access.matrix import Role
from tests.riskapi.makers import bearer, make_key, scoring_service, services_of, with_facts


def test_a_caller_sees_where_it_stands_and_is_sent_away_when_its_bucket_is_empty(tmp_path):
    """Each answer carries the limit; past it comes 429 with the time to wait, and other callers are not concerned."""
    with scoring_service(tmp_path, risks=["document_fraud"], rate_per_second=0.001, rate_burst=3) as client:
        answers = [client.get("/v1/sessions/current") for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert answers[0].headers["ratelimit-policy"] == '"requests";q=3;w=3000'
        assert [answer.headers["ratelimit"].split(";")[1] for answer in answers[:3]] == ["r=2", "r=1", "r=0"]
        assert 900 < int(answers[3].headers["retry-after"]) <= 1000
        assert answers[3].json()["type"] == "urn:riskapi:problem:too-many-requests"
        other = bearer(make_key(services_of(client), [Role.APPROVER], "Other"))
        assert client.get("/v1/sessions/current", headers=other).status_code == 200


def test_whoever_has_no_key_is_slowed_down_by_address(tmp_path):
    """A flood of wrong keys gets 429, and a valid key from the same address still works."""
    with scoring_service(tmp_path, risks=["document_fraud"], refused_per_second=0.1) as client:
        wrong = bearer("rk_0000000000000000_x")
        statuses = [client.get("/v1/sessions/current", headers=wrong).status_code for _ in range(3)]
        assert statuses == [401, 429, 429]
        assert client.get("/v1/sessions/current").status_code == 200


@pytest.mark.parametrize("route", ["/v1/scores", "/v1/scores/batch"])
def test_trying_out_what_lowers_a_score_ends_soon(tmp_path, route):
    """The record may be corrected a few times and sent again as often as need be, but not varied without end."""
    with scoring_service(tmp_path, risks=["document_fraud"], probing_variations=3) as client:

        def send(days):
            record = with_facts(EXAMPLE_RECORD, journey={"stay_days": days})
            answer = client.post(route, json=record if route == "/v1/scores" else [record])
            return answer.json()["rows"][0]["problem"] if "rows" in answer.json() else answer.json()

        for days in (10, 11, 12, 12, 10):
            assert "type" not in (send(days) or {})
        refused = send(13)
        assert refused["type"] == "urn:riskapi:problem:too-many-requests"
        assert "3 variations" in refused["detail"]
        assert "type" not in (send(10) or {})


def test_several_keys_of_one_principal_share_a_quota(tmp_path):
    """A second key is no second chance."""
    with scoring_service(tmp_path, risks=["document_fraud"], probing_variations=1) as client:
        other = bearer(make_key(services_of(client)))
        varied = with_facts(EXAMPLE_RECORD, journey={"stay_days": 13})
        assert client.post("/v1/scores", json=EXAMPLE_RECORD).status_code == 200
        assert client.post("/v1/scores", json=varied, headers=other).status_code == 429
