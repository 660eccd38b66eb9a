"""The page of requirements and the tests that carry their numbers say the same."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "requirements.md"
ROW = re.compile(r"^\| R(\d+) \| ([^|]+) \| (shown|not yet|in part: [^|]+) \| ([^|]*) \|$", re.MULTILINE)
ROWS = [
    (int(number), state, re.findall(r"\]\(\.\./([^)]+)\)", files))
    for number, _, state, files in ROW.findall(PAGE.read_text())
]


def files_for(number):
    """Find the files with tests of a requirement."""
    name = re.compile(rf"def test_r{number}_")
    return {
        str(path.relative_to(ROOT)) for path in (ROOT / "tests").rglob("test_*.py") if name.search(path.read_text())
    }


def test_every_requirement_has_a_row():
    """R1 to R40, in order, each with its state."""
    assert [number for number, _, _ in ROWS] == list(range(1, 41))


@pytest.mark.parametrize(("number", "state", "files"), ROWS, ids=[f"R{number}" for number, _, _ in ROWS])
def test_the_state_of_a_requirement_is_what_the_tests_say(number, state, files):
    """Shown: each file that is named has a test of it. Not yet: nobody has. In part: the files are there."""
    tests = files_for(number)
    if state == "shown":
        assert files
        assert set(files) <= tests
    elif state == "not yet":
        assert not tests, f"R{number} has tests now: give it a state in docs/requirements.md"
        assert not files
    else:
        assert files
        assert all((ROOT / name).is_file() for name in files)
