"""Decisions found by the sender's id of a record, by those who may see it; each look is on record."""

from typing import TYPE_CHECKING

from riskapi.access.purpose import Use
from riskapi.audit import seen_by, view_of
from riskapi.decisions import StoredDecision
from riskapi.errors import NotFoundError
from riskapi.log.entry import Kind
from riskapi.privacy.sealing import record_key

if TYPE_CHECKING:  # the services hold the stores
    from riskapi.services import Services

RECORD_ID_MAX = 64
FOUND_MAX = 25
"""Decisions that are looked at, the latest: a record that is pushed again has one for each of its versions."""
_WHAT = "record_search"


def decisions_of_record(services: "Services", record_id: str, use: Use) -> list[StoredDecision]:
    """Find the decisions about a record, the latest first.

    They are found by a keyed hash, and held against the sealed id. Who may not see whom a decision is about finds none,
    and neither does anybody once identity was masked. That somebody looked is on record before anything is answered;
    the id itself is not.

    Args:
        services: that keep the decisions.
        record_id: as the sender gave it.
        use: who asks, and for what.

    Raises:
        StorageError: where it is not on record.
    """
    found = []
    for decision_id in services.contents.with_record(record_key(record_id, services.secret), FOUND_MAX):
        try:
            row, _, identity = seen_by(services.decisions, decision_id, use.caller)
        except NotFoundError:
            continue
        if identity.get("record_id") == record_id:
            found.append(row)
    with services.journal.transaction() as transaction:
        for looked_at in [one.decision_id for one in found] or [""]:
            transaction.append(Kind.ACCESS, view_of(_WHAT, looked_at, use))
    return found
