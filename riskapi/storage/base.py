"""What any store of this service guarantees, in words and as types.

Guarantees, each held by the suite in tests/riskapi:

1. *Acknowledged means durable.* What an append answered is on disk: a crash of the process or of the machine after the
   answer does not lose it. What was not acknowledged may or may not be there.
2. *All or nothing.* The rows of one append are stored together or not at all.
3. *Append-only.* No entry of the log, bundle, event of the ledger or key is ever changed or removed; the database
   itself refuses it, whoever asks. Sealed contents alone may go, when their time is over.
4. *One order.* In each chain of the log every entry has the next place, without gaps, and the hash of the one before.
5. *One outcome.* Of two events that exclude each other (approve and reject, two approvals at once) exactly one happens.
6. *An error acknowledges nothing.* After any error the outcome counts as unknown, the connection is dropped, and the
   caller gets :class:`riskapi.errors.StorageError`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from riskapi.access.keys import KeyRow
from riskapi.decisions import AnsweredRecord, Claim, DecisionRecord, Refused, StoredDecision


class Event(StrEnum):
    """What can happen to a proposed bundle."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Act:
    """Who decides, why and when."""

    principal: str
    rationale: str
    at: datetime


@dataclass(frozen=True, slots=True)
class LedgerEvent:
    """One line of the ledger: who did what to which bundle, when and why."""

    seq: int
    at: datetime
    event: Event
    digest: str
    risk: str
    principal: str
    rationale: str


@dataclass(frozen=True, slots=True)
class BundleRow:
    """A bundle as it was proposed: its files, exactly."""

    digest: str
    risk: str
    name: str
    version: str
    files: dict[str, bytes]


Rule = Callable[[Sequence[LedgerEvent]], None]
"""Decides within the transaction whether an event may happen, given all events so far; raises if not."""


class AnswerSink(Protocol):
    """Takes answers with the records that they are about."""

    def append(self, rows: Sequence[AnsweredRecord]) -> Refused:
        """Store rows in one durable transaction; gives the ids of those whose idempotency key is taken."""

    def tick(self) -> None:
        """See to what is due while nothing is stored; an error says that the store is not well."""


class DecisionStore(Protocol):
    """Keeps decisions."""

    def append(self, rows: Sequence[DecisionRecord]) -> Refused:
        """Store rows in one durable transaction; gives the ids of those whose idempotency key is taken."""

    def tick(self) -> None:
        """See to what is due while nothing is stored; an error says that the store is not well."""

    def decision(self, decision_id: str) -> StoredDecision | None:
        """Find one decision."""

    def claimed(self, principal: str, claim: Claim) -> tuple[str, bool] | None:
        """Find the decision that has an idempotency key, and whether the body was the same."""


class Ledger(Protocol):
    """Keeps bundles and what persons decided about them."""

    def propose(self, bundle: BundleRow, act: Act, rule: Rule) -> LedgerEvent:
        """Store a bundle with the event that proposes it."""

    def decide(self, digest: str, event: Event, act: Act, rule: Rule) -> LedgerEvent:
        """Add an event about a known bundle."""

    def events(self, digest: str | None = None) -> list[LedgerEvent]:
        """List the events in order, of one bundle or of all."""

    def live(self) -> dict[str, LedgerEvent]:
        """Find the last approval of each risk."""

    def bundle(self, digest: str) -> BundleRow | None:
        """Find one bundle with its files."""


class KeyStore(Protocol):
    """Keeps API keys."""

    def add_key(self, row: KeyRow) -> None:
        """Store a new key."""

    def revoke_key(self, key_id: str, at: datetime) -> bool:
        """Revoke a key; ``False`` where there is none, or where it was revoked before."""

    def keys(self) -> list[KeyRow]:
        """List all keys."""
