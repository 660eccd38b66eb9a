"""The Merkle tree is that of RFC 6962: held to published vectors, to the recursive definition and to its own laws."""

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskapi.log.merkle import (
    EMPTY_ROOT,
    CompactRange,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    tree_root,
    verify_consistency,
    verify_inclusion,
)

VECTOR_LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
VECTOR_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
"""The reference data of Certificate Transparency implementations: roots of the first 1 to 8 leaves."""


def leaves_of(size: int) -> list[bytes]:
    """Hashes of leaves that all differ."""
    return [leaf_hash(str(number).encode()) for number in range(size)]


def defined_root(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962, 2.1, word for word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(defined_root(leaves[:split]), defined_root(leaves[split:]))


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_those_of_the_published_vectors(size):
    """The first 1 to 8 leaves of the reference data give its roots."""
    assert tree_root([leaf_hash(leaf) for leaf in VECTOR_LEAVES[:size]]).hex() == VECTOR_ROOTS[size - 1]


def test_the_empty_tree_has_the_hash_of_nothing():
    """The root of no leaves is SHA-256 of the empty string."""
    assert CompactRange().root() == EMPTY_ROOT == sha256(b"").digest()


def test_appending_gives_the_defined_root_at_every_size():
    """The compact range agrees with the recursive definition for 0 to 130 leaves."""
    tree = CompactRange()
    leaves = leaves_of(130)
    for size, leaf in enumerate(leaves):
        assert tree.size == size
        assert tree.root() == defined_root(leaves[:size])
        assert len(tree.to_bytes()) == 32 * size.bit_count()
        tree.append(leaf)


@given(st.integers(0, 300), st.integers(0, 100))
@settings(deadline=None, max_examples=60)
def test_a_tree_goes_on_from_what_was_written_down(before, after):
    """A range written down and read again continues to the same root."""
    leaves = leaves_of(before + after)
    tree = CompactRange()
    tree.extend(leaves[:before])
    again = CompactRange.from_bytes(before, tree.to_bytes())
    again.extend(leaves[before:])
    assert again.root() == tree_root(leaves)


@pytest.mark.parametrize(("size", "data"), [(3, b"\0" * 32), (0, b"\0" * 32), (-1, b""), (1, b"\0" * 31)])
def test_a_range_of_the_wrong_length_is_refused(size, data):
    """A tree of n leaves has as many subtrees as n has bits."""
    with pytest.raises(ValueError, match="subtrees"):
        CompactRange.from_bytes(size, data)


def test_every_leaf_of_every_small_tree_is_proved():
    """Inclusion proofs verify for all places in trees of 1 to 40 leaves, and for no other leaf, place or size."""
    for size in range(1, 41):
        leaves = leaves_of(size)
        root = tree_root(leaves)
        for index in range(size):
            proof = inclusion_proof(leaves, index)
            assert verify_inclusion(leaves[index], index, size, proof, root)
            assert not verify_inclusion(leaf_hash(b"other"), index, size, proof, root)
            assert not verify_inclusion(leaves[index], (index + 1) % (size + 1), size, proof, root)
            assert not verify_inclusion(leaves[index], index, size, [*proof, root], root)
            assert size == 1 or not verify_inclusion(leaves[index], index, size, proof[:-1], root)


def test_every_growth_of_every_small_tree_is_proved():
    """Consistency proofs verify for all pairs of sizes up to 40, and never for another root."""
    other = leaf_hash(b"other")
    for new in range(1, 41):
        leaves = leaves_of(new)
        root = tree_root(leaves)
        for old in range(1, new + 1):
            old_root = tree_root(leaves[:old])
            proof = consistency_proof(leaves, old)
            assert verify_consistency(old, new, old_root, root, proof)
            assert not verify_consistency(old, new, other, root, proof)
            assert not verify_consistency(old, new, old_root, other, proof)
            assert not verify_consistency(old, new, old_root, root, [*proof, other])
            assert old == new or not verify_consistency(old, new, old_root, root, proof[:-1])


@given(st.integers(2, 200), st.data())
@settings(deadline=None, max_examples=60)
def test_a_changed_history_has_no_proof(new, data):
    """After any one leaf of the old tree changed, the honest proof of the changed tree does not verify."""
    old = data.draw(st.integers(1, new))
    changed_at = data.draw(st.integers(0, old - 1))
    leaves = leaves_of(new)
    changed = [*leaves]
    changed[changed_at] = leaf_hash(b"changed")
    proof = consistency_proof(changed, old)
    assert not verify_consistency(old, new, tree_root(leaves[:old]), tree_root(changed), proof)


@pytest.mark.parametrize("old", [0, 5])
def test_proofs_beyond_the_tree_are_refused(old):
    """No proof starts from nothing or from more than there is."""
    with pytest.raises(ValueError, match="continues"):
        consistency_proof(leaves_of(4), old)
    assert not verify_consistency(old, 4, EMPTY_ROOT, EMPTY_ROOT, [])
    with pytest.raises(IndexError):
        inclusion_proof(leaves_of(4), old + 4)
