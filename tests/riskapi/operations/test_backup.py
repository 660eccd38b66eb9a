"""A backup taken under load comes back whole, in an empty place, with every key that it needs."""

import json
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner

from features.examples import EXAMPLE_RECORD
from riskapi.__main__ import command_line
from riskapi.errors import NotFoundError, ServiceError, StorageError
from riskapi.log.acts import Act, keep_act, read_acts
from riskapi.log.entry import Kind
from riskapi.operations import backup as module
from riskapi.operations.backup import back_up, restore
from riskapi.privacy.repetition import Repeated
from riskapi.privacy.subjects import Wanted
from riskapi.services import Services
from riskapi.storage.log_key import log_key
from tests.faults.service import Service
from tests.riskapi.makers import settings
from tests.riskapi.privacy.makers import ADMIN, AUDITOR, Clock, dated_services, decided, entries_of

ROUNDS = 5
CLIENTS = 4
FAR = datetime(2030, 1, 1, tzinfo=UTC)


class Load:
    """Clients that score until they are told to stop, and remember what was acknowledged."""

    def __init__(self, service):
        self.acknowledged = []
        self._service = service
        self._stopped = threading.Event()
        self._pool = ThreadPoolExecutor(CLIENTS)
        self._running = [self._pool.submit(self._run, number) for number in range(CLIENTS)]

    def _run(self, number):
        with httpx.Client(base_url=self._service.url, headers=self._service.headers, trust_env=False) as client:
            count = 0
            while not self._stopped.is_set():
                record = {**EXAMPLE_RECORD, "record_id": f"{number}-{count}"}
                record["documents"] = [{"type": "P", "number": f"D{number}{count:06}", "issuing_country": "KEN"}]
                answer = client.post("/v1/scores", content=json.dumps(record)).raise_for_status()
                self.acknowledged.append(answer.json()["decision_id"])
                count += 1

    def wait_for(self, count):
        """Wait until so many more were acknowledged."""
        goal = len(self.acknowledged) + count
        while len(self.acknowledged) < goal:
            assert not any(one.done() for one in self._running), [one.exception() for one in self._running]
            threading.Event().wait(0.01)

    def stop(self):
        """End the clients; anything that went wrong is raised."""
        self._stopped.set()
        self._pool.shutdown()
        for one in self._running:
            one.result()


def place(directory, name, base):
    """Settings of an empty place that has the secret and the log key of a service."""
    changes = {"database_url": f"sqlite:///{directory / name / 'store.db'}"}
    changes["keys_url"] = f"sqlite:///{directory / name / 'keys.db'}"
    return type(base).model_validate(base.model_dump() | changes)


@pytest.mark.slow
def test_drill_of_five_rounds_under_load_loses_nothing_that_was_there(tmp_path):
    """Each round: a backup while clients score, a restore elsewhere; all that was acknowledged before can be read."""
    service = Service(tmp_path).prepare()
    trusted = [log_key(service.settings.log_key_file).public_key()]
    with service:
        load = Load(service)
        for number in range(ROUNDS):
            load.wait_for(20)
            before = list(load.acknowledged)
            made = back_up(service.settings, tmp_path / "backups")
            fresh = place(tmp_path, f"round-{number}", service.settings)
            result = restore(made.path, fresh, trusted)
            assert result.verification.findings == ()
            assert result.verification.contents >= len(before)
            services = Services(fresh)
            try:
                found = [services.decisions.decision(one) for one in before]
            finally:
                services.close()
            assert all(one is not None and one.identity is not None and one.answer is not None for one in found)
        load.stop()


def test_service_goes_on_from_a_restored_backup(tmp_path):
    """What was restored is a store like any other: it takes decisions, and its chain goes on."""
    with dated_services(tmp_path, Clock()) as services:
        first = decided(services, 1)
        base = services.settings
        made = back_up(base, tmp_path / "backups")
    fresh = place(tmp_path, "fresh", base)
    trusted = [log_key(base.log_key_file).public_key()]
    assert restore(made.path, fresh, trusted).holds
    services = Services(fresh, Clock())
    try:
        second = decided(services, 2)
        assert services.decisions.decision(first).identity is not None
        assert services.decisions.decision(second).seq == services.decisions.decision(first).seq + 1
    finally:
        services.close()


