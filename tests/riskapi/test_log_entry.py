import hashlib

import orjson
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from riskapi.log.entry import GENESIS_PREV, Kind, canonical, chained, entry_bytes, entry_hash

TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)
KEYS = st.text(st.characters(max_codepoint=127), max_size=10)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
BODIES = st.dictionaries(KEYS, VALUES, max_size=6)


@given(BODIES)
def test_fast_writer_gives_the_bytes_of_the_standard(body):
    """For all that a log body may hold, sorted orjson and RFC 8785 agree, byte for byte."""
    assert canonical(body) == rfc8785.dumps(body)


@given(BODIES)
def test_entry_is_canonical_json_as_a_whole(body):
    """What is hashed can be made again by anybody with a standard library for canonical JSON."""
    made = entry_bytes("cli", 7, "2026-03-14T09:40:00.000Z", Kind.ACCESS, canonical(body), prev=GENESIS_PREV)
    whole = {"at": "2026-03-14T09:40:00.000Z", "body": body, "kind": "access", "prev": "0" * 64, "seq": 7}
    assert made == rfc8785.dumps(whole | {"writer": "cli"})
    digest = entry_hash("cli", 7, "2026-03-14T09:40:00.000Z", Kind.ACCESS, canonical(body), prev=GENESIS_PREV)
    assert digest == hashlib.sha256(b"\0" + made).digest()


@pytest.mark.parametrize("body", [{"a": 1.5}, {"ü": 1}, {1: 2}, {"a": b"x"}, {"a": [{"b": {1, 2}}]}, {"a": 1e300}])
def test_what_has_two_forms_or_none_is_refused(body):
    """Fractions, foreign keys and what is no JSON are no part of a log."""
    with pytest.raises(TypeError):
        canonical(body)


def test_each_field_changes_the_hash():
    """Another place, time, kind, body, writer or entry before: another hash."""
    base = {"writer": "1", "seq": 1, "at": "2026-03-14T09:40:00.000Z", "kind": "access", "body": b"{}"}
    other = {"writer": "2", "seq": 2, "at": "2026-03-14T09:40:00.001Z", "kind": "erased", "body": b'{"a":1}'}
    hashes = {chained(**base, prev=GENESIS_PREV).hash, chained(**base, prev=b"\1" * 32).hash}
    hashes |= {chained(**(base | {name: value}), prev=GENESIS_PREV).hash for name, value in other.items()}
    assert len(hashes) == 2 + len(other)


@given(BODIES, st.randoms())
def test_order_of_keys_does_not_matter(body, random):
    """A body says the same in any order of its keys."""
    items = list(body.items())
    random.shuffle(items)
    assert canonical(dict(items)) == canonical(body)
    assert orjson.loads(canonical(body)) == orjson.loads(orjson.dumps(body))
