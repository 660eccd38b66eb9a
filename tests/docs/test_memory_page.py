"""The page on the memory lists each fact with its window, as the code declares it."""

import re
from pathlib import Path

from features.memory.facts import FACTS, HORIZON_DAYS

PAGE = (Path(__file__).parents[2] / "docs" / "memory.md").read_text(encoding="utf-8")


def test_the_page_lists_each_fact_with_its_window():
    """In the order of the declaration."""
    assert re.findall(r"^\| `(\w+)` \|.*\| (\d+) \|$", PAGE, re.MULTILINE) == [
        (one.name, str(one.days)) for one in FACTS
    ]
    assert f"| {HORIZON_DAYS} days |" in PAGE
