"""The page about access says what the table of rights says."""

import re
from pathlib import Path

from riskapi.__main__ import command_line
from riskapi.access.matrix import purposes_table, rights_table
from riskapi.settings import PREFIX, Settings

PAGE = (Path(__file__).parents[2] / "docs" / "access.md").read_text()


def test_the_tables_of_the_page_are_those_of_the_code():
    """A right that changes has to change on the page."""
    assert rights_table() in PAGE
    assert purposes_table() in PAGE


def test_every_setting_that_the_page_names_exists():
    """No reader sets a variable in vain."""
    named = set(re.findall(r"RISKAPI_[A-Z_]+", PAGE))
    assert named
    assert named <= {PREFIX + name.upper() for name in Settings.model_fields}


def test_every_command_that_the_page_shows_exists():
    """No reader types a command that is not there."""
    groups = {group.name: group.typer_instance for group in command_line().registered_groups}
    shown = set(re.findall(r"^    riskapi (\w+) (\w+)", PAGE, re.MULTILINE))
    assert len(shown) >= 6
    for noun, verb in shown:
        commands = groups[noun].registered_commands
        assert verb in {command.name or command.callback.__name__.rstrip("_") for command in commands}
