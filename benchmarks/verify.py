"""Measures how fast a log is verified: time for a million rows on one core, from the database and from an export.

    python benchmarks/verify.py [rows]

Run by ``make bench``. Makes a store of decisions through the writer of the service, then verifies it in processes of
their own.
"""

import base64
import os
import re
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
from pydantic import SecretStr

from features.risk import Audience
from models.bundle import digest_of
from models.signing import load_key
from riskapi.decisions import DecisionRecord
from riskapi.log.export import export_log
from riskapi.log.export_source import ExportSource
from riskapi.log.source import LogSource
from riskapi.log.store_source import store_source
from riskapi.log.verify import verify
from riskapi.log.writers import FileLease
from riskapi.privacy.keys import Keys
from riskapi.secret import ServiceSecret
from riskapi.settings import Settings
from riskapi.storage.base import Act, BundleRow, Event
from riskapi.storage.checkpoints import CheckpointBook
from riskapi.storage.decisions import SqlDecisionStore
from riskapi.storage.engine import open_database, open_engine
from riskapi.storage.journal import Journal
from riskapi.storage.ledger import SqlLedger
from riskapi.storage.log_key import log_key
from tests.bundles import make_bundle

ROWS = 200_000
MILLION = 1_000_000
MINUTE = 60
"""Seconds of one core in which a million rows are to be verified, whatever else the machine does meanwhile."""
BATCH = 250
SUBJECTS = 5_000
MODES = {
    "export, public key alone": "export",
    "database, contents counted": "present",
    "database, contents opened": "opened",
}


def main(rows: int) -> None:
    """Make a log and verify it in each way."""
    with tempfile.TemporaryDirectory() as made:
        directory = Path(made)
        began = time.perf_counter()
        make(directory, rows)
        print(f"{rows:,} decisions stored in {time.perf_counter() - began:.0f} s")
        chosen = settings(directory)
        with store_source(chosen) as source:
            export_log(source, directory / "export", [load_key(chosen.log_key_file).public_key()])
        for name, mode in MODES.items():
            printed = subprocess.run(
                [sys.executable, __file__, str(rows), str(directory), mode],
                check=True,
                capture_output=True,
                text=True,
                env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
            ).stdout
            print(f"{name}: {printed.strip()}")


def settings(directory: Path) -> Settings:
    """Settings of the store that is measured."""
    return Settings(
        secret_key=SecretStr(base64.b64encode(b"of the benchmark of verification").decode()),
        database_url=f"sqlite:///{directory / 'store.db'}",
        keys_url=f"sqlite:///{directory / 'keys.db'}",
        log_key_file=directory / "log-key.pem",
        checkpoint_file=directory / "checkpoints.ndjson",
    )


def make(directory: Path, rows: int) -> None:
    """Store decisions by the writer of the service."""
    chosen = settings(directory)
    now = datetime(2026, 3, 14, 9, 0, tzinfo=UTC)
    engine = open_engine(chosen)
    keys = Keys(open_database(chosen.keys_url, "RISKAPI_KEYS_URL", 5), ServiceSecret(chosen.secret_key))
    journal = Journal(engine, lambda: now, CheckpointBook(log_key(chosen.log_key_file), chosen.checkpoint_file))
    ledger = SqlLedger(engine, journal)
    files, _ = make_bundle()
    digest = digest_of(files)
    ledger.propose(
        BundleRow(digest, "document_fraud", "document-fraud", "1.0.0", dict(files)),
        Act("Training pipeline", "", now),
        lambda _events: None,
    )
    ledger.decide(digest, Event.APPROVED, Act("Amina Yusuf", "Read.", now), lambda _events: None)
    journal.lead(FileLease(directory / "store.lock", 1, 5))
    store = SqlDecisionStore(engine, journal, keys)
    input_ = orjson.dumps({"record_id": "x", "facts": "f" * 900})
    answer = orjson.dumps({"record_id": None, "reasons": "r" * 2000})
    for start in range(0, rows, BATCH):
        now += timedelta(seconds=1)
        at = f"{now.isoformat(timespec='milliseconds')[:23]}Z"
        store.append(
            [
                DecisionRecord(
                    f"018e3b2a-0000-7000-8000-{number:012x}",
                    at,
                    "Gateway NBO",
                    "",
                    "0" * 16,
                    tuple(Audience),
                    (digest,),
                    (),
                    None,
                    str(number % SUBJECTS).encode(),
                    input_,
                    b'{"record_id":"KQ-1","traveller.surname":"ABDI"}',
                    answer,
                )
                for number in range(start, min(start + BATCH, rows))
            ]
        )
    journal.close()
    keys.close()
    engine.dispose()


def measure(directory: Path, mode: str) -> None:
    """Verify in this process, and print what it took."""
    chosen = settings(directory)
    before = peak_mb()
    began, began_cpu = time.perf_counter(), time.process_time()
    if mode == "export":
        result = run(ExportSource(directory / "export"), chosen)
    else:
        with store_source(chosen, with_contents=mode == "opened") as source:
            result = run(source, chosen)
    spent, cpu = time.perf_counter() - began, time.process_time() - began_cpu
    million = cpu * MILLION / result
    print(f"{spent:.1f} s; a million rows take {million:.0f} s of one core (to reach: under {MINUTE}); ", end="")
    print(f"{peak_mb() - before:.0f} MB more memory")


def peak_mb() -> float:
    """Most memory that this process had so far."""
    found = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


def run(source: LogSource, chosen: Settings) -> int:
    """Verify one source; it has to hold."""
    result = verify([source], [chosen.checkpoint_file], [load_key(chosen.log_key_file).public_key()])[0]
    if not result.holds:
        sys.exit("\n".join(finding.line() for finding in result.findings))
    return result.rows


if __name__ == "__main__":
    if len(sys.argv) > 2:  # noqa: PLR2004 - called by itself, with a directory and a mode
        measure(Path(sys.argv[2]), sys.argv[3])
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS)
