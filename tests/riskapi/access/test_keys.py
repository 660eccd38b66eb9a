"""API keys: rotation with a time of grace, certificates, and the rights of roles and single actions."""

from datetime import timedelta

import pytest
from pydantic import SecretStr

from features.risk import Audience
from riskapi.access.keys import KEY_DAYS, KeyRing, new_key, successor
from riskapi.access.matrix import Action, Purpose, Reach, Role
from riskapi.access.principal import PrincipalKind
from riskapi.access.store import SqlKeyStore
from riskapi.errors import AuthenticationError
from riskapi.secret import ServiceSecret
from riskapi.storage.access_tables import METADATA
from riskapi.storage.engine import open_database
from tests.riskapi.access.makers import SECRET, START, ListJournal

SERVICE = ServiceSecret(SecretStr(SECRET))


@pytest.fixture
def store(tmp_path):
    """The keys of an empty store."""
    engine = open_database(f"sqlite:///{tmp_path / 'keys.db'}", "RISKAPI_DATABASE_URL", 10.0)
    METADATA.create_all(engine)
    yield SqlKeyStore(engine, ListJournal(engine))
    engine.dispose()


def make(**options):
    """A new key of a scorer."""
    return new_key(SERVICE, "Gateway", PrincipalKind.SYSTEM, [Role.SCORER], START, **options)


def ring_of(store):
    """The keys of a store, as a service holds them."""
    ring = KeyRing(SERVICE)
    ring.replace(store.keys())
    return ring


def test_a_key_comes_back_as_it_went_in(store):
    """Roles, actions, units, certificate and dates survive the store."""
    scopes = [Role.SCORER, Action.METRICS_READ]
    _, row = new_key(
        SERVICE,
        "Gateway",
        PrincipalKind.SYSTEM,
        scopes,
        START,
        expires_at=START + timedelta(days=1),
        units=["NBO", "MBA"],
        certificate="CN=Gateway",
    )
    store.add_key(row)
    assert store.keys() == [row]


def test_rotation_gives_the_old_key_a_time_of_grace(store):
    """The new key is valid at once and can do the same; the old one ends when its grace does."""
    old, row = make(expires_at=START + timedelta(days=30), units=["NBO"], certificate="CN=Gateway")
    store.add_key(row)
    later = START + timedelta(days=20)
    new, fresh = successor(SERVICE, row, later)
    store.add_key(fresh, later + timedelta(hours=24))
    ring = ring_of(store)
    for moment, works in ((later, True), (later + timedelta(hours=23), True), (later + timedelta(hours=24), False)):
        one = ring.principal(f"Bearer {new}", moment, "CN=Gateway")
        assert (one.name, one.scopes, one.units) == ("Gateway", frozenset({Role.SCORER}), ("NBO",))
        if works:
            assert ring.principal(f"Bearer {old}", moment, "CN=Gateway").name == "Gateway"
        else:
            with pytest.raises(AuthenticationError):
                ring.principal(f"Bearer {old}", moment, "CN=Gateway")
    assert fresh.expires_at == later + timedelta(days=KEY_DAYS)
    assert fresh.replaces == row.key_id


def test_a_key_in_its_grace_can_be_revoked_at_once(store):
    """A leaked key does not keep its grace."""
    old, row = make()
    store.add_key(row)
    _, fresh = successor(SERVICE, row, START)
    store.add_key(fresh, START + timedelta(hours=24))
    mark = store.mark()
    assert store.revoke_key(row.key_id, START + timedelta(minutes=1))
    assert store.mark() > mark
    assert not store.revoke_key(row.key_id, START + timedelta(minutes=2))
    assert not store.revoke_key("unknown", START)
    with pytest.raises(AuthenticationError):
        ring_of(store).principal(f"Bearer {old}", START + timedelta(minutes=1))


def test_a_key_that_is_bound_to_a_certificate_is_nothing_without_it():
    """A stolen key does not work from another machine."""
    key, row = make(certificate="CN=Gateway,O=Agency")
    ring = KeyRing(SERVICE)
    ring.replace([row])
    assert ring.principal(f"Bearer {key}", START, "CN=Gateway,O=Agency")
    for other in (None, "", "CN=Other,O=Agency"):
        with pytest.raises(AuthenticationError):
            ring.principal(f"Bearer {key}", START, other)


def test_rights_of_a_key_follow_from_the_table():
    """Roles and single actions are looked up in the same table."""
    _, row = new_key(SERVICE, "x", PrincipalKind.SYSTEM, [Action.SCORE, Action.PROTECTION], START)
    ring = KeyRing(SERVICE)
    ring.replace([row])
    entry = ring._keys[row.key_id].principal
    assert entry.audiences == {Audience.PROTECTION}
    assert set(entry.rights) == {Action.SCORE, Action.PROTECTION, Action.SELF}
    assert Purpose.BORDER_CONTROL in entry.purposes


@pytest.mark.parametrize(
    ("role", "own", "unit", "elsewhere"),
    [
        (Role.SCORER, True, False, False),
        (Role.REVIEWER, True, True, False),
        (Role.PROTECTION_OFFICER, True, True, False),
        (Role.AUDITOR, True, True, True),
        (Role.ADMIN, False, False, False),
        (Role.APPROVER, False, False, False),
        (Role.DATA_SCIENTIST, False, False, False),
    ],
)
def test_e2_decisions_are_within_reach_as_the_table_says(role, own, unit, elsewhere):
    """A scorer sees its own, a reviewer those of the unit, an auditor all of them masked, others none."""
    _, row = new_key(SERVICE, "Caller", PrincipalKind.SYSTEM, [role], START, units=["NBO"])
    ring = KeyRing(SERVICE)
    ring.replace([row])
    caller = ring._keys[row.key_id].principal
    assert caller.reaches(Action.DECISIONS_READ, "Caller", "NBO") is own
    assert caller.reaches(Action.DECISIONS_READ, "Other", "NBO") is unit
    assert caller.reaches(Action.DECISIONS_READ, "Other", "MBA") is elsewhere
    assert (caller.rights.get(Action.DECISIONS_READ) is Reach.MASKED) is (role is Role.AUDITOR)
