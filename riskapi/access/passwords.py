"""Passwords of local accounts: what is accepted, and the slow hash (argon2id) that is kept."""

import base64
import hashlib
import secrets
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import ARGON2_VERSION
from argon2.profiles import RFC_9106_LOW_MEMORY

from riskapi.errors import Problem

LENGTH_MIN = 12
LENGTH_MAX = 256
_VARIETY_MIN = 5
_MADE_BYTES = 18

COMMON: Final = frozenset(
    {
        "123456789012",
        "1234567890123",
        "12345678901234",
        "123456123456",
        "123123123123",
        "1q2w3e4r5t6y",
        "1qaz2wsx3edc",
        "aaaaaaaaaaaa",
        "abcdefghijkl",
        "abcd12345678",
        "administrator",
        "administrator1",
        "adminadminadmin",
        "bordercontrol",
        "bordercontrol1",
        "changemechangeme",
        "correcthorsebatterystaple",
        "iloveyou1234",
        "immigration1",
        "letmeinletmein",
        "monkey123456",
        "password1234",
        "password12345",
        "password123456",
        "passwordpassword",
        "passw0rd1234",
        "qwerty123456",
        "qwertyqwerty",
        "qwertyuiop12",
        "qwertyuiop123",
        "qwertyuiopas",
        "qwertyuiopasdf",
        "riskapiriskapi",
        "secret123456",
        "superpassword",
        "thisisapassword",
        "welcome12345",
        "welcome123456",
        "welcomewelcome",
        "zaq12wsxcde3",
        "zxcvbnmzxcvbnm",
    }
)
"""Passwords of twelve characters and more that are tried first everywhere, in small letters."""

_HASHER = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)


def password_problems(password: str, login: str) -> list[Problem]:
    """Say why a password is not accepted; an empty list where it is.

    >>> [problem.rule for problem in password_problems("Password1234", "amina")]
    ['is among the passwords that are tried first everywhere']
    """
    remedy = f"Take a sentence of {LENGTH_MIN} to {LENGTH_MAX} characters that only you would say."
    folded = password.casefold()
    rules = {
        f"has fewer than {LENGTH_MIN} characters": len(password) < LENGTH_MIN,
        f"has more than {LENGTH_MAX} characters": len(password) > LENGTH_MAX,
        "is among the passwords that are tried first everywhere": folded in COMMON,
        f"has fewer than {_VARIETY_MIN} different characters": len(set(folded)) < _VARIETY_MIN,
        "holds the login": len(login) > 3 and login.casefold() in folded,  # noqa: PLR2004 - "al" is in many sentences
    }
    return [Problem("password", rule, remedy) for rule, broken in rules.items() if broken]


def made_password() -> str:
    """Make a password for once, to be replaced at the first sign-in."""
    return secrets.token_urlsafe(_MADE_BYTES)


def hash_password(password: str) -> str:
    """Hash a password; takes tens of milliseconds and 64 MiB on purpose."""
    return _HASHER.hash(password)


def password_digest(password_hash: str) -> str:
    """Digest the stored hash of a password for the log: without its salt, nothing can be tried against it."""
    return hashlib.sha256(password_hash.encode()).hexdigest()


def is_password(password: str, password_hash: str | None) -> bool:
    """Whether a password is the one that was hashed; without a hash it takes as long, and is not.

    Args:
        password: that was given.
        password_hash: of the account, where there is one.
    """
    try:
        return (
            _HASHER.verify(password_hash or _hash_of_nobody(), password[: LENGTH_MAX + 1]) and password_hash is not None
        )
    except (VerificationError, InvalidHashError):
        return False


def _hash_of_nobody() -> str:
    """Make up a hash that no password has: what an unknown login is compared with, at the cost of one hash.

    Its digest is random, and nothing was hashed for it: an unknown login costs no more the first time either.
    """
    salt, digest = (_base64(secrets.token_bytes(size)) for size in (_HASHER.salt_len, _HASHER.hash_len))
    cost = f"m={_HASHER.memory_cost},t={_HASHER.time_cost},p={_HASHER.parallelism}"
    return f"$argon2id$v={ARGON2_VERSION}${cost}${salt}${digest}"


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode().rstrip("=")


def is_outdated(password_hash: str) -> bool:
    """Whether a hash was made with older parameters, so that it is made anew at the next sign-in."""
    return _HASHER.check_needs_rehash(password_hash)
