from dataclasses import fields

import orjson

from features.risk import Audience
from models.assessment import Interval, ModelRef, RiskAssessment
from models.reasons import Reason
from riskapi.rendering import answer_json
from riskapi.scoring import Assessment, assess
from tests.makers import random_records
from tests.riskapi.makers import NOW, go_live


def names(kind):
    """Names of the fields of a dataclass, in their order."""
    return [field.name for field in fields(kind)]


def test_answer_holds_every_field_as_it_is(services):
    """What is written by hand equals what the dataclasses hold: no field is lost, renamed or out of order."""
    for risk in ("document_fraud", "trafficking_protection"):
        go_live(services, risk)
    for record in random_records(40, seed=8):
        found = assess(record, services.active.live, frozenset(Audience), NOW)
        answer = orjson.loads(answer_json("id", found))
        assert answer.pop("decision_id") == "id"
        assert answer == orjson.loads(orjson.dumps(found))
        assert list(answer) == names(Assessment)
        for risk in answer["risks"]:
            assert list(risk) == names(RiskAssessment)
            assert list(risk["interval"]) == names(Interval)
            assert list(risk["model"]) == names(ModelRef)
            assert all(list(reason) == names(Reason) for reason in risk["reasons_for"] + risk["reasons_against"])
