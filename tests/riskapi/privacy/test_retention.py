"""What is past its time goes, for good, and nothing else does."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from riskapi.errors import StorageError
from riskapi.log.entry import Kind
from riskapi.privacy import retention as module
from riskapi.privacy.background import BackgroundRetention
from riskapi.privacy.outcome import Outcome
from tests.riskapi.privacy.makers import (
    START,
    bytes_on_disk,
    dated_services,
    decided,
    entries_of,
    sealed_parts,
    verified,
    wrapped_keys,
)

AFTER_MASKING = datetime(2026, 9, 14, 9, 0, 1, tzinfo=UTC)
AFTER_LIMIT = datetime(2031, 3, 14, 9, 0, 1, tzinfo=UTC)


def test_r14_identity_is_masked_after_six_months_and_not_a_moment_before(services, clock):
    """At six months nothing goes; a second later the identity does, and the rest stays readable."""
    decision_id = decided(services)
    clock.now = AFTER_MASKING - timedelta(seconds=1)
    assert services.retention.run() == Outcome()
    clock.now = AFTER_MASKING
    assert services.retention.due() == Outcome(masked=1)
    assert services.retention.run() == Outcome(masked=1, keys=1)
    found = services.decisions.decision(decision_id)
    assert found.identity is None
    assert "masked" in found.note
    assert found.answer is not None
    assert found.input is not None
    [told] = entries_of(services, Kind.MASKED)
    assert told == {"before": "2026-03-14T09:00:01.000Z", "count": 1, "decision_ids": [decision_id]}
    assert verified(services) == []


def test_r14_masked_identity_is_nowhere_in_the_files(services, clock):
    """Neither its sealed bytes nor the key that opened them are left in either database or its write-ahead log."""
    ids = [decided(services, number) for number in range(20)]
    sealed = [sealed_parts(services)[one][0] for one in ids]
    keys = [wrapped for (_, epoch), wrapped in wrapped_keys(services).items() if epoch == "2026-03"]
    before = b"".join(bytes_on_disk(services).values())
    assert len(keys) == len(ids)
    assert all(one in before for one in [*sealed, *keys])  # the search finds what is there
    clock.now = AFTER_MASKING
    services.retention.run()
    services.retention.scrub()
    after = b"".join(bytes_on_disk(services).values())
    assert [one for one in [*sealed, *keys] if one in after or one[12:60] in after] == []
    assert all(services.decisions.decision(one).answer is not None for one in ids)


def test_r14_contents_are_deleted_at_the_limit_and_the_log_stays_whole(services, clock):
    """After five years nothing of a decision is left but the log's line, which still verifies."""
    old, young = decided(services, 1), decided(services, 2, START + timedelta(days=40))
    clock.now = AFTER_LIMIT
    assert services.retention.due() == Outcome(masked=1, expired=1)
    assert services.retention.run() == Outcome(masked=1, expired=1, keys=3)
    found = services.decisions.decision(old)
    assert (found.input, found.identity, found.answer) == (None, None, None)
    assert services.decisions.decision(young).answer is not None
    assert verified(services) == []
    assert len(wrapped_keys(services)) == 1
    assert services.retention.run() == Outcome()


def test_limits_can_be_shorter_but_never_longer_than_five_years(tmp_path, clock):
    """The settings allow an agency to keep less; more is refused at start."""
    with dated_services(tmp_path, clock, identity_months=1, retention_months=2) as services:
        decision_id = decided(services)
        clock.now = START + timedelta(days=62)
        services.retention.run()
        assert services.decisions.decision(decision_id).answer is None
    with (
        pytest.raises(ValueError, match="less than or equal to 60"),
        dated_services(tmp_path, clock, retention_months=61),
    ):
        pass
    with (
        pytest.raises(ValueError, match="at most RISKAPI_RETENTION_MONTHS"),
        dated_services(tmp_path, clock, identity_months=9, retention_months=8),
    ):
        pass


