import json
import sqlite3
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from features.catalogue import CATALOGUE
from features.declared import DeclaredColumn
from features.risk import RISKS, Audience
from models.bundle import ModelBundle
from riskapi.access.matrix import Action
from riskapi.errors import StorageError
from riskapi.ids import is_uuid
from riskapi.privacy.sealing import with_record_id
from riskapi.schemas import ScoreAnswer
from riskapi.services import Services
from tests.bundles import RISK_NAMES, TRUSTED, make_bundle
from tests.makers import EXAMPLE_LAND_RECORD, EXAMPLE_MINOR_RECORD, EXAMPLE_RECORD, random_data
from tests.riskapi.makers import (
    APPROVER,
    PROPOSER,
    RATIONALE,
    bearer,
    go_live,
    make_key,
    services_of,
    serving,
    settings,
    with_facts,
)

NEVER = {
    "meals": "ZZMEALZZ",
    "assistance": ["ZZASSISTZZ"],
    "free_text": {"remark": "ZZFREEZZ"},
    "ssr": ["ZZSSRZZ"],
    "osi": 3.5,
    "traveller": {"religion": "ZZRELIGIONZZ", "place_of_birth": "ZZPLACEZZ"},
    "booking": {"card_number": "ZZCARDZZ"},
}
HASHED = {"documents": [{"number": "ZZDOCUMENTZZ"}], "contact": {"phone": "ZZPHONEZZ", "email": "ZZMAILZZ"}}


@pytest.mark.parametrize(
    "record", [EXAMPLE_RECORD, EXAMPLE_LAND_RECORD, EXAMPLE_MINOR_RECORD], ids=["air", "land", "minor"]
)
def test_answer_has_the_documented_form(client, record):
    """A real answer validates as what the API page shows, and says which record and decision it is."""
    answer = client.post("/v1/scores", json=record)
    assert answer.status_code == 200
    body = ScoreAnswer.model_validate_json(answer.content)
    assert is_uuid(body.decision_id)
    assert body.record_id == record["record_id"]
    assert body.not_scored is None
    assert [risk.risk for risk in body.risks] == list(RISK_NAMES)
    assert abs(datetime.now(UTC) - body.scored_at) < timedelta(minutes=1)


@pytest.mark.parametrize("seed", range(3))
def test_r4_listed_and_other_contributions_are_the_score(client, seed):
    """For any record: baseline, reasons and the rest add up to the log-odds, and reasons are there."""
    for record in random_data(20, seed):
        for risk in client.post("/v1/scores", json=record).json()["risks"]:
            listed = sum(reason["contribution"] for reason in risk["reasons_for"] + risk["reasons_against"])
            assert abs(risk["baseline"] + listed + risk["other_contributions"] - risk["log_odds"]) < 1e-9
            assert risk["reasons_for"] or risk["reasons_against"]
            assert all(reason["contribution"] > 0 for reason in risk["reasons_for"])
            assert all(reason["contribution"] < 0 for reason in risk["reasons_against"])


def test_scores_are_those_of_the_bundles(client):
    """What the service says is what each bundle says of its own features, computed alone."""
    bundles = {risk: ModelBundle.open(make_bundle(risk)[0], TRUSTED) for risk in RISK_NAMES}
    from features.record import TravellerRecord  # noqa: PLC0415

    for data in random_data(20, seed=5):
        record = TravellerRecord.model_validate_json(json.dumps(data))
        if record.traveller is not None and record.traveller.passenger_type == "C":
            continue
        for risk in client.post("/v1/scores", json=data).json()["risks"]:
            bundle = bundles[risk["risk"]]
            expected = bundle.model.explain(bundle.extractor.values(record))
            assert (risk["log_odds"], risk["probability"]) == (expected.log_odds, expected.probability)
            assert risk["model"]["digest"] == bundle.digest


def test_r7_no_answer_decides(client):
    """No part of an answer allows or denies, and each says that a person decides."""
    answer = client.post("/v1/scores", json=EXAMPLE_RECORD)
    text = answer.text.lower()
    for word in ("allow", "deny", "denied", "refuse", "reject", "clear to"):
        assert word not in text
    assert "a person, who decides" in answer.json()["notice"]


def test_r25_every_answer_says_that_asylum_is_not_limited(client):
    """The notice stands in every answer, that for crew included."""
    for record in (EXAMPLE_RECORD, with_facts(traveller={"passenger_type": "C"})):
        assert "asylum" in client.post("/v1/scores", json=record).json()["notice"]


