"""Follows the chain of one writer, row by row, and says where it first stops being what was written and signed."""

import re

from riskapi.log.diagnosis import Content, Diagnosis
from riskapi.log.entry import GENESIS_PREV, Kind, entry_hash
from riskapi.log.findings import Findings, Rule
from riskapi.log.merkle import CompactRange
from riskapi.log.signed import SignedSizes

_PLAIN = re.compile(r"[A-Za-z0-9._-]{1,80}")
_TIME = re.compile(r"[0-9T:.+Z-]{10,40}")
_KIND = re.compile(r"[a-z_]{1,40}")


class ChainVerifier:
    """Takes the rows of one writer in order.

    Three things are held against one another: each row's hash with its content and the hash before it; the Merkle tree
    over the stored hashes with the signed checkpoints; and, at the end, the number of rows with the largest checkpoint.
    A row whose content alone was changed breaks the first and not the second, so it is named exactly. A stretch that
    was rewritten with new hashes breaks the second: its rows are those after the last checkpoint that still holds. That
    one has to be of the same place as the broken one: where the log was shown in two versions, the other version's
    checkpoints hold for rows that this place never saw.

    Args:
        writer: whose chain.
        signed: sizes and roots of its checkpoints.
        findings: where to note what does not hold.
    """

    __slots__ = (
        "_bad_stretch",
        "_diagnosis",
        "_findings",
        "_good",
        "_kinds",
        "_prev",
        "_signed",
        "_tree",
        "rows",
        "writer",
    )

    def __init__(self, writer: str, signed: SignedSizes, findings: Findings) -> None:
        self.writer = writer
        self.rows = 0
        """Number of the last row."""
        self._findings = findings
        self._signed = signed
        self._tree: CompactRange | None = CompactRange()
        self._diagnosis = Diagnosis(writer)
        self._prev: bytes | None = GENESIS_PREV
        self._good: dict[int, int] = {}  # size of the last checkpoint that holds, by the places that hold it
        self._bad_stretch: tuple[int, int] | None = None
        self._kinds: set[str] = set()
        if _PLAIN.fullmatch(writer) is None:
            self._note(Rule.MALFORMED, "the name of a writer has letters, digits, dots, dashes, underscores", 1)

    def feed(self, seq: int, at: str, kind: str, body: bytes, row_hash: bytes) -> None:
        """Take the next row."""
        diagnosis = self._diagnosis
        if seq != self.rows + 1:
            if seq <= self.rows:
                self._note(Rule.DUPLICATE, "a second row has this number, or it is out of order", seq)
                diagnosis.twin(seq, row_hash)
                return
            self._gap(seq)
        prev = self._prev
        if prev is None or entry_hash(self.writer, seq + diagnosis.shift, at, kind, body, prev=prev) != row_hash:
            found = diagnosis.explain(seq, Content(at, kind, body), row_hash)
            if found is not None:
                rule, place, text = found
                self._note(rule, text, place)
        # A time or kind with quotation marks could make two rows of different columns hash the same.
        if _TIME.fullmatch(at) is None or (kind not in self._kinds and not self._knows(seq, kind)):
            self._note(Rule.MALFORMED, "time and kind have their forms", seq)
        self.rows = seq
        self._prev = row_hash
        tree = self._tree
        if tree is not None:
            if seq == self._signed.next_size:
                self._compare(seq, tree, row_hash)
            else:
                tree.append(row_hash)
        diagnosis.remember(row_hash)

    def finish(self) -> None:
        """Take the end of the chain."""
        if self._bad_stretch is not None:
            first, last = self._bad_stretch
            if not any(first <= seq <= last for seq in self._diagnosis.explained):
                text = f"a signed checkpoint has other rows {first} to {last}: some were rewritten, with new hashes"
                self._note(Rule.REWRITTEN, text, first, last)
        last = self._signed.largest
        if last > self.rows:
            text = f"a signed checkpoint covers {last} rows, here are {self.rows}: rows were removed, or this is old"
            self._note(Rule.TRUNCATED, text, self.rows + 1, last)

    def _knows(self, seq: int, kind: str) -> bool:
        if not self._kinds and seq == 1 and kind != Kind.GENESIS:
            self._note(Rule.MALFORMED, "the first row of a chain is its genesis", seq)
        if _KIND.fullmatch(kind) is None:
            return False
        self._kinds.add(kind)
        return True

    def _gap(self, seq: int) -> None:
        first, last = self.rows + 1, seq - 1
        self._note(Rule.MISSING, "not there, while later rows are", first, last)
        self._prev = None
        self._tree = None  # without their hashes nothing after them can be held to a root
        self._diagnosis.forget()

    def _compare(self, size: int, tree: CompactRange, row_hash: bytes) -> None:
        """Add the last row that a checkpoint covers, and hold the tree against it."""
        made = self._diagnosis.made(size)
        right = tree.copy() if made else None
        tree.append(row_hash)
        root, places = self._signed.take()
        if tree.root() == root:
            self._good[places] = size
            return
        if right is not None and made is not None:
            right.append(made)
            if right.root() == root:  # only the stored hash of this row is wrong
                self._diagnosis.explained.append(size)
        good = max((known for others, known in self._good.items() if others & places), default=0)
        self._bad_stretch = good + 1, size
        self._tree = None

    def _note(self, rule: Rule, text: str, seq: int, through: int | None = None) -> None:
        self._findings.add(rule, text, self.writer, seq, through)
