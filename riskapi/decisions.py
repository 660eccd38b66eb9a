"""What the service said, about whom, by which models: one immutable row for each answer."""

from dataclasses import dataclass

from features.risk import Audience


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """One answer with all that is needed to account for it.

    Attributes:
        decision_id: UUID version 7.
        scored_at: when, in UTC (ISO 8601), as the answer says it.
        principal: name of the person or system that asked.
        key_id: id of the key that was used.
        record_id: the sender's id of the record.
        audiences: whose scores the caller was answered with.
        digests: of the bundles that scored, in the order of the risks.
        dropped: names of the facts that were dropped on receipt.
        input: the record in its stored form: never-stored facts gone, linkage facts hashed (JSON).
        answer: the answer exactly as it was sent (JSON).
        seq: place in the store; 0 before it is stored.
    """

    decision_id: str
    scored_at: str
    principal: str
    key_id: str
    record_id: str
    audiences: tuple[Audience, ...]
    digests: tuple[str, ...]
    dropped: tuple[str, ...]
    input: bytes
    answer: bytes
    seq: int = 0
