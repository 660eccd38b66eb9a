"""Answers in the two forms that GTAS reads: hits for its desk of pending hits, and what it expects of a scorer.

Field names and units are those of US-CBP/GTAS: ``PassengerPendingDetail`` of the queue of pending hits, and
``OmniAssessPassengersResponse`` (a pair of chances for each category, of which GTAS reads the second).
"""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from features.risk import Audience

HIT_TYPE = "EH"
"""``EXTERNAL_HIT`` of GTAS's ``HitTypeEnum``."""
SEPARATOR = "$$$"
"""What GTAS puts between the conditions of a hit."""
CATEGORIES = range(1, 7)
OTHER = 6
"""GTAS's categories 1 to 5 have fixed meanings (terrorism among them), which none of the risks here has."""
_ECHOED = (
    "passenger_num",
    "unique_id",
    "gender",
    "age_bin",
    "passenger_citizen_country",
    "documentation_country",
    "documentation_type",
    "flight_number",
    "carrier",
    "flight_origin_country",
    "flight_origin_airport",
    "flight_arrival_country",
    "flight_arrival_airport",
)

Answer = Mapping[str, Any]
"""One answer of ``POST /v1/scores``, parsed."""


class GtasIds(NamedTuple):
    """By which GTAS knows a traveller on a flight."""

    passenger: int
    flight: int


def pending_hits(
    answers: Iterable[tuple[GtasIds, Answer]],
    hit_makers: Mapping[str, int],
    *,
    audience: Audience = Audience.ENFORCEMENT,
    bands: Container[str] = ("high",),
) -> dict[str, list[dict[str, Any]]]:
    """Write answers as pending hits: one for each traveller and risk whose score fell into one of some bands.

    Args:
        answers: each with the ids of its traveller.
        hit_makers: for each risk that is told, the id of the external hit maker that GTAS has for it.
        audience: of the desk; scores for others, and checks for others, are left out.
        bands: that make a hit.

    Returns:
        JSON data of GTAS's ``PassengerPendingHitDetailList``; ``percentage`` goes from 0 to 1.
    """
    found = [hit for ids, answer in answers for hit in _hits(ids, answer, hit_makers, audience, bands)]
    return {"passengerPendingDetailList": found}


def _hits(
    ids: GtasIds, answer: Answer, hit_makers: Mapping[str, int], audience: Audience, bands: Container[str]
) -> Iterator[dict[str, Any]]:
    checks = [one for one in answer.get("checks", ()) if audience in one["audiences"]]
    for risk in answer["risks"]:
        if risk["audience"] == audience and risk["risk"] in hit_makers and risk["band"] in bands:
            yield {
                "title": risk["risk"].replace("_", " ").capitalize(),
                "description": f"{risk['statement']}. Band {risk['band']}. {answer['notice']}",
                "hitType": HIT_TYPE,
                "hitEnum": HIT_TYPE,
                "hitMakerId": hit_makers[risk["risk"]],
                "ruleConditions": SEPARATOR.join(map(_told, [*risk["reasons_for"], *checks])),
                "createdDate": _milliseconds(answer["scored_at"]),
                "passengerId": ids.passenger,
                "flightId": ids.flight,
                "percentage": risk["probability"],
            }


def scorer_answer(
    profiles: Iterable[tuple[Mapping[str, Any], Answer]],
    risk: str,
    times: tuple[int, int],
    *,
    trace_id: str,
    category: int = OTHER,
    reasons: bool = False,
) -> dict[str, Any]:
    """Answer what GTAS asks of a scorer, about one risk: there is no combined score, so ask once for each.

    Args:
        profiles: what GTAS sent of each traveller, with the answer about them.
        risk: to tell of; a traveller without a score of it is left out.
        times: beginning and end of the work, in milliseconds since 1970.
        trace_id: for inquiries.
        category: of GTAS that the risk belongs to, from 1 to 6.
        reasons: whether each prediction holds ``reasons`` and ``decision_id``, too. GTAS as it is published refuses
            names that it does not know, so it has to be told apart before it is asked for.

    Returns:
        JSON data of ``OmniAssessPassengersResponse``.
    """
    began, ended = times
    predictions = []
    for profile, answer in profiles:
        told = next((one for one in answer["risks"] if one["risk"] == risk), None)
        if told is not None:
            more = {"decision_id": answer["decision_id"], "reasons": _listed(told)} if reasons else {}
            predictions.append(_prediction(profile, told, category) | more)
    return {
        "support_info": {"internal_trace_id": trace_id},
        "predictions": predictions,
        "start_prediction_time_millisecs": began,
        "end_prediction_time_millisecs": ended,
        "prediction_time_millisecs": ended - began,
        "status": "SUCCESS",
        "error": None,
    }


def _prediction(profile: Mapping[str, Any], risk: Mapping[str, Any], category: int) -> dict[str, Any]:
    chances = [1.0 - risk["probability"], risk["probability"]]
    return {
        **{name: profile.get(name) for name in _ECHOED},
        "eta": None if profile.get("eta") is None else str(profile["eta"]),
        **{f"cat{one}_prob": chances if one == category else [1.0, 0.0] for one in CATEGORIES},
        "label_any_prob": chances,
        "label_any_pred": 0.0,
        "anomaly_pred": 0.0,
        "anomaly_score": 0.0,
    }


def _listed(risk: Mapping[str, Any]) -> list[dict[str, Any]]:
    told: Sequence[Mapping[str, Any]] = [*risk["reasons_for"], *risk["reasons_against"]]
    return [{"code": one["code"], "sentence": one["sentence"], "contribution": one["contribution"]} for one in told]


def _told(reason: Mapping[str, Any]) -> str:
    """Write a reason or a failed check as a condition.

    >>> _told({"code": "DO02", "sentence": "The document costs $$$"})
    'DO02: The document costs $'
    """
    sentence = reason["sentence"]
    while SEPARATOR in sentence:
        sentence = sentence.replace(SEPARATOR, "$")
    return f"{reason['code']}: {sentence}"


def _milliseconds(moment: str) -> int:
    """Read a time as Java does.

    >>> _milliseconds("1970-01-01T00:00:01.500Z")
    1500
    """
    return round(datetime.fromisoformat(moment).timestamp() * 1000)
