import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskapi.body import is_plain, strict_json
from riskapi.errors import MalformedBodyError

GAPS = st.sampled_from(["", " ", "\t", "\n", "\r", "  ", "\r\n"])
NAMES = st.sampled_from(["a", "b", 'a":', "c:", "ä", "d :", "\\"])
VALUES = st.sampled_from(["x", '":', "2026-03-14T09:40:00Z", "Note : x", 7, None, ["y", ":"]])


@st.composite
def objects(draw):
    """The text of an object with white space anywhere, and how many different names it has."""
    pairs = draw(st.lists(st.tuples(NAMES, GAPS, GAPS, VALUES), max_size=5))
    inside = ",".join(f"{json.dumps(name)}{gap}:{other}{json.dumps(value)}" for name, gap, other, value in pairs)
    return f"{{{inside}}}".encode(), len({name for name, *_ in pairs})


@given(objects())
def test_what_is_found_plain_names_nothing_twice(made):
    """Whatever stands between names and colons, and in texts: plain means that a strict reader agrees."""
    raw, names = made
    if is_plain(raw, names):
        strict_json(raw)


@pytest.mark.parametrize("gap", [" ", "\t", "\n", "\r"])
def test_name_before_white_space_is_looked_at_again(gap):
    """A name that comes again hides from the count behind white space, and so leaves it open."""
    raw = f'{{"a":1,"a"{gap}:2}}'.encode()
    assert not is_plain(raw, 1)
    with pytest.raises(MalformedBodyError, match="twice"):
        strict_json(raw)


def test_usual_records_are_plain():
    """Times, and spaces after colons, do not cost a second look."""
    assert is_plain(json.dumps({"a": "2026-03-14T09:40:00Z", "b": {"c": "PO Box 1, Nairobi"}}).encode(), 3)