def test_key_of_a_month_stays_while_a_younger_decision_needs_it(services, clock):
    """Two decisions about one person in one month: the first is masked while the second stays readable."""
    first = decided(services)
    second = decided(services, at=START + timedelta(days=10))
    clock.now = AFTER_MASKING
    assert services.retention.run() == Outcome(masked=1)
    assert services.decisions.decision(first).identity is None
    assert services.decisions.decision(second).identity is not None
    clock.now = AFTER_MASKING + timedelta(days=10)
    assert services.retention.run() == Outcome(masked=1, keys=1)


def test_run_goes_in_bounded_steps(services, clock, monkeypatch):
    """However much is due, no transaction takes more than a batch, and every entry names what it touched."""
    monkeypatch.setattr(module, "BATCH_ROWS", 4)
    ids = [decided(services, number) for number in range(11)]
    clock.now = AFTER_MASKING
    assert services.retention.run().masked == len(ids)
    told = [one["decision_ids"] for one in entries_of(services, Kind.MASKED)]
    assert [len(one) for one in told] == [4, 4, 3]
    assert sorted(id_ for one in told for id_ in one) == sorted(ids)
    assert verified(services) == []


@pytest.mark.parametrize("after_keys", [False, True], ids=["before the keys go", "after the keys went"])
@pytest.mark.parametrize("when", [AFTER_MASKING, AFTER_LIMIT], ids=["masking", "expiry"])
def test_run_that_is_cut_short_is_finished_by_the_next(services, clock, monkeypatch, after_keys, when):
    """A crash around the destruction of keys leaves nothing half done once retention ran again."""
    ids = [decided(services, number) for number in range(3)]
    clock.now = when
    keys = services.subject_keys
    for name in ("destroy_epochs", "destroy_subjects"):
        real = getattr(keys, name)

        def cut(given, real=real):
            if after_keys:
                real(given)
            raise StorageError("cut")

        monkeypatch.setattr(keys, name, cut)
    with pytest.raises(StorageError, match="cut"):
        services.retention.run()
    assert entries_of(services, Kind.MASKED) == entries_of(services, Kind.EXPIRED) == []
    monkeypatch.undo()
    services.retention.run()
    assert all(services.decisions.decision(one).identity is None for one in ids)
    assert len(wrapped_keys(services)) == (3 if when == AFTER_MASKING else 0)
    assert services.subject_keys.without_keys() == []
    assert verified(services) == []
    assert services.retention.run() == Outcome()


def test_keys_that_nothing_was_ever_sealed_with_go_too(services, clock):
    """A decision that failed after its keys were made leaves keys; they go with their month."""
    services.subject_keys.ensure({(b"x" * 32, "2026-03")})
    clock.now = datetime(2026, 10, 1, tzinfo=UTC)
    assert services.retention.run().keys == 2
    assert wrapped_keys(services) == {}


def test_person_who_comes_back_after_expiry_is_stored_anew(services, clock):
    """Old keys are gone; a new crossing gets new ones, and can be read."""
    decided(services)
    clock.now = AFTER_LIMIT
    services.retention.run()
    again = decided(services)
    assert services.decisions.decision(again).identity is not None
    assert verified(services) == []


def test_r14_background_thread_runs_by_itself(services, clock):
    """The serving process needs nobody to start retention."""
    decision_id = decided(services)
    clock.now = AFTER_MASKING
    ran = threading.Event()
    background = BackgroundRetention(services.retention, services.log, lambda _done: ran.set())
    background.start(first_seconds=0.01)
    assert ran.wait(10)
    background.close()
    assert services.decisions.decision(decision_id).identity is None


def test_background_thread_outlives_a_failure_and_tells_it(services, monkeypatch):
    """A store that cannot be had is told, and tried again."""
    tried = threading.Event()

    def fail(_stopped):
        tried.set()
        raise StorageError("not now")

    monkeypatch.setattr(services.retention, "run", fail)
    background = BackgroundRetention(services.retention, services.log, lambda _done: None)
    background.start(first_seconds=0.01)
    assert tried.wait(10)
    background.close()
    assert background.failure == "not now"


def test_r14_serving_process_starts_it_unless_told_otherwise(tmp_path):
    """It is on without any setting."""
    with dated_services(tmp_path, lambda: START) as services:
        assert services.settings.retention_enabled
        assert services.settings.identity_months == 6
        assert services.settings.retention_months == 60
