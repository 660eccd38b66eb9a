"""The page about messages says what the code reads."""

import re
from pathlib import Path

from riskapi.messages.edifact import messages, segments, text
from riskapi.messages.kinds import KINDS

PAGE = (Path(__file__).parents[2] / "docs" / "messages.md").read_text()


def test_the_table_of_kinds_is_that_of_the_code():
    """A kind that is added has to be on the page."""
    rows = re.findall(r"^\| `([a-z-]+)` \| (.+) \|$", PAGE, re.MULTILINE)
    assert rows == [(name, kind.says) for name, kind in KINDS.items()]


def test_the_bounds_of_the_page_are_those_of_the_code():
    """Nobody is told of a bound that is another."""
    for bound in (segments.MAX_SEGMENTS, segments.MAX_ELEMENTS, messages.MAX_MESSAGES, text.MAX_INTERCHANGES):
        assert f"{bound:,} " in PAGE
    assert f"{text.MAX_BYTES >> 20} MB" in PAGE
