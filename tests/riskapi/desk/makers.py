"""Makes cases for the desk: referred decisions with scores, persons who read them, each step of a reading."""

from dataclasses import replace
from itertools import count

import orjson

from riskapi.access.matrix import Purpose, Role
from riskapi.access.principal import Principal, PrincipalKind
from riskapi.access.purpose import Use
from riskapi.desk.forms import (
    ClaimRequest,
    FirstViewRequest,
    OpenRequest,
    ReadingRequest,
)
from riskapi.privacy.sealing import SUBJECT, age_of, kept_of, split
from riskapi.storage.desk import CaseKey
from tests.riskapi.makers import row
from tests.riskapi.privacy.makers import record_of

_numbers = count(1)
UNIT = "NBO"
RISK_OF = {"enforcement": "document_fraud", "protection": "trafficking_protection"}
FOUND = {
    "compliance": "done",
    "outcome_code": "nothing_found",
    "known_at": "2026-03-14T12:00:00Z",
    "evidence_type": "document_examination",
    "decided_by_role": "forensic_examiner",
    "rationale": "Every page was looked at under UV light.",
}
FORGED = FOUND | {"outcome_code": "forged_document", "rationale": "Page 2 was exchanged, seen under UV light."}
NOT_LOOKED = {"compliance": "not_done", "rationale": "The desk was closed for an hour."}


def person(name, role=Role.REVIEWER, unit=UNIT, kind=PrincipalKind.PERSON):
    """A person of a unit, and what they use the data for."""
    purpose = Purpose.PROTECTION if role is Role.PROTECTION_OFFICER else Purpose.BORDER_CONTROL
    return Use(Principal(name, kind, "c" * 16, frozenset({role}), (unit,)), purpose)


AMINA, PETER, GRACE = (person(name) for name in ("Amina Yusuf", "Peter Otieno", "Grace Njeri"))
HELPER = person("Zahra Noor", Role.PROTECTION_OFFICER)


def reason(code, contribution):
    """A reason as it is stored."""
    sentence = f"What {code} stands for was seen"
    direction = "raises" if contribution > 0 else "lowers"
    told = {
        "code": code,
        "sentence": sentence,
        "feature": f"feature_{code.lower()}",
        "observed": 3.0,
        "usual": "1 to 2",
    }
    return told | {"contribution": contribution, "direction": direction, "message": "API"}


def risk(audience="enforcement", band="high", arm="score", probability=1.0):
    """What is stored of one risk."""
    return {
        "risk": RISK_OF[audience],
        "audience": audience,
        "probability": 0.4,
        "interval": {"low": 0.2, "high": 0.6, "level": 0.9},
        "percentile": 99.5,
        "band": band,
        "abstained": [],
        "baseline": -3.0,
        "log_odds": -0.5,
        "standard_error": 0.3,
        "reasons_for": [reason("PY04", 2.0), reason("IT07", 0.75)],
        "reasons_against": [reason("ST01", -0.25)],
        "other_contributions": 0.0,
        "missing": ["stay_days"],
        "out_of_range": [],
        "model": {"name": "m", "version": "1", "digest": "sha256:" + "0" * 64},
        "statement": "Likelihood that an inspection would confirm it",
        "advice": None,
        "referral": {"referred": True, "arm": arm, "probability": probability},
    }


def referred(services, *audiences, arm="score", chance=1.0, band="high", unit=UNIT, point=None, at=None):
    """Store a decision about somebody who was referred; gives the key of its first case."""
    audiences = audiences or ("enforcement",)
    changes = {} if point is None else {"crossing__point": point}
    record = record_of(next(_numbers), **changes)
    parts = split(kept_of(record), age_of(record), services.secret.hash_fact)
    moment = (at or services.clock()).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    risks = [risk(audience, band, arm, chance) for audience in audiences]
    made = replace(
        row(),
        unit=unit,
        scored_at=moment,
        digests=(),
        subject=services.secret.hash_subject(SUBJECT, parts.subject),
        input=parts.input,
        identity=parts.identity,
        answer=orjson.dumps({"record_id": None, "not_scored": None, "risks": risks, "referrals": []}),
        policy=f"{services.selector.version}/{moment[:7]}",
        referrals=tuple(f"{audience}:{arm}:{chance!r}" for audience in audiences),
    )
    services.policies.publish()
    services.decisions.append([made])
    return CaseKey(made.decision_id, audiences[0])


def token():
    """A token that no form had before."""
    return f"token-of-a-form-{next(_numbers):06}"


def claim(services, key, use):
    """Take a case."""
    return services.desk.claim(key, ClaimRequest(token=token()), use)


def look(services, key, use, view="no_concern"):
    """Take a case, note an own view where it comes first, and have the score shown; gives the version."""
    stored = claim(services, key, use)
    if stored.facts.view_first and stored.standing.state == "open":
        form = FirstViewRequest(token=token(), version=stored.standing.version, view=view)
        stored = services.desk.first_view(key, form, use)
    return services.desk.open(key, OpenRequest(token=token(), version=stored.standing.version), use).standing.version


def reading(version, found=None, view="no_concern", **changes):
    """The form that ends a reading."""
    verdicts = [{"risk": "document_fraud", "code": code, "verdict": "agrees"} for code in ("PY04", "IT07")]
    said = {"token": token(), "version": version, "view": view, "reasons": verdicts, "outcome": found or FOUND}
    return ReadingRequest.model_validate_json(orjson.dumps(said | changes))


def read(services, key, use, found=None, **changes):
    """Do a whole reading; gives the case after it."""
    return services.desk.read(key, reading(look(services, key, use), found, **changes), use)
