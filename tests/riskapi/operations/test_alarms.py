"""Each alarm is raised by the fault that it is for, told in three places, and cleared when the fault is gone."""

import asyncio
import sqlite3
import threading
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta

import pytest
import structlog

from features.checks import UNTIL
from features.examples import EXAMPLE_RECORD
from riskapi.errors import StorageError
from riskapi.log.checkpoint_file import append_checkpoint
from riskapi.operations import alarms as module
from riskapi.operations.clock import ClockWatch
from riskapi.operations.log_watch import look_at_log
from riskapi.storage.writer import GroupCommitWriter
from tests.riskapi.makers import scoring_service, services_of
from tests.riskapi.privacy.makers import Clock, dated_services, decided


@pytest.fixture
def client(tmp_path):
    """A service with a model; retention and alarms run only when a test asks."""
    with structlog.testing.capture_logs(), scoring_service(tmp_path, ["document_fraud"], metrics_open=True) as made:
        made.post("/v1/scores", json=EXAMPLE_RECORD).raise_for_status()
        yield made


def told(client):
    """What /health/ready says: status and alarms by name."""
    answer = client.get("/health/ready")
    return answer.status_code, {one["name"]: one["text"] for one in answer.json()["alarms"]}


def gauge(client, name, **labels):
    """Read a gauge."""
    return services_of(client).metrics.registry.get_sample_value(name, labels)


