"""Merkle trees over the log (RFC 6962): one hash stands for all rows so far, short proofs tie rows and roots to it."""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Self

HASH_BYTES = 32
EMPTY_ROOT = sha256().digest()
_LEAF = b"\x00"
_NODE = b"\x01"


def leaf_hash(data: bytes) -> bytes:
    """Hash the data of one leaf."""
    return sha256(_LEAF + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two subtrees into one."""
    return sha256(_NODE + left + right).digest()


class CompactRange:
    """The roots of the perfect subtrees that make up a tree: all that is needed to go on appending, O(log n) of memory.

    >>> tree = CompactRange()
    >>> tree.extend([leaf_hash(b"a"), leaf_hash(b"b")])
    >>> tree.root() == node_hash(leaf_hash(b"a"), leaf_hash(b"b"))
    True
    """

    __slots__ = ("_subtrees", "size")

    def __init__(self) -> None:
        self.size = 0
        self._subtrees: list[bytes] = []

    def append(self, leaf: bytes) -> None:
        """Add the hash of the next leaf; one interior node on average."""
        subtrees = self._subtrees
        full = self.size
        while full & 1:  # each set bit is a perfect subtree that the new one completes to twice its size
            leaf = sha256(_NODE + subtrees.pop() + leaf).digest()
            full >>= 1
        subtrees.append(leaf)
        self.size += 1

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Add the hashes of the next leaves, in order."""
        for leaf in leaves:
            self.append(leaf)

    def root(self) -> bytes:
        """Compute the root of the tree so far; O(log n)."""
        if not self._subtrees:
            return EMPTY_ROOT
        *rest, root = self._subtrees
        for left in reversed(rest):
            root = node_hash(left, root)
        return root

    def copy(self) -> Self:
        """Make a second range that grows on its own."""
        return self.from_bytes(self.size, self.to_bytes())

    def to_bytes(self) -> bytes:
        """Write the subtrees down, the largest first, so that a later process need not read the whole log."""
        return b"".join(self._subtrees)

    @classmethod
    def from_bytes(cls, size: int, data: bytes) -> Self:
        """Go on from what :meth:`to_bytes` wrote; compare :meth:`root` with a signed one before trusting it.

        Raises:
            ValueError: where a tree of this size has another number of subtrees.
        """
        if size < 0 or len(data) != HASH_BYTES * size.bit_count():
            raise ValueError(f"a tree of {size} leaves has {max(size, 0).bit_count()} subtrees of {HASH_BYTES} bytes")
        tree = cls()
        tree.size = size
        tree._subtrees = [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]
        return tree


def tree_root(leaves: Sequence[bytes]) -> bytes:
    """Compute the root over leaf hashes."""
    tree = CompactRange()
    tree.extend(leaves)
    return tree.root()


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Prove that a leaf stands at its place in a tree (RFC 6962, 2.1.1).

    Args:
        leaves: hashes of all leaves.
        index: place of the leaf, from 0.

    Raises:
        IndexError: where there is no such leaf.
    """
    if not 0 <= index < len(leaves):
        raise IndexError(index)
    if len(leaves) == 1:
        return []
    split = _split(len(leaves))
    if index < split:
        return [*inclusion_proof(leaves[:split], index), tree_root(leaves[split:])]
    return [*inclusion_proof(leaves[split:], index - split), tree_root(leaves[:split])]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether a proof ties the leaf at a place to the root of a tree of a size (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    last, found = size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if index & 1 or index == last:
            found = node_hash(sibling, found)
            while index and not index & 1:
                index >>= 1
                last >>= 1
        else:
            found = node_hash(found, sibling)
        index >>= 1
        last >>= 1
    return last == 0 and found == root


def consistency_proof(leaves: Sequence[bytes], old: int) -> list[bytes]:
    """Prove that the tree of all leaves continues the tree of the first ``old`` ones (RFC 6962, 2.1.2).

    Raises:
        ValueError: where the old size is not between 1 and the number of leaves.
    """
    if not 0 < old <= len(leaves):
        raise ValueError(f"a tree of {len(leaves)} leaves continues one of 1 to {len(leaves)} leaves")
    return _subproof(leaves, old, is_root=True)


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether a proof shows that the new tree begins with the old one (RFC 9162, 2.1.4.2)."""
    if not 0 < old <= new:
        return False
    if old == new:
        return not proof and old_root == new_root
    path = list(proof)
    if old & (old - 1) == 0:  # the old tree is perfect: its root is itself a node of the new one
        path.insert(0, old_root)
    if not path:
        return False
    at, last = old - 1, new - 1
    while at & 1:
        at >>= 1
        last >>= 1
    found_old = found_new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            found_old, found_new = node_hash(sibling, found_old), node_hash(sibling, found_new)
            while at and not at & 1:
                at >>= 1
                last >>= 1
        else:
            found_new = node_hash(found_new, sibling)
        at >>= 1
        last >>= 1
    return last == 0 and found_old == old_root and found_new == new_root


def _split(size: int) -> int:
    """The largest power of two below a size."""
    return 1 << (size - 1).bit_length() - 1


def _subproof(leaves: Sequence[bytes], old: int, *, is_root: bool) -> list[bytes]:
    if old == len(leaves):
        return [] if is_root else [tree_root(leaves)]
    split = _split(len(leaves))
    if old <= split:
        return [*_subproof(leaves[:split], old, is_root=is_root), tree_root(leaves[split:])]
    return [*_subproof(leaves[split:], old - split, is_root=False), tree_root(leaves[:split])]
