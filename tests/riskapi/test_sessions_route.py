"""Signing in over HTTP: the cookie's life, other sites' pages, accounts and grants by route."""

import pytest
from argon2 import PasswordHasher

from riskapi.access.matrix import Role
from riskapi.access.principal import PrincipalKind
from tests.riskapi.makers import bearer, make_key, scoring_service, services_of

PASSWORD = "the ferry was late on tuesday"
OURS = {"Origin": "https://testserver"}


@pytest.fixture(scope="module", autouse=True)
def _quick_hashes():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("riskapi.access.passwords._HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """A client over TLS that forgets its key."""
    with scoring_service(tmp_path_factory.mktemp("sessions"), risks=["document_fraud"]) as made:
        made.headers.clear()
        made.base_url = "https://testserver"
        made.headers["X-Purpose"] = "border_control"
        yield made


@pytest.fixture
def admin(client):
    """The headers of an admin and of a second one."""
    services = services_of(client)
    client.cookies.clear()
    return tuple(
        bearer(make_key(services, [Role.ADMIN], f"{name} Admin", PrincipalKind.PERSON)) for name in ("First", "Second")
    )


def cookie_of(client):
    """The header that a browser would send."""
    return {"Cookie": "; ".join(f"{name}={value}" for name, value in client.cookies.items())}


def make_account(client, admin, login, *roles):
    """Make an account with confirmed roles and a password of its own."""
    made = client.post(
        "/v1/accounts", json={"login": login, "name": login.title(), "roles": list(roles)}, headers=admin[0]
    )
    assert made.status_code == 201, made.text
    confirmed = client.post(f"/v1/grants/{made.json()['grant']['grant_id']}/confirm", headers=admin[1])
    assert confirmed.json()["confirmed"]
    answer = client.post(
        "/v1/sessions", json={"login": login, "password": made.json()["password"], "new_password": PASSWORD}
    )
    assert answer.status_code == 201, answer.text
    return answer


def test_a_person_signs_in_works_and_signs_out(client, admin):
    """The cookie stands for the person until it is handed back."""
    answer = make_account(client, admin, "amina", "approver")
    assert answer.json()["roles"] == ["approver"]
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-riskapi=")
    assert "Secure; HttpOnly; SameSite=Strict" in cookie
    assert client.get("/v1/sessions/current").json()["name"] == "Amina"
    assert client.get("/v1/models").status_code == 200
    assert client.get("/v1/decisions/x").status_code == 403
    kept = cookie_of(client)
    assert client.delete("/v1/sessions/current", headers=OURS).status_code == 204
    assert not client.cookies
    assert client.get("/v1/sessions/current", headers=kept).status_code == 401


def test_d4_another_sites_page_changes_nothing(client, admin):
    """With the cookie alone, nothing that changes anything passes; the account is as it was."""
    make_account(client, admin, "boss", "admin")
    body = {"json": {"login": "evil", "name": "Evil", "roles": ["reviewer"]}}
    for headers in ({}, {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        answer = client.post("/v1/accounts", headers=headers, **body)
        assert answer.status_code == 403
        assert answer.json()["type"] == "urn:riskapi:problem:cross-site"
    assert client.post("/v1/accounts", headers=OURS | {"content-type": "text/plain"}, content="{}").status_code == 415
    logins = [one["login"] for one in client.get("/v1/accounts").json()["accounts"]]
    assert "evil" not in logins
    assert client.post("/v1/accounts", headers=OURS, **body).status_code == 201
    answer = client.post("/v1/sessions", json={"login": "boss", "password": PASSWORD}, headers={"Origin": "null"})
    assert answer.status_code == 403


def test_e4_disabling_and_changing_roles_take_effect_with_the_next_request(client, admin):
    """Nobody goes on working on a session whose account changed."""
    make_account(client, admin, "wanjiru", "data_scientist")
    kept = cookie_of(client)
    client.cookies.clear()
    assert client.get("/v1/models", headers=kept).status_code == 200
    assert client.post("/v1/accounts/wanjiru/disable", headers=admin[0]).status_code == 204
    assert client.get("/v1/models", headers=kept).status_code == 401
    client.cookies.clear()
    make_account(client, admin, "peter", "data_scientist")
    kept = cookie_of(client)
    client.cookies.clear()
    changed = client.post("/v1/accounts/peter/roles", json={"roles": []}, headers=admin[0])
    assert changed.json() == {"grant": None}
    assert client.get("/v1/models", headers=kept).status_code == 401


def test_e4_guessing_is_slowed_down(client, admin):
    """After ten wrong passwords the answer is 429, with the time to wait, for the right one too."""
    make_account(client, admin, "grace", "reviewer")
    client.cookies.clear()
    wrong = [client.post("/v1/sessions", json={"login": "grace", "password": f"guess {n}"}) for n in range(10)]
    assert {answer.status_code for answer in wrong} == {401}
    assert len({answer.content for answer in wrong}) == 1
    locked = client.post("/v1/sessions", json={"login": "grace", "password": PASSWORD})
    assert locked.status_code == 429
    assert 0 < int(locked.headers["retry-after"]) <= 60
    assert "set-cookie" not in locked.headers


def test_four_eyes_hold_over_http(client, admin):
    """The one who asks does not confirm, and the answers never hold a password's hash."""
    made = client.post("/v1/accounts", json={"login": "omar", "name": "Omar", "roles": ["approver"]}, headers=admin[0])
    grant = made.json()["grant"]["grant_id"]
    refused = client.post(f"/v1/grants/{grant}/confirm", headers=admin[0])
    assert refused.status_code == 403
    assert refused.json()["type"] == "urn:riskapi:problem:four-eyes"
    assert client.post(f"/v1/grants/{grant}/refuse", headers=admin[1]).json()["confirmed"] is False
    listed = client.get("/v1/accounts", headers=admin[0])
    assert "argon2" not in listed.text
    assert "password" not in listed.text


def test_no_password_is_in_any_answer_or_error(client, admin):
    """What was typed is never repeated, whatever is wrong with it."""
    for body in (
        {"login": "x", "password": "ZZSECRETZZ"},
        {"login": "x", "password": ["ZZSECRETZZ"]},
        {"login": "x", "password": "ZZSECRETZZ", "new_password": "ZZSECRETZZ"},
        {"login": {"ZZSECRETZZ": 1}, "password": "ZZSECRETZZ"},
        {"login": "x", "password": "ZZSECRETZZ" * 200},
    ):
        answer = client.post("/v1/sessions", json=body)
        assert answer.status_code in (401, 422)
        assert "ZZSECRETZZ" not in answer.text


def test_a_key_asks_who_it_is(client, admin):
    """Programs find out what they may do without trying it."""
    about = client.get("/v1/sessions/current", headers=admin[0]).json()
    assert about["roles"] == ["admin"]
    assert "accounts:manage" in about["rights"]
    assert about["purposes"] == []
    assert client.get("/v1/sessions/current", headers=admin[0]).headers["cache-control"] == "no-store"
