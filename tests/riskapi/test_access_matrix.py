"""Every route with every kind of caller: the whole table of rights, cell by cell, over HTTP."""

import base64
import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from fastapi.routing import APIRouter, iter_route_contexts

from features.examples import EXAMPLE_RECORD
from riskapi.access.guard import GuardedRoute, allows, open_to_all
from riskapi.access.keys import new_key
from riskapi.access.matrix import APART, MATRIX, PURPOSES, Action, Purpose, Role
from riskapi.access.principal import PrincipalKind
from riskapi.schemas import RECTIFICATION_REASONS
from tests.riskapi.access.makers import Issuer
from tests.riskapi.makers import RATIONALE, TestClient, make_key, scoring_service, services_of

DIGEST = "sha256:" + "f" * 64
ID = "01a20caf-0413-738e-8d4a-c452987a1bd1"
OPEN = None
"""Needs no caller."""

TABLE: dict[tuple[str, str], Action | None] = {
    ("POST", "/v1/scores"): Action.SCORE,
    ("POST", "/v1/scores/batch"): Action.SCORE,
    ("POST", "/v1/manifests"): Action.SCORE,
    ("POST", "/v1/messages"): Action.SCORE,
    ("POST", "/v1/gtas/score"): Action.SCORE,
    ("POST", "/v1/gtas/pending-hits"): Action.DECISIONS_READ,
    ("GET", "/v1/decisions/{decision_id}"): Action.DECISIONS_READ,
    ("GET", "/v1/decisions/{decision_id}/explanation"): Action.DECISIONS_READ,
    ("GET", "/v1/decisions/{decision_id}/person-explanation"): Action.REDRESS,
    ("POST", "/v1/decisions/{decision_id}/rectification"): Action.RECTIFY,
    ("POST", "/v1/outcomes"): Action.OUTCOMES_RECORD,
    ("GET", "/v1/desk/cases"): Action.DESK_REVIEW,
    ("GET", "/v1/desk/counts"): Action.DESK_REVIEW,
    ("GET", "/v1/desk/cases/{decision_id}"): Action.DESK_REVIEW,
    ("POST", "/v1/desk/cases/{decision_id}/claim"): Action.DESK_REVIEW,
    ("POST", "/v1/desk/cases/{decision_id}/release"): Action.DESK_REVIEW,
    ("POST", "/v1/desk/cases/{decision_id}/hand-over"): Action.DESK_REVIEW,
    ("POST", "/v1/desk/cases/{decision_id}/first-view"): Action.DESK_REVIEW,
    ("POST", "/v1/desk/cases/{decision_id}/open"): Action.DESK_REVIEW,
    ("POST", "/v1/desk/cases/{decision_id}/note"): Action.DESK_REVIEW,
    ("POST", "/v1/desk/cases/{decision_id}/reading"): Action.DESK_REVIEW,
    ("POST", "/v1/desk/cases/{decision_id}/what-if"): Action.DESK_REVIEW,
    ("GET", "/v1/desk/measures"): Action.MONITORING_READ,
    ("GET", "/v1/features"): Action.MODELS_READ,
    ("GET", "/v1/schema"): Action.MODELS_READ,
    ("GET", "/v1/models"): Action.MODELS_READ,
    ("GET", "/v1/models/{risk}"): Action.MODELS_READ,
    ("GET", "/v1/models/{risk}/card"): Action.MODELS_READ,
    ("GET", "/v1/monitoring"): Action.MONITORING_READ,
    ("GET", "/v1/models/{risk}/challenger"): Action.MONITORING_READ,
    ("POST", "/v1/models/{risk}/challenger/withdraw"): Action.MODELS_APPROVE,
    ("POST", "/v1/proposals/{digest}/challenge"): Action.MODELS_APPROVE,
    ("POST", "/v1/proposals"): Action.MODELS_PROPOSE,
    ("GET", "/v1/proposals"): Action.MODELS_READ,
    ("GET", "/v1/proposals/{digest}"): Action.MODELS_READ,
    ("POST", "/v1/proposals/{digest}/approve"): Action.MODELS_APPROVE,
    ("POST", "/v1/proposals/{digest}/reject"): Action.MODELS_APPROVE,
    ("POST", "/v1/sessions"): OPEN,
    ("GET", "/v1/sessions/current"): Action.SELF,
    ("DELETE", "/v1/sessions/current"): Action.SELF,
    ("GET", "/v1/accounts"): Action.ACCOUNTS_READ,
    ("POST", "/v1/accounts"): Action.ACCOUNTS_MANAGE,
    ("POST", "/v1/accounts/{login}/roles"): Action.ACCOUNTS_MANAGE,
    ("POST", "/v1/accounts/{login}/disable"): Action.ACCOUNTS_MANAGE,
    ("POST", "/v1/accounts/{login}/reset"): Action.ACCOUNTS_MANAGE,
    ("POST", "/v1/grants/{grant_id}/confirm"): Action.ACCOUNTS_CONFIRM,
    ("POST", "/v1/grants/{grant_id}/refuse"): Action.ACCOUNTS_CONFIRM,
    ("GET", "/metrics"): Action.METRICS_READ,
    ("GET", "/health/live"): OPEN,
    ("GET", "/health/ready"): OPEN,
    ("GET", "/docs"): OPEN,
    ("GET", "/docs/start.js"): OPEN,
    ("GET", "/docs/{name}"): OPEN,
    ("GET", "/openapi.json"): OPEN,
    ("GET", "/console"): Action.SELF,
    ("GET", "/console/sign-in"): OPEN,
    ("POST", "/console/sign-in"): OPEN,
    ("POST", "/console/sign-out"): Action.SELF,
    ("POST", "/console/language"): OPEN,
    ("GET", "/console/static/{name}"): OPEN,
    ("GET", "/console/desk"): Action.DESK_REVIEW,
    ("GET", "/console/desk/counts"): Action.DESK_REVIEW,
    ("GET", "/console/desk/cases/{decision_id}"): Action.DESK_REVIEW,
    ("POST", "/console/desk/find"): Action.DESK_REVIEW,
    ("GET", "/console/desk/cases/{decision_id}/letter"): Action.REDRESS,
    ("GET", "/console/desk/cases/{decision_id}/letter.pdf"): Action.REDRESS,
    ("POST", "/console/desk/cases/{decision_id}/claim"): Action.DESK_REVIEW,
    ("POST", "/console/desk/cases/{decision_id}/release"): Action.DESK_REVIEW,
    ("POST", "/console/desk/cases/{decision_id}/hand-over"): Action.DESK_REVIEW,
    ("POST", "/console/desk/cases/{decision_id}/first-view"): Action.DESK_REVIEW,
    ("POST", "/console/desk/cases/{decision_id}/open"): Action.DESK_REVIEW,
    ("POST", "/console/desk/cases/{decision_id}/note"): Action.DESK_REVIEW,
    ("POST", "/console/desk/cases/{decision_id}/reading"): Action.DESK_REVIEW,
    ("POST", "/console/desk/cases/{decision_id}/what-if"): Action.DESK_REVIEW,
    ("GET", "/console/models"): Action.MODELS_READ,
    ("GET", "/console/models/{digest}"): Action.MODELS_READ,
    ("GET", "/console/models/{digest}/terms"): Action.MODELS_READ,
    ("GET", "/console/models/{digest}/reasons"): Action.MODELS_READ,
    ("GET", "/console/models/{digest}/comparison"): Action.MODELS_READ,
    ("GET", "/console/models/{digest}/card.md"): Action.MODELS_READ,
    ("GET", "/console/models/{digest}/bundle.zip"): Action.MODELS_READ,
    ("POST", "/console/models/{digest}/approve"): Action.MODELS_APPROVE,
    ("POST", "/console/models/{digest}/reject"): Action.MODELS_APPROVE,
    ("GET", "/console/monitoring"): Action.MONITORING_READ,
    ("GET", "/console/monitoring/{risk}"): Action.MONITORING_READ,
    ("GET", "/console/monitoring/{risk}/challenger"): Action.MONITORING_READ,
    ("GET", "/console/decisions"): Action.DECISIONS_READ,
    ("POST", "/console/decisions/find"): Action.DECISIONS_READ,
    ("GET", "/console/decisions/{decision_id}"): Action.DECISIONS_READ,
    ("GET", "/console/log"): Action.LOG_READ,
    ("GET", "/console/log/events.csv"): Action.LOG_READ,
    ("POST", "/console/log/verify"): Action.LOG_READ,
}
OPEN_PREFIXES = (
    *("/health/", "/docs", "/openapi.json", "/v1/sessions"),
    *("/console/sign-in", "/console/language", "/console/static/"),
)
BODIES = {
    "/v1/scores": EXAMPLE_RECORD,
    "/v1/scores/batch": [EXAMPLE_RECORD],
    "/v1/decisions/{decision_id}/rectification": {
        "reason": next(iter(RECTIFICATION_REASONS)),
        "record": EXAMPLE_RECORD,
    },
    "/v1/proposals/{digest}/approve": {"rationale": RATIONALE},
    "/v1/proposals/{digest}/reject": {"rationale": RATIONALE},
    "/v1/proposals/{digest}/challenge": {"rationale": RATIONALE},
    "/v1/models/{risk}/challenger/withdraw": {"rationale": RATIONALE},
    "/v1/proposals": {"files": {"manifest.json": "{}"}},
    "/v1/accounts": {"login": "!", "name": "x", "roles": []},
    "/v1/accounts/{login}/roles": {"roles": []},
    "/v1/sessions": {"login": "nobody", "password": "x"},
}
ROWS = list(TABLE.items())
GUARDED = [row for row, action in ROWS if action is not OPEN]

