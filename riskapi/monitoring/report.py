"""Makes the report about one risk from what was counted; it reads counts only, never a decision."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from models.metrics.drift import Comparison
from models.metrics.intervals import poisson_interval, wilson_interval
from riskapi.desk.measures import DeskMeasures
from riskapi.live import LiveModel
from riskapi.monitoring.bins import BundleBins
from riskapi.monitoring.book import MonitoringBook
from riskapi.monitoring.drifting import Evidence, drift_of
from riskapi.monitoring.form import (
    ArmRate,
    BandCalibration,
    Capacity,
    Compliance,
    DriftLine,
    MonitoringReport,
    Outcomes,
    PointRates,
    Rate,
    Volume,
    Window,
)
from riskapi.monitoring.groups import alarms_of_groups, lines_of
from riskapi.monitoring.people import alarms_of_people
from riskapi.monitoring.tally import HOUR, Counts, Place
from riskapi.monitoring.windows import Days, between, day_before, put_together, under
from riskapi.selection_policy import RiskCapacity, SelectionPolicy

LEVEL = 0.95
WINDOW_DAYS = (2, 7, 28)
"""Length of the windows; each ends with the day that is under way."""
PAST_DAYS = 28
"""Days before a window that say how much quiet days vary."""
SEASON_DAYS = 364
"""Whole weeks nearest to a year: weekdays stay weekdays."""
OUTCOME_DAYS = 180
DELAY_DAYS_MIN = 7
DELAY_CASES_MIN = 20
COMPLIANCE_MIN = 0.9
CALIBRATION_CASES_MIN = 5.0
"""Confirmed cases that a band promises, below which its calibration is not told as an alarm."""
POINTS_MAX = 200
ALARMS_MAX = 10
"""Drifts that a window tells one by one; the window itself lists all."""


class Reporter:
    """Makes reports.

    Args:
        book: of the counts.
        policy: says how many places there are.
    """

    def __init__(self, book: MonitoringBook, policy: SelectionPolicy) -> None:
        self._book = book
        self._policy = policy

    def report(
        self, model: LiveModel, now: datetime, waiting: int, people: DeskMeasures | None = None
    ) -> MonitoringReport:
        """Report on one risk.

        Args:
            model: that is live.
            now: the present, in UTC.
            waiting: rows of the log that were not counted yet.
            people: what readers of the audience's cases did.
        """
        bins, risk = BundleBins(model.bundle), model.risk
        end = f"{now + timedelta(days=1):%Y-%m-%d}"
        longest = max(WINDOW_DAYS)
        rows = self._book.days(risk, day_before(end, max(OUTCOME_DAYS, longest + PAST_DAYS)), end)
        season = self._book.days(risk, day_before(end, SEASON_DAYS + longest), day_before(end, SEASON_DAYS))
        windows = tuple(_window(bins, rows, season, end, days) for days in WINDOW_DAYS)
        outcomes = _outcomes(rows, end)
        groups = tuple(lines_of(_recent(rows, bins.bundle.digest, end), _concluded(rows, outcomes)))
        own = None if people is None else _of_risk(people, risk)
        hours = self._book.days(risk, day_before(end, max(WINDOW_DAYS[:1])), end, HOUR)
        return MonitoringReport(
            risk=risk,
            title=model.bundle.risk.title,
            audience=model.audience,
            digest=model.bundle.digest,
            at=now,
            waiting=waiting,
            alarms=(*_alarms(windows, outcomes), *alarms_of_groups(groups), *alarms_of_people(own)),
            windows=windows,
            capacity=_capacity(hours, self._policy.of(risk)),
            outcomes=outcomes,
            groups=groups,
            people=own,
            level=LEVEL,
        )


def _window(
    bins: BundleBins, rows: Sequence[tuple[Place, Counts]], season: Sequence[tuple[Place, Counts]], end: str, days: int
) -> Window:
    start, digest = day_before(end, days), (bins.bundle.digest,)
    own = put_together(between(rows, start, end), digest)
    past = put_together(between(rows, day_before(start, PAST_DAYS), start), digest)
    then = put_together(between(season, day_before(start, SEASON_DAYS), day_before(end, SEASON_DAYS)), digest)
    found = drift_of(bins, Evidence(own.total, past.everywhere, then.total))
    return Window(
        days=days,
        start=start,
        end=end,
        volume=_volume(put_together(between(rows, start, end)).total),
        drift=tuple(map(_line, found)),
    )


def _volume(total: Counts) -> Volume:
    travellers = _whole(total, "travellers")
    return Volume(
        travellers=travellers,
        bands=_wholes(total, "band"),
        arms=_wholes(total, "arm"),
        referred=_rate(_whole(total, "referred"), travellers),
        unsure=_whole(total, "unsure"),
    )


def _line(one: Comparison) -> DriftLine:
    return DriftLine.model_validate(
        {
            "name": one.name,
            "family": one.family,
            "against": one.against,
            "size": one.size,
            "index": one.index,
            "low": one.low,
            "high": one.high,
            "noise": one.noise,
            "verdict": one.verdict.value,
        }
    )


def _capacity(hours: Sequence[tuple[Place, Counts]], bound: RiskCapacity) -> Capacity:
    referred: dict[tuple[str, str], float] = {}
    by_score: dict[tuple[str, str], float] = {}
    for place, found in hours:
        where = place.part, place.start
        referred[where] = referred.get(where, 0.0) + found.get("referred", 0.0)
        by_score[where] = by_score.get(where, 0.0) + found.get("arm|score", 0.0)
    if not referred:
        return Capacity(hours=0, referred_mean=0.0, referred_max=0, busiest=None)
    most = max(referred.values())
    point, hour = min(where for where, number in referred.items() if number == most)
    places = {where: slots for where in referred if (slots := bound.slots_at(where[0])) is not None}
    return Capacity(
        hours=len(referred),
        referred_mean=sum(referred.values()) / len(referred),
        referred_max=int(most),
        busiest=f"{point} {hour}:00Z" if most else None,
        places=sum(places.values()) if places else None,
        taken=int(sum(by_score[where] for where in places)),
        full=sum(by_score[where] >= slots for where, slots in places.items()),
    )


def _recent(rows: Sequence[tuple[Place, Counts]], digest: str, end: str) -> Counts:
    """Counts of the live model in the longest window."""
    return put_together(between(rows, day_before(end, max(WINDOW_DAYS)), end), (digest,)).total


def _concluded(rows: Sequence[tuple[Place, Counts]], outcomes: Outcomes) -> Counts:
    """Counts of the days whose outcomes should be in."""
    return put_together(between(rows, outcomes.start, outcomes.end)).total


def _of_risk(people: DeskMeasures, risk: str) -> DeskMeasures:
    """What readers did, with verdicts on the reasons of one risk alone."""
    return people.model_copy(update={"reasons": [one for one in people.reasons if one.risk == risk]})


def _outcomes(rows: Sequence[tuple[Place, Counts]], end: str) -> Outcomes:
    """What came of referrals on the days whose outcomes should be in by now."""
    delay = _delay(put_together(rows).total)
    last, start = day_before(end, delay), day_before(end, OUTCOME_DAYS)
    days = put_together(between(rows, start, last))
    total = days.total
    return Outcomes(
        delay_days=delay,
        start=start,
        end=last,
        points=tuple(_points(days)),
        calibration=tuple(_calibration(total)),
        hit_rates=tuple(_arm(total, arm) for arm in sorted(under(total, "concluded"))),
        compliance=tuple(_compliance(total)),
    )


def _delay(total: Counts) -> int:
    """Days by which nineteen of twenty outcomes are known, as far as they came in; a week at least."""
    delays = sorted((int(days), number) for days, number in under(total, "delay").items())
    cases, reached = sum(number for _, number in delays), 0.0
    if cases < DELAY_CASES_MIN:
        return DELAY_DAYS_MIN
    for days, number in delays:
        reached += number
        if reached >= 0.95 * cases:
            return min(OUTCOME_DAYS, max(DELAY_DAYS_MIN, days + 1))
    return OUTCOME_DAYS


def _points(days: Days) -> Iterator[PointRates]:
    yield _point("", days.total)
    most = sorted(days.points, key=lambda name: (-days.points[name].get("travellers", 0.0), name))[:POINTS_MAX]
    for name in sorted(most):
        yield _point(name, days.points[name])


def _point(name: str, counts: Counts) -> PointRates:
    travellers, referrals = _whole(counts, "travellers"), _whole(counts, "referred")
    looked = {arm: number for arm, number in under(counts, "concluded").items() if arm != "other"}
    confirmed = int(sum(_whole(counts, f"confirmed|{arm}") for arm in looked))
    concluded = int(sum(looked.values()))
    return PointRates(
        point=name,
        travellers=travellers,
        referrals=_rate(referrals, travellers),
        confirmed=_rate(confirmed, travellers),
        false_positives=_rate(concluded - confirmed, travellers),
        open=max(0, referrals - concluded),
    )


def _calibration(total: Counts) -> Iterator[BandCalibration]:
    for band, cases in sorted(under(total, "cases").items()):
        if cases < 1:
            continue
        observed, expected = _whole(total, f"found|{band}"), max(0.0, total.get(f"expected|{band}", 0.0))
        low, high = poisson_interval(observed, LEVEL)
        yield BandCalibration(
            band=band,
            cases=int(cases),
            observed=observed,
            expected=expected,
            ratio=observed / expected if expected else None,
            low=low / expected if expected else None,
            high=high / expected if expected else None,
        )


def _arm(total: Counts, arm: str) -> ArmRate:
    concluded, confirmed = _whole(total, f"concluded|{arm}"), _whole(total, f"confirmed|{arm}")
    low, high = wilson_interval(confirmed, concluded, LEVEL) if concluded else (None, None)
    share = confirmed / concluded if concluded else None
    return ArmRate(arm=arm, concluded=concluded, confirmed=confirmed, share=share, low=low, high=high)


def _compliance(total: Counts) -> Iterator[Compliance]:
    found: dict[str, Counts] = {}
    for name, number in under(total, "done").items():
        arm, _, word = name.partition("|")
        found.setdefault(arm, {})[word] = max(0.0, number)
    for arm, words in sorted(found.items()):
        told, done = int(sum(words.values())), int(words.get("done", 0.0))
        low, high = wilson_interval(done, told, LEVEL) if told else (None, None)
        yield Compliance(arm=arm, told=told, done=done, share=done / told if told else None, low=low, high=high)


def _alarms(windows: Iterable[Window], outcomes: Outcomes) -> Iterator[str]:
    for window in windows:
        told = [line for line in window.drift if line.verdict == "alarm"]
        for line in told[:ALARMS_MAX]:
            yield (
                f"Drift of {line.name} ({line.family}) in the last {window.days} days: index {line.index:.3f} "
                f"({line.low:.3f} to {line.high:.3f}) against {line.against}; quiet ones stay below {line.noise:.3f}."
            )
        if len(told) > ALARMS_MAX:
            yield f"{len(told) - ALARMS_MAX} more have drifted in the last {window.days} days: see the window."
    for one in outcomes.compliance:
        if one.arm == "random" and one.high is not None and one.high < COMPLIANCE_MIN:
            yield (
                f"Of those drawn at random {one.share or 0.0:.0%} were looked at, fewer than {COMPLIANCE_MIN:.0%}: "
                "what the random arm says of prevalence is a bound, not an estimate."
            )
    for band in outcomes.calibration:
        if band.expected < CALIBRATION_CASES_MIN or band.low is None or band.high is None:
            continue
        if band.low > 1 or band.high < 1:
            yield (
                f"Band {band.band}: {band.observed} confirmed of {band.expected:.1f} promised "
                f"(ratio {band.ratio or 0.0:.2f}, {band.low:.2f} to {band.high:.2f})."
            )


def _rate(count: int, of: int) -> Rate:
    if not of:
        return Rate(count=count, per_1000=None, low=None, high=None)
    low, high = wilson_interval(min(count, of), of, LEVEL)
    return Rate(count=count, per_1000=1000 * count / of, low=1000 * low, high=1000 * high)


def _whole(counts: Counts, name: str) -> int:
    return max(0, round(counts.get(name, 0.0)))


def _wholes(counts: Counts, prefix: str) -> dict[str, int]:
    return {name: max(0, round(number)) for name, number in sorted(under(counts, prefix).items())}
