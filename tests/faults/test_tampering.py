"""Whatever is changed in a log is found, and its first place is named; a log that nobody changed is left in peace.

The quick part tries three places of each kind; `RISKAPI_FAULTS=full` tries twenty, and fifty clean logs.
"""

import os
import random
from pathlib import Path

import pytest

from riskapi.log.findings import Rule
from tests.faults.tampering import KINDS, Kind, divergent_exports, forget_after
from tests.riskapi.log.made_logs import MadeLog, continue_log, make_log, rows_of

FULL = os.environ.get("RISKAPI_FAULTS") == "full"
PLACES = 20 if FULL else 3
CLEAN_LOGS = 50 if FULL else 3


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> MadeLog:
    """A log that nobody changed; tests copy it."""
    return make_log(tmp_path_factory.mktemp("logs") / "clean", decisions=600)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_r12_every_change_is_found_and_its_first_place_named(clean: MadeLog, tmp_path: Path, kind: Kind):
    """Each kind of tampering, at random places: the first finding is the first bad row, or the stretch that has it."""
    for place in range(PLACES):
        made = clean.copy(tmp_path / str(place))
        found, expected = kind(made, random.Random(f"{kind.__name__} {place}"))
        assert not all(one.holds for one in found), (place, expected)
        findings = [finding for one in found for finding in one.findings]
        assert expected.is_named_first(findings), (place, expected, [finding.line() for finding in findings])


@pytest.mark.parametrize("number", range(CLEAN_LOGS))
def test_no_clean_log_raises_an_alarm(clean: MadeLog, tmp_path: Path, number: int):
    """Logs of any length, with any number of starts, verify from the database and from exports, without a finding."""
    chance = random.Random(number)
    made = clean.copy(tmp_path / "log")
    at = 10_000
    for _ in range(chance.randrange(4)):
        more = chance.randint(1, 200)
        continue_log(made, range(at, at + more), batch=chance.randint(1, 20))
        at += more
    export = made.export(tmp_path / "export", with_contents=chance.random() < 0.5)
    results = [made.verify(with_keys=chance.random() < 0.5), *made.verify_exports(export)]
    assert [finding.line() for result in results for finding in result.findings] == []
    assert all(result.holds and result.contents for result in results)


def test_only_the_file_elsewhere_shows_that_the_end_is_missing(clean: MadeLog, tmp_path: Path):
    """Negative control: without the file of checkpoints, a log whose end was cut off cleanly looks whole."""
    made = clean.copy(tmp_path / "log")
    with made.as_intruder() as connection:
        kept = rows_of(connection, "1") // 2
        forget_after(connection, kept)
    assert made.verify(with_file=False).holds
    found = made.verify(with_file=True)
    assert [(one.rule, one.writer, one.seq) for one in found.findings] == [(Rule.TRUNCATED, "1", kept + 1)]


def test_checkpoints_of_another_version_do_not_narrow_the_stretch(clean: MadeLog, tmp_path: Path):
    """Its own checkpoint between where two versions part and the witness's next one says nothing of the witness's."""
    found, expected = divergent_exports(clean.copy(tmp_path / "log"), random.Random("divergent_exports 17"))
    findings = [finding for one in found for finding in one.findings]
    assert expected.is_named_first(findings), [finding.line() for finding in findings]