@contextmanager
def tampered(client, *statements):
    """Change the store as its owner could, guards taken away."""
    with closing(sqlite3.connect(services_of(client).settings.database_path, timeout=10)) as store:
        for (name,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            store.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            store.execute(statement)
        store.commit()
    yield


def test_healthy_service_has_no_alarm(client):
    """All is well, and every gauge is there."""
    assert told(client) == (200, {})
    assert {gauge(client, "riskapi_alarm", alarm=name) for name in module.NAMES} == {0}
    assert gauge(client, "riskapi_log_verified") == 1
    assert 0 < gauge(client, "riskapi_disk_free_ratio") < 1


def test_h4_changed_end_of_the_log_is_found(client):
    """A last row that is not what was written stops the service from being ready."""
    last = "(SELECT max(seq) FROM log WHERE writer = '1')"
    with tampered(
        client, f"UPDATE log SET body = replace(body, 'border', 'bOrder') WHERE writer = '1' AND seq = {last}"
    ):
        status, found = told(client)
    assert status == 503
    assert "is not what was written" in found["log"]
    assert gauge(client, "riskapi_log_verified") == 0
    assert gauge(client, "riskapi_alarm", alarm="log") == 1


def test_h4_store_that_cannot_be_written_is_found_and_cleared(client, monkeypatch):
    """While the store refuses, the service is not ready; afterwards it is, and both were logged."""
    services = services_of(client)

    def refuse():
        raise StorageError("The store did not take the request (OperationalError).")

    monkeypatch.setattr(services.journal, "check", refuse)
    with structlog.testing.capture_logs() as lines:
        assert told(client) == (503, {"store": "The store did not take the request (OperationalError)."})
        told(client)
        monkeypatch.undo()
        assert told(client) == (200, {})
    events = [(line["event"], line["alarm"]) for line in lines if "alarm" in line]
    assert events == [("alarm_raised", "store"), ("alarm_cleared", "store")]


def test_h4_locked_store_is_a_store_alarm(tmp_path):
    """Another program that keeps the store locked makes the service say so."""
    with scoring_service(tmp_path, ["document_fraud"], busy_timeout_seconds=0.2) as client:
        path = services_of(client).settings.database_path
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            status, found = told(client)
            other.execute("ROLLBACK")
        assert (status, set(found) >= {"store"}) == (503, True)
        assert told(client)[0] == 200


def test_h4_keys_database_that_is_gone_is_found(client):
    """Without the keys nothing can be sealed."""
    services = services_of(client)
    with closing(sqlite3.connect(services.settings.keys_url.removeprefix("sqlite:///"))) as keys:
        keys.execute("ALTER TABLE subjects RENAME TO lost")
    status, found = told(client)
    assert (status, list(found)) == (503, ["keys"])


def test_h4_tampered_bundle_in_the_store_is_found(client):
    """The model in memory goes on; the alarm says that the stored one is not what was approved."""
    services = services_of(client)
    services.alarms._signatures_at = float("-inf")
    with tampered(client, "UPDATE bundle_files SET content = content || ' ' WHERE name = 'model.json'"):
        status, found = told(client)
    assert status == 200
    assert "document_fraud" in found["signatures"]
    assert gauge(client, "riskapi_alarm", alarm="signatures") == 1


def test_h4_full_disk_is_announced_before_it_is_full(tmp_path):
    """Below the share that is set the alarm stands; the service still scores."""
    with scoring_service(tmp_path, ["document_fraud"], disk_free_percent=100) as client:
        status, found = told(client)
        assert status == 200
        assert "of a volume is free" in found["disk"]


def test_h5_late_checkpoint_is_found(client, monkeypatch):
    """Rows that no checkpoint covers after two minutes are told with their age."""
    monkeypatch.setattr(services_of(client).alarms, "_clock", lambda: datetime.now(UTC) + timedelta(seconds=150))
    status, found = told(client)
    assert (status, list(found)) == (200, ["checkpoints"])
    assert gauge(client, "riskapi_checkpoint_lag_seconds") == pytest.approx(155, abs=10)


def test_h5_checkpoint_file_that_is_not_written_is_found(client):
    """A checkpoint of two minutes ago that is not in the file elsewhere is missed there."""
    services = services_of(client)
    services.journal.book.hurry()
    services.journal.check()
    file = services.settings.checkpoint_file
    later = datetime.now(UTC) + timedelta(seconds=180)

    def unpublished():
        with services.engine.connect() as connection:
            return look_at_log(connection, later, file, None).unpublished

    assert unpublished() == ()
    lines = file.read_bytes()
    file.write_bytes(b"")
    assert unpublished() == ("1",)
    file.unlink()
    assert unpublished() == ("1",)
    append_checkpoint(file, "no note")
    assert unpublished() == ("1",)
    file.write_bytes(lines)
    assert unpublished() == ()


@pytest.mark.parametrize(("seconds", "way"), [(-3600, "back by 3600 s"), (40, "forward by 40 s")])
def test_h5_step_of_the_clock_is_flagged_for_ten_minutes(seconds, way):
    """A clock that is set is told, whichever way; a slewed one is not."""
    clock, ticks = Clock(), [0.0]
    watch = ClockWatch(clock, lambda: ticks[0])

    def passed(real, shown):
        ticks[0] += real
        clock.now += timedelta(seconds=shown)
        return watch.problem()

    assert passed(5, 5.5) is None
    assert way in passed(5, 5 + seconds)
    assert way in passed(500, 500)
    assert passed(200, 200) is None
    assert watch.step_seconds == 0


def test_h5_clock_behind_the_log_is_flagged(tmp_path):
    """Rows from the future mean that the clock was set back while the service was down."""
    clock = Clock()
    with dated_services(tmp_path, clock) as services:
        decided(services)
        clock.now -= timedelta(hours=2)
        found = {one.name: one.text for one in services.alarms.look()}
    assert "clock" in found


def test_h5_queue_that_does_not_move_is_told_with_its_age():
    """While the disk does not answer the waiting time grows; once it does, it is gone."""
    gate = threading.Event()

    class Slow:
        """A store that waits."""

        def append(self, rows):
            """Wait."""
            gate.wait(10)
            return ()

        def tick(self):
            """Nothing is due."""

    async def run():
        writer = GroupCommitWriter(Slow(), rows_max=10, waiting_max=10)
        writer.start()
        assert writer.stalled_seconds == 0
        waiting = writer.append([object()])
        await asyncio.sleep(0.1)
        grown = writer.stalled_seconds
        gate.set()
        await waiting
        await asyncio.sleep(0)
        assert writer.stalled_seconds == 0
        await writer.close()
        return grown

    assert asyncio.run(run()) >= 0.1


def test_h5_stalled_queue_and_dead_writer_are_alarms(client, monkeypatch):
    """Both are told; only without a writer is the service not ready."""
    services = services_of(client)
    monkeypatch.setattr(type(services.writer), "stalled_seconds", property(lambda _: 9.0))
    status, found = told(client)
    assert (status, found) == (200, {"queue": "decisions have waited 9 s for the disk; is the store slow or locked?"})
    assert gauge(client, "riskapi_queue_stalled_seconds") == 9
    monkeypatch.setattr(type(services.writer), "is_alive", property(lambda _: False))
    status, found = told(client)
    assert status == 503
    assert "restart the service" in found["writer"]


def test_r22_checks_past_their_last_day_are_an_alarm(client, monkeypatch):
    """They are not applied any more, scores go on, and somebody is told."""
    services = services_of(client)
    monkeypatch.setattr(services.alarms, "_clock", lambda: datetime.combine(UNTIL, datetime.max.time(), UTC))
    assert "checks" not in {one.name for one in services.alarms.look()}
    past = datetime.combine(UNTIL, datetime.max.time(), UTC) + timedelta(days=1)
    monkeypatch.setattr(services.alarms, "_clock", lambda: past)
    [alarm] = [one for one in services.alarms.look() if one.name == "checks"]
    assert "CK01" in alarm.text
    assert "checks" not in module.FATAL


def test_failed_or_absent_retention_is_an_alarm(client, monkeypatch):
    """A run that failed is told, and so is a thread that does nothing for hours."""
    services = services_of(client)
    services.background_retention.failure = "The store did not take the request."
    assert "The store did not take" in told(client)[1]["retention"]
    services.background_retention.failure = None
    monkeypatch.setattr(module, "RETENTION_SECONDS", 0.0)
    assert "three hours" in told(client)[1]["retention"]


def test_alarms_look_by_themselves(tmp_path, monkeypatch):
    """Nobody has to ask: the thread raises the alarm and survives a failing look."""
    monkeypatch.setattr(module, "INTERVAL_SECONDS", 0.01)
    with dated_services(tmp_path, Clock(datetime.now(UTC))) as services:
        looked, real = threading.Event(), services.alarms.look

        def look():
            if not looked.is_set():
                looked.set()
                raise RuntimeError("once")
            return real()

        services.alarms.look = look
        services.alarms.start()
        for _ in range(500):
            if services.alarms.current:
                break
            threading.Event().wait(0.01)
        services.alarms.close()
        assert {one.name for one in services.alarms.current} >= {"models", "writer"}
