"""One attempt to send a message: one connection to the one address, no redirection, nothing read of the answer."""

import ssl
from enum import StrEnum
from http import HTTPStatus
from typing import NamedTuple

import httpx

from riskapi.errors import SettingsError
from riskapi.hits.message import Message
from riskapi.hits.subscription import Subscription

TIMEOUT_SECONDS = 10.0
_LATER = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.GONE})
"""Of the refusals, those that say something of the receiver and nothing of the message."""
_WAIT_SECONDS_MAX = 3600.0


class Outcome(StrEnum):
    """What came of an attempt."""

    SENT = "sent"
    REFUSED = "refused"
    """The receiver does not want this message; another one it may want."""
    UNAVAILABLE = "unavailable"
    """The receiver takes nothing now."""


class Attempt(NamedTuple):
    """One attempt.

    Attributes:
        outcome: what came of it.
        told: in a few words, without anything that the receiver wrote.
        wait_seconds: how long the receiver asks to be left alone.
    """

    outcome: Outcome
    told: str
    wait_seconds: float = 0.0


def send(subscription: Subscription, message: Message, now: int) -> Attempt:
    """Send a message.

    Args:
        subscription: where to.
        message: what.
        now: seconds since 1970.
    """
    try:
        headers = message.headers(subscription.secret(), now)
        verify = ssl.create_default_context(cafile=subscription.ca_file)
        transport = httpx.HTTPTransport(verify=verify, retries=0)
        with (
            httpx.Client(transport=transport, timeout=TIMEOUT_SECONDS, trust_env=False) as client,
            client.stream("POST", subscription.url, content=message.body, headers=headers) as answer,
        ):
            return _judged(answer)
    except SettingsError as error:
        return Attempt(Outcome.UNAVAILABLE, str(error))
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        return Attempt(Outcome.UNAVAILABLE, type(error).__name__)


def _judged(answer: httpx.Response) -> Attempt:
    told = f"status {answer.status_code}"
    if answer.is_success:
        return Attempt(Outcome.SENT, told)
    if answer.is_client_error and answer.status_code not in _LATER:
        return Attempt(Outcome.REFUSED, told)
    wait = answer.headers.get("retry-after", "")
    seconds = min(float(wait), _WAIT_SECONDS_MAX) if wait.isascii() and wait.isdigit() and len(wait) < 9 else 0.0  # noqa: PLR2004
    return Attempt(Outcome.UNAVAILABLE, told, seconds)
