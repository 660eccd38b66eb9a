"""Checkpoints (C2SP tlog-checkpoint): signed words of how many rows a writer has and what all of them hash to."""

import base64
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from riskapi.log.merkle import HASH_BYTES, CompactRange
from riskapi.log.note import NoteError, open_note, sign_note, text_of

ROWS_MAX = 256
"""A checkpoint is due after so many rows."""
SECONDS_MAX = 60.0
"""A checkpoint is due so long after the first row that none covers."""
_ORIGIN = re.compile(r"riskapi/(?P<instance>[A-Za-z0-9._-]{1,80})/(?P<writer>[A-Za-z0-9._-]{1,80})")
_SIZE = re.compile(r"0|[1-9][0-9]{0,17}")
_TIME = re.compile(r"time (?P<at>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)")
_LINES = 4


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a checkpoint says.

    Attributes:
        instance: of the service.
        writer: whose chain it is about.
        size: rows of that chain; row numbers 1 to ``size`` are covered.
        root: Merkle root over their hashes.
        at: when it was made, in UTC (ISO 8601).
        note: the whole note, signatures included.
    """

    instance: str
    writer: str
    size: int
    root: bytes
    at: str
    note: str


def origin_of(instance: str, writer: str) -> str:
    """Write the name of a chain, which is the name of its key too.

    Raises:
        ValueError: for a name that does not fit.

    >>> origin_of("nbo-1", "w0")
    'riskapi/nbo-1/w0'
    """
    origin = f"riskapi/{instance}/{writer}"
    if _ORIGIN.fullmatch(origin) is None:
        raise ValueError("instance and writer have 1 to 80 letters, digits, dots, dashes and underscores")
    return origin


def sign_checkpoint(instance: str, writer: str, tree: CompactRange, at: datetime, key: Ed25519PrivateKey) -> Checkpoint:
    """Sign the state of a chain.

    Args:
        instance: of the service.
        writer: whose chain it is.
        tree: over all of its hashes.
        at: the time, in UTC.
        key: of the log.
    """
    origin = origin_of(instance, writer)
    root = tree.root()
    time = f"{at.isoformat(timespec='milliseconds')[:23]}Z"
    text = f"{origin}\n{tree.size}\n{base64.b64encode(root).decode()}\ntime {time}\n"
    return Checkpoint(instance, writer, tree.size, root, time, sign_note(text, origin, key))


def open_checkpoint(note: str, trusted: Sequence[Ed25519PublicKey]) -> Checkpoint:
    """Check the signature of a checkpoint, then read it.

    Raises:
        NoteError: where it is malformed or not signed by the log.
    """
    read = read_checkpoint(note)
    open_note(note, origin_of(read.instance, read.writer), trusted)
    return read


def read_checkpoint(note: str) -> Checkpoint:
    """Read a checkpoint whose signature nobody checked.

    Raises:
        NoteError: where it is malformed.
    """
    lines = text_of(note).split("\n")[:-1]
    if len(lines) != _LINES:
        raise NoteError("it has four lines: origin, size, root, time")
    origin, size, time = _ORIGIN.fullmatch(lines[0]), _SIZE.fullmatch(lines[1]), _TIME.fullmatch(lines[3])
    if origin is None or size is None or time is None:
        raise NoteError("it has an origin, a size, a root and a time, each in its own form")
    try:
        root = base64.b64decode(lines[2], validate=True)
    except ValueError:
        root = b""
    if len(root) != HASH_BYTES or base64.b64encode(root).decode() != lines[2]:
        raise NoteError("its root is the canonical base64 of 32 bytes")
    return Checkpoint(origin["instance"], origin["writer"], int(size[0]), root, time["at"], note)


class Checkpointer:
    """Follows one chain and makes its checkpoints when they are due.

    Times for :meth:`add` and :meth:`due` are of the monotonic clock: a clock that is set back delays no checkpoint.

    Args:
        instance: of the service.
        writer: whose chain it follows.
        key: of the log.
        tree: over what is written already.
    """

    def __init__(self, instance: str, writer: str, key: Ed25519PrivateKey, tree: CompactRange | None = None) -> None:
        origin_of(instance, writer)
        self._instance = instance
        self._writer = writer
        self._key = key
        self._tree = tree if tree is not None else CompactRange()
        self._covered = self._tree.size
        self._first_at: float | None = None

    @property
    def tree(self) -> CompactRange:
        """The tree over everything added; not to be changed."""
        return self._tree

    @property
    def uncovered(self) -> int:
        """Rows that no checkpoint covers yet."""
        return self._tree.size - self._covered

    def add(self, hashes: Iterable[bytes], now: float) -> None:
        """Add the hashes of rows that are on disk, in order.

        Args:
            hashes: of the rows.
            now: seconds of the monotonic clock.
        """
        self._tree.extend(hashes)
        if self._first_at is None and self.uncovered:
            self._first_at = now

    def due(self, now: float) -> bool:
        """Whether a checkpoint should be made now (seconds of the monotonic clock)."""
        if self._first_at is None:
            return False
        return self.uncovered >= ROWS_MAX or now - self._first_at >= SECONDS_MAX

    def make(self, at: datetime) -> Checkpoint:
        """Sign the state of the chain; due or not.

        Args:
            at: the time, in UTC.
        """
        made = sign_checkpoint(self._instance, self._writer, self._tree, at, self._key)
        self._covered = self._tree.size
        self._first_at = None
        return made
