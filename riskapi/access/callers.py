"""From a request to its caller: an API key, a token of the identity provider or a session, each in its own place."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from starlette.types import Scope

from riskapi.access.certificates import certificate_of
from riskapi.access.cross_site import refuse_cross_site
from riskapi.access.keys import KeyRing
from riskapi.access.matrix import Action
from riskapi.access.principal import Principal
from riskapi.access.sessions import COOKIE, Sessions
from riskapi.access.tokens import Tokens
from riskapi.errors import AuthenticationError
from riskapi.limits import RateLimit

RATE = "riskapi.rate"
"""Key of the scope under which the headers about the rate limit wait for the answer."""
CALLER = "riskapi.caller"
"""Key of the scope under which a route finds its caller."""

_KEY = "bearer rk_"
_COOKIE = COOKIE.encode() + b"="
_NOBODY = "Send `Authorization: Bearer <key or token>` that is valid today, or sign in."


class Callers:
    """Finds out who calls and whether they may; every route goes through here.

    Args:
        ring: the API keys.
        sessions: of local accounts.
        tokens: of the identity provider, where there is one.
        clock: the present.
        rate: requests of a client that is known.
        failures: requests of an address that come without a valid key, token or session.
        look_again: reads the keys again where one is not known; gives whether that may have helped.
    """

    def __init__(
        self,
        ring: KeyRing,
        sessions: Sessions,
        tokens: Tokens | None,
        *,
        clock: Callable[[], datetime],
        rate: RateLimit,
        failures: RateLimit,
        look_again: Callable[[], bool],
    ) -> None:
        self._ring = ring
        self._sessions = sessions
        self._tokens = tokens
        self._clock = clock
        self._rate = rate
        self._failures = failures
        self._look_again = look_again

    async def admit(self, scope: Scope, action: Action) -> Principal:
        """Let a request through to its route.

        Raises:
            AuthenticationError: where nobody is known to call.
            TooManyRequestsError: where the client asks too often.
            CrossSiteError: where another site's page sent it.
            PermissionDeniedError: where the caller lacks the right.
        """
        try:
            caller = await self._identify(scope)
        except AuthenticationError:
            client = scope.get("client")
            self._failures.take(client[0] if client else "")
            raise
        scope[CALLER] = caller
        scope[RATE] = self._rate.take(caller.key_id)
        caller.require(action)
        return caller

    async def _identify(self, scope: Scope) -> Principal:
        authorization, cookie = None, None
        for name, value in scope["headers"]:
            if name == b"authorization":
                if authorization is not None:
                    raise AuthenticationError(_NOBODY)
                authorization = value.decode("latin-1")
            elif name == b"cookie":
                cookie = value if cookie is None else cookie + b"; " + value
        if authorization is not None:
            if authorization[: len(_KEY)].lower() == _KEY:
                return self._by_key(authorization, scope)
            return await self._by_token(authorization)
        tokens = session_cookies(cookie)
        if len(tokens) != 1:
            raise AuthenticationError(_NOBODY)
        caller = await asyncio.to_thread(self._sessions.principal, tokens[0])
        refuse_cross_site(scope)
        return caller

    def _by_key(self, authorization: str, scope: Scope) -> Principal:
        certificate = certificate_of(scope)
        try:
            return self._ring.principal(authorization, self._clock(), certificate)
        except AuthenticationError:
            if not self._look_again():
                raise
        return self._ring.principal(authorization, self._clock(), certificate)

    async def _by_token(self, authorization: str) -> Principal:
        scheme, _, token = authorization.partition(" ")
        if self._tokens is None or scheme.lower() != "bearer" or token.count(".") != 2:  # noqa: PLR2004 - a JWS
            raise AuthenticationError(_NOBODY)
        return await asyncio.to_thread(self._tokens.principal, token, self._clock())


def session_cookies(cookie: bytes | None) -> list[str]:
    """Find the session in the header ``Cookie``.

    >>> session_cookies(b"a=1; __Host-riskapi=abc"), session_cookies(None)
    (['abc'], [])
    """
    if cookie is None:
        return []
    parts = [part.strip() for part in cookie.split(b";")]
    return [part[len(_COOKIE) :].decode("latin-1") for part in parts if part.startswith(_COOKIE)]
