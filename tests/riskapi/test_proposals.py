import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from features.examples import EXAMPLE_RECORD
from models.promotion import Verdict
from riskapi.access.matrix import Action
from riskapi.access.principal import Principal, PrincipalKind
from riskapi.errors import ConflictError, FourEyesError
from riskapi.schemas import ProposalBody, ProposalDetail
from riskapi.services import Services
from riskapi.storage.base import Event
from tests.bundles import make_bundle
from tests.riskapi.makers import (
    APPROVER,
    PROPOSER,
    RATIONALE,
    SCORER,
    bearer,
    go_live,
    make_key,
    serving,
)

WHY = {"rationale": RATIONALE}


def body_of(risk="document_fraud", seed=0, **options):
    """The body that proposes a bundle."""
    files, _ = make_bundle(risk, seed, **options)
    return {"files": {name: content.decode() for name, content in files.items()}, "rationale": "Retrained in March."}


@pytest.fixture
def desk(services):
    """A service without models, and the keys of those who work with them."""
    keys = {
        "pipeline": make_key(services, [Action.MODELS_PROPOSE], name="Training pipeline"),
        "amina": make_key(services, [Action.MODELS_APPROVE, Action.MODELS_READ], "Amina Yusuf", PrincipalKind.PERSON),
        "both": make_key(services, [Action.MODELS_PROPOSE, Action.MODELS_APPROVE], "Otieno", PrincipalKind.PERSON),
        "robot": make_key(services, [Action.MODELS_APPROVE], name="Robot"),
        "gateway": make_key(services, SCORER),
    }
    with serving(services) as client:
        yield client, {name: bearer(key) for name, key in keys.items()}


def propose(desk, who="pipeline", **options):
    """Propose a bundle; gives its digest."""
    client, keys = desk
    answer = client.post("/v1/proposals", json=body_of(**options), headers=keys[who])
    assert answer.status_code == 201, answer.text
    return answer.json()["digest"]


def decide(desk, what, digest, who="amina", body=WHY):
    """Decide about a proposal."""
    client, keys = desk
    return client.post(f"/v1/proposals/{digest}/{what}", json=body, headers=keys[who])


def live_digest(desk):
    """The digest that scores now, as an answer names it; ``None`` where nothing does."""
    client, keys = desk
    answer = client.post("/v1/scores", json=EXAMPLE_RECORD, headers=keys["gateway"])
    return answer.json()["risks"][0]["model"]["digest"] if answer.status_code == 200 else None


def test_r10_model_goes_live_when_another_person_approves_it(desk):
    """A proposal changes nothing; an approval makes it score at once, and the ledger names both."""
    client, keys = desk
    digest = propose(desk)
    assert live_digest(desk) is None
    answer = decide(desk, "approve", digest)
    assert answer.status_code == 200
    assert live_digest(desk) == digest
    (shown,) = client.get("/v1/proposals", headers=keys["amina"]).json()
    ProposalBody.model_validate_json(json.dumps(shown))
    assert shown["live"] is True
    assert [(e["event"], e["principal"], e["rationale"]) for e in shown["events"]] == [
        ("proposed", "Training pipeline", "Retrained in March."),
        ("approved", "Amina Yusuf", RATIONALE),
    ]


def test_proposal_shows_what_is_to_be_decided(desk):
    """Card and gates are there before anybody approves."""
    client, keys = desk
    digest = propose(desk)
    shown = client.get(f"/v1/proposals/{digest}", headers=keys["amina"])
    detail = ProposalDetail.model_validate_json(shown.content)
    assert detail.state is Event.PROPOSED
    assert detail.card["name"] == "document-fraud"
    assert detail.gates["gates"][0]["verdict"] == "passed"


def test_r10_proposer_does_not_approve(desk):
    """The same person is refused in either direction of spelling, and nothing goes live."""
    digest = propose(desk, who="both")
    for what in ("approve", "reject"):
        answer = decide(desk, what, digest, who="both")
        assert answer.status_code == 403
        assert answer.json()["type"] == "urn:riskapi:problem:four-eyes"
    assert live_digest(desk) is None


@pytest.mark.parametrize("name", ["otieno", " OTIENO ", "Otieno"])
def test_r10_second_key_of_the_proposer_does_not_approve(services, name):
    """Another key under the same name is the same person."""
    files, _ = make_bundle()
    first = Principal("Otieno", PrincipalKind.PERSON, "1", frozenset())
    second = Principal(name, PrincipalKind.PERSON, "2", frozenset())
    event = services.approvals.propose(dict(files), first, "")
    with pytest.raises(FourEyesError):
        services.approvals.approve(event.digest, second, RATIONALE)


