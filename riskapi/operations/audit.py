"""Looks for known weaknesses of the locked dependencies, and first makes sure that the look would find one."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

CANARY = "jinja2==2.4.1"
"""Has advisories since 2014; an audit that finds nothing here would find nothing anywhere."""
LOCKS = ("requirements.lock", "requirements-service.lock")
FLOORS = {"mlflow": "3.16.1", "starlette": "1.3.1", "h11": "0.16.0", "skops": "0.13", "joblib": "1.2.0"}
"""Versions below which a weakness is known; held without any network by a test."""
SKIPPED = 3
_SECONDS = 600


def audit(program: str, requirements: Path) -> list[str] | None:
    """Audit one list of pinned packages.

    Args:
        program: path of pip-audit.
        requirements: the list.

    Returns:
        Package, version and advisory of each finding; ``None`` where the advisories could not be had.
    """
    command = [program, "--strict", "--no-deps", "--disable-pip", "--format", "json", "--progress-spinner", "off"]
    done = subprocess.run(  # noqa: S603 - the program that the makefile installed
        [*command, "-r", str(requirements)], capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    try:
        found = json.loads(done.stdout)["dependencies"]
    except (json.JSONDecodeError, KeyError, TypeError):
        print(done.stderr.strip()[-600:], file=sys.stderr)  # noqa: T201 - this is a program for a terminal
        return None
    return [f"{one['name']} {one['version']}: {weak['id']}" for one in found for weak in one.get("vulns", ())]


def main(program: str) -> int:
    """Audit the canary, then every lock.

    Returns:
        0 where nothing is known, 1 where something is, 3 where it could not be found out.
    """
    with tempfile.TemporaryDirectory() as directory:
        canary = Path(directory) / "canary.txt"
        canary.write_text(f"{CANARY}\n")
        flagged = audit(program, canary)
    if not flagged:
        print("NOT AUDITED: the advisories cannot be had from here, or the canary was not flagged.", file=sys.stderr)  # noqa: T201
        return SKIPPED
    findings: list[str] = []
    for lock in LOCKS:
        found = audit(program, Path(lock))
        findings += [f"{lock}: could not be audited"] if found is None else found
    for one in dict.fromkeys(findings):
        print(one)  # noqa: T201
    print(f"{len(LOCKS)} locks audited, {len(findings)} findings; the canary was flagged.")  # noqa: T201
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
