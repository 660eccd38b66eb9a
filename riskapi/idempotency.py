"""Repeated requests: a request that comes again with its key is answered as it was, and scored once."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
import rfc8785

from features.declared import Problem
from riskapi.access.principal import Principal
from riskapi.decisions import Claim
from riskapi.errors import (
    InvalidBodyError,
    KeyReusedError,
    PermissionDeniedError,
    StillInFlightError,
    UnavailableError,
)
from riskapi.privacy.sealing import with_record_id
from riskapi.secret import ServiceSecret
from riskapi.storage.base import DecisionStore

HEADER = b"idempotency-key"
REPLAYED = "Idempotent-Replayed"
LENGTH_MAX = 255
_PLACE = f"header {HEADER.decode()}"
_LOWEST, _HIGHEST = "!", "~"
PARAMETER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Chosen by the sender, new for each record: a request sent again with it is answered as before",
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
    "example": "8e03978e-40d5-43e8-bc93-6894a57f9324",
}
"""How the header is described in the API's own document."""


def sent_key(headers: list[tuple[bytes, bytes]]) -> str | None:
    """Read the key of a request; ``None`` where it has none.

    Raises:
        InvalidBodyError: for more than one key, or one that is empty, too long or not printable ASCII.
    """
    sent = [value for name, value in headers if name == HEADER]
    if not sent:
        return None
    key = sent[0].decode("latin-1").strip()
    if len(sent) > 1 or not 1 <= len(key) <= LENGTH_MAX or not all(_LOWEST <= one <= _HIGHEST for one in key):
        rule = f"must be one key of 1 to {LENGTH_MAX} printable ASCII characters"
        raise InvalidBodyError([Problem(_PLACE, rule, "Send a new UUID for each record.")])
    return key


class IdempotencyKeys:
    """Remembers which requests are on their way, and finds the answers of those that came before.

    A key belongs to the principal that sends it and is kept as long as its decision: a border post that tries again
    after a day without a line gets the answer of the first time, not a second decision.
    """

    def __init__(self, decisions: DecisionStore, secret: ServiceSecret) -> None:
        self._decisions = decisions
        self._secret = secret
        self._in_flight: set[tuple[str, bytes]] = set()

    def claim(self, key: str, principal: Principal, body: Any) -> Claim:
        """Make what is stored with the decision about a request that has a key.

        Args:
            key: of the request.
            principal: who sends it.
            body: parsed; bodies with equal canonical JSON (RFC 8785) are the same.

        Raises:
            InvalidBodyError: where the body has no canonical form.
        """
        try:
            canonical = rfc8785.dumps(body)
        except rfc8785.CanonicalizationError:
            problem = Problem("(body)", "has a number that has no canonical form", "Send numbers of ordinary size.")
            raise InvalidBodyError([problem]) from None
        keyed = self._secret.hash_subject
        return Claim(
            keyed(b"idempotency key", orjson.dumps([principal.name, key])), keyed(b"idempotent body", canonical)
        )

    @contextmanager
    def flight(self, principal: Principal, claim: Claim) -> Iterator[None]:
        """Keep a key while its first request is under way.

        Raises:
            StillInFlightError: where it is under way already.
        """
        place = principal.name, claim.key
        if place in self._in_flight:
            raise StillInFlightError("The first request with this key is not answered yet. Send it again in a moment.")
        self._in_flight.add(place)
        try:
            yield
        finally:
            self._in_flight.discard(place)

    def answered(self, principal: Principal, claim: Claim, record_id: Any) -> tuple[str, bytes] | None:
        """Find what was answered to the first request with a key.

        Args:
            principal: who sends it.
            claim: the key.
            record_id: as the request has it; since the body is the same, so is this.

        Returns:
            Id of the decision, and the bytes of its answer; ``None`` where the key is new.

        Raises:
            KeyReusedError: where the body was another.
            PermissionDeniedError: where the answer was for audiences that the caller no longer has.
            UnavailableError: where the answer is no longer kept.
        """
        found = self._decisions.claimed(principal.name, claim)
        if found is None:
            return None
        decision_id, same = found
        if not same:
            raise KeyReusedError("This key came with another body before. Send a new key for a new record.")
        decision = self._decisions.decision(decision_id)
        if decision is None or decision.answer is None:
            raise UnavailableError("The answer to this request is no longer kept. Send a new key for a new decision.")
        if not principal.audiences.issuperset(decision.audiences):
            raise PermissionDeniedError("The first answer was for audiences that this key no longer has.")
        return decision_id, with_record_id(decision.answer, record_id)
