"""Records from messages that carriers push again: what is known is answered as before, what changed is linked.

A record keeps its id over all pushes; its version is what it says. The first version of a record claims the id, each
later one claims id and version, so that every version is decided once, and points to the first.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from features.record import TravellerRecord
from riskapi.access.purpose import Use
from riskapi.deciding import Case, Decided, decide_all
from riskapi.decisions import Claim, Rectifies
from riskapi.errors import PermissionDeniedError, StillInFlightError, UnavailableError
from riskapi.live import LiveModels
from riskapi.reading import SentRecord, sent_as
from riskapi.turns import AT_ONCE_MAX

if TYPE_CHECKING:  # the services hold what is made here
    from riskapi.services import Services

REASON = "newer_message"
"""Why a decision about a later version takes the place of an earlier one."""
_VERSION_SIGNS = 16


class Answered(NamedTuple):
    """What was said of one record of a message.

    Attributes:
        answer: to send.
        version: names what the record says; the same for the same content.
        supersedes: the decision about the record's first version, where this is a later one.
        replayed: whether this version came before, and the answer is the one that was given then.
    """

    answer: bytes
    version: str
    supersedes: str | None
    replayed: bool


class _Known(NamedTuple):
    """What is stored of a record before it is scored."""

    sent: SentRecord
    version: str
    claim: Claim | None
    first: str | None
    answer: bytes | None


async def answer_records(
    services: "Services", use: Use, records: Sequence[TravellerRecord], live: LiveModels
) -> tuple[list[Answered], int]:
    """Score the records of a message, all of them in one transaction, before any answer leaves.

    Args:
        services: that assess and store.
        use: who asks, and for what.
        records: of the message; no two of the same id.
        live: models, one set for all.

    Returns:
        One answer for each record, in order, and how many new decisions were made.

    Raises:
        StillInFlightError: another request with the same records is not answered yet.
        ServiceError: there is no answer for another reason; nothing is stored then.
    """
    known = await asyncio.to_thread(_look_up, services, use, records)
    decided: dict[int, Decided] = {}
    new = [place for place, one in enumerate(known) if one.answer is None]
    for start in range(0, len(new), AT_ONCE_MAX):
        some = new[start : start + AT_ONCE_MAX]
        cases = [Case(use, known[place].sent, known[place].claim) for place in some]
        for place, found in zip(some, decide_all(services, live, cases), strict=True):
            if isinstance(found, Exception):
                raise found
            first = known[place].first
            row = found.row if first is None else replace(found.row, rectifies=Rectifies(first, REASON))
            decided[place] = found._replace(row=row)
        await asyncio.sleep(0)
    if decided and await services.writer.append([one.row for one in decided.values()]):
        raise StillInFlightError("The same message is being answered now. Send it again in a moment.")
    for one in decided.values():
        services.metrics.count(one.assessment)
    answers = []
    for place, record in enumerate(known):
        answer = decided[place].answer if place in decided else record.answer
        assert answer is not None
        answers.append(Answered(answer, record.version, record.first, place not in decided))
    return answers, len(decided)


def _look_up(services: "Services", use: Use, records: Sequence[TravellerRecord]) -> list[_Known]:
    return [_known(services, use, sent_as(record)) for record in records]


def _known(services: "Services", use: Use, sent: SentRecord) -> _Known:
    """Find out whether a record came before, and whether it said the same."""
    record_id = sent.record.record_id
    version = sha256(sent.kept).hexdigest()[:_VERSION_SIGNS]
    body = {"version": version}
    claim = services.idempotency.claim(f"message {record_id}", use.caller, body)
    found = services.decisions.claimed(use.caller.name, claim)
    if found is None:
        return _Known(sent, version, claim, None, None)
    first, same = found
    if not same:
        claim = services.idempotency.claim(f"message {record_id} {version}", use.caller, body)
    original = None if same else first
    try:
        answered = services.idempotency.answered(use.caller, claim, record_id)
    except (PermissionDeniedError, UnavailableError):  # no longer kept, or not for this caller: decided anew
        return _Known(sent, version, None, original, None)
    return _Known(sent, version, claim, original, None if answered is None else answered[1])