EXPECTED = {
    Role.SCORER: {Action.SCORE, Action.DECISIONS_READ, Action.HITS_RECEIVE, Action.ENFORCEMENT, Action.RECTIFY},
    Role.REVIEWER: {
        Action.DECISIONS_READ,
        Action.HITS_RECEIVE,
        Action.ENFORCEMENT,
        Action.OUTCOMES_RECORD,
        Action.DESK_REVIEW,
        Action.REDRESS,
        Action.RECTIFY,
    },
    Role.DATA_SCIENTIST: {Action.CASES_EXPORT, Action.MODELS_READ, Action.MODELS_PROPOSE, Action.MONITORING_READ},
    Role.APPROVER: {Action.MODELS_READ, Action.MODELS_APPROVE, Action.MONITORING_READ},
    Role.AUDITOR: {
        Action.DECISIONS_READ,
        Action.ENFORCEMENT,
        Action.AUDIT_FACTS,
        Action.MODELS_READ,
        Action.MONITORING_READ,
        Action.LOG_READ,
        Action.ERASURE_CONFIRM,
        Action.ACCOUNTS_READ,
        Action.ACCOUNTS_CONFIRM,
    },
    Role.PROTECTION_OFFICER: {
        Action.DECISIONS_READ,
        Action.HITS_RECEIVE,
        Action.PROTECTION,
        Action.OUTCOMES_RECORD,
        Action.DESK_REVIEW,
        Action.REDRESS,
        Action.MONITORING_READ,
    },
    Role.ADMIN: {
        Action.RETENTION,
        Action.ERASURE_CONFIRM,
        Action.ACCOUNTS_READ,
        Action.ACCOUNTS_MANAGE,
        Action.ACCOUNTS_CONFIRM,
        Action.METRICS_READ,
    },
}
"""The decision rights, written down a second time: a change of the table has to be made twice, on purpose."""


