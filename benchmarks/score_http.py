"""One record over HTTP: the service with durable decisions, the floor of its framework, and MLflow's own serving.

Run by ``make bench``. All servers run at once, one worker each, and are measured in turns, so that the ratios of one
run can be trusted. The service gets a nested record and answers three risks; MLflow's server gets ready features and
answers one.
"""

import json
import logging
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import joblib
import mlflow
import pandas as pd
from installation import JSON, install
from load import Measured, load, memory_mb, require_wrk, script, varied
from rich.console import Console
from rich.table import Table
from rivals import boosted_trees
from setting import RISK_NAMES, ROOT, dataset, environment, make_models

from features.examples import EXAMPLE_RECORD
from riskapi.demo.programs import free_port

ROUNDS = 3
SECONDS = 4
CONNECTIONS = (1, 16, 64)
HERE = Path(__file__).parent
ONE_THREAD = {"OMP_NUM_THREADS": "1"}
WORK = ROOT / "http"
FACTS = (EXAMPLE_RECORD["record_id"], EXAMPLE_RECORD["documents"][0]["number"])
"""What differs from request to request: each is about another traveller."""


@dataclass(frozen=True)
class Server:
    """A running server and how to ask it."""

    title: str
    url: str
    process: int
    sent: Path


def start(stack: ExitStack, arguments: list[str], url: str, changes: Mapping[str, str]) -> int:
    """Start a server and wait until it answers anything; it is stopped with the stack."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # MLflow starts a server by its name
    env = environment() | changes | {"PYTHONPATH": f"{Path.cwd()}:{HERE}", "PATH": path}
    WORK.mkdir(parents=True, exist_ok=True)
    with (WORK / "servers.log").open("ab") as log:
        process = subprocess.Popen([sys.executable, "-m", *arguments], env=env, stdout=log, stderr=log)
    stack.callback(process.wait)
    stack.callback(process.terminate)
    for _ in range(600):
        try:
            httpx.get(url, timeout=1.0, trust_env=False)
        except httpx.HTTPError:
            if process.poll() is not None:
                sys.exit(f"{' '.join(arguments)} ended; see {WORK / 'servers.log'}")
            time.sleep(0.1)
        else:
            return process.pid
    sys.exit(f"{url} does not answer; see {WORK / 'servers.log'}")


def service(stack: ExitStack) -> tuple[Server, bytes]:
    """Start the service with three approved models.

    Returns:
        The server, and one of its answers.
    """
    port = free_port(8000)
    env, headers = install(WORK, RISKAPI_PORT=str(port))
    process = start(stack, ["riskapi", "serve"], f"http://127.0.0.1:{port}/health/ready", env)
    url = f"http://127.0.0.1:{port}/v1/scores"
    body = json.dumps(EXAMPLE_RECORD)
    answer = httpx.post(url, content=body, headers=headers, trust_env=False).raise_for_status().content
    if len(json.loads(answer)["risks"]) != len(RISK_NAMES):
        sys.exit("The service does not score all three risks.")
    return Server(
        "riskapi: 3 risks, reasons, durable", url, process, varied(WORK / "service.lua", body, headers, FACTS)
    ), answer


def floors(stack: ExitStack, answer: bytes) -> list[Server]:
    """Start the floor with an answer of the service."""
    port = free_port(8001)
    path = WORK / "answer.json"
    path.write_bytes(answer)
    arguments = ["uvicorn", "floor_app:app", "--port", str(port), "--no-access-log", "--log-level", "warning"]
    arguments += ["--loop", "uvloop", "--http", "httptools"]
    process = start(stack, arguments, f"http://127.0.0.1:{port}/openapi.json", {"FLOOR_ANSWER": str(path)})
    sent = varied(WORK / "floor.lua", json.dumps(EXAMPLE_RECORD), JSON, FACTS)
    url = f"http://127.0.0.1:{port}/v1/scores"
    return [
        Server("FastAPI: model in, constant model out", url, process, sent),
        Server("FastAPI: the same, body read from bytes", f"{url}/from-bytes", process, sent),
    ]


def mlflow_server(stack: ExitStack, title: str, risks: Sequence[str], changes: Mapping[str, str]) -> Server:
    """Start MLflow's server with gradient boosting and shap for some risks."""
    name = f"mlflow-{len(risks)}"
    parts, place = WORK / f"{name}.joblib", WORK / name
    joblib.dump({risk: boosted_trees(risk).parts for risk in risks}, parts)
    mlflow.pyfunc.save_model(
        path=str(place),
        python_model=str(HERE / "mlflow_model.py"),
        artifacts={"parts": str(parts)},
        pip_requirements=[],
    )
    port = free_port(8002)
    arguments = ["mlflow", "models", "serve", "-m", str(place), "--env-manager", "local", "-p", str(port), "-w", "1"]
    process = start(stack, arguments, f"http://127.0.0.1:{port}/ping", changes)
    frames = [dataset(risk).holdout.frame.iloc[[0]] for risk in risks]
    frame = pd.concat(frames, axis=1).T.groupby(level=0).first().T if len(frames) > 1 else frames[0]
    row = json.loads(frame.to_json(orient="split"))
    body = json.dumps({"dataframe_split": {"columns": row["columns"], "data": row["data"]}})
    url = f"http://127.0.0.1:{port}/invocations"
    answer: Any = httpx.post(url, content=body, headers=JSON, timeout=60.0, trust_env=False).raise_for_status().json()
    if any(len(answer["predictions"][0][risk]["reasons"]) != 5 for risk in risks):  # noqa: PLR2004 - as the service
        sys.exit("MLflow's server gives no reasons.")
    return Server(title, url, process, script(WORK / f"{name}.lua", body, JSON))


