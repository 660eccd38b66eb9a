"""Locked dependencies are above their known floors, and an audit that cannot find anything says so."""

import json
import re
import sys
from pathlib import Path

import pytest
from packaging.version import Version

from riskapi.operations.audit import CANARY, FLOORS, SKIPPED, main

ROOT = Path(__file__).parents[3]
PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==(\S+)", re.MULTILINE)


@pytest.mark.parametrize(("name", "floor"), FLOORS.items())
def test_lock_is_at_or_above_the_floor(name, floor):
    """A version with a known weakness is not locked."""
    pins = dict(PIN.findall((ROOT / "requirements.lock").read_text()))
    assert Version(pins[name]) >= Version(floor)


def program(directory, weak):
    """A stand-in for pip-audit that knows some weak packages."""
    path = directory / "audit"
    path.write_text(
        f"#!{sys.executable}\n"
        "import json, re, sys\n"
        f"weak = {weak!r}\n"
        "text = open(sys.argv[-1]).read()\n"
        "found = [{'name': n, 'version': v, 'vulns': [{'id': 'X-1'}] if n in weak else []}\n"
        "         for n, v in re.findall(r'^([a-z0-9._-]+)==([^ ]+)', text, re.M)]\n"
        "print(json.dumps({'dependencies': found}))\n"
    )
    path.chmod(0o755)
    return str(path)


def test_audit_needs_its_canary(tmp_path, monkeypatch, capsys):
    """Without advisories nothing was audited, and that is said loudly; with them, findings count."""
    monkeypatch.chdir(ROOT)
    assert main(program(tmp_path, [])) == SKIPPED
    assert "NOT AUDITED" in capsys.readouterr().err
    canary = CANARY.partition("==")[0]
    assert main(program(tmp_path, [canary, "starlette"])) == 1
    assert "X-1" in capsys.readouterr().out
    monkeypatch.chdir(tmp_path)
    for name in ("requirements.lock", "requirements-service.lock"):
        (tmp_path / name).write_text("quiet==1.0\n")
    assert main(program(tmp_path, [canary])) == 0
    assert json.dumps("quiet") not in capsys.readouterr().out


def test_audit_that_cannot_run_is_no_audit(tmp_path, monkeypatch, capsys):
    """A program that prints no report leaves everything open."""
    monkeypatch.chdir(ROOT)
    path = tmp_path / "audit"
    path.write_text("#!/bin/sh\necho no network >&2\nexit 1\n")
    path.chmod(0o755)
    assert main(str(path)) == SKIPPED
    assert "no network" in capsys.readouterr().err
