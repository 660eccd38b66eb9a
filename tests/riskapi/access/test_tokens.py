"""Tokens of a real issuer, fetched over real HTTP, and every way in which one can be no token of ours."""

import base64
import json
import subprocess
import sys

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from riskapi.access.jwks import TokenKeys
from riskapi.access.matrix import Role
from riskapi.access.principal import PrincipalKind
from riskapi.access.tokens import TokenRules, Tokens
from riskapi.errors import AuthenticationError, PermissionDeniedError, TokenKeysError
from tests.riskapi.access.makers import KEYS, START, StillClock, public_jwk

ROLES = {
    "border-reviewers": Role.REVIEWER,
    "protection": Role.PROTECTION_OFFICER,
    "scientists": Role.DATA_SCIENTIST,
    "admins": Role.ADMIN,
}


def tokens_of(issuer, clock=None, **options):
    """Tokens of an issuer, as a service reads them."""
    clock = clock or StillClock()
    rules = TokenRules(issuer.url, "riskapi", ROLES, units_claim="posts")
    return Tokens(rules, TokenKeys(issuer.url, clock=clock.seconds, **options))


@pytest.mark.parametrize("algorithm", KEYS)
def test_a_person_is_known_by_a_token_of_the_issuer(issuer, algorithm):
    """Name, roles and places of work come from the token; the keys come from where discovery says."""
    caller = tokens_of(issuer).principal(issuer.token(algorithm=algorithm), START)
    assert (caller.name, caller.kind) == ("amina.yusuf", PrincipalKind.PERSON)
    assert caller.roles == (Role.REVIEWER,)
    assert caller.units == ("NBO",)
    assert issuer.asked == ["/.well-known/openid-configuration", "/keys"]


def test_keys_are_remembered(issuer):
    """A hundred tokens cost one look at the issuer, and a failing issuer does not lock anybody out at once."""
    tokens = tokens_of(issuer)
    for _ in range(100):
        tokens.principal(issuer.token(), START)
    issuer.fails = True
    assert tokens.principal(issuer.token(), START)
    assert len(issuer.asked) == 2


def test_a_new_key_of_the_issuer_is_found_and_an_old_one_forgotten(issuer):
    """Rotation needs no restart; the key that was taken away opens nothing after the next look."""
    clock = StillClock()
    tokens = tokens_of(issuer, clock)
    old = issuer.token()
    assert tokens.principal(old, START)
    fresh = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    issuer.keys = [public_jwk("RS256", "key-2", fresh)]
    clock.pass_(seconds=11)
    assert tokens.principal(issuer.token(key=fresh, header={"kid": "key-2"}), START)
    with pytest.raises(AuthenticationError):
        tokens.principal(old, START)


def test_unknown_keys_do_not_make_the_service_flood_its_issuer(issuer):
    """However many tokens name keys that do not exist, the issuer is asked once in ten seconds."""
    clock = StillClock()
    tokens = tokens_of(issuer, clock)
    tokens.principal(issuer.token(), START)
    for number in range(50):
        with pytest.raises(AuthenticationError):
            tokens.principal(issuer.token(header={"kid": f"made-up-{number}"}), START)
    assert len(issuer.asked) == 2
    clock.pass_(seconds=10)
    with pytest.raises(AuthenticationError):
        tokens.principal(issuer.token(header={"kid": "made-up"}), START)
    assert len(issuer.asked) == 4


def part(data):
    """One part of a token."""
    return base64.urlsafe_b64encode(json.dumps(data).encode()).rstrip(b"=").decode()


def unsigned(issuer, algorithm):
    """A token that says it needs no signature."""
    claims = jwt.decode(issuer.token(), options={"verify_signature": False})
    return f"{part({'alg': algorithm, 'typ': 'JWT', 'kid': 'key-RS256'})}.{part(claims)}."