def main() -> None:
    """Measure and print."""
    require_wrk()
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    make_models()
    with ExitStack() as stack:
        ours, answer = service(stack)
        servers = [
            ours,
            *floors(stack, answer),
            mlflow_server(stack, "mlflow models serve: the same 3 risks, shap", RISK_NAMES, {}),
            mlflow_server(
                stack, "mlflow models serve: 1 risk, 1 thread, shap", RISK_NAMES[:1], {"OMP_NUM_THREADS": "1"}
            ),
        ]
        found: dict[tuple[str, int], list[Measured]] = {}
        for turn in range(ROUNDS + 1):
            for connections in CONNECTIONS:
                for server in servers:
                    measured = load(server.url, server.sent, server.process, connections, SECONDS if turn else 1)
                    if turn:  # the first warms up
                        found.setdefault((server.title, connections), []).append(measured)
        show(servers, found)


def show(servers: list[Server], found: Mapping[tuple[str, int], list[Measured]]) -> None:
    """Print medians over the rounds, and the ratios to the service."""
    table = Table("one record over HTTP", "conn.", "req/s", "p50 ms", "p99 ms", "CPU us", "MB", "service is")
    for connections in CONNECTIONS:
        ours = median(found[servers[0].title, connections])
        for server in servers:
            one = median(found[server.title, connections])
            ratio = f"{ours.per_second / one.per_second:,.2f}x, p99 {one.p99_ms / ours.p99_ms:,.2f}x"
            table.add_row(
                server.title,
                str(connections),
                f"{one.per_second:,.0f}",
                f"{one.p50_ms:,.2f}",
                f"{one.p99_ms:,.2f}",
                f"{one.cpu_us:,.0f}",
                f"{memory_mb(server.process):,.0f}",
                "" if server is servers[0] else ratio,
            )
        table.add_section()
    console = Console(width=130)
    console.print(
        f"wrk and all servers on the same {os.cpu_count()} cores; medians of {ROUNDS} rounds of {SECONDS} s in turns"
    )
    console.print(table)


def median(rounds: list[Measured]) -> Measured:
    """Take the median of each number."""
    names = ("per_second", "p50_ms", "p99_ms", "cpu_us")
    return Measured(*(statistics.median(getattr(one, name) for one in rounds) for name in names))


if __name__ == "__main__":
    main()