@dataclass
class Service:
    """A service, its identity provider, and the headers of every kind of caller."""

    client: TestClient
    issuer: Issuer
    headers: dict[str, dict[str, str]]

    def call(self, method: str, path: str, headers: dict[str, str]):
        """Call a route with a body that fits it."""
        url = path.format(
            decision_id=ID, digest=DIGEST, risk="document_fraud", name="swagger-ui.css", login="nobody", grant_id=ID
        )
        return self.client.request(
            method, url, headers=headers, json=BODIES.get(path, {}) if method == "POST" else None
        )


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service of its own, since it is asked for everything that may be done."""
    with Issuer() as issuer:
        groups = {f"group-{role.value}": role for role in Role}
        options = {"oidc_issuer": issuer.url, "oidc_audience": "riskapi", "oidc_roles": groups}
        with scoring_service(tmp_path_factory.mktemp("matrix"), **options) as client:
            client.headers.clear()
            yield Service(client, issuer, dict(callers(client, issuer)))


def bearing(credential: str) -> dict[str, str]:
    """The header that carries a key or a token."""
    return {"Authorization": f"Bearer {credential}"}


def callers(client: TestClient, issuer: Issuer):
    """Every kind of caller that is not one, and every role by key and by token."""
    services = services_of(client)
    now = services.clock()
    for role in Role:
        key = make_key(services, [role], f"Key of {role.value}", PrincipalKind.PERSON)
        yield f"key of {role.value}", bearing(key)
        token = issuer.token(now, roles=[f"group-{role.value}"], sub=f"Token of {role.value}")
        yield f"token of {role.value}", bearing(token)
    good = make_key(services, [Role.ADMIN], kind=PrincipalKind.PERSON)
    revoked = make_key(services, [Role.ADMIN])
    services.keys.revoke_key(revoked.split("_")[1], now)
    services.refresh()
    token = issuer.token(now, roles=["group-admin"])
    head, claims, signature = token.split(".")
    none = base64.urlsafe_b64encode(json.dumps({"alg": "none"}).encode()).rstrip(b"=").decode()
    others = base64.urlsafe_b64encode(
        json.dumps({**json.loads(base64.urlsafe_b64decode(claims + "==")), "sub": "other"}).encode()
    ).rstrip(b"=")
    yield "none", {}
    yield "empty", bearing("")
    yield "basic", {"Authorization": f"Basic {good}"}
    yield "other header", {"X-API-Key": good}
    yield "expired key", bearing(make_key(services, [Role.ADMIN], lifetime=timedelta(seconds=-1)))
    yield "tampered key", bearing(good[:-1] + ("A" if good[-1] != "A" else "B"))
    yield "revoked key", bearing(revoked)
    yield "expired token", bearing(issuer.token(now - timedelta(hours=2), roles=["group-admin"]))
    yield "tampered token", bearing(f"{head}.{others.decode()}.{signature}")
    yield "unsigned token", bearing(f"{none}.{claims}.")
    yield "token for others", bearing(issuer.token(now, aud="mail", roles=["group-admin"]))
    yield "made-up session", {"Cookie": "__Host-riskapi=" + "A" * 43}
    yield "two sessions", {"Cookie": "__Host-riskapi=a; __Host-riskapi=b"}


ALIKE = (
    ("none", "empty", "basic", "other header", "two sessions"),
    ("expired key", "tampered key", "revoked key"),
    ("expired token", "tampered token", "unsigned token", "token for others"),
    ("made-up session",),
)
"""By the kind of what is sent: within each, the words do not say what is wrong with it."""
FORM_TOKEN = re.compile(r'(?<=name="form_token" value=")[0-9a-f]+')
"""On pages it follows the cookie that was sent, known or not."""
NOBODY = [name for kind in ALIKE for name in kind]


def test_r33_every_route_has_a_row_and_declares_it(service):
    """A new route without a row in this table fails here; one without a declaration is no route at all."""
    found = {
        (method, context.path): context.original_route
        for context in iter_route_contexts(service.client.app.routes)
        for method in (context.methods or ()) - {"HEAD"}
    }
    assert set(found) == set(TABLE)
    for row, route in found.items():
        assert isinstance(route, GuardedRoute)
        assert route.declares.action == TABLE[row]
        assert (route.declares.action is None) == bool(route.declares.why_open)


def test_r33_a_route_that_declares_nothing_cannot_be_made():
    """Forgetting is no way in."""
    router = APIRouter(route_class=GuardedRoute)
    with pytest.raises(TypeError, match=r"/v1/new: declare @allows"):
        router.get("/v1/new")(lambda: None)
    router.get("/v1/new")(allows(Action.SCORE)(lambda: None))
    router.get("/v1/open")(open_to_all("because")(lambda: None))


def test_r33_only_health_signing_in_and_the_api_page_are_open():
    """Whatever needs no caller holds no data."""
    assert all(path.startswith(OPEN_PREFIXES) for (_, path), action in ROWS if action is OPEN)


@pytest.mark.parametrize("role", Role)
def test_r33_the_table_says_what_was_decided(role):
    """Each role has exactly its rights; besides, everybody may ask who they are."""
    assert {action for action, row in MATRIX.items() if role in row} == EXPECTED[role] | {Action.SELF}


def test_r33_the_table_has_a_row_for_every_action():
    """Nothing can be asked for that the table does not know."""
    assert set(MATRIX) == set(Action)
    assert set(PURPOSES) == set(Role)


@pytest.mark.parametrize("action", [Action.SCORE, Action.DECISIONS_READ, Action.OUTCOMES_RECORD, Action.MODELS_APPROVE])
def test_r33_who_manages_accounts_decides_nothing(action):
    """Admins neither score, nor review, nor approve, and cannot be given a role that does."""
    assert Role.ADMIN not in MATRIX[action]
    for role in MATRIX[action]:
        assert any({Role.ADMIN, role} <= left | right for left, right in APART)


def test_r23_what_protection_learns_is_its_own():
    """One role is answered with protection scores, and it is none of enforcement's."""
    assert set(MATRIX[Action.PROTECTION]) == {Role.PROTECTION_OFFICER}
    assert set(MATRIX[Action.PROTECTION]).isdisjoint(MATRIX[Action.ENFORCEMENT])


