"""JSON of a bundle has one meaning, or is refused."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import BundleContentError
from models.strict_json import canonical, read_json

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.integers(-(2**53) + 1, 2**53 - 1),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def as_floats(value):
    """Every number as a float, as readers take it: canonical JSON writes large floats like whole numbers."""
    if isinstance(value, list):
        return [as_floats(item) for item in value]
    if isinstance(value, dict):
        return {key: as_floats(item) for key, item in value.items()}
    return float(value) if type(value) is int else value


@given(VALUES)
def test_what_is_written_canonically_is_read_back_equal(value):
    """Every float, text and nesting survives."""
    assert as_floats(read_json("x.json", canonical(value))) == as_floats(value)


@given(VALUES)
def test_equal_values_give_equal_bytes(value):
    """The order of keys does not matter."""
    shuffled = json.loads(json.dumps(value, sort_keys=True))
    assert canonical(shuffled) == canonical(value)


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "JSON"),
        (b"{", "JSON"),
        (b"{} {}", "JSON"),
        (b"\xff", "UTF-8"),
        (b'"\xc3"', "UTF-8"),
        (b'"\\ud800"', "whole characters"),
        (b'{"\\uDC00": 1}', "whole characters"),
        (b"NaN", "finite"),
        (b"[Infinity]", "finite"),
        (b'{"a": -Infinity}', "finite"),
        (b'{"a": 1, "a": 1}', "twice"),
        (b'[{"b": {"a": 1, "\\u0061": 2}}]', "twice"),
        (b"[" * 100_000, "nest"),
        (b'{"a":' * 100_000, "nest"),
        (b"1" * 5000, "JSON"),
        (b"'a'", "JSON"),
        (b"// 1", "JSON"),
    ],
)
def test_json_with_no_single_meaning_is_refused(data, rule):
    """The error names file and rule, and nothing of the content."""
    with pytest.raises(BundleContentError, match=rule) as refused:
        read_json("model.json", data)
    assert refused.value.file == "model.json"


def test_a_whole_character_outside_the_basic_plane_is_read():
    """A pair of surrogates is one character."""
    assert read_json("x.json", b'"\\ud83d\\ude00"') == "\U0001f600"


@given(st.binary(max_size=200))
def test_bytes_never_crash_the_reader(data):
    """Whatever the bytes, they are read or refused by name."""
    try:
        value = read_json("x.json", data)
    except BundleContentError:
        return
    assert not (isinstance(value, float) and math.isnan(value))
