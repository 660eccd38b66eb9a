"""Keys, accounts and sessions on the embedded database and on PostgreSQL: the same rules, one outcome of every race."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta

import orjson
import pytest
from argon2 import PasswordHasher

from riskapi.access.keys import successor
from riskapi.access.matrix import Role
from riskapi.access.principal import Principal, PrincipalKind
from riskapi.access.sessions import FAILURES_FREE
from riskapi.errors import AuthenticationError, ConflictError, StorageError, TooManyRequestsError
from riskapi.services import Services
from riskapi.storage.engine import open_database, upgrade
from tests.riskapi.makers import make_key, settings

PASSWORD = "the ferry was late on tuesday"
ADMINS = [Principal(f"Admin {n}", PrincipalKind.PERSON, str(n), frozenset({Role.ADMIN})) for n in range(4)]


@pytest.fixture(params=["sqlite", "postgresql"])
def processes(request, tmp_path, monkeypatch):
    """Services of three processes on one new store of each kind."""
    monkeypatch.setattr("riskapi.access.passwords._HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    changes = {}
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres_server")
        changes = {"database_url": server.new_database(), "keys_url": server.new_database()}
    made = settings(tmp_path, **changes)
    engine = open_database(made.database_url, "RISKAPI_DATABASE_URL", 10.0)
    upgrade(engine)
    engine.dispose()
    with ExitStack() as stack:
        opened = [Services(made) for _ in range(3)]
        for one in opened:
            stack.callback(one.close)
        yield opened


def at_once(calls):
    """Call everything at the same time; gives results and errors in order."""

    def run(call):
        try:
            return call()
        except (ConflictError, StorageError, AuthenticationError, TooManyRequestsError) as error:
            return error

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))


def events(services):
    """Kinds and bodies of the log's chain of commands."""
    return [(entry.kind, orjson.loads(entry.body)) for entry in services.journal.entries("cli")]


def test_a_grant_that_is_confirmed_and_refused_at_once_has_one_outcome(processes):
    """Three processes decide about the same roles: one succeeds, the log tells of one."""
    for turn in range(5):
        login = f"amina{turn}"
        _, grant = processes[0].accounts.create(ADMINS[0], login, f"Amina {turn}", [Role.REVIEWER])
        results = at_once(
            [
                lambda id_=grant.grant_id: processes[0].accounts.confirm(ADMINS[1], id_),
                lambda id_=grant.grant_id: processes[1].accounts.refuse(ADMINS[2], id_),
                lambda id_=grant.grant_id: processes[2].accounts.confirm(ADMINS[3], id_),
            ]
        )
        done = [result for result in results if not isinstance(result, Exception)]
        assert len(done) == 1
        every, grants = processes[0].accounts.everything(ADMINS[0])
        account = next(one for one in every if one.login == login)
        assert account.roles == ((Role.REVIEWER,) if done[0].confirmed else ())
        assert [one for one in grants if one.grant_id == grant.grant_id] == done
        told = [body for kind, body in events(processes[0]) if body.get("grant") == grant.grant_id and "change" in body]
        assert len(told) == 1


def test_the_first_persons_are_two_however_many_try(processes):
    """A race at the beginning makes no third."""
    results = at_once(
        [lambda one=one, n=n: one.accounts.create_first(f"root{n}", f"Root {n}") for n, one in enumerate(processes)]
    )
    assert sum(isinstance(result, str) for result in results) == 2, results
    assert sum(isinstance(result, ConflictError) for result in results) == 1, results


def test_sessions_live_and_die_in_all_processes(processes):
    """Who signs in at one process is known to the others, and out of all of them at once."""
    here, there, _ = processes
    once = here.accounts.create_first("grace", "Grace Njeri")
    token, caller = here.sessions.sign_in("grace", once, PASSWORD)
    assert there.sessions.principal(token) == caller
    assert caller.roles == (Role.ADMIN,)
    there.accounts.disable(ADMINS[0], "grace")
    with pytest.raises(AuthenticationError):
        here.sessions.principal(token)


def test_guesses_at_all_processes_are_counted_together(processes):
    """More processes are no more guesses."""
    processes[0].accounts.create_first("grace", "Grace Njeri")
    calls = [lambda one=one: one.sessions.sign_in("grace", "wrong password") for one in processes * 5]
    results = at_once(calls)
    assert sum(isinstance(result, AuthenticationError) for result in results) == FAILURES_FREE
    assert sum(isinstance(result, TooManyRequestsError) for result in results) == len(calls) - FAILURES_FREE


def test_keys_are_followed_by_other_processes(processes):
    """A key made by one is found by another when it is used; a rotated one ends where it was told to."""
    here, there, _ = processes
    key = make_key(here, [Role.SCORER])
    there.refresh()
    assert there.ring.principal(f"Bearer {key}", there.clock()).roles == (Role.SCORER,)
    (row,) = here.keys.keys()
    new, fresh = successor(here.secret, row, here.clock())
    here.keys.add_key(fresh, here.clock() + timedelta(hours=1))
    there.refresh()
    later = there.clock() + timedelta(hours=2)
    assert there.ring.principal(f"Bearer {new}", later)
    with pytest.raises(AuthenticationError):
        there.ring.principal(f"Bearer {key}", later)
    assert there.ring.principal(f"Bearer {key}", there.clock())
    assert [kind for kind, _ in events(here)] == ["genesis", "key_created", "key_created", "key_revoked"]