@pytest.mark.parametrize("row", GUARDED, ids=" ".join)
def test_e1_nobody_gets_in(service, row):
    """No key or token, an expired, tampered, unsigned or revoked one: all refused alike, whatever is asked for."""
    answers = {name: service.call(*row, service.headers[name]) for name in NOBODY}
    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(NOBODY, 401)
    texts = {name: FORM_TOKEN.sub("", answer.text) for name, answer in answers.items()}
    assert [len({texts[name] for name in kind}) for kind in ALIKE] == [1] * len(ALIKE)
    assert all(answer.headers["www-authenticate"].startswith("Bearer") for answer in answers.values())
    kind = "text/html; charset=utf-8" if row[1].startswith("/console") else "application/problem+json"
    assert all(answer.headers["content-type"] == kind for answer in answers.values())


def told(answer) -> str:
    """What a refusal says, in a problem document or on a page."""
    if answer.headers["content-type"] == "application/problem+json":
        return answer.json()["detail"]
    return html.unescape(answer.text)


@pytest.mark.parametrize("row", GUARDED, ids=" ".join)
@pytest.mark.parametrize("role", Role)
def test_e1_every_role_gets_what_the_table_gives_it(service, row, role):
    """By key and by token: what the table allows is served, everything else is refused by the name of the right."""
    action = TABLE[row]
    purpose = {"X-Purpose": next(iter(sorted(PURPOSES[role])), "border_control")}
    for kind in ("key", "token"):
        answer = service.call(*row, service.headers[f"{kind} of {role.value}"] | purpose)
        if role in MATRIX[action]:
            assert answer.status_code not in (401, 403, 429, 500), answer.text
        else:
            assert answer.status_code == 403, answer.text
            assert repr(action.value) in told(answer)


