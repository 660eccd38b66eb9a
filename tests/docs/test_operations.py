"""The pages on security and operations name tests, settings, alarms and files that are there."""

import re
from pathlib import Path

import pytest

from riskapi.operations.alarms import FATAL, NAMES
from riskapi.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
NAMED = sorted(set(re.findall(r"`(tests/[a-z_/]+\.py)::(test_\w+)`", (DOCS / "security.md").read_text())))


@pytest.mark.parametrize(("path", "name"), NAMED, ids=[name for _, name in NAMED])
def test_promise_names_a_test_that_is_there(path, name):
    """A promise whose test was renamed or removed is no promise."""
    assert re.search(rf"^def {name}\(", (ROOT / path).read_text(), re.MULTILINE)


def test_every_promise_names_a_test():
    """Each row of the table of promises has one."""
    page = (DOCS / "security.md").read_text()
    rows = page.partition("| promise | tests |")[2].partition("\n\n")[0].splitlines()[2:]
    assert len(rows) > 10
    assert all("::test_" in row for row in rows)
    assert len(NAMED) >= len(rows)


@pytest.mark.parametrize("page", ["operations.md", "security.md", "access.md"])
def test_settings_that_are_named_exist(page):
    """No page tells of a variable that the service would refuse."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    assert set(re.findall(rf"\b{PREFIX}[A-Z_]+\b", (DOCS / page).read_text())) <= known


def test_table_of_alarms_is_the_one_of_the_code():
    """Each alarm has a row that says whether scores go on."""
    rows = re.findall(r"^\| `(\w+)` \| (no|yes|slowly) \|", (DOCS / "operations.md").read_text(), re.MULTILINE)
    assert {name for name, _ in rows} == set(NAMES)
    assert {name for name, goes_on in rows if goes_on == "no"} == FATAL
