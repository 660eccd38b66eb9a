"""What signed checkpoints say of each chain: sizes and roots, from every place where checkpoints are kept."""

from array import array
from collections.abc import Iterator, Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from riskapi.log.checkpoints import open_checkpoint, read_checkpoint
from riskapi.log.findings import Findings, Rule
from riskapi.log.merkle import HASH_BYTES
from riskapi.log.note import NoteError

_PLACES_MAX = 64
"""Places of checkpoints that are told apart; any more count as one."""


class SignedSizes:
    """The checkpoints of one chain in order of size, to be taken one by one; 48 bytes for each.

    Each is remembered with the places that hold it, one bit for each place.
    """

    def __init__(self) -> None:
        self._sizes = array("q")
        self._places = array("Q")
        self._roots = bytearray()
        self._order: Sequence[int] = ()
        self._at = 0
        self.largest = 0
        self.next_size = 0
        """Size of the next checkpoint; 0 after the last."""

    def add(self, size: int, root: bytes, place: int = 0) -> None:
        """Take a checkpoint that a place holds, places being numbered from 0."""
        bit = 1 << min(place, _PLACES_MAX - 1)
        if self._sizes and self._sizes[-1] == size and self._root(len(self._sizes) - 1) == root:
            self._places[-1] |= bit
            return
        self._sizes.append(size)
        self._places.append(bit)
        self._roots += root
        self.largest = max(self.largest, size)

    def sort(self) -> Iterator[int]:
        """Make ready for taking; gives the sizes for which there is more than one root."""
        self._order = sorted(range(len(self._sizes)), key=self._sizes.__getitem__)
        kept: list[int] = []
        for index in self._order:
            if kept and self._sizes[kept[-1]] == self._sizes[index]:
                if self._root(kept[-1]) != self._root(index):
                    yield self._sizes[index]
                else:
                    self._places[kept[-1]] |= self._places[index]
                continue
            if self._sizes[index]:
                kept.append(index)
        self._order = array("q", kept)
        self.rewind()

    def rewind(self) -> None:
        """Begin again with the smallest."""
        self._at = 0
        self.next_size = self._sizes[self._order[0]] if self._order else 0

    def take(self) -> tuple[bytes, int]:
        """Give the root for :attr:`next_size` with the places that hold it, and go on to the next."""
        index = self._order[self._at]
        found = self._root(index), self._places[index]
        self._at += 1
        self.next_size = self._sizes[self._order[self._at]] if self._at < len(self._order) else 0
        return found

    def _root(self, index: int) -> bytes:
        return bytes(self._roots[index * HASH_BYTES : (index + 1) * HASH_BYTES])


class SignedCheckpoints:
    """All checkpoints whose signatures hold, by writer.

    Args:
        trusted: public keys of the log; more than one where it was exchanged.
    """

    def __init__(self, trusted: Sequence[Ed25519PublicKey]) -> None:
        self.trusted = trusted
        self._chains: dict[str, SignedSizes] = {}
        self._instances: set[str] = set()
        self.count = 0

    @property
    def instances(self) -> frozenset[str]:
        """Instances that the checkpoints are about."""
        return frozenset(self._instances)

    @property
    def writers(self) -> tuple[str, ...]:
        """Writers that the checkpoints are about."""
        return tuple(self._chains)

    def add(
        self,
        note: str | None,
        place: str,
        findings: Findings,
        columns: tuple[str, int] | None = None,
        *,
        source: int = 0,
    ) -> None:
        """Check a note and take what it says.

        Args:
            note: the whole; ``None`` where its place holds none.
            place: where it stands, for people.
            findings: where to note a bad one.
            columns: writer and size that its row names, where it stands in a table.
            source: number of the file, export or database that holds it, from 0.
        """
        writer, size = columns or ("", 0)
        try:
            read = read_checkpoint(note or "")
            writer, size = columns or (read.writer, read.size)
            open_checkpoint(read.note, self.trusted)
        except NoteError as error:
            findings.add(Rule.CHECKPOINT_REFUSED, f"the checkpoint at {place} is refused: {error}", writer, size)
            return
        if (writer, size) != (read.writer, read.size):
            text = f"the checkpoint at {place} is refused: its text is about {read.writer} {read.size}"
            findings.add(Rule.CHECKPOINT_REFUSED, text, writer, size)
            return
        self.count += 1
        self._instances.add(read.instance)
        self._chains.setdefault(read.writer, SignedSizes()).add(read.size, read.root, source)

    def close(self, findings: Findings) -> None:
        """Take the end of all checkpoints: two roots for one size are a finding."""
        for writer, chain in sorted(self._chains.items()):
            for size in list(chain.sort()):
                text = f"two signed checkpoints of {size} rows have different roots: the log was shown in two versions"
                findings.add(Rule.SPLIT_VIEW, text, writer, size)

    def chain(self, writer: str) -> SignedSizes:
        """What is signed of a chain, from the beginning."""
        chain = self._chains.setdefault(writer, SignedSizes())
        chain.rewind()
        return chain