def signed_with_the_public_key(issuer):
    """The old trick: the public key, which everybody has, taken as the secret of an HMAC."""
    secret = (
        KEYS["RS256"]
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    claims = jwt.decode(issuer.token(), options={"verify_signature": False})
    head = f"{part({'alg': 'HS256', 'typ': 'JWT', 'kid': 'key-RS256'})}.{part(claims)}"
    algorithm = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    return f"{head}.{base64.urlsafe_b64encode(algorithm.sign(head.encode(), secret)).rstrip(b'=').decode()}"


def tampered(issuer):
    """A token whose claims were changed after signing."""
    head, _, signature = issuer.token().split(".")
    claims = jwt.decode(issuer.token(), options={"verify_signature": False})
    return f"{head}.{part({**claims, 'roles': ['admins']})}.{signature}"


NOW = int(START.timestamp())
WRONG = {
    "alg none": lambda issuer: unsigned(issuer, "none"),
    "alg None": lambda issuer: unsigned(issuer, "None"),
    "no alg": lambda issuer: unsigned(issuer, None),
    "public key as secret": signed_with_the_public_key,
    "tampered": tampered,
    "signature cut": lambda issuer: issuer.token()[:-8],
    "another's key": lambda issuer: issuer.token(key=rsa.generate_private_key(public_exponent=65537, key_size=2048)),
    "key of another type": lambda issuer: issuer.token(algorithm="ES256", header={"kid": "key-RS256"}),
    "algorithm that is not listed": lambda issuer: issuer.token(
        algorithm="ES384", key=ec.generate_private_key(ec.SECP384R1()), header={"kid": "key-ES256"}
    ),
    "other issuer": lambda issuer: issuer.token(iss="https://other.example"),
    "other audience": lambda issuer: issuer.token(aud="mail"),
    "no audience": lambda issuer: issuer.token(aud=None),
    "no expiry": lambda issuer: issuer.token(exp=None),
    "no issue": lambda issuer: issuer.token(iat=None),
    "no subject": lambda issuer: issuer.token(sub=None),
    "expired": lambda issuer: issuer.token(iat=NOW - 700, exp=NOW - 31),
    "from the future": lambda issuer: issuer.token(iat=NOW + 31),
    "not yet": lambda issuer: issuer.token(nbf=NOW + 31),
    "too long": lambda issuer: issuer.token(exp=NOW + 3601),
    "expiry that is no number": lambda issuer: issuer.token(exp=1e400),
    "critical extension": lambda issuer: issuer.token(header={"crit": ["b64"], "b64": True}),
    "of another type": lambda issuer: issuer.token(header={"typ": "logout+jwt"}),
    "empty name": lambda issuer: issuer.token(sub="  "),
    "name with a control character": lambda issuer: issuer.token(sub="a\x1b[2Jb"),
    "endless": lambda issuer: issuer.token(note="x" * 20_000),
    "no token": lambda _issuer: "a.b.c",
    "empty": lambda _issuer: "",
}


@pytest.mark.parametrize("name", WRONG)
def test_anything_but_a_valid_token_is_refused_alike(issuer, name):
    """Every wrong token gets the same words, while the right one still passes."""
    tokens = tokens_of(issuer)
    with pytest.raises(AuthenticationError, match=r"^The token is not valid here today"):
        tokens.principal(WRONG[name](issuer), START)
    assert tokens.principal(issuer.token(), START)


def test_clocks_may_differ_a_little(issuer):
    """Half a minute to either side is no reason to send anybody away."""
    tokens = tokens_of(issuer)
    assert tokens.principal(issuer.token(iat=NOW + 29), START)
    assert tokens.principal(issuer.token(iat=NOW - 600, exp=NOW - 29), START)


def test_one_key_of_a_type_needs_no_name(issuer):
    """A token without `kid` is verified by the issuer's only key of that type, and never by guessing among several."""
    tokens = tokens_of(issuer)
    assert tokens.principal(issuer.token(header={"kid": None}), START)
    issuer.keys.append(public_jwk("RS256", "second", rsa.generate_private_key(public_exponent=65537, key_size=2048)))
    with pytest.raises(AuthenticationError):
        tokens_of(issuer).principal(issuer.token(header={"kid": None}), START)


def test_roles_are_mapped_and_unknown_groups_mean_nothing(issuer):
    """Only what the operator mapped gives a role."""
    tokens = tokens_of(issuer)
    caller = tokens.principal(issuer.token(roles=["border-reviewers", "admin", "reviewer", 7, None]), START)
    assert caller.roles == (Role.REVIEWER,)
    assert tokens.principal(issuer.token(roles=None), START).roles == ()


def test_roles_may_stand_deep_in_the_token(issuer):
    """Providers put groups in different places."""
    rules = TokenRules(
        issuer.url, "riskapi", ROLES, roles_claim="realm_access.roles", name_claim="https://a.example/id"
    )
    tokens = Tokens(rules, TokenKeys(issuer.url))
    token = issuer.token(realm_access={"roles": ["scientists"]}, **{"https://a.example/id": "Wanjiru  Kamau"})
    caller = tokens.principal(token, START)
    assert (caller.name, caller.roles) == ("Wanjiru Kamau", (Role.DATA_SCIENTIST,))


@pytest.mark.parametrize("roles", [["admins", "border-reviewers"], ["protection", "border-reviewers"]])
def test_roles_that_exclude_each_other_open_nothing(issuer, roles):
    """The provider cannot give one person what the table keeps apart."""
    with pytest.raises(PermissionDeniedError, match="exclude each other"):
        tokens_of(issuer).principal(issuer.token(roles=roles), START)


def test_a_file_of_keys_needs_no_network(issuer, tmp_path):
    """An offline post has the issuer's keys in a file; nothing is asked of anybody."""
    path = tmp_path / "keys.json"
    path.write_text(json.dumps({"keys": issuer.keys}))
    rules = TokenRules(issuer.url, "riskapi", ROLES)
    assert Tokens(rules, TokenKeys(issuer.url, path)).principal(issuer.token(), START)
    assert issuer.asked == []


def test_an_issuer_that_cannot_be_reached_is_told_as_such(issuer):
    """Without keys nobody is let in, and the answer says that it is not the token's fault."""
    issuer.fails = True
    with pytest.raises(TokenKeysError, match="cannot be read"):
        tokens_of(issuer).principal(issuer.token(), START)


@pytest.mark.parametrize(
    "keys",
    [
        {"kty": "oct", "k": "c2VjcmV0", "kid": "key-RS256", "alg": "HS256"},
        public_jwk("RS256", "key-RS256", use="enc"),
        public_jwk("RS256", "key-RS256", rsa.generate_private_key(public_exponent=65537, key_size=1024)),
        {"kty": "RSA", "kid": "key-RS256"},
        "no key",
    ],
    ids=["secret", "for encryption", "short", "broken", "no object"],
)
def test_keys_that_must_not_sign_are_left_out(issuer, keys):
    """A secret key, a key for something else, a short or broken one signs no token of ours."""
    issuer.keys = [keys]
    with pytest.raises(AuthenticationError):
        tokens_of(issuer).principal(issuer.token(), START)


def test_keys_are_fetched_safely(issuer):
    """Plain HTTP to another machine, and a discovery document that speaks for another issuer, give no keys."""
    with pytest.raises(TokenKeysError):
        TokenKeys("http://id.example").key("key", "RS256")
    with pytest.raises(TokenKeysError):
        TokenKeys(issuer.url.replace("127.0.0.1", "127.0.0.1.")).key("key", "RS256")
    with pytest.raises(TokenKeysError):
        TokenKeys(issuer.url + "/other").key("key", "RS256")


def test_r34_a_service_without_an_issuer_loads_no_http_client():
    """What could call out is loaded when keys are to be fetched, and not before."""
    script = "import sys, riskapi.app; print('httpx' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
