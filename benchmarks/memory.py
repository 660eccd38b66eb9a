"""What scoring costs with a memory, and how that grows with the crossings that are remembered.

``PYTHONPATH=. python benchmarks/memory.py 10000 1000000 10000000`` fills an embedded store with so many crossings each,
starts a service for each, and asks them in turns. A request is a whole one: over HTTP, validated, with the features,
scores and reasons of three models, the look into the memory, and the decision on disk with what is to be remembered.
The look is timed alone, too. Every request is about a traveller of its own whose keys are drawn evenly from all that
are remembered, which is the least local there is. Ten million crossings need 5 GB of disk and 4 GB of memory.
"""

import shutil
import statistics
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from installation import install
from load import Measured, load, memory_mb, require_wrk
from memory_store import fill, requests
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table
from score_http import start
from setting import ROOT, make_models

from features.memory.own import NO_OWN_KEYS
from riskapi.access.principal import utc_now
from riskapi.demo.programs import free_port
from riskapi.memory import Memory
from riskapi.reading import SentRecord, read_records
from riskapi.secret import ServiceSecret
from riskapi.storage.engine import open_database

ROUNDS, SECONDS, CONNECTIONS = 5, 4, 16
BODIES, LOOKS = 30_000, 2_000
TOGETHER = (1, 16)
"""Records of one look: one that comes alone, and as many as the service takes at once."""
TARGET = 1.3
"""Cost of a request with most crossings, in times of that with fewest."""
WORK = ROOT / "memory"


@dataclass
class Side:
    """A service with a memory of some size."""

    crossings: int
    rows: int
    looks: list[float]
    """Microseconds of one record's look, alone and among others: the middle."""
    url: str = ""
    process: int = 0
    bodies: Path = Path()
    headers: dict[str, str] = field(default_factory=dict)
    found: list[Measured] = field(default_factory=list)


def side(stack: ExitStack, crossings: int) -> Side:
    """Install a service, fill its store, time looks, and start it."""
    folder = WORK / str(crossings)
    folder.mkdir(parents=True)
    store, port = folder / "store.db", free_port(8200)
    address = f"sqlite:///{store}"
    env, headers = install(folder, RISKAPI_PORT=str(port), RISKAPI_MEMORY="true", RISKAPI_DATABASE_URL=address)
    secret = ServiceSecret(SecretStr(env["RISKAPI_SECRET_KEY"]))
    bodies = requests(crossings, BODIES)
    rows = fill(store, crossings, bodies, secret.hash_fact)
    made = Side(crossings, rows, looks(address, bodies[-LOOKS:], secret), headers=headers)
    made.bodies = folder / "bodies"
    made.bodies.write_bytes(b"\n".join(bodies))
    made.process = start(stack, ["riskapi", "serve"], f"http://127.0.0.1:{port}/health/ready", env)
    made.url = f"http://127.0.0.1:{port}/v1/scores"
    return made


def looks(address: str, bodies: Sequence[bytes], secret: ServiceSecret) -> list[float]:
    """Time what the service does from the keys of records to the facts about them."""
    engine = open_database(address, "RISKAPI_DATABASE_URL", 5.0)
    memory = Memory(engine, secret.hash_fact, utc_now)
    records = [one for one in read_records([(body, "") for body in bodies]) if isinstance(one, SentRecord)]
    found = []
    for together in TOGETHER:
        taken = []
        for place in range(0, len(records), together):
            began = time.thread_time()
            some = records[place : place + together]
            memory.see(some, [NO_OWN_KEYS] * len(some))
            taken.append((time.thread_time() - began) / together * 1e6)
        found.append(statistics.median(taken[len(taken) // 2 :]))  # the first half fills the cache
    engine.dispose()
    return found


def turn(one: Side, number: int) -> Measured:
    """Send load to a service, each record once over all turns."""
    sent = WORK / "sent.lua"
    first = number * BODIES // (ROUNDS + 1)
    lines = ['wrk.method = "POST"', *(f'wrk.headers["{name}"] = "{value}"' for name, value in one.headers.items())]
    lines += [
        "local bodies = {}",
        f"for line in io.lines({str(one.bodies)!r}) do bodies[#bodies + 1] = line end",
        f"local n = {first}",
        "request = function() n = n + 1; return wrk.format(nil, nil, nil, bodies[n]) end",
    ]
    sent.write_text("\n".join(lines) + "\n")
    return load(one.url, sent, one.process, CONNECTIONS, SECONDS)


def main(sizes: Sequence[int]) -> None:
    """Measure and print; ends with status 1 where the target is missed."""
    require_wrk()
    make_models()
    shutil.rmtree(WORK, ignore_errors=True)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, WORK, ignore_errors=True)
        sides = [side(stack, crossings) for crossings in sizes]
        for one in sides:
            turn(one, ROUNDS)  # connections, plans and caches
        for number in range(ROUNDS):
            for one in sides:
                one.found.append(turn(one, number))
        show(sides)


def show(sides: Sequence[Side]) -> None:
    """Print what was found, each in times of the first."""
    table = Table(
        "crossings", "rows", "look us", "times", "16 at once", "times", "request us", "times", "per s", "p50 ms", "MB"
    )
    first = sides[0]
    for one in sides:
        alone, among = one.looks
        table.add_row(
            f"{one.crossings:,}",
            f"{one.rows:,}",
            f"{alone:.0f}",
            f"{alone / first.looks[0]:.2f}",
            f"{among:.0f}",
            f"{among / first.looks[1]:.2f}",
            f"{statistics.median(turn_.cpu_us for turn_ in one.found):,.0f}",
            f"{cost(one, first):.2f}",
            f"{statistics.median(turn_.per_second for turn_ in one.found):,.0f}",
            f"{statistics.median(turn_.p50_ms for turn_ in one.found):.1f}",
            f"{memory_mb(one.process):.0f}",
        )
    Console(width=130).print(table)
    if cost(sides[-1], first) > TARGET:
        sys.exit(f"A request costs more than {TARGET} times that with the fewest crossings.")


def cost(one: Side, first: Side) -> float:
    """Processor time of a request in times of the first side's: the middle of the ratios of each round."""
    return statistics.median(a.cpu_us / b.cpu_us for a, b in zip(one.found, first.found, strict=True))


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [10_000, 1_000_000, 10_000_000])
