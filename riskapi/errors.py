"""The errors of the service, and the one table that turns any error of the project into an HTTP status.

ServiceError
├── SettingsError                 a setting is missing, unknown or unsafe: the service does not start
├── MalformedBodyError            the body is no strict JSON
├── BodyTooLargeError             the body passes its limit
├── BodyTimeoutError              the rest of the body did not arrive
├── MediaTypeError                the body has a type or an encoding that is not read
├── InvalidBodyError              the body is JSON that breaks rules; carries every problem
├── AuthenticationError           no key, or one that is unknown, revoked or past its date
├── PermissionDeniedError         the key lacks a scope or an audience
│   ├── FourEyesError             the approver is the proposer, or no person
│   ├── PurposeError              no purpose was stated, or one that the caller's roles do not have
│   ├── PasswordChangeError       the password was for once: a new one has to come with it
│   └── CrossSiteError            another site's page sent the request with this site's cookie
├── NotFoundError                 nothing there, or nothing that this key may see
├── ConflictError                 the proposal is no longer in a state that allows this
│   └── StillInFlightError        the first request with this idempotency key is not answered yet
├── KeyReusedError                an idempotency key came with another body than before
├── TooManyRequestsError          the client asked too often; carries when to come back
├── UnavailableError              cannot answer now; the same request may succeed later
│   ├── NoApprovedModelError      no approved model for what the key may be scored for
│   ├── TokenKeysError            the keys of the identity provider cannot be had
│   └── StorageError              the store did not take or give what it was asked; nothing is acknowledged
│       └── ChainError            the log is not what was written: nothing more is added to it
├── SealError                     what was stored of a decision is not what was sealed
└── ExplanationMismatchError      a recomputed score differs from the stored one
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, ClassVar

import orjson

from features import declared
from features.errors import FeatureError, RecordError
from models.errors import BundleError, ModelError

RETRY_AFTER_SECONDS = "1"

Problem = declared.Problem
"""One broken rule: place, rule, remedy. Never what was sent."""


class ServiceError(Exception):
    """Anything that goes wrong on the floor of the service; its text is shown to callers."""


class SettingsError(ServiceError):
    """A setting is missing, unknown or unsafe."""


class MalformedBodyError(ServiceError):
    """The body is no strict JSON; the text names the rule, the line and the column."""


class BodyTooLargeError(ServiceError):
    """The body passes its limit."""


class BodyTimeoutError(ServiceError):
    """The rest of the body did not arrive in time."""


class MediaTypeError(ServiceError):
    """The body has a type or an encoding that is not read here."""


class InvalidBodyError(ServiceError):
    """The body is JSON that breaks rules; carries every problem, up to a bound."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("The body breaks rules: see `errors` for each place, rule and remedy.")
        self.problems = tuple(problems)


class AuthenticationError(ServiceError):
    """No key was sent, or one that is unknown, revoked or past its date."""


class PermissionDeniedError(ServiceError):
    """The key lacks a scope or an audience."""


class FourEyesError(PermissionDeniedError):
    """The approver is the proposer, or no person."""


class PurposeError(PermissionDeniedError):
    """No purpose was stated, or one that the caller's roles do not have."""


class PasswordChangeError(PermissionDeniedError):
    """The password was for once: a new one has to come with it."""


class CrossSiteError(PermissionDeniedError):
    """Another site's page sent the request with this site's cookie."""


class NotFoundError(ServiceError):
    """Nothing there, or nothing that this key may see."""


class ConflictError(ServiceError):
    """The proposal is no longer in a state that allows this."""


class TooManyRequestsError(ServiceError):
    """The client asked too often."""

    def __init__(self, text: str, retry_after_seconds: float) -> None:
        super().__init__(text)
        self.retry_after_seconds = max(1, math.ceil(retry_after_seconds))


class StillInFlightError(ConflictError):
    """The first request with this idempotency key is not answered yet."""


class KeyReusedError(ServiceError):
    """An idempotency key came with another body than before."""


class UnavailableError(ServiceError):
    """The service cannot answer now; the same request may succeed later."""


class NoApprovedModelError(UnavailableError):
    """There is no approved model for what the key may be scored for."""


class TokenKeysError(UnavailableError):
    """The keys of the identity provider cannot be had."""


class StorageError(UnavailableError):
    """The store did not take or give what it was asked; nothing is acknowledged."""


class ChainError(StorageError):
    """The stored log is not what was acknowledged: nothing is added to it until a person has looked."""


class SealError(ServiceError):
    """What was stored of a decision is not what was sealed."""


class ExplanationMismatchError(ServiceError):
    """A recomputed score differs from the stored one."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What callers see of a type of error."""

    status: HTTPStatus
    name: str
    title: str
    shows_text: bool = True
    """Whether the error's own text goes out; a text that others write stays inside."""

    urn: ClassVar[str] = "urn:riskapi:problem:"


_INTERNAL = Kind(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", "The service failed", shows_text=False)

KINDS: dict[type[Exception], Kind] = {
    MalformedBodyError: Kind(HTTPStatus.BAD_REQUEST, "malformed-body", "The body is no strict JSON"),
    BodyTooLargeError: Kind(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body-too-large", "The body is too large"),
    BodyTimeoutError: Kind(HTTPStatus.REQUEST_TIMEOUT, "body-timeout", "The body did not arrive in time"),
    MediaTypeError: Kind(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "media-type", "The body has a type that is not read here"),
    InvalidBodyError: Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-body", "The body breaks rules"),
    AuthenticationError: Kind(HTTPStatus.UNAUTHORIZED, "unauthenticated", "A valid key is needed"),
    PermissionDeniedError: Kind(HTTPStatus.FORBIDDEN, "forbidden", "The key does not allow this"),
    FourEyesError: Kind(HTTPStatus.FORBIDDEN, "four-eyes", "Another named person has to decide"),
    PurposeError: Kind(HTTPStatus.FORBIDDEN, "purpose", "The purpose is not allowed"),
    PasswordChangeError: Kind(HTTPStatus.FORBIDDEN, "password-change", "The password has to be replaced"),
    CrossSiteError: Kind(HTTPStatus.FORBIDDEN, "cross-site", "The request comes from another site"),
    NotFoundError: Kind(HTTPStatus.NOT_FOUND, "not-found", "Nothing here that this key may see"),
    ConflictError: Kind(HTTPStatus.CONFLICT, "conflict", "The state does not allow this"),
    TooManyRequestsError: Kind(HTTPStatus.TOO_MANY_REQUESTS, "too-many-requests", "Too many requests"),
    UnavailableError: Kind(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", "Not available now"),
    NoApprovedModelError: Kind(HTTPStatus.SERVICE_UNAVAILABLE, "no-approved-model", "There is no approved model"),
    TokenKeysError: Kind(HTTPStatus.SERVICE_UNAVAILABLE, "token-keys", "The identity provider cannot be reached"),
    StorageError: Kind(HTTPStatus.SERVICE_UNAVAILABLE, "storage", "The decision could not be stored"),
    ChainError: Kind(HTTPStatus.SERVICE_UNAVAILABLE, "log-broken", "The log is not what was written"),
    SealError: Kind(HTTPStatus.INTERNAL_SERVER_ERROR, "seal-broken", "The stored decision cannot be opened"),
    StillInFlightError: Kind(HTTPStatus.CONFLICT, "still-in-flight", "The first request is not answered yet"),
    KeyReusedError: Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "key-reused", "The idempotency key has another body"),
    ExplanationMismatchError: Kind(
        HTTPStatus.INTERNAL_SERVER_ERROR, "explanation-mismatch", "The stored score cannot be reproduced"
    ),
    SettingsError: _INTERNAL,
    ServiceError: _INTERNAL,
    RecordError: Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-record", "The record breaks rules"),
    FeatureError: _INTERNAL,
    BundleError: Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "bundle-refused", "The bundle is refused"),
    ModelError: _INTERNAL,
}
"""The one table from type to status; a type that is not listed takes the entry of its nearest listed ancestor."""


def kind_of(error: BaseException) -> Kind:
    """Look up what callers see of an error; anything unknown is an internal error without a text."""
    for ancestor in type(error).__mro__:
        if ancestor in KINDS:
            return KINDS[ancestor]
    return _INTERNAL


@dataclass(frozen=True, slots=True)
class ProblemAnswer:
    """A problem document (RFC 9457), ready to send."""

    status: int
    name: str
    body: bytes
    headers: tuple[tuple[str, str], ...]


def problem_document(error: BaseException) -> dict[str, Any]:
    """Describe an error as the members of a problem document."""
    kind = kind_of(error)
    document: dict[str, Any] = {
        "type": Kind.urn + kind.name,
        "title": kind.title,
        "status": kind.status.value,
        "detail": str(error) if kind.shows_text else "The operator finds the cause in the log.",
    }
    if isinstance(error, BundleError):
        document["errors"] = [{"place": error.file, "rule": error.rule, "remedy": error.remedy}]
    if isinstance(error, InvalidBodyError):
        document["errors"] = [problem._asdict() for problem in error.problems]
    return document


def answer_for(error: BaseException) -> ProblemAnswer:
    """Turn an error into what is sent for it."""
    kind = kind_of(error)
    headers = tuple(_headers(kind.status))
    if isinstance(error, TooManyRequestsError):
        headers = (*headers, ("retry-after", str(error.retry_after_seconds)))
    return ProblemAnswer(kind.status.value, kind.name, orjson.dumps(problem_document(error)), headers)


def plain_answer(status: int, allow: str | None = None, detail: str | None = None) -> ProblemAnswer:
    """Make the problem document of a status that has no type of its own: no such path, no such method."""
    title = HTTPStatus(status).phrase
    text = detail or f"{title}. See /openapi.json."
    document = {"type": "about:blank", "title": title, "status": status, "detail": text}
    headers = tuple(_headers(HTTPStatus(status)))
    return ProblemAnswer(
        status,
        title.lower().replace(" ", "-"),
        orjson.dumps(document),
        (*headers, ("allow", allow)) if allow else headers,
    )


def _headers(status: HTTPStatus) -> Iterator[tuple[str, str]]:
    yield "content-type", "application/problem+json"
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        yield "retry-after", RETRY_AFTER_SECONDS
    if status is HTTPStatus.UNAUTHORIZED:
        yield "www-authenticate", 'Bearer realm="riskapi"'
    if status in (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.REQUEST_TIMEOUT):
        yield "connection", "close"
