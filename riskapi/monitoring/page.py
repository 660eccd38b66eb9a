"""The report as one HTML page that needs nothing else; built as a tree, so that every text is escaped."""

from collections.abc import Iterable, Sequence
from xml.etree.ElementTree import Element, SubElement, tostring

from riskapi.desk.measures import LEAST, DeskMeasures, ShareBody
from riskapi.monitoring.form import DriftLine, GroupLine, MonitoringReport, Outcomes, Rate, Window
from riskapi.monitoring.people import SHARES

LINES_MAX = 40
"""Comparisons that a window shows; alarms come first."""
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; color: #1c2430 }
table { border-collapse: collapse; margin: .5rem 0 1.5rem }
th, td { text-align: left; padding: .25rem .75rem; border-bottom: 1px solid #d5dbe3 }
td.number { text-align: right; font-variant-numeric: tabular-nums }
.alarm { background: #fdecea }
.quiet { color: #4a5666 }
"""
NOTICE = "An alarm tells a person to look. No alarm retrains, replaces or withdraws a model."


def page(reports: Sequence[MonitoringReport]) -> str:
    """Write reports as a page.

    Args:
        reports: one for each risk, in the order in which they should be read.
    """
    html = Element("html", {"lang": "en"})
    head = SubElement(html, "head")
    SubElement(head, "meta", {"charset": "utf-8"})
    _text(head, "title", "Monitoring")
    _text(head, "style", _STYLE)
    body = SubElement(html, "body")
    _text(body, "h1", "Monitoring")
    _text(body, "p", NOTICE)
    for report in reports:
        _report(body, report)
    return "<!doctype html>\n" + tostring(html, encoding="unicode", method="html") + "\n"


def _report(body: Element, report: MonitoringReport) -> None:
    _text(body, "h2", report.title)
    _text(
        body, "p", f"Model {report.digest}; counted until {report.at:%Y-%m-%d %H:%M} UTC; {report.waiting:,} rows wait."
    )
    _text(body, "h3", "Alarms")
    if report.alarms:
        listed = SubElement(body, "ul", {"class": "alarm"})
        for alarm in report.alarms:
            _text(listed, "li", alarm)
    else:
        _text(body, "p", "None.", "quiet")
    for window in report.windows:
        _window(body, window)
    _outcomes(body, report.outcomes, report.level)
    if report.groups:
        _groups(body, report.groups)
    if report.people is not None:
        _people(body, report.people)


def _window(body: Element, window: Window) -> None:
    _text(body, "h3", f"The last {window.days} days, from {window.start}")
    volume = window.volume
    bands = ", ".join(f"{name} {count:,}" for name, count in volume.bands.items())
    arms = ", ".join(f"{name} {count:,}" for name, count in volume.arms.items())
    _text(body, "p", f"{volume.travellers:,} travellers. Bands: {bands or 'none'}. Arms: {arms or 'none'}.")
    _text(body, "p", f"Referred: {_rate(volume.referred)}. Unsure: {volume.unsure:,}.")
    shown = window.drift[:LINES_MAX]
    heads = ("what", "family", "against", "travellers", "index", "interval", "quiet below", "verdict")
    _table(body, heads, map(_drift_row, shown), [line.verdict for line in shown])
    if len(window.drift) > len(shown):
        _text(body, "p", f"{len(window.drift) - len(shown)} more, none of them further from what it was.", "quiet")


def _drift_row(line: DriftLine) -> tuple[str, ...]:
    if line.index is None:
        return line.name, line.family, line.against, f"{line.size:,}", "", "", "", "too few to say"
    interval = f"{line.low:.3f} to {line.high:.3f}"
    noise = f"{line.noise:.3f}"
    return line.name, line.family, line.against, f"{line.size:,}", f"{line.index:.3f}", interval, noise, line.verdict


def _outcomes(body: Element, outcomes: Outcomes, level: float) -> None:
    _text(body, "h3", "What came of referrals")
    _text(
        body,
        "p",
        f"Days from {outcomes.start} to {outcomes.end}: after {outcomes.delay_days} days outcomes should be in. "
        f"Intervals hold the value {level:.0%} of the time.",
    )
    rows = (
        (
            one.point or "all",
            f"{one.travellers:,}",
            *map(_rate, (one.referrals, one.confirmed, one.false_positives)),
            f"{one.open:,}",
        )
        for one in outcomes.points
    )
    _table(body, ("crossing point", "travellers", "referrals", "confirmed", "false positives", "open"), rows)
    bands = (
        (one.band, f"{one.cases:,}", f"{one.observed:,}", f"{one.expected:.1f}", _span(one.ratio, one.low, one.high))
        for one in outcomes.calibration
    )
    _table(body, ("band", "cases", "confirmed", "promised", "ratio"), bands)
    arms = (
        (one.arm, f"{one.concluded:,}", f"{one.confirmed:,}", _span(one.share, one.low, one.high))
        for one in outcomes.hit_rates
    )
    _table(body, ("looked at because of", "concluded", "confirmed", "share"), arms)
    complied = (
        (one.arm, f"{one.told:,}", f"{one.done:,}", _span(one.share, one.low, one.high)) for one in outcomes.compliance
    )
    _table(body, ("referred by", "told", "done", "share"), complied)


def _groups(body: Element, groups: Sequence[GroupLine]) -> None:
    _text(body, "h3", "Groups")
    told = [one for one in groups if one.verdict != "too_few"]
    rows = (
        (
            one.question,
            f"{one.fact} {one.group}",
            f"{one.of or 0:,}",
            _span(one.rate, one.low, one.high),
            _span(one.ratio, one.ratio_low, one.ratio_high),
            one.verdict,
        )
        for one in told
    )
    _table(body, ("question", "group", "of", "share", "ratio to the others", "verdict"), rows)
    if len(groups) > len(told):
        _text(body, "p", f"Of {len(groups) - len(told)} more there is not enough data.", "quiet")


def _people(body: Element, people: DeskMeasures) -> None:
    """What readers do; by whom is left out: such a page is passed on."""
    _text(body, "h3", "Readers at the desk")
    _text(
        body,
        "p",
        f"{people.readings:,} readings of {people.cases:,} cases from {people.since:%Y-%m-%d}. Of fewer than {LEAST} "
        "nothing is said. Intervals hold the value 90% of the time.",
    )
    pull = people.pull
    rows = [
        ("minutes of a reading, median", _number(people.minutes_median)),
        ("minutes of a reading, nine in ten below", _number(people.minutes_p90)),
        ("minutes with the score shown, median", _number(people.minutes_open)),
        ("difference that seeing the score makes", _span(pull.value, pull.low, pull.high)),
        *((title, _share(getattr(people, name))) for name, title in SHARES.items()),
        *((f"verdicts that agree with {one.code}", _share(one.agrees)) for one in people.reasons),
    ]
    _table(body, ("of readers", "value"), rows)


def _share(share: ShareBody) -> str:
    if share.hits is None:
        return f"{share.of:,}: too few to say"
    return f"{share.hits:,} of {share.of:,}: {_span(share.share, share.low, share.high)}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def _rate(rate: Rate) -> str:
    if rate.per_1000 is None:
        return f"{rate.count:,}"
    return f"{rate.count:,}: {rate.per_1000:.2f} in 1,000 ({rate.low:.2f} to {rate.high:.2f})"


def _span(value: float | None, low: float | None, high: float | None) -> str:
    return "" if value is None else f"{value:.3f} ({low:.3f} to {high:.3f})"


def _table(
    body: Element, heads: Sequence[str], rows: Iterable[Sequence[str]], classes: Sequence[str] | None = None
) -> None:
    table = SubElement(body, "table")
    head = SubElement(SubElement(table, "thead"), "tr")
    for one in heads:
        _text(head, "th", one)
    inside = SubElement(table, "tbody")
    for place, row in enumerate(rows):
        line = SubElement(inside, "tr", {"class": classes[place]} if classes else {})
        for cell in row:
            _text(line, "td", cell, "number" if cell[:1].isdigit() else "")


def _text(parent: Element, tag: str, text: str, css: str = "") -> None:
    SubElement(parent, tag, {"class": css} if css else {}).text = text
