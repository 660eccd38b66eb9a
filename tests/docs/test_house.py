"""What the house promises about itself: floors, locks, image, commands and words."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
HEAVY = ("mlflow", "scikit-learn", "pandas", "joblib", "interpret-core", "scipy", "matplotlib")
PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==(\S+)", re.MULTILINE)
COMMAND = re.compile(r"^\s*(?:DEMO_ONCE=1 )?(make|(?:\S*python|riskapi)(?: -m (?:riskapi|training))?) ([a-z][a-z-]*)")


def pins(name):
    """Read the versions that a lock pins."""
    return dict(PIN.findall((ROOT / name).read_text()))


def tracked_files():
    """List the files of the project, caches and run-time files left out."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [path for line in listed.stdout.splitlines() if (path := ROOT / line).is_file()]


def texts():
    """Read all texts of the project but this file, which has to name what it looks for."""
    for path in tracked_files():
        if path != Path(__file__):
            try:
                yield path.relative_to(ROOT), path.read_text()
            except UnicodeDecodeError:
                continue


def test_import_contracts_hold():
    """Floors are seen one way only, and the service imports no training library."""
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports")], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_r39_the_running_service_holds_no_training_library_and_no_unpickler_of_models():
    """What the application imports, all told, is light."""
    script = "import sys, riskapi.app; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"mlflow", "sklearn", "pandas", "joblib", "interpret", "cloudpickle", "skops"} & set(done.stdout.split())


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-service.lock", "benchmarks/requirements.lock"])
def test_locks_pin_hashes_and_name_no_index(lock):
    """A lock says what, not from where; every file that may be installed is known by its hash."""
    text = (ROOT / lock).read_text()
    entries = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    assert len(entries) == len(pins(lock)) > 20
    assert all("--hash=sha256:" in entry for entry in entries)
    assert not re.search(r"://|^\s*-[^-]|^--(?!hash)", text, re.MULTILINE)


def test_locks_agree():
    """The service's lock is a part of the project's, and what is measured is what is used."""
    everything, service, benchmarks = (
        pins(name) for name in ("requirements.lock", "requirements-service.lock", "benchmarks/requirements.lock")
    )
    assert service.items() <= everything.items()
    assert {name: version for name, version in benchmarks.items() if name in everything}.items() <= everything.items()
    assert not set(HEAVY) & set(service)
    assert set(HEAVY) <= set(everything)


def test_locks_satisfy_the_ranges_of_the_project():
    """No range was changed without a new lock."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    for lock, wanted in (
        ("requirements.lock", [*project["dependencies"], *extras["training"], *extras["dev"]]),
        ("requirements-service.lock", project["dependencies"]),
        ("benchmarks/requirements.lock", [*project["dependencies"], *extras["training"], *extras["benchmarks"]]),
    ):
        locked = pins(lock)
        for requirement in map(Requirement, wanted):
            assert requirement.specifier.contains(locked[requirement.name.lower()]), f"{lock}: {requirement}"


def test_the_image_holds_the_service_and_runs_as_nobody_special():
    """What the Dockerfile copies exists and passes the ignore file; training stays outside; root does not run it."""
    dockerfile = (ROOT / "Dockerfile").read_text()
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    copied = [line.split()[1] for line in dockerfile.splitlines() if line.startswith("COPY ") and "--from" not in line]
    assert "training" not in copied
    for name in copied:
        assert (ROOT / name).exists()
        assert f"!{name}" in ignored
    assert "--require-hashes" in dockerfile
    assert re.findall(r"^USER (\d+)", dockerfile, re.MULTILINE) == ["10001"]
    assert "HEALTHCHECK" in dockerfile


def commands(module):
    """List the commands of a module's command line."""
    done = subprocess.run(
        [sys.executable, "-m", module, "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"COLUMNS": "120", "NO_COLOR": "1"},
    )
    return set(re.findall(r"^│ ([a-z][a-z-]+)  ", done.stdout, re.MULTILINE))


def test_commands_in_the_documentation_exist():
    """Every command line in a code block of the documentation names a target or command that is there."""
    known = {
        "make": set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)),
        "riskapi": commands("riskapi"),
        "training": commands("training"),
    }
    found = 0
    for path, text in texts():
        if path.suffix != ".md":
            continue
        for language, block in re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            for line in block.splitlines() if language in {"sh", "console"} else ():
                match = COMMAND.match(line.removeprefix("$ "))
                if match and (match[1] in known or "-m" in match[1]):
                    found += 1
                    assert match[2] in known[match[1].rsplit(" ", 1)[-1]], f"{path}: {line}"
    assert found > 5


def test_links_in_the_documentation_lead_somewhere():
    """Every relative link of a Markdown file is a file of the project."""
    for path, text in texts():
        if path.suffix == ".md":
            for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", text):
                assert (ROOT / path.parent / target).exists(), f"{path}: {target}"


def test_every_decision_is_listed():
    """The list of decisions and the folder say the same."""
    folder = ROOT / "docs" / "decisions"
    listed = re.findall(r"\]\((\d{4}-[a-z-]+\.md)\)", (folder / "README.md").read_text())
    assert listed == sorted(path.name for path in folder.glob("0*.md"))
    for name in listed:
        assert re.findall(r"^## (\w+)", (folder / name).read_text(), re.MULTILINE) == [
            "Context",
            "Decision",
            "Consequences",
        ]


def test_the_project_speaks_of_itself():
    """No unfinished business, no address of a package index, no path of somebody's machine."""
    unwanted = re.compile(r"\bTODO\b|\bFIXME\b|\bHACK\b|pypi\.org|pythonhosted|/work/|/home/\w|/root/|\blorem ipsum\b")
    for path, text in texts():
        match = unwanted.search(text)
        assert match is None, f"{path}: {match[0]}"


def test_changes_are_told_for_the_version_that_is_there():
    """The changelog has an entry for the version of the project."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert f"## [{version}]" in (ROOT / "CHANGELOG.md").read_text()
