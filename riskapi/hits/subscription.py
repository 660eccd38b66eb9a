"""Who is told of hits: a file of subscriptions, each bound to an API key whose rights say what it may hear."""

import base64
import binascii
import stat
import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from riskapi.access.addresses import is_safe_url
from riskapi.errors import SettingsError

SECRET_PREFIX = "whsec_"  # noqa: S105 - begins every secret, and is none
SECRET_BYTES = range(24, 65)
"""Length of a secret by Standard Webhooks."""


class Subscription(BaseModel):
    """Where messages go, and which.

    Attributes:
        name: by which it is on record and in alarms.
        url: takes messages by POST.
        key_id: of the API key whose rights reach what is told: ``hits:receive``, its audiences and its units.
        secret_file: holds the secret that signs, readable by its owner alone.
        bands: a score in one of them is told; empty for all.
        risks: that are told; empty for all that the key may see.
        failed_checks: whether a hard check that failed is told whatever the band.
        ca_file: authorities (PEM) of the receiver's certificate, where they are the agency's own.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern="^[a-z][a-z0-9-]{1,39}$")]
    url: Annotated[str, Field(max_length=500)]
    key_id: Annotated[str, Field(pattern="^[0-9a-f]{16}$")]
    secret_file: Path
    bands: tuple[str, ...] = ("high",)
    risks: tuple[str, ...] = ()
    failed_checks: bool = False
    ca_file: Path | None = None

    def secret(self) -> bytes:
        """Read the secret; it is read anew for each message, so that it can be changed.

        Raises:
            SettingsError: where it cannot be read, others can read it, or it is no secret.
        """
        try:
            mode = self.secret_file.stat().st_mode
            text = self.secret_file.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            raise SettingsError(f"Subscription {self.name}: its secret file cannot be read.") from None
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise SettingsError(f"Subscription {self.name}: others can read its secret file; set mode 0600.")
        try:
            secret = base64.b64decode(text.removeprefix(SECRET_PREFIX), validate=True)
        except binascii.Error:
            secret = b""
        if not text.startswith(SECRET_PREFIX) or len(secret) not in SECRET_BYTES:
            rule = f"{SECRET_PREFIX} and the base64 of {SECRET_BYTES[0]} to {SECRET_BYTES[-1]} random bytes"
            raise SettingsError(f"Subscription {self.name}: its secret file has to hold {rule}.")
        return secret


def read_subscriptions(path: Path | None, hosts: Collection[str]) -> tuple[Subscription, ...]:
    """Read the file of subscriptions (TOML, a table ``[[subscription]]`` for each).

    Args:
        path: of the file; ``None`` where nobody subscribes.
        hosts: that messages may go to; no other host is ever connected to.

    Raises:
        SettingsError: naming what breaks a rule, never a secret.
    """
    if path is None:
        return ()
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"RISKAPI_HITS_FILE cannot be read ({type(error).__name__}).") from None
    entries = tables.pop("subscription", [])
    if tables or not isinstance(entries, list):
        raise SettingsError("RISKAPI_HITS_FILE holds tables [[subscription]] and nothing else.")
    found = tuple(_subscription(entry, place, hosts) for place, entry in enumerate(entries, 1))
    if len({one.name for one in found}) < len(found):
        raise SettingsError("RISKAPI_HITS_FILE: two subscriptions have the same name.")
    return found


def _subscription(entry: Any, place: int, hosts: Collection[str]) -> Subscription:
    try:
        found = Subscription.model_validate(entry)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_input=False))
        raise SettingsError(f"RISKAPI_HITS_FILE: subscription {place}: {problems}") from None
    parts = urlsplit(found.url)
    if parts.username is not None or parts.fragment or not found.url.isascii() or not is_safe_url(found.url):
        rule = "https, or http to a loopback address, without user and fragment"
        raise SettingsError(f"RISKAPI_HITS_FILE: subscription {found.name}: url has to be {rule}.")
    if parts.hostname not in hosts:
        raise SettingsError(f"RISKAPI_HITS_FILE: subscription {found.name}: its host is not in RISKAPI_HITS_HOSTS.")
    found.secret()
    return found
