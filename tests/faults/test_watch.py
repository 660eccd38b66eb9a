"""A watcher killed at random moments, and its service with it: every record has one decision and one answer."""

import csv
import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest

from riskapi.files.whole import flush
from riskapi.log.entry import Kind
from riskapi.services import Services
from riskapi.watching import WORK
from tests.bundles import TRUSTED, make_bundle
from tests.faults.broken import place_of
from tests.faults.power import disk, why_not
from tests.faults.service import ROOT, Service
from tests.makers import random_data

FILES, ROWS = 4, 150
SECONDS_MAX = 600.0


class Watching:
    """A watcher as a process of its own."""

    def __init__(self, service, folder):
        self.command = [
            *(sys.executable, "-m", "riskapi", "watch", str(folder), "--url", service.url),
            *("--purpose", "border_control", "--settle-seconds", "0.2"),
        ]
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("RISKAPI_")}
        self.environment |= {"PYTHONPATH": str(ROOT), "RISK_API_KEY": service.key}
        self.log = folder.with_name("watch.log")
        self.process = None

    def start(self):
        """Start it."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command, env=self.environment, stdout=log, stderr=log, cwd=ROOT)

    def kill(self):
        """Kill it; whatever it was at."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def service(tmp_path):
    """A running service."""
    made = Service(tmp_path / "store").prepare()
    made.directory.mkdir(exist_ok=True)
    made.start()
    made.wait_ready()
    yield made
    if made.process is not None and made.process.poll() is None:
        made.stop()


def decisions_in(service):
    """Ids of all decisions of the store, as its log tells of them."""
    services = Services(service.settings)
    try:
        return [
            json.loads(entry.body)["decision_id"]
            for writer in services.journal.heads()
            for entry in services.journal.entries(writer)
            if entry.kind == Kind.DECISION
        ]
    finally:
        services.close()


def drop(folder, number):
    """Write a file as a careful sender does, with one broken line."""
    part = folder / f"voyage-{number}.ndjson.part"
    lines = [json.dumps(one) for one in random_data(ROWS, seed=number)]
    part.write_text("\n".join([*lines[:70], "no JSON", *lines[70:]]))
    part.rename(folder / f"voyage-{number}.ndjson")


def jobs(folder):
    """What is claimed and has not left."""
    return [one for one in (folder / WORK).iterdir() if one.is_dir()]


def _wait_for(met, watching):
    """Wait until something is so, as long as the watcher runs."""
    until = time.monotonic() + SECONDS_MAX
    while not met():
        assert watching.process.poll() is None, watching.log.read_text()[-2000:]
        assert time.monotonic() < until, watching.log.read_text()[-2000:]
        time.sleep(0.02)


def test_every_record_is_scored_once_whatever_is_killed(service, tmp_path, full, figures):
    """Files arrive while the watcher is killed at random moments; in the end nothing is missing, twice or torn."""
    kills = 30 if full else 5
    folder = tmp_path / "exchange"
    folder.mkdir()
    watching, rng = Watching(service, folder), random.Random(7)
    files = FILES if not full else 4 * FILES
    dropped = at_work = 0
    for kill in range(kills):
        while dropped < files and dropped * kills <= kill * files:
            drop(folder, dropped)
            dropped += 1
        watching.start()
        _wait_for(lambda: (folder / WORK).is_dir() and any((folder / WORK).glob("*/source/*")), watching)
        time.sleep(rng.uniform(0.0, 1.0))
        at_work += any((folder / WORK).glob("*/source/*"))
        watching.kill()
    while dropped < files:
        drop(folder, dropped)
        dropped += 1
    watching.start()
    _wait_for(lambda: len(list(folder.glob("*.answers.ndjson"))) == files and not jobs(folder), watching)
    watching.kill()
    service.stop()
    told = []
    for number in range(files):
        answers = [
            json.loads(line) for line in (folder / f"voyage-{number}.ndjson.answers.ndjson").read_text().splitlines()
        ]
        assert [one["record_id"] for one in answers] == [one["record_id"] for one in random_data(ROWS, seed=number)]
        told += [one["decision_id"] for one in answers]
        assert "line 71" in (folder / f"voyage-{number}.ndjson.findings.ndjson").read_text()
    stored = decisions_in(service)
    assert len(set(told)) == len(told) == files * ROWS
    assert sorted(stored) == sorted(told)
    assert [one.name for one in folder.iterdir() if one.is_file() and ".answers." not in one.name] == [
        one.name for one in folder.iterdir() if one.name.endswith(".findings.ndjson")
    ]
    assert list((folder / "rejected").iterdir()) == []
    assert at_work
    figures(f"watcher killed {kills} times, {at_work} at work: {len(told)} records, {len(stored)} decisions, each once")


