"""How the parts of watching are put together, for a process of its own or for a command."""

from collections.abc import Callable
from datetime import datetime

import orjson

from riskapi.access.principal import utc_now
from riskapi.active import ActiveModels
from riskapi.challengers import Challengers
from riskapi.moments import iso
from riskapi.monitoring.book import MonitoringBook, StoredReport
from riskapi.monitoring.form import MonitoringReport
from riskapi.monitoring.opened import LogReader
from riskapi.monitoring.people import DeskWatch
from riskapi.monitoring.report import Reporter
from riskapi.monitoring.shadow import Shadow
from riskapi.monitoring.watcher import PAGES_MAX, Watcher
from riskapi.privacy.keys import Keys
from riskapi.secret import ServiceSecret
from riskapi.selection_policy import SelectionPolicy
from riskapi.settings import Settings
from riskapi.storage.engine import open_engine
from riskapi.storage.ledger import SqlLedger
from riskapi.storage.outcomes import SqlOutcomeStore
from riskapi.storage.parts import open_journal, open_keys


class Watch:
    """Counts, compares and reports on one store; writes nothing but its own tables.

    Args:
        settings: of the service.
        clock: the present, in UTC.
    """

    def __init__(self, settings: Settings, clock: Callable[[], datetime] = utc_now) -> None:
        self._clock = clock
        self._engine = open_engine(settings)
        self._keys: Keys = open_keys(settings, ServiceSecret(settings.secret_key))
        journal = open_journal(self._engine, settings, clock)  # to read by; it is never written to
        ledger = SqlLedger(self._engine, journal)
        self.active = ActiveModels(ledger, settings.trusted_signers, settings.reasons_for, settings.reasons_against)
        self.book = MonitoringBook(self._engine)
        self.reader = LogReader(self._engine, self._keys)
        self.outcomes = SqlOutcomeStore(self._engine, journal, self._keys)
        self.challengers = Challengers(self._engine, journal, ledger, active=self.active, clock=clock)
        self._desk = DeskWatch(self._engine, self._keys)
        self._policy = SelectionPolicy.from_file(settings.selection_file)
        self._shadow = Shadow(self.active.open)
        self.watcher = Watcher(
            self.reader, self.book, self.active.open, self.outcomes, clock=clock, shadow=self._shadow
        )

    def count(self, pages_max: int = PAGES_MAX) -> int:
        """Count what is new, and score it by the challengers that there are now; gives how many rows were read."""
        self._shadow.follow(self.challengers.current())
        return self.watcher.catch_up(pages_max)

    def reports(self) -> list[MonitoringReport]:
        """Make the reports about all live models and keep them; who asks for one reads what was kept."""
        self.active.refresh()
        waiting, reporter, now = self.watcher.backlog(), Reporter(self.book, self._policy), self._clock()
        made = [
            reporter.report(model, now, waiting, self._desk.figures(model.audience, now))
            for model in self.active.live.models
        ]
        for one in made:
            body = orjson.dumps(one.model_dump(mode="json"))
            self.book.put_report(StoredReport(one.risk, one.audience.value, iso(one.at), body))
        return made

    def close(self) -> None:
        """Let go of the databases."""
        self._keys.close()
        self._engine.dispose()