def test_r10_system_does_not_approve(desk):
    """Only a person decides, whatever scopes a system's key has."""
    answer = decide(desk, "approve", propose(desk), who="robot")
    assert answer.status_code == 403
    assert "person" in answer.json()["detail"]


@pytest.mark.parametrize("rationale", ["", "ok", "  too short  ", None, 7, "x" * 2001])
def test_decision_needs_a_rationale(desk, rationale):
    """Without ten characters of why, nothing is decided."""
    digest = propose(desk)
    for what in ("approve", "reject"):
        bad = {"rationale": "  short  " if rationale == "  too short  " else rationale}
        assert decide(desk, what, digest, body=bad).status_code == 422
    assert live_digest(desk) is None


def test_r10_rollback_is_approving_an_earlier_bundle_again(desk):
    """The way back is one approval; the ledger keeps all three."""
    first, second = propose(desk), propose(desk, seed=1)
    decide(desk, "approve", first)
    decide(desk, "approve", second)
    assert live_digest(desk) == second
    assert decide(desk, "approve", first).status_code == 200
    assert live_digest(desk) == first
    client, _ = desk
    events = client.app.state.services.ledger.events()
    assert [event.digest for event in events if event.event is Event.APPROVED] == [first, second, first]


def test_bundle_is_proposed_once(desk):
    """A second proposal of the same bundle is a conflict."""
    client, keys = desk
    propose(desk)
    assert client.post("/v1/proposals", json=body_of(), headers=keys["pipeline"]).status_code == 409


def test_live_bundle_is_not_approved_again(desk):
    """Approving what is live would put an empty line on record."""
    digest = propose(desk)
    decide(desk, "approve", digest)
    assert decide(desk, "approve", digest).status_code == 409


def test_rejected_bundle_stays_rejected(desk):
    """A rejection is final, and only what is proposed can be rejected."""
    digest = propose(desk)
    assert decide(desk, "reject", digest).status_code == 200
    assert decide(desk, "approve", digest).status_code == 409
    assert decide(desk, "reject", digest).status_code == 409
    other = propose(desk, seed=1)
    decide(desk, "approve", other)
    assert decide(desk, "reject", other).status_code == 409
    assert live_digest(desk) == other


def test_unknown_digest_is_not_found(desk):
    """Nobody decides about what nobody proposed."""
    client, keys = desk
    for digest in ("sha256:" + "0" * 64, "x", "sha256:ZZSECRETZZ"):
        for answer in (
            decide(desk, "approve", digest),
            decide(desk, "reject", digest),
            client.get(f"/v1/proposals/{digest}", headers=keys["amina"]),
        ):
            assert answer.status_code == 404
            assert "ZZSECRETZZ" not in answer.text


@pytest.mark.parametrize("verdict", [Verdict.FAILED, Verdict.INCONCLUSIVE])
def test_bundle_with_an_open_gate_is_not_approved(desk, verdict):
    """A gate that did not pass stops the approval and is named."""
    answer = decide(desk, "approve", propose(desk, verdict=verdict))
    assert answer.status_code == 409
    assert "'parity'" in answer.json()["detail"]
    assert live_digest(desk) is None


def test_open_gate_is_accepted_by_name_and_on_record(desk):
    """The approver answers for what the data leave open; a failed gate stays shut."""
    accepting = {**WHY, "accept_inconclusive": ["parity"]}
    assert decide(desk, "approve", propose(desk, verdict=Verdict.FAILED), body=accepting).status_code == 409
    event = decide(desk, "approve", propose(desk, seed=1, verdict=Verdict.INCONCLUSIVE), body=accepting).json()
    assert event["event"] == "approved"
    assert event["rationale"] == f"{RATIONALE} Accepted although inconclusive: parity."


@pytest.mark.parametrize("name", list(make_bundle()[0]))
def test_r39_changed_file_is_refused_and_named(desk, name):
    """One changed character in any file: the bundle is not taken, and the problem names a file."""
    client, keys = desk
    body = body_of()
    text = body["files"][name]
    middle = len(text) // 2
    body["files"][name] = text[:middle] + ("0" if text[middle] != "0" else "1") + text[middle + 1 :]
    answer = client.post("/v1/proposals", json=body, headers=keys["pipeline"])
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:riskapi:problem:bundle-refused"
    place = answer.json()["errors"][0]["place"]
    assert place == name or name in ("manifest.json", "signature.json")
    assert client.get("/v1/proposals", headers=keys["amina"]).json() == []