@pytest.mark.parametrize("action", Action)
def test_e1_a_key_of_one_action_opens_its_routes_and_no_other(service, action):
    """A key with a single right is refused everywhere else."""
    key = bearing(make_key(services_of(service.client), [action], kind=PrincipalKind.PERSON))
    for row in GUARDED:
        answer = service.call(*row, key | {"X-Purpose": "border_control"})
        if TABLE[row] in {action, Action.SELF}:
            assert answer.status_code not in (401, 500)
            assert answer.status_code != 403 or "audience:" in answer.text
        else:
            assert answer.status_code == 403
            assert repr(TABLE[row].value) in told(answer)


@pytest.mark.parametrize("row", list(TABLE), ids=" ".join)
def test_wrong_method_is_a_problem_like_any_other(service, row):
    """405 has the one shape of errors, names what is allowed, and no method slips past the table."""
    answer = service.call("PATCH", row[1], service.headers["key of admin"])
    assert answer.status_code == 405
    assert answer.headers["content-type"] == "application/problem+json"
    assert row[0] in answer.headers["allow"]


def test_unknown_path_is_a_problem_like_any_other(service):
    """404 has the one shape of errors and does not repeat the path."""
    answer = service.client.get("/v1/ZZSECRETZZ")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert "ZZSECRETZZ" not in answer.text


