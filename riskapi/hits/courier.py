"""Tells subscribers of hits: reads the log in its order from where each was told last, and sends what is theirs.

A message leaves after the view is on record, and the place in the log moves after it has arrived: whatever is killed in
between, it is sent again under the same id. A receiver that takes nothing is asked again, later and later, and what it
is to hear waits in the log. A message that it does not want is put aside, and the next one follows.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from riskapi.access.journal import Journal
from riskapi.access.keys import KeyRow
from riskapi.access.matrix import Action, Purpose
from riskapi.access.principal import Principal
from riskapi.hits.message import Message, message_for
from riskapi.hits.outbox import Outbox
from riskapi.hits.sending import Attempt, Outcome, send
from riskapi.hits.subscription import Subscription
from riskapi.log.entry import Kind
from riskapi.moments import iso
from riskapi.monitoring.opened import OpenedDecision, Page

PAGE_ROWS = 500
TURN_SECONDS = 5.0
"""How long one receiver is served before the others have their turn: a slow one holds up none."""
WAIT_SECONDS = (1.0, 300.0)
"""Between attempts: the first pause, which doubles, and the longest."""
_NO_KEY = "its API key is unknown or past its date"
_NO_RIGHT = f"its API key lacks {Action.HITS_RECEIVE.value} or an audience"


class Log(Protocol):
    """Reads the log."""

    def heads(self) -> dict[str, int]:
        """Find the place of the last row of each chain."""

    def page(self, writer: str, after: int, most: int) -> Page | None:
        """Read the rows of a chain that follow a place."""


@dataclass(slots=True)
class _Pause:
    """Why a subscription is left alone, and until when."""

    attempts: int = 0
    until: float = float("-inf")
    since: str | None = None


class Courier:
    """Serves all subscriptions of one store; one process at a time.

    Args:
        log: to read.
        outbox: the places.
        journal: where each message is put on record before it leaves.
        keys: reads the API keys as they are now.
        clock: the present, in UTC.
        attempt: sends one message.
    """

    def __init__(
        self,
        log: Log,
        outbox: Outbox,
        journal: Journal,
        *,
        keys: Callable[[], Sequence[KeyRow]],
        clock: Callable[[], datetime],
        attempt: Callable[[Subscription, Message, int], Attempt] = send,
    ) -> None:
        self._log, self._outbox, self._journal = log, outbox, journal
        self._keys, self._clock, self._attempt = keys, clock, attempt
        self._pauses: dict[str, _Pause] = {}
        self._noted: dict[str, str] = {}
        self._well: set[str] = set()

    def turn(self, subscriptions: Sequence[Subscription], stopped: Callable[[], bool] = lambda: False) -> int:
        """Serve every subscription that is not paused.

        Args:
            subscriptions: as they are now.
            stopped: whether to end before the next message.

        Returns:
            Messages that arrived.

        Raises:
            StorageError: where the store does not take a place or a view; it is gone on from there at the next turn.
        """
        keys = {row.key_id: row for row in self._keys()}
        sent = 0
        for subscription in subscriptions:
            if self._clock().timestamp() >= self._pauses.get(subscription.name, _Pause()).until:
                sent += self._serve(subscription, keys, stopped)
        return sent

    def _serve(self, subscription: Subscription, keys: Mapping[str, KeyRow], stopped: Callable[[], bool]) -> int:
        heads = self._log.heads()
        places = self._outbox.places(subscription.name)
        if places is None:
            places = self._outbox.begin(subscription.name, heads)
        receiver = _receiver(keys.get(subscription.key_id), self._clock())
        if isinstance(receiver, str):
            self._pause(subscription, Attempt(Outcome.UNAVAILABLE, receiver))
            return 0
        sent, until = 0, self._clock().timestamp() + TURN_SECONDS
        for writer in heads:
            after = places.get(writer, 0)
            while (page := self._log.page(writer, after, PAGE_ROWS)) is not None:
                for decision in page.decisions:
                    if stopped() or self._clock().timestamp() > until:
                        return sent
                    message = message_for(subscription, receiver, decision)
                    if message is None:
                        continue
                    if not self._deliver(subscription, receiver, decision, message):
                        self._outbox.move(subscription.name, writer, decision.seq - 1)
                        return sent
                    self._outbox.move(subscription.name, writer, decision.seq)
                    sent += 1
                after = page.last
                self._outbox.move(subscription.name, writer, after)
        return sent

    def _deliver(
        self, subscription: Subscription, receiver: Principal, decision: OpenedDecision, message: Message
    ) -> bool:
        """Send one message; gives whether the next one may follow."""
        if self._noted.get(subscription.name) != message.message_id:  # not for each of many attempts
            self._journal.append(Kind.ACCESS, _view(receiver, decision))
            self._noted[subscription.name] = message.message_id
        now = self._clock()
        attempt = self._attempt(subscription, message, int(now.timestamp()))
        if attempt.outcome is Outcome.UNAVAILABLE:
            self._pause(subscription, attempt)
            return False
        if attempt.outcome is Outcome.REFUSED:
            self._outbox.bury(subscription.name, message.decision_id, iso(now), attempt.told)
        self._pauses.pop(subscription.name, None)
        if subscription.name not in self._well:
            self._outbox.note(subscription.name, None, None)
            self._well.add(subscription.name)
        return True

    def _pause(self, subscription: Subscription, attempt: Attempt) -> None:
        """Leave a receiver alone for a while, longer each time, at times that do not fall together."""
        pause = self._pauses.setdefault(subscription.name, _Pause())
        first, longest = WAIT_SECONDS
        seconds = min(longest, first * 2 ** min(pause.attempts, 16)) * random.uniform(0.8, 1.2)  # noqa: S311 - no secret
        now = self._clock()
        pause.attempts += 1
        pause.until = now.timestamp() + max(seconds, attempt.wait_seconds)
        if pause.since is None:
            before = self._outbox.standings().get(subscription.name)
            pause.since = (before and before.failing_since) or iso(now)
        self._well.discard(subscription.name)
        self._outbox.note(subscription.name, pause.since, attempt.told)


def _receiver(row: KeyRow | None, now: datetime) -> Principal | str:
    """Who a key belongs to, or why it may not hear anything."""
    if row is None or not row.is_valid(now):
        return _NO_KEY
    found = Principal(row.principal, row.kind, row.key_id, frozenset(row.scopes), row.units)
    return found if Action.HITS_RECEIVE in found.rights and found.audiences else _NO_RIGHT


def _view(receiver: Principal, decision: OpenedDecision) -> dict[str, Any]:
    purpose = Purpose.BORDER_CONTROL if Purpose.BORDER_CONTROL in receiver.purposes else Purpose.PROTECTION
    return {
        "by": receiver.name,
        "decision_id": decision.decision_id,
        "key_id": receiver.key_id,
        "purpose": purpose.value,
        "what": "hit",
    }
