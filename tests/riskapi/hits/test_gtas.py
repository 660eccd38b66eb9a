"""The forms of GTAS: its field names, its units, its separator; one risk at a time, for one audience."""

import orjson
import pytest

from features.risk import Audience
from riskapi.hits.gtas import CATEGORIES, GtasIds, pending_hits, scorer_answer
from riskapi.scoring import assess
from tests.makers import random_records
from tests.riskapi.makers import NOW, go_live, with_facts

HIT_FIELDS = {
    "title", "description", "hitType", "hitEnum", "hitMakerId", "ruleConditions", "createdDate", "passengerId",
    "flightId", "percentage",
}  # fmt: skip
"""``PassengerPendingDetail`` of GTAS."""
PREDICTION_FIELDS = {
    "passenger_num", "unique_id", "gender", "age_bin", "eta", "passenger_citizen_country", "documentation_country",
    "documentation_type", "flight_number", "carrier", "flight_origin_country", "flight_origin_airport",
    "flight_arrival_country", "flight_arrival_airport", "cat1_prob", "cat2_prob", "cat3_prob", "cat4_prob",
    "cat5_prob", "cat6_prob", "label_any_prob", "label_any_pred", "anomaly_pred", "anomaly_score",
}  # fmt: skip
"""``OmniModelPredictions`` of GTAS."""
ANSWER_FIELDS = {
    "support_info", "predictions", "start_prediction_time_millisecs", "end_prediction_time_millisecs",
    "prediction_time_millisecs", "status", "error",
}  # fmt: skip
MAKERS = {"document_fraud": 11, "migrant_smuggling": 12, "trafficking_protection": 13}
BANDS = {"high", "elevated", "medium", "low", "insufficient_data"}
IDS = GtasIds(587, 42)


@pytest.fixture(scope="module")
def answer(client):
    """An answer of the service about a record that fails checks of both audiences and of one."""
    record = with_facts(upstream={"watchlist_hit": True}, documents=[{"expiry_date": "2026-03-13"}])
    return client.post("/v1/scores", json=record).json()


def bands_of(answer):
    """Every band of an answer."""
    return {risk["band"] for risk in answer["risks"]}


def test_pending_hit_has_the_fields_that_gtas_reads(answer):
    """Names, types and units: nothing else, since GTAS refuses what it does not know."""
    hits = pending_hits([(IDS, answer)], MAKERS, bands=bands_of(answer))["passengerPendingDetailList"]
    assert [hit["hitMakerId"] for hit in hits] == [11, 12]
    for hit in hits:
        assert set(hit) == HIT_FIELDS
        assert (hit["hitType"], hit["hitEnum"]) == ("EH", "EH")
        assert 0 <= hit["percentage"] <= 1
        assert (hit["passengerId"], hit["flightId"]) == (587, 42)
        assert hit["createdDate"] > 1_700_000_000_000


def test_conditions_are_reasons_and_checks_with_their_codes(answer):
    """GTAS splits them at its separator; each begins with a code of at most eight characters."""
    [hit, _] = pending_hits([(IDS, answer)], MAKERS, bands=bands_of(answer))["passengerPendingDetailList"]
    codes = [one.partition(": ")[0] for one in hit["ruleConditions"].split("$$$")]
    told = next(risk for risk in answer["risks"] if risk["risk"] == "document_fraud")
    assert codes == [reason["code"] for reason in told["reasons_for"]] + ["CK03", "CK13"]
    assert all(0 < len(code) <= 8 for code in codes)


def test_r23_a_desk_gets_what_is_for_its_audience(answer):
    """Protection scores go to a desk of protection alone, and what other systems found does not."""
    every = bands_of(answer)
    [hit] = pending_hits([(IDS, answer)], MAKERS, audience=Audience.PROTECTION, bands=every)[
        "passengerPendingDetailList"
    ]
    assert hit["hitMakerId"] == 13
    assert "CK13" not in hit["ruleConditions"]
    assert "CK03" in hit["ruleConditions"]


def test_only_named_bands_and_risks_are_hits(answer):
    """A band that was not named, and a risk without a hit maker, make none."""
    assert pending_hits([(IDS, answer)], MAKERS, bands=())["passengerPendingDetailList"] == []
    assert pending_hits([(IDS, answer)], {}, bands=bands_of(answer))["passengerPendingDetailList"] == []


PROFILE = {"passenger_num": 587, "unique_id": "3", "gender": "M", "age_bin": "20-25", "eta": 1596240000000, "other": 1}


def test_scorer_answer_has_the_fields_that_gtas_reads(answer):
    """Two chances that add up to one in the one category; no other category is hit."""
    told = scorer_answer([(PROFILE, answer)], "document_fraud", (1000, 1250), trace_id="t", category=4)
    assert set(told) == ANSWER_FIELDS
    assert (told["status"], told["error"], told["prediction_time_millisecs"]) == ("SUCCESS", None, 250)
    [one] = told["predictions"]
    assert set(one) == PREDICTION_FIELDS
    assert (one["passenger_num"], one["eta"], one["carrier"]) == (587, "1596240000000", None)
    risk = next(risk for risk in answer["risks"] if risk["risk"] == "document_fraud")
    assert one["cat4_prob"] == one["label_any_prob"] == [1 - risk["probability"], risk["probability"]]
    assert all(one[f"cat{other}_prob"][1] == 0 for other in CATEGORIES if other != 4)


def test_scorer_answer_holds_reasons_where_they_are_asked_for(answer):
    """They are the risk's own reasons, for and against."""
    told = scorer_answer([(PROFILE, answer)], "document_fraud", (0, 0), trace_id="t", reasons=True)
    [one] = told["predictions"]
    assert set(one) - PREDICTION_FIELDS == {"decision_id", "reasons"}
    risk = next(risk for risk in answer["risks"] if risk["risk"] == "document_fraud")
    expected = [reason["code"] for reason in (*risk["reasons_for"], *risk["reasons_against"])]
    assert [reason["code"] for reason in one["reasons"]] == expected


def test_r23_no_risk_stands_for_another(answer):
    """Who is not scored for a risk is left out: there is no combined score to put in its place."""
    without = {**answer, "risks": [risk for risk in answer["risks"] if risk["audience"] == "protection"]}
    assert scorer_answer([(PROFILE, without)], "document_fraud", (0, 0), trace_id="t")["predictions"] == []


def test_forms_are_made_of_any_assessment(services):
    """Answers without a service behind them are told as well, as JSON."""
    go_live(services, "document_fraud")
    for record in random_records(20, seed=2):
        found = assess(record, services.active.live, frozenset(Audience), NOW)
        answer = {"decision_id": None, **orjson.loads(orjson.dumps(found))}
        orjson.dumps(pending_hits([(IDS, answer)], MAKERS, bands=BANDS))
        orjson.dumps(scorer_answer([(PROFILE, answer)], "document_fraud", (0, 1), trace_id="t"))
