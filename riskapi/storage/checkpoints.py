"""Checkpoints of the chain that this process writes: made in its transactions, kept in the store and in a file."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from riskapi.errors import ChainError
from riskapi.log.acts import Act, keep_act
from riskapi.log.checkpoint_file import append_checkpoint
from riskapi.log.checkpoints import Checkpointer, open_checkpoint, read_checkpoint
from riskapi.log.merkle import CompactRange
from riskapi.log.note import NoteError
from riskapi.storage import schema
from riskapi.storage.head import Head

_UNPUBLISHED_MAX = 1000


class CheckpointBook:
    """Follows a chain from the last checkpoint on.

    Args:
        key: of the log; signs.
        path: of the file; every checkpoint is appended to it once it is in the store.
    """

    def __init__(self, key: Ed25519PrivateKey, path: Path) -> None:
        self.key = key
        self._path = path
        self._checkpointer: Checkpointer | None = None
        self._made: list[str] = []
        self._unpublished: list[str] = []
        self._hurried = False
        self.failure: str | None = None
        """Why the file could not be written, where it could not; the checkpoints wait in memory meanwhile."""

    @property
    def uncovered(self) -> int:
        """Entries that no checkpoint covers yet."""
        return self._checkpointer.uncovered if self._checkpointer is not None else 0

    def open(self, connection: sa.Connection, instance: str, writer: str, head: Head) -> None:
        """Take up a chain at its last checkpoint.

        Raises:
            ChainError: where the checkpoint and the chain do not fit.
        """
        table = schema.checkpoints
        statement = sa.select(table).where(table.c.writer == writer).order_by(table.c.size.desc()).limit(1)
        last = connection.execute(statement).one_or_none()
        tree = CompactRange() if last is None else self._tree_at(connection, writer, last)
        if tree.size > head.seq:
            raise ChainError(f"Chain {writer} is shorter than its last checkpoint says. Nothing is stored.")
        self._checkpointer = Checkpointer(instance, writer, self.key, tree)
        later = list(_hashes(connection, writer, tree.size, head.seq))
        if tree.size + len(later) != head.seq:
            raise ChainError(f"Chain {writer} has a gap after its last checkpoint. Nothing is stored.")
        self._checkpointer.add(later, 0.0)  # at once due: how long they have waited nobody knows
        if last is not None and last.note in self._made:  # its transaction was stored, though nobody heard
            self._unpublished.append(last.note)
        self._made.clear()

    def add(self, hashes: Iterable[bytes], now: float) -> None:
        """Take entries into account that are being stored (time: seconds of the monotonic clock)."""
        assert self._checkpointer is not None, "a chain was opened"
        self._checkpointer.add(hashes, now)

    def is_due(self, now: float) -> bool:
        """Whether a checkpoint should be made (time: seconds of the monotonic clock)."""
        return self._checkpointer is not None and (self._checkpointer.due(now) or self._hurried)

    def hurry(self) -> None:
        """Make the next one due at once."""
        self._hurried = True

    def store(self, connection: sa.Connection, at: datetime) -> None:
        """Make a checkpoint and store it, if there is anything to cover."""
        self._hurried = False
        if self._checkpointer is None or not self._checkpointer.uncovered:
            return
        made = self._checkpointer.make(at)
        row = {"writer": made.writer, "size": made.size, "at": made.at, "note": made.note}
        connection.execute(sa.insert(schema.checkpoints).values(**row, subtrees=self._checkpointer.tree.to_bytes()))
        self._made.append(made.note)

    def publish(self) -> None:
        """Append to the file what is in the store by now; what cannot be written waits for the next time."""
        self._unpublished += self._made
        self._made.clear()
        del self._unpublished[:-_UNPUBLISHED_MAX]  # any later one covers what an earlier one covers
        while self._unpublished:
            try:
                append_checkpoint(self._path, self._unpublished[0])
            except OSError as error:
                self.failure = f"The file of checkpoints cannot be written ({error.strerror})."
                return
            self._unpublished.pop(0)
            self.failure = None

    def keep(self, act: Act) -> None:
        """Append what has to outlive a restore to the file.

        Raises:
            OSError: where that is not certain to have happened.
        """
        keep_act(self._path, act, self.key)

    def _tree_at(
        self, connection: sa.Connection, writer: str, last: sa.Row[tuple[str, int, str, str, bytes]]
    ) -> CompactRange:
        """The tree at the last checkpoint: as stored where this key signed its root, else from all entries."""
        try:
            signed = open_checkpoint(last.note, [self.key.public_key()])
        except NoteError:
            tree = CompactRange()
            tree.extend(_hashes(connection, writer, 0, last.size))
            signed = read_checkpoint(last.note)
        else:
            tree = CompactRange.from_bytes(last.size, bytes(last.subtrees))
        if (signed.writer, signed.size, signed.root) != (writer, tree.size, tree.root()):
            raise ChainError(f"Chain {writer} and its last checkpoint do not fit. Nothing is stored.")
        return tree


def _hashes(connection: sa.Connection, writer: str, after: int, through: int) -> Iterable[bytes]:
    table = schema.log
    statement = (
        sa.select(table.c.hash)
        .where(table.c.writer == writer, table.c.seq > after, table.c.seq <= through)
        .order_by(table.c.seq)
    )
    return (bytes(found) for found in connection.execute(statement).scalars())
