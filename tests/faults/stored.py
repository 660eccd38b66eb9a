"""What a store holds, held against what callers were told."""

import subprocess
import sys
from hashlib import sha256

import sqlalchemy as sa

from features.examples import EXAMPLE_RECORD
from riskapi.privacy.sealing import with_record_id
from riskapi.services import Services
from tests.faults.clients import Memory
from tests.faults.service import ROOT, Service
from tests.riskapi.makers import settings

_RECORD_ID = str(EXAMPLE_RECORD["record_id"])


def count_decisions(services: Services) -> int:
    """How many decisions there are."""
    return _count(services.engine, "decisions")


def _count(engine: sa.Engine, table: str) -> int:
    with engine.connect() as connection:
        return int(connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one())


def compare(service: Service, memory: Memory) -> dict[str, object]:
    """Hold what a stopped service has stored against what its callers were told.

    Returns:
        Everything that should not be, by name; empty where nothing was lost, doubled or changed.
    """
    reading = Services(settings(service.directory, **(service.changes | {"writer_process": False})))
    try:
        lost, changed = [], []
        for key, told in memory.told.items():
            found = reading.decisions.decision(told.decision_id)
            if found is None or found.answer is None:
                lost.append(key)
            elif sha256(with_record_id(found.answer, _RECORD_ID)).hexdigest() != told.answer:
                changed.append(key)
        decisions, keys = count_decisions(reading), _count(reading.engine, "idempotency_keys")
        contents = _count(reading.engine, "decision_contents")
        findings: dict[str, object] = {
            "lost": lost,
            "changed": changed,
            "told otherwise": memory.contradictions,
            "two decisions of one request": decisions - keys,
            "decisions without contents": decisions - contents,
            "more decisions than requests": max(0, decisions - len(memory.asked)),
            "damaged": _damage(reading.engine),
        }
    finally:
        reading.close()
    return {name: found for name, found in findings.items() if found}


def _damage(engine: sa.Engine) -> list[str]:
    """What the embedded database itself says of its files."""
    if engine.dialect.name != "sqlite":
        return []
    with engine.connect() as connection:
        rows = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
    return [str(row) for row in rows if row != "ok"]


def verify(service: Service) -> str:
    """Run ``riskapi verify`` on the store; gives what it says, or nothing where the log is what was written."""
    done = subprocess.run(
        [sys.executable, "-m", "riskapi", "verify", "--checkpoints", str(service.directory / "checkpoints.ndjson")],
        env=service.environment(),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr
