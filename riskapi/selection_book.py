"""Policies of selection on record: each stands in the log, with commitments to its keys, before anybody is drawn."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa

from models.lane import commitment_to
from riskapi.log.entry import Kind
from riskapi.privacy.limits import months_later
from riskapi.selection_policy import SelectionPolicy
from riskapi.storage import schema
from riskapi.storage.guard import storage_errors
from riskapi.storage.journal import Journal

_log = schema.log
_ENTRIES = (
    sa.select(_log.c.body)
    .where(_log.c.kind == Kind.SELECTION_POLICY.value)
    .order_by(_log.c.at.desc(), _log.c.writer, _log.c.seq.desc())
)


class PolicyBook:
    """Puts the policy that selects on record, with commitments to the keys of this month and the next.

    A month's key is so committed to before its first draw, and by an entry of a month before where the service ran.

    Args:
        journal: takes the entries.
        engine: of the store.
        policy: that selects.
        key_of: gives the lane's key of a month.
        clock: the present, in UTC.
    """

    def __init__(
        self,
        journal: Journal,
        engine: sa.Engine,
        policy: SelectionPolicy,
        *,
        key_of: Callable[[str], bytes],
        clock: Callable[[], datetime],
    ) -> None:
        self._journal = journal
        self._engine = engine
        self._policy = policy
        self._key_of = key_of
        self._clock = clock
        self._published = ""

    def publish(self) -> None:
        """Put the policy on record, unless the last entry says the same; to be called at start and now and then.

        Raises:
            StorageError: where it is not on record; nobody may be drawn then.
        """
        now = self._clock()
        month = f"{now:%Y-%m}"
        if month == self._published:
            return
        months = month, f"{months_later(now.replace(day=1), 1):%Y-%m}"
        body = {
            "commitments": {one: commitment_to(self._key_of(one)) for one in months},
            "policy": self._policy.text,
            "version": self._policy.version,
        }
        if next(self._entries(), None) != body:
            self._journal.append(Kind.SELECTION_POLICY, body)
        self._published = month

    def policies(self) -> dict[str, SelectionPolicy]:
        """Every policy that was ever on record, by version."""
        return {one["version"]: SelectionPolicy.model_validate_json(one["policy"]) for one in self._entries()}

    def _entries(self) -> Iterator[dict[str, Any]]:
        """Read the entries, the last one first."""
        with storage_errors(), self._engine.connect() as connection:
            for text in connection.execute(_ENTRIES).scalars():
                yield orjson.loads(text)
