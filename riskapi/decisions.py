"""What the service said, about whom, by which models: what is written down of each answer, and what is read again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from features.risk import Audience


class Claim(NamedTuple):
    """An idempotency key on its way into the store.

    Attributes:
        key: keyed hash of the header, so that what clients put into it is nowhere.
        fingerprint: keyed hash of the canonical body that came with it.
    """

    key: bytes
    fingerprint: bytes


class Rectifies(NamedTuple):
    """What a decision about a corrected record corrects.

    Attributes:
        decision_id: of the decision about the record as it was.
        reason: why it was corrected, by code.
    """

    decision_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class _Made:
    """What is known of every answer.

    Attributes:
        decision_id: UUID version 7.
        scored_at: when, in UTC (ISO 8601), as the answer says it.
        principal: name of the person or system that asked.
        unit: of the principal; empty for none.
        key_id: id of the key that was used.
        audiences: whose scores the caller was answered with.
        digests: of the bundles that scored, in the order of the risks.
        dropped: names of the facts that were dropped on receipt.
        purpose: why the record is processed, where the sender said so.
    """

    decision_id: str
    scored_at: str
    principal: str
    unit: str
    key_id: str
    audiences: tuple[str, ...]
    digests: tuple[str, ...]
    dropped: tuple[str, ...]
    purpose: str | None


@dataclass(frozen=True, slots=True)
class AnsweredRecord(_Made):
    """One answer and the record that it is about, on their way to the store.

    Attributes:
        record: as it was submitted (JSON), without the facts that are never stored.
        age_years: at the crossing, where the record has a date of birth that tells it.
        birth_contradicts: what that date cannot be right with, by the hard checks that failed.
        answer: as it was sent (JSON).
        claim: as in :class:`DecisionRecord`, like those below.
    """

    record: bytes
    age_years: int | None
    answer: bytes
    claim: Claim | None = None
    rectifies: Rectifies | None = None
    policy: str = ""
    referrals: tuple[str, ...] = ()
    trace: bytes = b""
    birth_contradicts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DecisionRecord(_Made):
    """One answer with all that is needed to account for it, as it is stored.

    Attributes:
        subject: keyed hash of whom it is about.
        input: the record without identity (JSON): enough to compute the answer again.
        identity: facts of identity and contact by place (JSON).
        answer: the answer as it was sent (JSON), without the sender's id of the record.
        claim: of the request's idempotency key, where it had one.
        rectifies: the decision that this one corrects, where it does.
        policy: that selected, with the month whose key drew; empty where nobody was selected.
        referrals: audience, arm and probability, of each risk or, where nothing was scored, of each audience.
        trace: what the memory keeps of the crossing (:class:`features.memory.trace.Trace`); empty for nothing.
        record_key: keyed hash of the sender's id of the record, to find the decision by it.
    """

    subject: bytes
    input: bytes
    identity: bytes
    answer: bytes
    claim: Claim | None = None
    rectifies: Rectifies | None = None
    policy: str = ""
    referrals: tuple[str, ...] = ()
    trace: bytes = b""
    record_key: int | None = None

    @property
    def month(self) -> str:
        """Calendar month (UTC) whose key seals the identity."""
        return self.scored_at[:7]


@dataclass(frozen=True, slots=True)
class StoredDecision:
    """A decision as it is read again: what the log says of it, and those parts that are still there.

    Attributes:
        writer: chain of the log that tells of it.
        seq: place in that chain.
        input: the record without identity; ``None`` once expired or erased.
        identity: facts of identity; ``None`` once masked, expired or erased.
        answer: the answer without the sender's id; ``None`` once expired or erased.
        note: what is gone and why, for people; ``None`` where all is there.
        supersedes: the decision that this one corrects, where it does.
        superseded_by: decisions that correct this one, in order.
        policy: as in :class:`DecisionRecord`.
        referrals: as in :class:`DecisionRecord`.
    """

    writer: str
    seq: int
    decision_id: str
    scored_at: str
    principal: str
    unit: str
    key_id: str
    audiences: tuple[Audience, ...]
    digests: tuple[str, ...]
    dropped: tuple[str, ...]
    purpose: str | None
    input: bytes | None
    identity: bytes | None
    answer: bytes | None
    note: str | None
    supersedes: str | None = None
    superseded_by: tuple[str, ...] = ()
    policy: str = ""
    referrals: tuple[str, ...] = ()


Refused = Sequence[str]
"""Ids of decisions that were not stored, since another one has their idempotency key."""
