"""The pages of monitoring: the figures of the report, to those who may see them."""

import pytest

from features.examples import EXAMPLE_RECORD
from features.risk import RISKS, Audience
from riskapi.access.matrix import Role
from riskapi.monitoring.book import MonitoringBook, StoredReport
from riskapi.monitoring.form import MonitoringReport
from riskapi.monitoring.groups import lines_of
from riskapi.monitoring.parts import Watch
from tests.riskapi.makers import services_of

ENFORCEMENT = {name for name, risk in RISKS.items() if risk.audience is Audience.ENFORCEMENT}


@pytest.fixture(scope="module")
def reports(client):
    """Reports over seven travellers, by risk."""
    for _ in range(7):
        assert client.post("/v1/scores", json=EXAMPLE_RECORD, headers=client.key_headers).status_code == 200
    watch = Watch(services_of(client).settings)
    watch.watcher.catch_up()
    watch.reports()
    watch.close()
    found = map(MonitoringReport.model_validate_json, (one.body for one in services_of(client).monitoring.reports()))
    return {one.risk: one for one in found}


@pytest.mark.parametrize("role", [Role.DATA_SCIENTIST, Role.APPROVER, Role.AUDITOR, Role.PROTECTION_OFFICER])
def test_r23_figures_of_protection_are_for_those_alone_who_protect(reports, person, role):
    """Neither on the overview nor by address; the others see enforcement and nothing else."""
    browser = person(role)
    seen = set(reports) - ENFORCEMENT if role is Role.PROTECTION_OFFICER else ENFORCEMENT
    overview = browser.open("/console/monitoring").text
    for risk, report in reports.items():
        assert (report.title in overview) == (risk in seen)
        assert browser.open(f"/console/monitoring/{risk}").status_code == (200 if risk in seen else 404)


def test_r31_the_page_says_what_the_report_says(reports, person):
    """Volumes, drift with its interval and verdict: every picture has its numbers beside it."""
    browser, report = person(Role.AUDITOR), reports["document_fraud"]
    for window in report.windows:
        shown = browser.open(f"/console/monitoring/document_fraud?days={window.days}").text
        assert "7 travellers" in shown
        for line in window.drift:
            assert line.name in shown
            assert line.index is None or f"{line.index:.3f}" in shown
        for band, count in window.volume.bands.items():
            assert band.replace("_", " ") in shown
            assert f'<td class="number">{count}</td>' in shown


def test_a_report_that_is_not_there_is_told_in_words(person):
    """Also where its risk is none."""
    answer = person(Role.AUDITOR).open("/console/monitoring/nothing")
    assert answer.status_code == 404
    assert "No report about this risk" in answer.text


def test_r17_groups_that_can_be_judged_stand_with_their_ratios_and_the_others_by_name(client, reports, person):
    """Numbers, interval and verdict of each; names that an agency chose are shown as texts."""
    counts = {
        "gender": {"F": (400, 4000), "M": (200, 4000)},
        "crossing_point": {"<b>NBO</b>": (30, 600), "MBA": (5, 9)},
    }
    names = {
        f"group|{fact}|{group}|{name}": number
        for fact, own in counts.items()
        for group, numbers in own.items()
        for name, number in zip(("selected", "seen"), numbers, strict=True)
    }
    report = reports["document_fraud"].model_copy(update={"groups": tuple(lines_of(names, {}))})
    book = MonitoringBook(services_of(client).engine)
    book.put_report(StoredReport(report.risk, "enforcement", "x", report.model_dump_json().encode()))
    shown = person(Role.APPROVER).open("/console/monitoring/document_fraud").text
    assert "gender: F" in shown
    assert '<td class="number">2.00<br>' in shown
    assert '<td class="number">0.50<br>' in shown
    assert shown.count("failed") >= 2
    assert "not enough data." in shown
    assert "crossing point: &lt;b&gt;NBO&lt;/b&gt;" in shown
    assert "<b>NBO" not in shown
    book.put_report(StoredReport(report.risk, "enforcement", "x", reports[report.risk].model_dump_json().encode()))
