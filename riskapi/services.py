"""The composition root: every part of the service, made once from the settings and handed to whoever needs it."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import sqlalchemy as sa
import structlog

from riskapi.access.account_store import SqlAccountStore
from riskapi.access.accounts import Accounts
from riskapi.access.callers import Callers
from riskapi.access.keys import KeyRing
from riskapi.access.principal import utc_now
from riskapi.access.purpose import Purposes
from riskapi.access.sessions import Sessions, SessionTimes
from riskapi.access.store import SqlKeyStore
from riskapi.access.tokens import tokens_of
from riskapi.active import ActiveModels
from riskapi.approvals import Approvals
from riskapi.challengers import Challengers
from riskapi.deciding import Asked, Decided, answer_all
from riskapi.desk.desk import Desk
from riskapi.errors import StorageError
from riskapi.hits.background import BackgroundHits
from riskapi.hits.outbox import Outbox
from riskapi.idempotency import IdempotencyKeys
from riskapi.limits import ProbingQuota, RateLimit
from riskapi.memory import Memory
from riskapi.monitoring.background import BackgroundWatch
from riskapi.monitoring.book import MonitoringBook
from riskapi.monitoring.gauges import MonitoringGauges
from riskapi.operations.alarms import Alarms
from riskapi.outcomes import Outcomes
from riskapi.privacy.background import BackgroundRetention
from riskapi.privacy.erasure import Erasure
from riskapi.privacy.hold import Holds
from riskapi.privacy.limits import Limits
from riskapi.privacy.retention import Retention
from riskapi.privacy.subjects import Subjects
from riskapi.secret import ServiceSecret
from riskapi.selection import Selector
from riskapi.selection_book import PolicyBook
from riskapi.selection_policy import SelectionPolicy
from riskapi.settings import Settings
from riskapi.storage.contents import Contents
from riskapi.storage.desk import SqlDeskStore
from riskapi.storage.desk_queue import DeskQueue
from riskapi.storage.dividing import DividingSink
from riskapi.storage.engine import is_embedded, open_engine
from riskapi.storage.ledger import SqlLedger
from riskapi.storage.log_key import log_key
from riskapi.storage.outcomes import SqlOutcomeStore
from riskapi.storage.parts import SERVICE, lease_for, open_decisions, open_journal, open_keys
from riskapi.storage.process import StoreProcess
from riskapi.storage.process_writer import ProcessWriter
from riskapi.storage.writer import DecisionWriter, GroupCommitWriter
from riskapi.telemetry import Metrics, where_it_failed
from riskapi.turns import Turns

_RING_REFRESH_SECONDS_MIN = 0.1


class Services:
    """What one process works with.

    The parts that need no event loop are ready after construction, for the command line; :meth:`start` adds the writer
    and the look-out for what other processes approve.
    """

    def __init__(  # noqa: PLR0915 - every part is made once, here
        self, settings: Settings, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.log = structlog.get_logger()
        self.metrics = Metrics()
        self.secret = ServiceSecret(settings.secret_key)
        self.engine: sa.Engine = open_engine(settings)
        bounds: dict[str, Any] = {
            "rows_max": settings.commit_rows_max,
            "waiting_max": settings.waiting_rows_max,
            "watch": self.metrics.watch_commit,
        }
        self._process = StoreProcess(settings) if settings.writer_process else None
        remote = ProcessWriter(self._process, **bounds) if self._process is not None else None
        gate = remote.hold() if remote is not None and is_embedded(self.engine) else None
        self.journal = open_journal(self.engine, settings, clock, gate)
        self.subject_keys = open_keys(settings, self.secret)
        self.contents = Contents(self.engine)
        self.decisions = open_decisions(self.engine, self.journal, self.subject_keys, settings, self.secret)
        self.subjects = Subjects(self.engine, self.subject_keys, self.secret, self.decisions)
        self.holds = Holds(self.journal, self.engine, self.subjects, clock)
        self.erasure = Erasure(
            self.journal, self.subject_keys, self.subjects, self.holds, key=log_key(settings.log_key_file), clock=clock
        )
        self.limits = Limits(settings.identity_months, settings.retention_months)
        self.retention = Retention(
            self.journal, self.engine, self.subject_keys, holds=self.holds, limits=self.limits, clock=clock
        )
        self.background_retention = BackgroundRetention(self.retention, self.log, self.metrics.watch_retention)
        self.monitoring = MonitoringBook(self.engine)
        self.background_watch = BackgroundWatch(
            settings, self.monitoring, MonitoringGauges(self.metrics.registry), self.log
        )
        self.hits = BackgroundHits(settings, Outbox(self.engine), self.metrics.registry, self.log)
        self.purposes = Purposes(settings.purposes, required=settings.purpose_required)
        policy = SelectionPolicy.from_file(settings.selection_file)
        self.selector = Selector(policy, self.secret.lane_key)
        self.policies = PolicyBook(self.journal, self.engine, policy, key_of=self.secret.lane_key, clock=clock)
        self.idempotency = IdempotencyKeys(self.decisions, self.secret)
        self.ledger = SqlLedger(self.engine, self.journal)
        self.keys = SqlKeyStore(self.engine, self.journal)
        self.ring = KeyRing(self.secret)
        account_store = SqlAccountStore(self.engine, self.journal)
        self.accounts = Accounts(account_store, clock)
        self.sessions = Sessions(
            account_store,
            self.secret,
            clock,
            SessionTimes(timedelta(minutes=settings.session_idle_minutes), timedelta(hours=settings.session_hours)),
        )
        self.probing = ProbingQuota(settings.probing_variations, settings.probing_records)
        self.callers = Callers(
            self.ring,
            self.sessions,
            tokens_of(settings),
            clock=clock,
            rate=RateLimit(settings.rate_per_second, settings.rate_burst),
            failures=RateLimit(settings.refused_per_second, round(settings.refused_per_second * 10)),
            look_again=self.refresh_ring,
        )
        self.active = ActiveModels(
            self.ledger, settings.trusted_signers, settings.reasons_for, settings.reasons_against
        )
        self.approvals = Approvals(self.ledger, self.active, clock)
        self.challengers = Challengers(self.engine, self.journal, self.ledger, active=self.active, clock=clock)
        self.outcome_store = SqlOutcomeStore(self.engine, self.journal, self.subject_keys)
        self.outcomes = Outcomes(
            self.outcome_store, self.decisions, active=self.active, secret=self.secret, clock=clock
        )
        self.writer: DecisionWriter = remote or GroupCommitWriter(DividingSink(self.decisions, self.secret), **bounds)
        self.turns: Turns[Asked, Decided] = Turns(lambda asked: answer_all(self, self.active.live, asked))
        self.memory = Memory(self.engine, self.secret.hash_fact, clock) if settings.memory else None
        self.alarms = Alarms(self, clock)
        self.store_failure: str | None = None
        """Why the store could not be read at the last look, where it could not."""
        self._key_mark = -1
        self._ring_asked_at = float("-inf")
        self._look_out: asyncio.Task[None] | None = None
        self.refresh()

    @cached_property
    def desk(self) -> Desk:
        """The desk where referred travellers are read."""
        return Desk(
            SqlDeskStore(self.engine, self.journal, self.subject_keys),
            DeskQueue(self.engine),
            self.decisions,
            outcomes=self.outcomes,
            active=self.active,
            journal=self.journal,
            secret=self.secret,
            times=(timedelta(minutes=self.settings.desk_claim_minutes), timedelta(hours=self.settings.desk_open_hours)),
            clock=self.clock,
        )

    def refresh(self) -> None:
        """Follow what other processes did: approvals, new keys, revoked keys.

        Raises:
            StorageError: where the store cannot be read; models and keys stay as they are.
        """
        mark = self.keys.mark()
        if mark != self._key_mark:
            self.ring.replace(self.keys.keys())
            self._key_mark = mark
        if self.active.refresh():
            for risk, rule in self.active.refused.items():
                self.log.error("bundle_refused", risk=risk, rule=rule)
            self.metrics.show_models(
                {m.risk: m.bundle.digest for m in self.active.live.models}, len(self.active.refused)
            )
            self.log.info("models_live", digests=list(self.active.live.digests))
            if self.memory is None and (blind := self.active.live.reading_memory()):
                self.log.warning("memory_is_off", risks=blind)

    async def start(self) -> None:
        """Take a chain of the log, then start the writer and the look-out, on the running event loop.

        Raises:
            StorageError: where another service has the store, or the log is not what was written.
        """
        self.hits.start()
        await asyncio.to_thread(self.journal.lead, lease_for(self.engine, self.settings, SERVICE))
        await asyncio.to_thread(self.policies.publish)
        if self._process is not None:
            await asyncio.to_thread(self._process.start)
        self.writer.start()
        self.alarms.start()
        if self.settings.retention_enabled:
            self.background_retention.start()
        if self.settings.monitoring_enabled:
            self.background_watch.start()
        self._look_out = asyncio.create_task(self._keep_looking())

    async def stop(self) -> None:
        """Store what waits, then let go of everything."""
        if self._look_out is not None:
            self._look_out.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._look_out
        await asyncio.to_thread(self.alarms.close)
        await asyncio.to_thread(self.background_retention.close)
        await asyncio.to_thread(self.background_watch.close)
        await asyncio.to_thread(self.hits.close)
        await self.writer.close()
        self.close()

    def close(self) -> None:
        """Let go of the databases."""
        if self._process is not None:
            self._process.close()
        self.journal.close()
        self.subject_keys.close()
        self.engine.dispose()

    def refresh_ring(self) -> bool:
        """Read the keys now: a key made a moment ago is valid before the next look.

        Returns:
            Whether they were read; a flood of unknown keys is not worth a look for each.
        """
        now = time.monotonic()
        if now - self._ring_asked_at < _RING_REFRESH_SECONDS_MIN:
            return False
        self._ring_asked_at = now
        with contextlib.suppress(StorageError):
            self.ring.replace(self.keys.keys())
        return True

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(self.settings.poll_seconds)
            try:
                await asyncio.to_thread(self.refresh)
                await asyncio.to_thread(self.policies.publish)
                await asyncio.to_thread(self.journal.tick)
                self.store_failure = None
            except StorageError as error:
                if self.store_failure is None:
                    self.log.error("store_unreadable", rule=str(error))  # noqa: TRY400 - the text says it; a trace adds nothing
                self.store_failure = str(error)
            except Exception as error:  # noqa: BLE001 - the look-out must outlive any single failure
                self.log.error("look_out_failed", **where_it_failed(error))  # noqa: TRY400 - a trace may show data
