"""Sends load with wrk and reads what a server costs: throughput, latency, CPU and memory of all its processes."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}
"""Milliseconds."""


@dataclass(frozen=True)
class Measured:
    """One round of one server."""

    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    """CPU time of the server per request."""


def require_wrk() -> None:
    """Stop where the load generator is missing."""
    if shutil.which("wrk") is None:
        sys.exit("wrk is needed to send load without measuring a Python client: apt-get install wrk")


def script(path: Path, body: str, headers: dict[str, str]) -> Path:
    """Write what wrk sends."""
    lines = ['wrk.method = "POST"', f"wrk.body = [==[{body}]==]"]
    lines += [f'wrk.headers["{name}"] = "{value}"' for name, value in headers.items()]
    path.write_text("\n".join(lines) + "\n")
    return path


def varied(path: Path, body: str, headers: dict[str, str], facts: Sequence[str]) -> Path:
    """Write what wrk sends, with a number behind each of some facts that grows from request to request.

    Args:
        path: of the script.
        body: JSON.
        headers: of every request.
        facts: texts that occur in the body once.
    """
    pieces, rest = [], body
    for fact in sorted(facts, key=body.index):
        piece, rest = rest.split(fact)
        pieces.append(piece + fact)
    lines = ['wrk.method = "POST"', *(f'wrk.headers["{name}"] = "{value}"' for name, value in headers.items())]
    joined = " .. n .. ".join(f"[==[{piece}]==]" for piece in (*pieces, rest))
    lines += ["local n = 10000000", f"request = function() n = n + 1; return wrk.format(nil, nil, nil, {joined}) end"]
    path.write_text("\n".join(lines) + "\n")
    return path


def load(url: str, sent: Path, process: int, connections: int, seconds: int) -> Measured:
    """Send load for a while.

    Args:
        url: of the route.
        sent: script that :func:`script` wrote.
        process: id of the server; its children count too.
        connections: kept open at the same time.
        seconds: how long.
    """
    before = cpu_seconds(process)
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "--latency", "-s", str(sent), url]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    printed = done.stdout
    if done.returncode:
        sys.exit(f"{url}: wrk ended with status {done.returncode}; is the server still there?\n{printed}{done.stderr}")
    spent = cpu_seconds(process) - before
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", printed)
    requests = int(_find(r"(\d+) requests in", printed))
    if failed or not requests:
        sys.exit(f"{url}: {failed[1] if failed else 'all'} of {requests} requests failed:\n{printed}")
    return Measured(
        float(_find(r"Requests/sec:\s+([\d.]+)", printed)),
        _milliseconds("50%", printed),
        _milliseconds("99%", printed),
        spent / requests * 1e6,
    )


def tree(process: int) -> list[int]:
    """List a process and everything that it started."""
    threads = Path(f"/proc/{process}/task").glob("*/children")  # any thread may have started one
    children = [child for thread in threads for child in thread.read_text().split()]
    return [process, *(one for child in children for one in tree(int(child)))]


def cpu_seconds(process: int) -> float:
    """Sum the CPU time of a process and everything that it started."""
    total = 0
    for one in tree(process):
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS_PER_SECOND


def memory_mb(process: int) -> float:
    """Sum the resident memory of a process and everything that it started."""
    sizes = [re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{one}/status").read_text()) for one in tree(process)]
    return sum(int(size[1]) for size in sizes if size) / 1024


def _find(pattern: str, printed: str) -> str:
    found = re.search(pattern, printed)
    if found is None:
        sys.exit(f"wrk printed nothing that fits {pattern}:\n{printed}")
    return found[1]


def _milliseconds(line: str, printed: str) -> float:
    found = re.search(rf"{line}\s+([\d.]+)([a-z]+)", printed)
    return float(found[1]) * UNITS[found[2]] if found else float("nan")
