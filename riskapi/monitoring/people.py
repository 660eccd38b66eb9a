"""What readers at the desk do, as monitoring tells it: figures of the last weeks, alarms, and who may see names."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa

from features.risk import Audience
from riskapi.access.matrix import Action
from riskapi.access.principal import Principal
from riskapi.desk.measures import DeskMeasures, ShareBody, measure
from riskapi.errors import ChainError, SealError
from riskapi.moments import iso
from riskapi.monitoring.form import MonitoringReport
from riskapi.privacy.keys import Keys
from riskapi.storage.desk_history import CASES_MAX, histories

DAYS = 28
"""Cases that were scored in so many days up to now."""
AGAIN_SECONDS = 600
"""Between two counts: each opens every case of the time."""
PULL_MAX = 0.2
"""Difference that seeing the score may make to readers; an alarm is an interval beyond it."""
SHARES: Mapping[str, str] = {
    "shown": "Would look closer, with the score shown",
    "hidden": "Would look closer by their own view, before the score",
    "moved": "Own views that the score changed",
    "towards": "Own views against the score, changed to what it says",
    "away": "Own views that were the score's, changed against it",
    "against": "Views against the score, by who had seen it",
    "agrees": "Verdicts on reasons that agree",
    "found": "Conclusive readings that found something",
    "alike": "Cases read by two who found the same",
}
"""Each share with what it is of, in the order in which it is shown."""


class DeskWatch:
    """Counts what readers do, and again only when some time has passed.

    Args:
        engine: of the store.
        keys: of the subjects.
    """

    def __init__(self, engine: sa.Engine, keys: Keys) -> None:
        self._engine = engine
        self._keys = keys
        self._known: dict[Audience, tuple[datetime, DeskMeasures | None]] = {}

    def figures(self, audience: Audience, now: datetime) -> DeskMeasures | None:
        """Give the figures of an audience's desk; ``None`` where what is stored is not what the log says.

        Args:
            audience: whose desk.
            now: the present, in UTC.
        """
        known = self._known.get(audience)
        if known is None or (now - known[0]).total_seconds() >= AGAIN_SECONDS:
            known = self._known[audience] = now, self._count(audience, now)
        return known[1]

    def _count(self, audience: Audience, now: datetime) -> DeskMeasures | None:
        window = now - timedelta(days=DAYS), now
        try:
            found = histories(self._engine, self._keys, audience.value, (iso(window[0]), iso(window[1])))
        except (ChainError, SealError):
            return None  # `riskapi verify` is where this is told
        return measure(found, audience, window, cut=len(found) == CASES_MAX, named=True)


def alarms_of_people(people: DeskMeasures | None) -> Iterator[str]:
    """Tell what asks for a person's attention; it says nothing of why.

    Args:
        people: what readers did.
    """
    if people is None:
        return
    pull = people.pull
    if pull.low is not None and pull.low > PULL_MAX:
        yield (
            f"With the score shown readers would look closer more often than without, by {pull.value:.2f} "
            f"({pull.low:.2f} to {pull.high:.2f}): do they decide, or the score?"
        )
    for one in people.reasons:
        if one.agrees.high is not None and one.agrees.high < 0.5:  # noqa: PLR2004 - most disagree
            yield f"Most readers disagree with reason {one.code}: {_told(one.agrees)} agree."


def for_caller(report: MonitoringReport, caller: Principal) -> MonitoringReport:
    """A report as somebody may see it: figures of single readers are for auditors alone."""
    if report.people is None or Action.LOG_READ in caller.rights:
        return report
    return report.model_copy(update={"people": report.people.model_copy(update={"readers": []})})


def _told(share: ShareBody) -> str:
    return f"{share.hits} of {share.of} ({share.low:.2f} to {share.high:.2f})"