def test_new_key_works_at_once_and_a_revoked_one_stops_soon(service):
    """A key that another process made is found when it is first used; a revoked one is gone after the next look."""
    services = services_of(service.client)
    key, row = new_key(services.secret, "Other", PrincipalKind.SYSTEM, [Action.MODELS_READ], services.clock())
    services.keys.add_key(row)
    assert service.client.get("/v1/models", headers=bearing(key)).status_code == 200
    services.keys.revoke_key(row.key_id, services.clock())
    services.refresh()
    assert service.client.get("/v1/models", headers=bearing(key)).status_code == 401


SCORED = [("POST", "/v1/scores"), ("POST", "/v1/scores/batch"), ("GET", "/v1/decisions/{decision_id}")]


@pytest.mark.parametrize("row", SCORED, ids=" ".join)
@pytest.mark.parametrize("stated", [None, "", "marketing", "oversight", Purpose.REDRESS])
def test_r32_without_an_allowed_purpose_nothing_is_done_and_that_is_on_record(service, row, stated):
    """A purpose that is missing, unknown or another role's is refused with 403, and the log says who tried."""
    services = services_of(service.client)
    before = len(refusals(services))
    headers = service.headers["key of scorer"] | ({} if stated is None else {"X-Purpose": str(stated)})
    record = {name: fact for name, fact in EXAMPLE_RECORD.items() if name != "purpose_code"}
    url = row[1].format(decision_id=ID)
    body = {"/v1/scores": record, "/v1/scores/batch": [record]}.get(row[1])
    answer = service.client.request(row[0], url, headers=headers, json=body)
    assert answer.status_code == 403
    assert answer.json()["type"] == "urn:riskapi:problem:purpose"
    assert "border_control" in answer.json()["detail"]
    assert "marketing" not in answer.text
    found = refusals(services)[before:]
    assert [(one["by"], one["route"]) for one in found] == [("Key of scorer", row[1])]
    assert found[0]["stated"] in {"none", "unknown", *Purpose}


def refusals(services):
    """What the log says about refused purposes."""
    return [
        json.loads(entry.body)
        for writer in services.journal.heads()
        for entry in services.journal.entries(writer)
        if entry.kind == "refused_purpose"
    ]
