from datetime import timedelta

import pytest
from pydantic import SecretStr

from features.risk import Audience
from riskapi.access.keys import KeyRing, new_key
from riskapi.access.matrix import Action
from riskapi.access.principal import Principal, PrincipalKind
from riskapi.errors import AuthenticationError, PermissionDeniedError
from riskapi.secret import ServiceSecret
from tests.riskapi.makers import NOW, SECRET

SERVICE = ServiceSecret(SecretStr(SECRET))


def ring_with(scopes=(Action.SCORE,), **options):
    """A ring with one new key."""
    key, row = new_key(SERVICE, "Gateway", PrincipalKind.SYSTEM, scopes, NOW, **options)
    ring = KeyRing(SERVICE)
    ring.replace([row])
    return ring, key, row


def test_key_opens_and_names_its_principal():
    """The right key gives its principal with its scopes and audiences."""
    ring, key, row = ring_with((Action.SCORE, Action.PROTECTION))
    caller = ring.principal(f"Bearer {key}", NOW)
    assert caller == Principal(
        "Gateway", PrincipalKind.SYSTEM, row.key_id, frozenset({Action.SCORE, Action.PROTECTION})
    )
    assert caller.audiences == {Audience.PROTECTION}


def test_store_holds_nothing_that_opens():
    """The row has a hash that depends on the service's secret, and no part of the key's secret."""
    _, key, row = ring_with()
    assert key.encode() not in row.key_hash
    assert ServiceSecret(SecretStr(SECRET[::-1])).hash_api_key(key) != row.key_hash


def test_other_secret_accepts_no_old_key():
    """Keys are useless to a service that has another secret."""
    _, key, row = ring_with()
    ring = KeyRing(ServiceSecret(SecretStr(SECRET[::-1])))
    ring.replace([row])
    with pytest.raises(AuthenticationError):
        ring.principal(f"Bearer {key}", NOW)


def wrong_headers():
    """Headers that are nearly right."""
    _, key, row = ring_with()
    yield None
    yield ""
    yield key
    yield f"Basic {key}"
    yield f"Bearer {key[:-1]}"
    yield f"Bearer {key}x"
    yield f"Bearer rk_{row.key_id}_"
    yield f"Bearer rk__{key}"
    yield f"Bearer  {key}"
    yield f"Bearer {key}é"
    yield "Bearer rk_" + "0" * 16 + "_" + "A" * 43


@pytest.mark.parametrize("position", range(11))
def test_anything_but_the_key_is_refused_alike(position):
    """Every wrong header gets the same words."""
    ring, key, _ = ring_with()
    header = list(wrong_headers())[position]
    with pytest.raises(AuthenticationError, match=r"^Send `Authorization: Bearer rk_<id>_<secret>`"):
        ring.principal(header, NOW)
    assert ring.principal(f"Bearer {key}", NOW)


def test_expired_key_is_refused():
    """A key works until its date and not at it."""
    ring, key, _ = ring_with(expires_at=NOW + timedelta(days=1))
    assert ring.principal(f"Bearer {key}", NOW + timedelta(hours=23))
    with pytest.raises(AuthenticationError):
        ring.principal(f"Bearer {key}", NOW + timedelta(days=1))


def test_missing_scope_is_named():
    """A refusal says which scope is needed."""
    ring, key, _ = ring_with()
    caller = ring.principal(f"Bearer {key}", NOW)
    caller.require(Action.SCORE)
    with pytest.raises(PermissionDeniedError, match="models:approve"):
        caller.require(Action.MODELS_APPROVE)
    with pytest.raises(PermissionDeniedError, match=r"audience:enforcement.*audience:protection"):
        caller.require_audience()


def test_facts_and_keys_are_hashed_by_different_keys():
    """A hash of one purpose says nothing about the other, and facts of another installation do not match."""
    assert SERVICE.hash_fact("A1234567") != SERVICE.hash_api_key("A1234567").hex()[:32]
    assert SERVICE.hash_fact("A1234567") != ServiceSecret(SecretStr(SECRET[::-1])).hash_fact("A1234567")
