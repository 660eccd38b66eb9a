"""Checkpoints are notes that other tools read, signed so that no byte can change, and due when they should be."""

import base64
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from riskapi.log.checkpoint_file import append_checkpoint, read_checkpoint_file
from riskapi.log.checkpoints import (
    ROWS_MAX,
    SECONDS_MAX,
    Checkpointer,
    open_checkpoint,
    origin_of,
    read_checkpoint,
    sign_checkpoint,
)
from riskapi.log.merkle import CompactRange, leaf_hash, tree_root
from riskapi.log.note import NoteError, open_note, sign_note

KEY = Ed25519PrivateKey.from_private_bytes(sha256(b"log key of the tests").digest())
OTHER = Ed25519PrivateKey.from_private_bytes(sha256(b"another key").digest())
PUBLIC = KEY.public_key()
NOW = datetime(2026, 3, 14, 9, 0, 0, 123456, tzinfo=UTC)
LEAVES = [leaf_hash(str(number).encode()) for number in range(1000)]


def signed(size: int = 5, key: Ed25519PrivateKey = KEY, writer: str = "w0") -> str:
    """A note over the first leaves."""
    tree = CompactRange()
    tree.extend(LEAVES[:size])
    return sign_checkpoint("nbo-1", writer, tree, NOW, key).note


def test_a_note_of_another_implementation_opens():
    """The example of the reference implementation of signed notes (Go, sumdb/note) verifies, to the byte."""
    vkey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    name, hint, public = vkey.split("+", 2)
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public)[1:])
    text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
    line = (
        "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
    )
    assert open_note(f"{text}\n{line}", name, [key]) == text
    assert base64.b64decode(line.split()[2])[:4].hex() == hint


def test_a_checkpoint_reads_as_it_was_signed():
    """Four lines, an empty one, a signature under the name of the origin."""
    note = signed()
    lines = note.split("\n")
    assert lines[:3] == ["riskapi/nbo-1/w0", "5", base64.b64encode(tree_root(LEAVES[:5])).decode()]
    assert lines[3:5] == ["time 2026-03-14T09:00:00.123Z", ""]
    assert lines[5].startswith("— riskapi/nbo-1/w0 ")
    read = open_checkpoint(note, [OTHER.public_key(), PUBLIC])
    assert (read.instance, read.writer, read.size, read.root) == ("nbo-1", "w0", 5, tree_root(LEAVES[:5]))
    assert read == read_checkpoint(note)


@given(st.data())
@settings(deadline=None, max_examples=150)
def test_no_byte_of_a_checkpoint_can_change(data):
    """Any other character anywhere, any character less or more: refused."""
    note = signed()
    at = data.draw(st.integers(0, len(note) - 1))
    other = data.draw(
        st.characters(max_codepoint=0x2020, exclude_categories=["Cs"]).filter(lambda one: one != note[at])
    )
    changed = data.draw(
        st.sampled_from([note[:at] + other + note[at + 1 :], note[:at] + note[at + 1 :], note[:at] + other + note[at:]])
    )
    if changed == note:  # two equal characters side by side
        return
    with pytest.raises(NoteError):
        open_checkpoint(changed, [PUBLIC])


@pytest.mark.parametrize("key", [OTHER, Ed25519PrivateKey.from_private_bytes(b"\1" * 32)])
def test_a_checkpoint_of_another_key_is_refused(key):
    """A note that is well signed, but not by the log, is no checkpoint."""
    with pytest.raises(NoteError, match="not signed by a key of this log"):
        open_checkpoint(signed(key=key), [PUBLIC])
    with pytest.raises(NoteError):
        open_checkpoint(signed(), [])


def test_a_signature_for_one_writer_is_none_for_another():
    """The text of one chain under the signature of another is refused."""
    text = signed(writer="w1").split("\n\n")[0]
    signature = signed(writer="w0").split("\n\n")[1]
    with pytest.raises(NoteError):
        open_checkpoint(f"{text}\n\n{signature}", [PUBLIC])


def test_a_witness_may_add_a_signature():
    """A further line of an unknown key is passed over; a false one of a known key is not."""
    note = signed()
    text = note.split("\n\n")[0] + "\n"
    witness = sign_note(text, "witness.example/one", OTHER).split("\n\n")[1]
    assert open_checkpoint(note + witness, [PUBLIC]).size == 5
    false = sign_note("another text\n", "riskapi/nbo-1/w0", KEY).split("\n\n")[1]
    with pytest.raises(NoteError, match="not that of its text"):
        open_checkpoint(note + false, [PUBLIC])