def test_r2_never_stored_facts_are_dropped_and_named(client):
    """Facts that are never stored change nothing, are named in the answer, and are nowhere in the store's files."""
    plain = client.post("/v1/scores", json=EXAMPLE_RECORD).json()
    answer = client.post("/v1/scores", json=with_facts(**NEVER))
    assert answer.status_code == 200
    assert sorted(answer.json()["dropped_fields"]) == sorted(
        [
            *("meals", "assistance", "free_text", "ssr", "osi"),
            *("traveller.religion", "traveller.place_of_birth", "booking.card_number"),
        ]
    )
    assert [risk["log_odds"] for risk in answer.json()["risks"]] == [risk["log_odds"] for risk in plain["risks"]]
    for marker in ("MEAL", "ASSIST", "FREE", "SSR", "RELIGION", "PLACE", "CARD"):
        assert f"ZZ{marker}ZZ" not in answer.text
        assert f"ZZ{marker}ZZ".encode() not in store_bytes(client)


def store_bytes(client):
    """Every byte of the store, of the keys and of the checkpoints."""
    path = services_of(client).settings.database_path
    return b"".join(file.read_bytes() for file in path.parent.iterdir())


def test_facts_of_identity_are_nowhere_in_clear(client):
    """Names, document numbers, telephones and addresses are sealed; the rest of the record holds their keyed hashes."""
    decision_id = client.post("/v1/scores", json=with_facts(**HASHED)).json()["decision_id"]
    services = services_of(client)
    stored = orjson.loads(services.decisions.decision(decision_id).input)
    assert stored["documents"][0]["number"] == services.secret.hash_fact("ZZDOCUMENTZZ")
    assert stored["contact"]["phone"] == services.secret.hash_fact("ZZPHONEZZ")
    for marker in (b"ZZDOCUMENTZZ", b"ZZPHONEZZ", b"ZZMAILZZ", b"WARSAME", EXAMPLE_RECORD["record_id"].encode()):
        assert marker not in store_bytes(client)
    assert b"Gateway NBO" in store_bytes(client), "the search must be able to find what is there"


def test_stored_answer_is_the_sent_one_byte_for_byte(client):
    """The store holds the very bytes that left."""
    answer = client.post("/v1/scores", json=EXAMPLE_RECORD)
    row = services_of(client).decisions.decision(answer.json()["decision_id"])
    assert with_record_id(row.answer, EXAMPLE_RECORD["record_id"]) == answer.content
    assert row.principal == "Gateway NBO"
    assert row.audiences == (Audience.ENFORCEMENT, Audience.PROTECTION)
    assert row.digests == tuple(risk["model"]["digest"] for risk in answer.json()["risks"])


def test_crew_is_not_scored_and_still_on_record(client):
    """A crew member gets no score, and the answer is stored like any other."""
    answer = client.post("/v1/scores", json=with_facts(traveller={"passenger_type": "C"}))
    assert answer.json()["not_scored"] == "crew"
    assert answer.json()["risks"] == []
    row = services_of(client).decisions.decision(answer.json()["decision_id"])
    assert with_record_id(row.answer, EXAMPLE_RECORD["record_id"]) == answer.content


@pytest.mark.parametrize(
    ("scope", "risks"),
    [
        (Action.ENFORCEMENT, [name for name, risk in RISKS.items() if risk.audience is Audience.ENFORCEMENT]),
        (Action.PROTECTION, [name for name, risk in RISKS.items() if risk.audience is Audience.PROTECTION]),
    ],
)
def test_r23_caller_is_answered_for_its_own_audience_alone(client, scope, risks):
    """A key of one audience gets the scores of that audience, and the other's words are nowhere in the answer."""
    key = make_key(services_of(client), (Action.SCORE, scope))
    answer = client.post("/v1/scores", json=EXAMPLE_RECORD, headers=bearer(key))
    assert [risk["risk"] for risk in answer.json()["risks"]] == risks
    for other in set(RISKS) - set(risks):
        assert other not in answer.text


def test_key_without_audience_is_refused(client):
    """A key that may score for nobody gets no empty answer but a reason."""
    key = make_key(services_of(client), (Action.SCORE,))
    answer = client.post("/v1/scores", json=EXAMPLE_RECORD, headers=bearer(key))
    assert answer.status_code == 403
    assert "audience:enforcement" in answer.json()["detail"]


def test_without_approved_model_there_is_no_score(services):
    """A service without models says so, asks to try later and stores nothing."""
    with serving(services) as client:
        answer = client.post("/v1/scores", json=EXAMPLE_RECORD, headers=bearer(make_key(services)))
        batch = client.post("/v1/scores/batch", json=[EXAMPLE_RECORD], headers=bearer(make_key(services)))
    for one in (answer, batch):
        assert one.status_code == 503
        assert one.headers["retry-after"] == "1"
        assert one.json()["type"] == "urn:riskapi:problem:no-approved-model"
    assert decisions_in(services) == 0


def decisions_in(services):
    """How many decisions the store holds."""
    with sqlite3.connect(services.settings.database_path) as connection:
        count = connection.execute("SELECT count(*) FROM decisions").fetchone()[0]
    connection.close()
    return count