@pytest.mark.parametrize("name", list(make_bundle()[0]))
def test_r39_missing_file_is_refused_and_named(desk, name):
    """A bundle without one of its files is not taken."""
    client, keys = desk
    body = body_of()
    del body["files"][name]
    answer = client.post("/v1/proposals", json=body, headers=keys["pipeline"])
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["place"] == name


def test_r39_bundle_of_an_unknown_signer_is_refused(desk):
    """A valid signature by a key that nobody trusts counts for nothing."""
    client, keys = desk
    body = body_of(key=Ed25519PrivateKey.from_private_bytes(b"7" * 32))
    answer = client.post("/v1/proposals", json=body, headers=keys["pipeline"])
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["place"] == "signature.json"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"files": {}},
        {"files": []},
        {"files": {"../../etc/passwd": "x"}},
        {"files": {"manifest.json": 7}},
        {"files": {"model.pkl": "x"}},
        {"files": {f"f{chr(97 + n)}.json": "x" for n in range(25)}},
        {"files": {"manifest.json": "{}"}, "more": 1},
    ],
)
def test_proposal_that_is_no_bundle_is_refused(desk, body):
    """Whatever is no set of files is refused as such."""
    client, keys = desk
    assert client.post("/v1/proposals", json=body, headers=keys["pipeline"]).status_code == 422


def test_restart_keeps_the_live_model(services):
    """A new process serves what was approved before."""
    digest = go_live(services, "document_fraud")
    again = Services(services.settings)
    assert again.active.live.digests == (digest,)
    again.close()


def test_r39_stored_bundle_that_was_changed_does_not_go_live(services, caplog):
    """A byte changed in the store: the last good model stays, readiness names the cause, nothing unsigned scores."""
    first = go_live(services, "document_fraud")
    files, _ = make_bundle("document_fraud", 1)
    event = services.approvals.propose(dict(files), PROPOSER, "")
    services.approvals.approve(event.digest, APPROVER, RATIONALE)
    original = services.ledger.bundle

    def changed(digest):
        row = original(digest)
        if digest == event.digest:
            row.files["model.json"] = row.files["model.json"].replace(b"1", b"2", 1)
        return row

    services.ledger.bundle = changed
    services.active._old.clear()
    services.refresh()
    assert services.active.live.digests == (first,)
    assert "model.json" in services.active.refused["document_fraud"]
    with serving(services) as client:
        ready = client.get("/health/ready")
        assert ready.status_code == 503
        assert any("document_fraud" in line and "model.json" in line for line in ready.json()["missing"])
        answer = client.post("/v1/scores", json=EXAMPLE_RECORD, headers=bearer(make_key(services)))
        assert answer.json()["risks"][0]["model"]["digest"] == first


def test_approval_by_another_process_arrives(services):
    """A running service follows the ledger without being told."""
    other = Services(services.settings)
    with serving(services) as client:
        key = bearer(make_key(services))
        digest = go_live(other, "document_fraud")
        for _ in range(100):
            answer = client.post("/v1/scores", json=EXAMPLE_RECORD, headers=key)
            if answer.status_code == 200:
                break
            threading.Event().wait(0.02)
        assert answer.json()["risks"][0]["model"]["digest"] == digest
    other.close()


@pytest.mark.parametrize("round_", range(5))
def test_race_of_two_decisions_has_one_outcome(services, round_):
    """Approve and reject at once, from two processes: exactly one happens, and the other hears why not."""
    other = Services(services.settings)
    files, _ = make_bundle("document_fraud", round_)
    digest = services.approvals.propose(dict(files), PROPOSER, "").digest
    start = threading.Barrier(2)

    def act(approvals, what):
        start.wait()
        try:
            return getattr(approvals, what)(digest, APPROVER, RATIONALE).event
        except ConflictError:
            return None

    with ThreadPoolExecutor(2) as pool:
        outcomes = [
            pool.submit(act, services.approvals, "approve"),
            pool.submit(act, other.approvals, "reject"),
        ]
        done = [one.result() for one in outcomes]
    assert sum(outcome is not None for outcome in done) == 1
    assert len(services.ledger.events(digest)) == 2
    other.close()


def test_race_of_two_approvals_has_one_outcome(services):
    """Two persons approve the same bundle at once: one line on record."""
    files, _ = make_bundle()
    digest = services.approvals.propose(dict(files), PROPOSER, "").digest
    start = threading.Barrier(4)

    def act(number):
        start.wait()
        try:
            person = Principal(f"Person {number}", PrincipalKind.PERSON, str(number), frozenset())
            return services.approvals.approve(digest, person, RATIONALE)
        except ConflictError:
            return None

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(act, range(4)))
    assert sum(one is not None for one in done) == 1
    assert [event.event for event in services.ledger.events(digest)] == [Event.PROPOSED, Event.APPROVED]
