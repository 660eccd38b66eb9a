"""What can be set from outside, read once at start and passed down as values."""

import base64
import binascii
import os
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from riskapi.errors import SettingsError

PREFIX = "RISKAPI_"
SECRET_LENGTH_MIN = 32
"""Characters; 32 characters of base64 carry 192 bits."""
_SECRET_VARIETY_MIN = 10
_DATABASE = r"^(sqlite:///.+|postgresql://.+)"
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_KNOWN_DEFAULTS = ("changethis", "change-me", "changeme", "default", "example", "secret", "password", "insecure")


class Settings(BaseSettings):
    """The settings of one service process; every one is an environment variable with the prefix ``RISKAPI_``."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", hide_input_in_errors=True)

    secret_key: Annotated[
        SecretStr,
        Field(description="Secret that keys the hashes of API keys and linkage facts; 32 characters or more, random"),
    ]
    database_url: Annotated[
        str,
        Field(
            pattern=_DATABASE,
            description="Where decisions, bundles, approvals and API keys live: `sqlite:///` and a path, or"
            " `postgresql://user@host/database` (for several services at once)",
        ),
    ] = "sqlite:///var/riskapi.db"
    keys_url: Annotated[
        str,
        Field(
            pattern=_DATABASE,
            description="Where the keys live that seal what is stored of travellers: another database, on another"
            " volume and with a shorter backup than the store",
        ),
    ] = "sqlite:///var/riskapi-keys.db"
    log_key_file: Annotated[
        Path, Field(description="Ed25519 key (PEM, mode 0600) that signs the checkpoints of the log; made where missing")
    ] = Path("var/riskapi-log-key.pem")
    checkpoint_file: Annotated[
        Path,
        Field(description="File to which every checkpoint is appended; keep it out of reach of the database's owner"),
    ] = Path("var/riskapi-checkpoints.ndjson")
    trusted_signers: Annotated[
        tuple[str, ...],
        NoDecode,
        Field(description="Ed25519 public keys (base64, comma-separated) whose bundles may be served"),
    ] = ()
    host: Annotated[str, Field(description="Address to listen on")] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535, description="TCP port to listen on; 0 takes a free one")] = 8000
    allowed_hosts: Annotated[
        tuple[str, ...],
        NoDecode,
        Field(
            description="Names that a request's `Host` may have, without port (comma-separated); left out, only its own"
            " on a loopback address, any elsewhere"
        ),
    ] = ()
    docs_enabled: Annotated[
        bool | None,
        Field(description="Whether `/docs` and `/openapi.json` are served; left out, only on a loopback address"),
    ] = None
    metrics_open: Annotated[
        bool, Field(description="Whether `/metrics` answers without a key to a scraper on the loopback address")
    ] = False
    body_limit_bytes: Annotated[int, Field(ge=1024, le=1 << 20, description="Largest body of one record")] = 64 * 1024
    batch_limit_rows: Annotated[int, Field(ge=1, le=10_000, description="Most records in one batch")] = 1000
    batch_body_limit_bytes: Annotated[int, Field(ge=1024, le=1 << 28, description="Largest body of a batch")] = 1 << 24
    proposal_body_limit_bytes: Annotated[
        int, Field(ge=1024, le=1 << 28, description="Largest body of a proposed bundle")
    ] = 1 << 26
    head_timeout_seconds: Annotated[
        float, Field(gt=0, le=60, description="How long the head of a request may take to arrive")
    ] = 10.0
    body_timeout_seconds: Annotated[
        float, Field(gt=0, le=300, description="How long the rest of a body may take to arrive")
    ] = 10.0
    poll_seconds: Annotated[
        float,
        Field(gt=0, le=60, description="How often approvals and keys made by another process are looked for"),
    ] = 1.0
    commit_rows_max: Annotated[int, Field(ge=1, le=100_000, description="Most decisions in one transaction")] = 2000
    waiting_rows_max: Annotated[
        int, Field(ge=1, le=1_000_000, description="Decisions that may wait for the disk before callers are sent away")
    ] = 20_000
    busy_timeout_seconds: Annotated[
        float, Field(gt=0, le=120, description="How long a writer waits for another process's transaction")
    ] = 10.0
    reasons_for: Annotated[int, Field(ge=1, le=50, description="Most reasons that raise a score, per risk")] = 5
    reasons_against: Annotated[int, Field(ge=1, le=50, description="Most reasons that lower a score, per risk")] = 3
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Field(description="Least severity that is logged; `info` logs one line for each decision"),
    ] = "info"
    shutdown_seconds: Annotated[
        int, Field(ge=1, le=600, description="How long requests in flight may take to end at shutdown")
    ] = 20

    @field_validator("trusted_signers", "allowed_hosts", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("trusted_signers")
    @classmethod
    def _are_public_keys(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for key in value:
            try:
                raw = base64.b64decode(key, validate=True)
            except (binascii.Error, ValueError):
                raw = b""
            if len(raw) != 32:  # noqa: PLR2004 - an Ed25519 public key has 32 bytes
                raise ValueError("each signer is the base64 of a raw Ed25519 public key (32 bytes)")
        return value

    @field_validator("secret_key")
    @classmethod
    def _is_no_default(cls, value: SecretStr) -> SecretStr:
        secret = value.get_secret_value()
        if len(secret) < SECRET_LENGTH_MIN or len(set(secret)) < _SECRET_VARIETY_MIN:
            raise ValueError("too short or too regular: make one with `python -m riskapi init`")
        if any(default in secret.lower() for default in _KNOWN_DEFAULTS):
            raise ValueError("this looks like a default from an example: make one with `python -m riskapi init`")
        return value

    @property
    def database_path(self) -> Path:
        """The file of the embedded store; not to be asked for where a server has it."""
        return Path(self.database_url.removeprefix("sqlite:///"))

    @property
    def shows_docs(self) -> bool:
        """Whether the API page is served: it needs no key, so beyond this machine it has to be asked for."""
        return self.docs_enabled if self.docs_enabled is not None else self.is_local

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the service."""
        return self.host in _LOOPBACK

    @classmethod
    def load(cls) -> Self:
        """Read the settings from the environment.

        Raises:
            SettingsError: naming every variable that is missing, unknown or breaks a rule; never its value.
        """
        known = {PREFIX + name.upper() for name in cls.model_fields}
        problems = [
            f"{name}: unknown; see docs/settings.md for the names"
            for name in sorted(os.environ)
            if name.startswith(PREFIX) and name not in known
        ]
        try:
            settings = cls()
        except ValidationError as error:
            problems += [
                f"{PREFIX}{str(one['loc'][0]).upper()}: {one['msg']}"
                for one in error.errors(include_input=False, include_url=False, include_context=False)
            ]
        if problems:
            raise SettingsError("Settings: " + "; ".join(problems))
        return settings


def settings_table() -> str:
    """Render the settings as a Markdown table for the documentation.

    >>> settings_table().splitlines()[2].startswith("| `RISKAPI_SECRET_KEY` | required |")
    True
    """
    lines = ["| variable | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = "required" if field.is_required() else f"`{_shown(field.default)}`"
        lines.append(f"| `{PREFIX}{name.upper()}` | {default} | {field.description} |")
    return "\n".join(lines) + "\n"


def _shown(default: Any) -> str:
    if default is None:
        return "automatic"
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, tuple):
        return ",".join(default) or "none"
    return str(default)