def test_decision_is_durable_before_the_answer(services, monkeypatch):
    """Where the store fails, the caller gets 503 and no score; afterwards the service goes on."""
    go_live(services, "document_fraud")
    store = services.decisions.append

    def fail(rows):
        raise StorageError("The disk is full.")

    with serving(services) as client:
        client.headers.update(bearer(make_key(services)))
        monkeypatch.setattr(services.decisions, "append", fail)
        for answer in (
            client.post("/v1/scores", json=EXAMPLE_RECORD),
            client.post("/v1/scores/batch", json=[EXAMPLE_RECORD] * 3),
        ):
            assert answer.status_code == 503
            assert answer.headers["retry-after"] == "1"
            assert "log_odds" not in answer.text
        assert decisions_in(services) == 0
        monkeypatch.setattr(services.decisions, "append", store)
        assert client.post("/v1/scores", json=EXAMPLE_RECORD).status_code == 200
        assert decisions_in(services) == 1


def test_database_that_refuses_a_commit_gives_no_score(services):
    """The same with a real database that another process holds locked."""
    go_live(services, "document_fraud")
    short = Services(settings(services.settings.database_path.parent, busy_timeout_seconds=0.1, poll_seconds=30))
    with serving(short) as client:
        client.headers.update(bearer(make_key(short)))
        with sqlite3.connect(short.settings.database_path, isolation_level=None) as other:
            other.execute("BEGIN EXCLUSIVE")
            answer = client.post("/v1/scores", json=EXAMPLE_RECORD)
            assert answer.status_code == 503
            assert answer.json()["type"] == "urn:riskapi:problem:storage"
            other.execute("ROLLBACK")
        other.close()
        assert client.post("/v1/scores", json=EXAMPLE_RECORD).status_code == 200
        assert decisions_in(short) == 1


COLUMNS = (
    DeclaredColumn(name="tax_rate", kind="number", unit="percent"),
    DeclaredColumn(name="is_repeat", kind="flag", expects="increasing"),
)


def test_declared_columns_are_scored_and_others_refused(services):
    """An agency's own column is read as declared; another name or kind is refused without being repeated."""
    files, _ = make_bundle("document_fraud", columns=COLUMNS)
    event = services.approvals.propose(dict(files), PROPOSER, "")
    services.approvals.approve(event.digest, APPROVER, RATIONALE)
    go_live(services, "migrant_smuggling")  # which declares nothing
    with serving(services) as client:
        client.headers.update(bearer(make_key(services)))
        plain = client.post("/v1/scores", json=EXAMPLE_RECORD).json()["risks"][0]
        assert {"tax_rate", "is_repeat"} <= set(plain["missing"])
        extra = {**EXAMPLE_RECORD, "extra": {"tax_rate": 8, "is_repeat": True}}
        scored = client.post("/v1/scores", json=extra).json()["risks"][0]
        assert "tax_rate" not in scored["missing"]
        assert scored["log_odds"] != plain["log_odds"]
        for value in (2**63, -(2**63), 10**400):
            huge = client.post("/v1/scores", json={**EXAMPLE_RECORD, "extra": {"tax_rate": value}})
            assert huge.status_code == 422
            assert huge.json()["errors"][0]["rule"] == "the number of column 1 is too large"
        bad = client.post("/v1/scores", json={**EXAMPLE_RECORD, "extra": {"zzmarkzz": 1, "tax_rate": "8"}})
    assert bad.status_code == 422
    assert "zzmarkzz" not in bad.text
    assert {problem["place"] for problem in bad.json()["errors"]} == {"extra", "extra.tax_rate"}
    assert "is_repeat, tax_rate" in bad.json()["errors"][0]["remedy"]


def test_r9_scoring_leaves_the_models_as_they_are(client):
    """After many records, of all kinds, the digests are those of before and nothing was added to the ledger."""
    services = services_of(client)
    before, mark = services.active.live.digests, services.ledger.mark()
    client.post("/v1/scores/batch", json=random_data(200, seed=9))
    assert services.active.live.digests == before
    assert services.ledger.mark() == mark
    for model in services.active.live.models:
        again = ModelBundle.open(model.bundle.files, TRUSTED)
        assert again.digest == model.bundle.digest
        assert again.model == model.bundle.model


def test_r1_protected_facts_change_no_score(client):
    """Names, nationality, gender and results of other systems leave every score as it is, bit for bit."""
    plain = client.post("/v1/scores", json=EXAMPLE_RECORD).json()
    other = with_facts(
        traveller={"surname": "SMITH", "nationality": "GBR", "gender": "M", "residence_country": "GBR"},
        upstream={"watchlist_hit": True, "visa_ok": False},
    )
    changed = client.post("/v1/scores", json=other).json()
    assert [risk["log_odds"] for risk in changed["risks"]] == [risk["log_odds"] for risk in plain["risks"]]
    assert all(spec.use == "audit" or spec.name for spec in CATALOGUE)