KILLED = """
import os, signal, sys
from riskapi.__main__ import main
from riskapi.commands import watch
from riskapi.files import progress
from riskapi.files.scorers import OnceScorer, ServiceScorer
watch.OnceScorer = {scorer}
progress.Progress.add = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
sys.argv = ["riskapi", *sys.argv[1:]]
main()
"""


@pytest.mark.parametrize(("scorer", "times"), [("OnceScorer", 1), ("ServiceScorer", 2)])
def test_kill_between_decision_and_progress_makes_no_second_decision(service, tmp_path, scorer, times):
    """The worst moment: the service has decided, nothing here knows. A watcher that sends no keys is the control."""
    folder = tmp_path / "exchange"
    folder.mkdir()
    drop(folder, 0)
    watching = Watching(service, folder)
    command = [sys.executable, "-c", KILLED.format(scorer=scorer), *watching.command[3:], "--once"]
    killed = subprocess.run(command, env=watching.environment, cwd=ROOT, check=False, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    finished = subprocess.run([*watching.command, "--once"], env=watching.environment, cwd=ROOT, check=False)
    assert finished.returncode == 0
    service.stop()
    answers = (folder / "voyage-0.ndjson.answers.ndjson").read_text().splitlines()
    assert len(answers) == ROWS
    assert len(decisions_in(service)) == times * ROWS


def offline(tmp_path, folder):
    """The command that watches a folder with a bundle of this machine."""
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    for name, content in make_bundle("document_fraud")[0].items():
        (bundle / name).write_bytes(content)
    command = [sys.executable, "-m", "riskapi", "watch", str(folder), "--settle-seconds", "0.2", "--form", "csv"]
    return [*command, "--bundle", str(bundle), *(part for one in TRUSTED for part in ("--signer", one))]


@pytest.mark.skipif(why_not() is not None, reason=str(why_not()))
@pytest.mark.parametrize("flushes", [True, False])
def test_what_has_left_is_on_the_disk(tmp_path, flushes):
    """Answers, findings and source outlive a cut once they are there; without flushes, the control, they do not."""
    places = [str(ROOT)] if flushes else [str(place_of(tmp_path, "import os\nos.fsync = lambda _: None\n")), str(ROOT)]
    with disk(tmp_path / "disk") as power:
        folder = power.directory
        drop(folder, 0)
        for path in (folder / "voyage-0.ndjson", folder):
            flush(path)
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(places)}
        subprocess.run(
            [*offline(tmp_path, folder), "--once"], env=environment, cwd=ROOT, check=True, capture_output=True
        )
        answers = folder / "voyage-0.ndjson.answers.csv"
        before = answers.read_bytes()
        power.cut()
        assert (answers.exists() and answers.read_bytes() == before) is flushes
        assert (folder / "done" / "voyage-0.ndjson").exists() is flushes
        assert (folder / "voyage-0.ndjson.findings.ndjson").exists() is flushes


@pytest.mark.skipif(why_not() is not None, reason=str(why_not()))
def test_no_file_is_lost_or_torn_by_power_cuts(tmp_path, full, figures):
    """The disk forgets what was not flushed, names too: in the end each file is done, each answer once and whole."""
    cuts, draw = (25 if full else 4), random.Random(5)
    with disk(tmp_path / "disk") as power:
        folder = power.directory
        command, environment = offline(tmp_path, folder), os.environ | {"PYTHONPATH": str(ROOT)}
        for number in range(cuts):
            drop(folder, number)
            for path in (folder / f"voyage-{number}.ndjson", folder):
                flush(path)  # a sender that cares
            with subprocess.Popen(command, env=environment, cwd=ROOT, stderr=subprocess.DEVNULL) as watching:
                until = time.monotonic() + SECONDS_MAX
                while not any((folder / WORK).glob("*/source/*")) and time.monotonic() < until:
                    time.sleep(0.02)
                time.sleep(draw.uniform(0.0, 0.4))
                watching.kill()
            power.cut("all" if number % 2 == 0 else f"some:{number}")
        finished = subprocess.run([*command, "--once"], env=environment, cwd=ROOT, check=False, capture_output=True)
        assert finished.returncode == 0, finished.stderr
        assert sorted(one.name for one in (folder / "done").iterdir()) == sorted(
            f"voyage-{number}.ndjson" for number in range(cuts)
        )
        for number in range(cuts):
            with (folder / f"voyage-{number}.ndjson.answers.csv").open(newline="") as file:
                answers = list(csv.DictReader(file))
            asked = random_data(ROWS, seed=number)
            assert [one["record_id"] for one in answers] == [one["record_id"] for one in asked]
            assert "line 71" in (folder / f"voyage-{number}.ndjson.findings.ndjson").read_text()
        assert jobs(folder) == list((folder / "rejected").iterdir()) == []
    figures(f"{cuts} power cuts while a folder was watched: no file lost or torn")