@pytest.mark.parametrize("harm", ["changed", "missing", "manifest", "format"])
def test_damaged_backup_is_refused_by_name(tmp_path, harm):
    """Nothing is restored from a copy that is not what was written."""
    with dated_services(tmp_path, Clock()) as services:
        decided(services)
        made = back_up(services.settings, tmp_path / "backups")
        base = services.settings
    store, manifest = made.path / "store" / "database.db", made.path / "backup.json"
    match harm:
        case "changed":
            raw = bytearray(store.read_bytes())
            raw[-100] ^= 1
            store.write_bytes(raw)
        case "missing":
            store.unlink()
        case "manifest":
            manifest.write_text("{")
        case "format":
            manifest.write_text(manifest.read_text().replace("riskapi-backup-1", "riskapi-backup-9"))
    fresh = place(tmp_path, "fresh", base)
    with pytest.raises(ServiceError, match=r"damaged: store/database\.db|no backup|another version"):
        restore(made.path, fresh, [])
    assert not fresh.database_path.exists()


def test_restore_into_a_place_that_is_not_empty_is_refused(tmp_path):
    """A running store is never overwritten."""
    with dated_services(tmp_path, Clock()) as services:
        decided(services)
        made = back_up(services.settings, tmp_path / "backups")
        with pytest.raises(StorageError, match="there already"):
            restore(made.path, services.settings, [])


def test_backup_during_which_keys_go_is_taken_again(tmp_path, monkeypatch):
    """A copy of contents whose keys were just destroyed would be of no use; the next try has neither."""
    with dated_services(tmp_path, Clock()) as services:
        decided(services, 1)
        subjects = decided(services, 2)
        real, tries = module.copy_out, []

        def copy(engine, tables, directory):
            made = real(engine, tables, directory)
            if directory.name == "store":
                tries.append(directory)
                if len(tries) == 1:
                    found = services.contents.get(subjects)
                    services.subject_keys.destroy_subject(found.subject_id)
            return made

        monkeypatch.setattr(module, "copy_out", copy)
        back_up(services.settings, tmp_path / "backups")
        assert len(tries) == 2
        monkeypatch.setattr(module, "_TRIES", 0)
        with pytest.raises(StorageError, match="Keys were destroyed"):
            back_up(services.settings, tmp_path / "more")


def test_backup_is_for_its_owner_alone_and_useless_without_the_secret(tmp_path):
    """Files are private; the copy of the keys holds wrapped keys only."""
    with dated_services(tmp_path, Clock()) as services:
        decided(services)
        made = back_up(services.settings, tmp_path / "backups")
    assert all(path.stat().st_mode & 0o077 == 0 for path in made.path.rglob("*.db"))
    with sqlite3.connect(made.path / "keys" / "database.db") as keys:
        wrapped = [row[0] for row in keys.execute("SELECT wrapped FROM subject_keys")]
    assert [len(one) for one in wrapped] == [60, 60]


def test_commands_back_up_and_restore(tmp_path, monkeypatch):
    """From the command line: the directory is printed, the restored log is verified."""
    base = settings(tmp_path)
    for name, value in base.model_dump(exclude_unset=True).items():
        text = (
            value.get_secret_value() if name == "secret_key" else ",".join(value) if isinstance(value, tuple) else value
        )
        monkeypatch.setenv(f"RISKAPI_{name.upper()}", str(text))
    monkeypatch.setenv("COLUMNS", "200")
    with dated_services(tmp_path, Clock()) as services:
        decided(services)
    done = CliRunner().invoke(command_line(["backup"]), ["backup", "--to", str(tmp_path / "backups")])
    assert done.exit_code == 0, done.output
    [made] = (tmp_path / "backups").iterdir()
    assert str(made) in done.output.replace("\n", "")
    fresh = place(tmp_path, "fresh", base)
    arguments = ["restore", "--from", str(made), "--to", fresh.database_url, "--keys-to", fresh.keys_url]
    done = CliRunner().invoke(command_line(arguments), arguments)
    assert done.exit_code == 0, done.output
    assert "Restored and verified: 2 rows, 2 checkpoints, contents of 1 decisions." in done.output