@pytest.mark.parametrize(
    "text",
    [
        "riskapi/nbo-1/w0\n5\n",
        "riskapi/nbo-1/w0\n05\n{root}\ntime 2026-03-14T09:00:00.123Z\n",
        "riskapi/nbo-1/w0\n-1\n{root}\ntime 2026-03-14T09:00:00.123Z\n",
        "riskapi/nbo 1/w0\n5\n{root}\ntime 2026-03-14T09:00:00.123Z\n",
        "riskapi/nbo-1/w0\n5\nAAAA\ntime 2026-03-14T09:00:00.123Z\n",
        "riskapi/nbo-1/w0\n5\n{root}\ntime yesterday\n",
        "riskapi/nbo-1/w0\n5\n{root}\ntime 2026-03-14T09:00:00.123Z\nmore\n",
    ],
)
def test_a_signed_text_of_another_form_is_refused(text):
    """A signature does not excuse a malformed checkpoint."""
    root = base64.b64encode(LEAVES[0]).decode()
    with pytest.raises(NoteError):
        open_checkpoint(sign_note(text.format(root=root), "riskapi/nbo-1/w0", KEY), [PUBLIC])


@pytest.mark.parametrize(("instance", "writer"), [("", "w"), ("a b", "w"), ("a", "w/0"), ("a", "w\n"), ("a+b", "w")])
def test_names_that_would_break_a_note_are_refused(instance, writer):
    """Instances and writers have plain names."""
    with pytest.raises(ValueError, match="letters, digits"):
        origin_of(instance, writer)


def test_a_checkpoint_is_due_after_rows_or_seconds():
    """Not for nothing, not too early; after 256 rows at once, after 60 seconds for a single row."""
    follower = Checkpointer("nbo-1", "w0", KEY)
    assert not follower.due(1e9)
    follower.add(LEAVES[:1], 100.0)
    assert not follower.due(100.0 + SECONDS_MAX - 0.001)
    assert follower.due(100.0 + SECONDS_MAX)
    follower.add(LEAVES[1 : ROWS_MAX - 1], 101.0)
    assert not follower.due(101.0)
    follower.add(LEAVES[ROWS_MAX - 1 : ROWS_MAX], 101.0)
    assert follower.due(101.0)
    assert follower.uncovered == ROWS_MAX
    made = follower.make(NOW)
    assert (made.size, made.root) == (ROWS_MAX, tree_root(LEAVES[:ROWS_MAX]))
    assert open_checkpoint(made.note, [PUBLIC]) == made
    assert follower.uncovered == 0
    assert not follower.due(1e9)


def test_a_checkpointer_goes_on_where_another_ended():
    """Over a tree read from the store, the next checkpoint is that of one uninterrupted run."""
    before = Checkpointer("nbo-1", "w0", KEY)
    before.add(LEAVES[:300], 0.0)
    tree = CompactRange.from_bytes(before.tree.size, before.tree.to_bytes())
    after = Checkpointer("nbo-1", "w0", KEY, tree)
    assert not after.due(1e9)
    after.add(LEAVES[300:310], 0.0)
    assert after.make(NOW).root == tree_root(LEAVES[:310])


def test_the_file_gives_back_what_was_appended(tmp_path):
    """Notes come back in order, with the numbers of their lines."""
    path = tmp_path / "elsewhere" / "checkpoints.ndjson"
    notes = [signed(size) for size in (1, 5, 9)]
    for note in notes:
        append_checkpoint(path, note)
    assert [(line.number, line.note) for line in read_checkpoint_file(path)] == list(enumerate(notes, start=1))


def test_a_line_torn_at_any_byte_is_passed_over_and_written_past(tmp_path):
    """After a crash within an append, reading gives the notes before, and the next append a readable file."""
    path = tmp_path / "checkpoints.ndjson"
    notes = [signed(size) for size in (1, 5, 9)]
    append_checkpoint(path, notes[0])
    whole = path.stat().st_size
    append_checkpoint(path, notes[1])
    content = path.read_bytes()
    for cut in range(whole, len(content), 7):
        path.write_bytes(content[:cut])
        assert [line.note for line in read_checkpoint_file(path)] == notes[:1]
        append_checkpoint(path, notes[2])
        assert [line.note for line in read_checkpoint_file(path)] == [notes[0], notes[2]]


@pytest.mark.parametrize("line", [b"{}\n", b"[]\n", b'{"note": 1}\n', b'{"note": "a", "more": 1}\n', b"\xff\n", b"\n"])
def test_a_whole_line_that_is_no_note_is_told(tmp_path, line):
    """Only a torn line is passed over in silence."""
    path = tmp_path / "checkpoints.ndjson"
    path.write_bytes(line)
    assert [(found.number, found.note) for found in read_checkpoint_file(path)] == [(1, None)]
