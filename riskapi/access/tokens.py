"""People from an identity provider: bearer tokens (OpenID Connect), verified before a word of them is believed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import jwt

from riskapi.access.jwks import ALGORITHMS, TokenKeys
from riskapi.access.matrix import Role
from riskapi.access.principal import Principal, PrincipalKind, require_apart
from riskapi.errors import AuthenticationError
from riskapi.settings import Settings

_LENGTH_MAX = 16_384
_NAME_MAX = 200
_REQUIRED = ["iss", "aud", "exp", "iat", "sub"]
_REFUSED = "The token is not valid here today: sign in again at the identity provider."


@dataclass(frozen=True, slots=True)
class TokenRules:
    """What makes a token of the identity provider one of ours.

    Attributes:
        issuer: exactly as in the claim ``iss``.
        audience: that the token must be made out to.
        name_claim: the claim that names the person; it must be one that people cannot change themselves.
        roles_claim: where the person's groups or roles are; dots lead into objects, as in ``realm_access.roles``.
        roles: our role for each of the provider's that counts.
        units_claim: where the person's places of work are, if the provider knows them.
        leeway: how far the two clocks may differ.
        lifetime_max: longest time from issue to expiry, since a token cannot be called back.
    """

    issuer: str
    audience: str
    roles: Mapping[str, Role]
    name_claim: str = "sub"
    roles_claim: str = "roles"
    units_claim: str | None = None
    leeway: timedelta = timedelta(seconds=30)
    lifetime_max: timedelta = timedelta(hours=1)


class Tokens:
    """Turns the tokens of one identity provider into principals."""

    def __init__(self, rules: TokenRules, keys: TokenKeys) -> None:
        self._rules = rules
        self._keys = keys

    def principal(self, token: str, now: datetime) -> Principal:
        """Find out who calls.

        Raises:
            AuthenticationError: for a token that fails any check; the text is the same for all of them.
            TokenKeysError: where the issuer's keys cannot be had.
            PermissionDeniedError: where the token's roles exclude each other.
        """
        claims = self._claims(token)
        rules = self._rules
        try:
            issued, expires = int(claims["iat"]), int(claims["exp"])
            starts = int(claims.get("nbf", issued))
        except (TypeError, ValueError, OverflowError):
            raise AuthenticationError(_REFUSED) from None
        leeway = rules.leeway.total_seconds()
        present = now.timestamp()
        in_time = max(issued, starts) - leeway <= present < expires + leeway
        if not in_time or expires - issued > rules.lifetime_max.total_seconds():
            raise AuthenticationError(_REFUSED)
        name = " ".join(str(_at(claims, rules.name_claim) or "").split())
        if not name or len(name) > _NAME_MAX or not name.isprintable():
            raise AuthenticationError(_REFUSED)
        roles = frozenset(rules.roles[one] for one in _texts(_at(claims, rules.roles_claim)) if one in rules.roles)
        units = tuple(_texts(_at(claims, rules.units_claim))) if rules.units_claim else ()
        require_apart(roles)
        return Principal(name, PrincipalKind.PERSON, f"token:{claims['sub']}"[:_NAME_MAX], roles, units or ("",))

    def _claims(self, token: str) -> dict[str, Any]:
        """Verify the signature and take the claims; the algorithm is the key's, never the token's own choice."""
        try:
            if len(token) > _LENGTH_MAX:
                raise jwt.InvalidTokenError
            header = jwt.get_unverified_header(token)
            if "crit" in header or header.get("typ", "JWT").lower() not in {"jwt", "at+jwt"}:
                raise jwt.InvalidTokenError
            algorithm = header["alg"]
            key = self._keys.key(header.get("kid"), algorithm)
            if key is None:
                raise jwt.InvalidKeyError
            return jwt.decode(
                token,
                key,
                algorithms=[algorithm] if algorithm in ALGORITHMS else [],
                audience=self._rules.audience,
                issuer=self._rules.issuer,
                options={"require": _REQUIRED, "verify_exp": False, "verify_nbf": False, "verify_iat": False},
            )  # times are compared above, with the service's clock
        except (jwt.PyJWTError, KeyError, TypeError, ValueError, AttributeError):
            raise AuthenticationError(_REFUSED) from None


def _at(claims: Mapping[str, Any], path: str) -> Any:
    """Follow a dotted path; a claim whose own name has dots goes first, as in ``https://agency.example/roles``."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for step in path.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


def _texts(value: Any) -> Iterator[str]:
    """Read a list of texts, or one text with words."""
    if isinstance(value, str):
        yield from value.split()
    elif isinstance(value, list):
        yield from (one for one in value if isinstance(one, str))


def tokens_of(settings: Settings) -> Tokens | None:
    """Make what reads the tokens of the identity provider that the settings name; nothing where they name none."""
    if settings.oidc_issuer is None or settings.oidc_audience is None:
        return None
    rules = TokenRules(
        settings.oidc_issuer,
        settings.oidc_audience,
        settings.oidc_roles,
        settings.oidc_name_claim,
        settings.oidc_roles_claim,
        settings.oidc_units_claim,
        timedelta(seconds=settings.oidc_leeway_seconds),
        timedelta(minutes=settings.oidc_lifetime_minutes),
    )
    return Tokens(rules, TokenKeys(settings.oidc_issuer, settings.oidc_keys_file, settings.oidc_keys_url))
