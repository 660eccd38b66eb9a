"""What can be set from outside, read once at start and passed down as values."""

import base64
import binascii
import os
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from riskapi.access.addresses import is_safe_url
from riskapi.access.matrix import Purpose, Role
from riskapi.errors import SettingsError
from riskapi.messages.countries import ALPHA3

PREFIX = "RISKAPI_"
SECRET_LENGTH_MIN = 32
"""Characters; 32 characters of base64 carry 192 bits."""
MONTHS_MAX = 60
"""Nothing about a traveller is kept for longer, whatever the settings."""
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
        Path,
        Field(description="Ed25519 key (PEM, mode 0600) that signs the checkpoints of the log; made where missing"),
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
    writer_process: Annotated[
        bool,
        Field(
            description="Whether decisions are sealed and stored by a process of its own, on a second core;"
            " otherwise by a thread of the service"
        ),
    ] = True
    commit_rows_max: Annotated[int, Field(ge=1, le=100_000, description="Most decisions in one transaction")] = 2000
    waiting_rows_max: Annotated[
        int, Field(ge=1, le=1_000_000, description="Decisions that may wait for the disk before callers are sent away")
    ] = 20_000
    busy_timeout_seconds: Annotated[
        float, Field(gt=0, le=120, description="How long a writer waits for another process's transaction")
    ] = 10.0
    selection_file: Annotated[
        Path | None,
        Field(
            description="Policy of selection (TOML): shares and slots referred by score, share of the random lane;"
            " left out, 2 % each"
        ),
    ] = None
    hits_file: Annotated[
        Path | None,
        Field(
            description="Subscriptions (TOML) of systems that are told of hits by signed messages; left out, none is"
        ),
    ] = None
    hits_hosts: Annotated[
        tuple[str, ...],
        NoDecode,
        Field(description="Hosts that such messages may go to (comma-separated); no other is ever connected to"),
    ] = ()
    desk_first_view_share: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            allow_inf_nan=False,
            description="Share of referred cases whose reader notes an own view before the score is shown; whoever was"
            " drawn at random is always read so",
        ),
    ] = 0.5
    desk_second_share: Annotated[
        float, Field(ge=0, le=1, allow_inf_nan=False, description="Share of referred cases that a second person reads")
    ] = 0.1
    desk_second_bands: Annotated[
        tuple[str, ...],
        NoDecode,
        Field(
            description="Bands that a second person always reads (comma-separated): `high` for each risk, or"
            " `document_fraud:high` for one"
        ),
    ] = ()
    desk_claim_minutes: Annotated[
        int, Field(ge=1, le=720, description="How long a case stays with whoever took it from the queue")
    ] = 20
    desk_open_hours: Annotated[
        int, Field(ge=1, le=8760, description="How long a case is offered by the queue after it was scored")
    ] = 72
    desk_protection_contacts: Annotated[
        str | None,
        Field(
            max_length=2000, description="Whom protection officers call: shelters, hotlines, guardians, interpreters"
        ),
    ] = None
    reasons_for: Annotated[int, Field(ge=1, le=50, description="Most reasons that raise a score, per risk")] = 5
    reasons_against: Annotated[int, Field(ge=1, le=50, description="Most reasons that lower a score, per risk")] = 3
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Field(description="Least severity that is logged; `info` logs one line for each decision"),
    ] = "info"
    shutdown_seconds: Annotated[
        int, Field(ge=1, le=600, description="How long requests in flight may take to end at shutdown")
    ] = 20
    identity_months: Annotated[
        int,
        Field(ge=1, le=MONTHS_MAX, description="Months until identity is masked for good: names, documents, contacts"),
    ] = 6
    retention_months: Annotated[
        int, Field(ge=1, le=MONTHS_MAX, description="Months until everything stored of a decision is deleted")
    ] = MONTHS_MAX
    country: Annotated[
        str | None,
        Field(
            pattern="^[A-Z]{3}$",
            description="Country that receives messages (ISO 3166-1 alpha-3): who leaves it on a list or a booking "
            "departs, all others arrive; without it everybody is taken to arrive",
        ),
    ] = None
    memory: Annotated[
        bool,
        Field(
            description="Whether crossings are remembered by keyed hashes, so that models may read links between them"
        ),
    ] = False
    retention_enabled: Annotated[
        bool,
        Field(description="Whether this process masks and deletes, once an hour; `riskapi retention run` does too"),
    ] = True
    monitoring_enabled: Annotated[
        bool,
        Field(description="Whether a process beside this one counts and compares what was answered"),
    ] = True
    disk_free_percent: Annotated[
        float, Field(ge=0, le=100, description="Free share of a volume below which an alarm is raised, in percent")
    ] = 10.0
    tracing_endpoint: Annotated[
        str | None,
        Field(
            pattern=r"^https?://\S+$",
            description="Collector (OTLP over HTTP) of traces, by riskapi[telemetry]; left out, none are made",
        ),
    ] = None
    purposes: Annotated[
        tuple[Purpose, ...],
        NoDecode,
        Field(description="Purposes that data about travellers may be used for here (comma-separated)"),
    ] = tuple(Purpose)
    purpose_required: Annotated[
        bool,
        Field(description="Whether every use has to state its purpose; else the first that the caller's roles have"),
    ] = True
    time_zone: Annotated[
        str, Field(description="Time zone of the clock that pages of the console show (IANA name)")
    ] = "UTC"
    mlflow_url: Annotated[
        str | None,
        Field(
            pattern=r"^https?://[^\s\"'<>]+$",
            description="Address of the MLflow pages that the console links training runs to; left out, no links",
        ),
    ] = None
    agency_name: Annotated[
        str, Field(max_length=200, description="Who answers for decisions, as travellers read it")
    ] = "the border agency"
    agency_contact: Annotated[
        str | None, Field(max_length=500, description="Where a person concerned can ask about a decision or contest it")
    ] = None
    data_protection_contact: Annotated[
        str | None, Field(max_length=500, description="Address of the data-protection officer, as travellers read it")
    ] = None
    rate_per_second: Annotated[
        float, Field(ge=0, description="Requests a second that one caller may make in the long run; 0 for no limit")
    ] = 2000.0
    rate_burst: Annotated[int, Field(ge=1, description="Requests that one caller may make at once after a pause")] = (
        4000
    )
    refused_per_second: Annotated[
        float,
        Field(ge=0, description="Requests a second without a valid key, token or session from one address; 0 for any"),
    ] = 50.0
    probing_variations: Annotated[
        int,
        Field(ge=0, description="Variations of one record that a key may have scored in an hour; 0 for any number"),
    ] = 30
    probing_records: Annotated[
        int, Field(ge=0, description="Records that a key may have scored in an hour; 0 for any number")
    ] = 0
    session_idle_minutes: Annotated[
        int, Field(ge=1, le=720, description="After how long without a request a person has to sign in again")
    ] = 30
    session_hours: Annotated[
        int, Field(ge=1, le=24, description="After how long a person has to sign in again in any case")
    ] = 12
    oidc_issuer: Annotated[
        str | None,
        Field(description="Identity provider (OpenID Connect) whose bearer tokens are accepted, as in their `iss`"),
    ] = None
    oidc_audience: Annotated[
        str | None, Field(description="What those tokens must be made out to, as in their `aud`")
    ] = None
    oidc_roles: Annotated[
        dict[str, Role],
        NoDecode,
        Field(description="Role for each group of the provider that counts: `group=role`, comma-separated"),
    ] = {}
    oidc_roles_claim: Annotated[str, Field(description="Where the groups are in a token; dots lead into objects")] = (
        "roles"
    )
    oidc_name_claim: Annotated[
        str, Field(description="What names a person in a token; nobody may be able to change their own")
    ] = "sub"
    oidc_units_claim: Annotated[
        str | None, Field(description="Where a person's places of work are in a token, if anywhere")
    ] = None
    oidc_keys_file: Annotated[
        Path | None, Field(description="The provider's public keys (JWKS); with it, nothing is ever fetched")
    ] = None
    oidc_keys_url: Annotated[
        str | None,
        Field(description="Where those keys are fetched; left out, the provider's discovery document says so"),
    ] = None
    oidc_leeway_seconds: Annotated[int, Field(ge=0, le=120, description="How far the provider's clock may differ")] = 30
    oidc_lifetime_minutes: Annotated[
        int, Field(ge=1, le=1440, description="Longest lifetime of a token, since none can be called back")
    ] = 60
    tls_certificate_file: Annotated[
        Path | None, Field(description="Certificate chain of the service (PEM); with it, only TLS is spoken")
    ] = None
    tls_key_file: Annotated[Path | None, Field(description="Private key of that certificate (PEM)")] = None
    tls_client_ca_file: Annotated[
        Path | None, Field(description="Authorities (PEM) whose client certificates are accepted")
    ] = None
    tls_client_required: Annotated[
        bool, Field(description="Whether every client must have a certificate of these authorities")
    ] = False

    @field_validator("oidc_roles", mode="before")
    @classmethod
    def _split_pairs(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        pairs = [part.rpartition("=") for part in value.split(",") if part.strip()]
        return {group.strip(): role.strip() for group, _, role in pairs}

    @model_validator(mode="after")
    def _belong_together(self) -> Self:
        if self.oidc_issuer and not (self.oidc_audience and self.oidc_roles):
            raise ValueError("RISKAPI_OIDC_ISSUER needs RISKAPI_OIDC_AUDIENCE and RISKAPI_OIDC_ROLES")
        urls = (self.oidc_issuer, self.oidc_keys_url)
        if self.oidc_keys_file is None and any(url is not None and not is_safe_url(url) for url in urls):
            raise ValueError("keys of an identity provider are fetched over https only: see RISKAPI_OIDC_KEYS_FILE")
        if self.identity_months > self.retention_months:
            raise ValueError("RISKAPI_IDENTITY_MONTHS is at most RISKAPI_RETENTION_MONTHS")
        if (self.tls_certificate_file is None) != (self.tls_key_file is None):
            raise ValueError("RISKAPI_TLS_CERTIFICATE_FILE and RISKAPI_TLS_KEY_FILE go together")
        if self.tls_client_ca_file is not None and self.tls_certificate_file is None:
            raise ValueError("RISKAPI_TLS_CLIENT_CA_FILE needs RISKAPI_TLS_CERTIFICATE_FILE")
        if self.tls_client_required and self.tls_client_ca_file is None:
            raise ValueError("RISKAPI_TLS_CLIENT_REQUIRED needs RISKAPI_TLS_CLIENT_CA_FILE")
        return self

    @field_validator("trusted_signers", "allowed_hosts", "hits_hosts", "purposes", "desk_second_bands", mode="before")
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

    @field_validator("country")
    @classmethod
    def _is_known_country(cls, value: str | None) -> str | None:
        if value is not None and value not in ALPHA3.values():
            raise ValueError("the country is one of ISO 3166-1 in three letters, such as KEN or SOM")
        return value

    @field_validator("time_zone")
    @classmethod
    def _is_known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("no such time zone here: name one like Africa/Nairobi") from None
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
                f"{PREFIX}{str(one['loc'][0]).upper()}: {one['msg']}" if one["loc"] else one["msg"]
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
    if isinstance(default, dict):
        return "none"
    return str(default)
