"""Signing in at a post without an identity provider: passwords with lockout, sessions that the server can end."""

import hashlib
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from riskapi.access.account_store import Account, Failures, SqlAccountStore
from riskapi.access.passwords import LENGTH_MAX, hash_password, is_outdated, is_password, password_problems
from riskapi.access.principal import Principal, PrincipalKind
from riskapi.errors import (
    AuthenticationError,
    InvalidBodyError,
    PasswordChangeError,
    Problem,
    TooManyRequestsError,
)
from riskapi.secret import ServiceSecret

COOKIE: Final = "__Host-riskapi"
FAILURES_FREE: Final = 10
"""Failed sign-ins before the first delay."""
DELAY_FIRST: Final = timedelta(minutes=1)
DELAY_MAX: Final = timedelta(hours=1)

_TOKEN_BYTES = 32
_AT_ONCE_MAX = 2
"""Passwords that are checked at the same time: each takes 64 MiB and a processor."""
_TOUCH_EVERY = timedelta(seconds=30)
_WRONG = "Login or password is wrong, or the account is not in use."


@dataclass(frozen=True, slots=True)
class SessionTimes:
    """How long sessions last.

    Attributes:
        idle: without a request.
        whole: from signing in, whatever happens.
    """

    idle: timedelta = timedelta(minutes=30)
    whole: timedelta = timedelta(hours=12)


class Sessions:
    """Opens, finds and ends sessions; every request asks the store, so that a disabled account is out at once."""

    def __init__(
        self,
        store: SqlAccountStore,
        secret: ServiceSecret,
        clock: Callable[[], datetime],
        times: SessionTimes,
    ) -> None:
        self._store = store
        self._secret = secret
        self._clock = clock
        self._times = times
        self._checking = threading.BoundedSemaphore(_AT_ONCE_MAX)

    def sign_in(self, login: str, password: str, new_password: str | None = None) -> tuple[str, Principal]:
        """Open a session.

        Args:
            login: of the account.
            password: of the account.
            new_password: to take its place; required where the present one is for once.

        Returns:
            The secret text of the cookie, and the person.

        Raises:
            AuthenticationError: for an unknown login, a wrong password or a disabled account, with one text.
            TooManyRequestsError: after ten failures, for a time that doubles with each further one.
            PasswordChangeError: where the password has to be replaced first.
            InvalidBodyError: where the new password is not accepted.
        """
        account = self.verified(login, password)
        if new_password is not None:
            self.replace_password(account, password, new_password)
        elif account.must_change:
            raise PasswordChangeError("This password was for once: send `new_password` along with it.")
        elif is_outdated(account.password_hash):
            self._store.set_password(account, hash_password(password))
        now = self._clock()
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        self._store.open_session(_hash(token), account, now, now - self._times.whole)
        return token, principal_of(account)

    def verified(self, login: str, password: str) -> Account:
        """Check a password, counting failures.

        Raises:
            AuthenticationError: for an unknown login, a wrong password or a disabled account, with one text.
            TooManyRequestsError: where too many failed before.
        """
        counted = self._secret.hash_fact(f"login:{login}")
        self._store.count_attempt(counted, self._one_more)
        account = self._store.account(login)
        with self._checking:
            right = is_password(password, account.password_hash if account else None)
        if account is None or not right or account.disabled or len(password) > LENGTH_MAX:
            raise AuthenticationError(_WRONG)
        self._store.forget_attempts(counted)
        return account

    def replace_password(self, account: Account, password: str, new_password: str) -> None:
        """Let a person, whose password was verified, take another one; all of their sessions end.

        Raises:
            InvalidBodyError: where the new password is not accepted.
        """
        problems = password_problems(new_password, account.login)
        if new_password == password:
            problems.append(Problem("password", "is the present one", "Take another."))
        if problems:
            raise InvalidBodyError([Problem("new_password", one.rule, one.remedy) for one in problems])
        self._store.set_password(account, hash_password(new_password), sign_out=True)

    def principal(self, token: str) -> Principal:
        """Find out whose session a cookie belongs to.

        Raises:
            AuthenticationError: for an unknown session, one that ended or a disabled account, with one text.
        """
        id_hash, now = _hash(token), self._clock()
        found = self._store.session(id_hash)
        if (
            found is None
            or found.account.disabled
            or now >= found.began_at + self._times.whole
            or now >= found.seen_at + self._times.idle
        ):
            raise AuthenticationError("The session has ended: sign in again.")
        if now - found.seen_at >= min(_TOUCH_EVERY, self._times.idle / 4):
            self._store.touch_session(id_hash, now)
        return principal_of(found.account)

    def sign_out(self, token: str) -> None:
        """End a session."""
        self._store.end_session(_hash(token))

    def cookie(self, token: str) -> str:
        """Write the header that hands a session to a browser."""
        seconds = int(self._times.whole.total_seconds())
        return f"{COOKIE}={token}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Strict"

    def _one_more(self, before: Failures) -> Failures:
        """Count one failure more, unless the time of the last delay has not passed."""
        now = self._clock()
        if before.locked_until is not None and now < before.locked_until:
            wait = (before.locked_until - now).total_seconds()
            raise TooManyRequestsError("Too many sign-ins failed: wait, or have the password reset.", wait)
        count = before.count + 1
        if count < FAILURES_FREE:
            return Failures(count)
        delay = min(DELAY_FIRST * 2 ** min(count - FAILURES_FREE, 16), DELAY_MAX)
        return Failures(count, now + delay)


OUT_OF_BROWSER: Final = f"{COOKIE}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Strict"
"""The header that takes the cookie back."""


def principal_of(account: Account) -> Principal:
    """The person behind an account, with the roles that it has now."""
    return Principal(
        account.name, PrincipalKind.PERSON, f"account:{account.login}", frozenset(account.roles), account.units
    )


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
