"""A real server process on a loopback address, for tests that must be able to kill it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from features.examples import EXAMPLE_RECORD
from riskapi.access.matrix import Action
from riskapi.services import Services
from riskapi.settings import Settings
from riskapi.storage.engine import is_embedded, open_database, upgrade
from tests.riskapi.makers import SECRET, bearer, go_live, make_key, settings

ROOT = Path(__file__).parents[2]
LOOPBACK = "127.0.0.1"
RECORD = json.dumps(EXAMPLE_RECORD).encode()
READY_SECONDS, READY_CPU_SECONDS, READY_SECONDS_MAX = 120.0, 30.0, 1200.0
"""A service that does not get ready has used all its time, of the clock and of the processor: machines may be busy."""
ALL_SCOPES = tuple(Action)


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


@dataclass
class Service:
    """One server and where its files are; it can be started, killed and started again on the same port.

    Attributes:
        directory: holds the store; the log file of the process lies beside it.
        changes: settings by field name, on top of those of :func:`tests.riskapi.makers.settings`.
        places: directories that Python looks into first, such as one with a ``sitecustomize`` that breaks something.
    """

    directory: Path
    changes: dict[str, Any] = field(default_factory=dict)
    places: Sequence[Path | str] = ()
    port: int = field(default_factory=free_port)
    key: str = ""
    digests: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def settings(self) -> Settings:
        """The settings of the process: those of production where tests usually save time."""
        return settings(self.directory, **({"writer_process": True} | self.changes))

    def prepare(self, risks: Iterable[str] = ("document_fraud",)) -> Self:
        """Make the store, approve a bundle for each risk, make a key that scores and reads."""
        engine = open_database(self.settings.database_url, "RISKAPI_DATABASE_URL", 5.0)
        if not is_embedded(engine):
            upgrade(engine)
        engine.dispose()
        services = Services(self.settings)
        try:
            for risk in risks:
                self.digests[risk] = go_live(services, risk)
            self.key = make_key(services, ALL_SCOPES)
        finally:
            services.close()
        return self

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def headers(self) -> dict[str, str]:
        """What a caller sends with a record."""
        return {**bearer(self.key), "Content-Type": "application/json"}

    @property
    def log_path(self) -> Path:
        """What the process wrote to its standard output and error."""
        return self.directory.parent / f"{self.directory.name}.log"

    def environment(self) -> Mapping[str, str]:
        """The settings as the process gets them."""
        values = self.settings.model_dump(exclude_unset=True)
        values |= {"port": self.port, "host": LOOPBACK, "secret_key": SECRET}
        clean = {name: value for name, value in os.environ.items() if not name.startswith("RISKAPI_")}
        places = os.pathsep.join(map(str, [*self.places, ROOT]))
        return clean | {"PYTHONPATH": places} | {f"RISKAPI_{n.upper()}": _text(v) for n, v in values.items()}

    def start(self) -> Self:
        """Start the process; it may not be ready yet."""
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "riskapi", "serve"],
                env=self.environment(),
                stdout=log,
                stderr=log,
                cwd=ROOT,
                start_new_session=True,
            )
        return self

    def wait_ready(self) -> float:
        """Wait until it says that it is ready; gives the seconds that this took."""
        began = time.monotonic()
        while (passed := time.monotonic() - began) < READY_SECONDS_MAX:
            assert self.process is not None
            assert self.process.poll() is None, self.log_path.read_text()[-2000:]
            if self.is_ready():
                return time.monotonic() - began
            if passed > READY_SECONDS and _cpu_seconds(self.pid) > READY_CPU_SECONDS:
                break
            time.sleep(0.02)
        raise AssertionError(f"not ready: {self.log_path.read_text()[-2000:]}")

    def is_ready(self) -> bool:
        """Whether it answers /health/ready with 200 now."""
        request = f"GET /health/ready HTTP/1.1\r\nHost: {LOOPBACK}\r\nConnection: close\r\n\r\n"
        try:
            with socket.create_connection((LOOPBACK, self.port), timeout=2) as connection:
                connection.sendall(request.encode())
                return connection.recv(64).startswith(b"HTTP/1.1 200")
        except OSError:
            return False

    def cpu_seconds(self) -> float:
        """Time that the service and its writer have spent computing, which does not depend on who else does."""
        return sum(map(_cpu_seconds, {self.pid, self.writer_pid}))

    @property
    def pid(self) -> int:
        """Id of the process."""
        assert self.process is not None, "it was not started"
        return self.process.pid

    @property
    def writer_pid(self) -> int:
        """Id of the process that stores decisions for it."""
        threads = Path(f"/proc/{self.pid}/task").glob("*/children")  # it belongs to the thread that started it
        children = " ".join(children.read_text() for children in threads).split()
        found = [int(pid) for pid in children if b"storage.process" in Path(f"/proc/{pid}/cmdline").read_bytes()]
        assert found, "it has no writer"
        return found[0]

    def kill(self) -> None:
        """End the process and whatever it started, at once: nothing in it can react."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.wait()

    def stop(self) -> int:
        """Ask the process to end; gives its return code."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
        try:
            return self.wait()
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def wait(self, seconds: float = 30.0) -> int:
        """Wait for its end."""
        return 0 if self.process is None else self.process.wait(seconds)

    def __enter__(self) -> Self:
        self.start().wait_ready()
        return self

    def __exit__(self, *_error: object) -> None:
        self.kill()

    def lines(self) -> list[dict[str, Any]]:
        """Every line of its log, each one JSON object."""
        return [json.loads(line) for line in self.log_path.read_bytes().splitlines()]


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _text(value: Any) -> str:
    if isinstance(value, tuple | list):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