@pytest.fixture
def undone(tmp_path):
    """A service on which, after a backup, one person was erased and another one held; and a place for the restore."""
    with dated_services(tmp_path, Clock()) as services:
        ids = [decided(services, number) for number in range(4)]
        first, second = (services.subjects.find(Wanted(decision_id=one)) for one in ids[:2])
        early = services.holds.set(ADMIN, services.subjects.find(Wanted(decision_id=ids[3])), "Case 1", FAR)
        made = back_up(services.settings, tmp_path / "backups")
        services.erasure.erase(first, ADMIN, AUDITOR, "Act s.40, case 7")
        late = services.holds.set(ADMIN, second, "Case 2", FAR)
        services.holds.release(ADMIN, early.hold_id, "Closed")
        base = services.settings
    moved = {"checkpoint_file": tmp_path / "fresh" / "checkpoints.ndjson"}
    fresh = type(base).model_validate(place(tmp_path, "fresh", base).model_dump() | moved)
    return made.path, base, fresh, ids, late.hold_id


def test_r14_an_erasure_outlives_the_restore_of_an_older_backup(undone):
    """Contents and keys are gone again, holds stand and fall as they did, and the log tells of it and verifies."""
    path, base, fresh, ids, late = undone
    trusted = [log_key(base.log_key_file).public_key()]
    done = restore(path, fresh, trusted, base.checkpoint_file)
    assert (done.verification.findings, done.refused) == ((), ())
    assert done.repeated == Repeated(erased=1, holds=2)
    services = Services(fresh, Clock())
    try:
        assert [services.decisions.decision(one).answer is None for one in ids] == [True, False, False, False]
        with pytest.raises(NotFoundError):
            services.subjects.find(Wanted(decision_id=ids[0]))
        assert [one.hold_id for one in services.holds.standing()] == [late]
        [told] = entries_of(services, Kind.ERASED)
        assert told["decision_ids"] == ids[:1]
        assert told["legal_basis"] == "Act s.40, case 7"
        assert len({subject for subject, _ in services.subject_keys.epochs()}) == len(ids) - 1
    finally:
        services.close()


def test_without_the_file_a_restore_undoes_erasures(undone):
    """Negative control: what was erased is there again, and nothing in the backup can tell."""
    path, base, fresh, ids, _ = undone
    assert restore(path, fresh, [log_key(base.log_key_file).public_key()]).holds
    services = Services(fresh, Clock())
    try:
        assert services.decisions.decision(ids[0]).answer is not None
    finally:
        services.close()


def test_nobody_is_erased_on_the_word_of_another_key(undone):
    """An act that the log did not sign is refused by its line, and told; so is one that was changed."""
    path, base, fresh, ids, _ = undone
    acts = read_acts(base.checkpoint_file, [log_key(base.log_key_file).public_key()])
    number, act = next(found for found in acts if found[1].kind is Kind.ERASED)
    forged = {**act.body, "decision_ids": ids[2:3]}
    lines = base.checkpoint_file.read_bytes().splitlines(keepends=True)
    lines[number - 1] = lines[number - 1].replace(ids[0].encode(), ids[2].encode())
    base.checkpoint_file.write_bytes(b"".join(lines))
    keep_act(base.checkpoint_file, Act(act.instance, Kind.ERASED, forged), Ed25519PrivateKey.generate())
    done = restore(path, fresh, [log_key(base.log_key_file).public_key()], base.checkpoint_file)
    assert done.refused == (number, len(lines) + 1)
    assert not done.holds
    assert done.repeated.erased == 0


def test_acts_of_another_store_are_passed_over(undone):
    """A file that two services share tells each of its own."""
    path, base, fresh, ids, _ = undone
    key = log_key(base.log_key_file)
    keep_act(base.checkpoint_file, Act("other", Kind.ERASED, {"decision_ids": ids, "signature": ""}), key)
    assert restore(path, fresh, [key.public_key()], base.checkpoint_file).repeated == Repeated(1, 2, 1)


def test_no_erasure_without_its_line_in_the_file_elsewhere(tmp_path):
    """Where the file cannot be written nothing is erased, and that is said."""
    with dated_services(tmp_path, Clock()) as services:
        one = decided(services)
        found = services.subjects.find(Wanted(decision_id=one))
        file = services.settings.checkpoint_file
        file.unlink(missing_ok=True)
        file.mkdir()
        with pytest.raises(StorageError):
            services.erasure.erase(found, ADMIN, AUDITOR, "Act s.40")
        assert services.decisions.decision(one).answer is not None
        assert services.decisions.decision(one).identity is not None
        file.rmdir()
