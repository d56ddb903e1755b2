"""Merkle trees against another implementation of RFC 9162, for any leaves."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pymerkle import InmemoryTree  # type: ignore[import-untyped]  # it comes without types

from itomm.evidence.segments.merkle import EMPTY_ROOT, MerkleTree, inclusion_proof, leaf_hash, root_from_proof
from itomm.evidence.trust.inclusion import ProofTree
from itomm.reports import verify_bundle

LEAVES = st.lists(st.binary(max_size=40), min_size=1, max_size=70)


def root_of(leaves: list[bytes]) -> str:
    tree = MerkleTree()
    tree.add(map(leaf_hash, leaves))
    return tree.root


def other_tree(leaves: list[bytes]) -> InmemoryTree:
    tree = InmemoryTree(algorithm="sha256")
    for leaf in leaves:
        tree.append_entry(leaf)
    return tree


@given(LEAVES)
def test_roots_are_those_of_another_implementation(leaves: list[bytes]) -> None:
    assert root_of(leaves) == other_tree(leaves).get_root().hex()


@given(LEAVES, st.data())
def test_proofs_are_those_of_another_implementation(leaves: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))

    proof = inclusion_proof([leaf_hash(leaf) for leaf in leaves], index)

    theirs = other_tree(leaves).prove_inclusion(index + 1).path
    assert proof == [step.hex() for step in theirs[1:]]  # theirs begins with the leaf itself


@given(LEAVES, st.data())
def test_proofs_gathered_while_the_tree_grows_are_the_same(leaves: list[bytes], data: st.DataObject) -> None:
    marked = data.draw(st.sets(st.integers(0, len(leaves) - 1)))
    tree = ProofTree()
    for index, leaf in enumerate(leaves):
        tree.add(leaf_hash(leaf), marked=index in marked)

    root, proofs = tree.finish()

    hashes = [leaf_hash(leaf) for leaf in leaves]
    assert root == root_of(leaves)
    assert proofs == {index: tuple(inclusion_proof(hashes, index)) for index in marked}


@given(LEAVES, st.data())
def test_a_proof_leads_to_the_root_from_its_own_leaf_and_place_only(
    leaves: list[bytes], data: st.DataObject
) -> None:
    count = len(leaves)
    index = data.draw(st.integers(0, count - 1))
    proof = inclusion_proof([leaf_hash(leaf) for leaf in leaves], index)
    root = root_of(leaves)

    assert root_from_proof(leaf_hash(leaves[index]), index, count, proof) == root
    assert root_from_proof(leaf_hash(leaves[index] + b"!"), index, count, proof) != root
    other = data.draw(st.integers(0, count - 1))
    if leaves[other] != leaves[index]:
        assert root_from_proof(leaf_hash(leaves[other]), index, count, proof) != root


@given(LEAVES, st.data())
@example([b"a", b"b", b"c"], None)
def test_a_proof_of_another_length_proves_nothing(leaves: list[bytes], data: st.DataObject | None) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1)) if data else 1
    hashed = leaf_hash(leaves[index])
    proof = inclusion_proof([leaf_hash(leaf) for leaf in leaves], index)
    root = root_of(leaves)

    assert root_from_proof(hashed, index, len(leaves), [*proof, "00" * 32]) != root
    if proof:
        assert root_from_proof(hashed, index, len(leaves), proof[:-1]) != root


@pytest.mark.parametrize("index", [-1, 3])
def test_there_is_no_leaf_outside_the_tree(index: int) -> None:
    hashes = [leaf_hash(each) for each in (b"a", b"b", b"c")]

    with pytest.raises(IndexError):
        inclusion_proof(hashes, index)
    assert root_from_proof(hashes[0], index, 3, inclusion_proof(hashes, 0)) is None


def test_an_empty_tree_has_the_hash_of_nothing_as_its_root() -> None:
    assert MerkleTree().root == EMPTY_ROOT == hashlib.sha256(b"").hexdigest()
    assert ProofTree().finish() == (EMPTY_ROOT, {})


def test_a_leaf_is_never_taken_for_a_node() -> None:
    """The second preimage that trees without domain separation have: two leaves, and their hashes as one."""
    pair = leaf_hash(b"a") + leaf_hash(b"b")

    assert root_of([pair]) != root_of([b"a", b"b"])


@pytest.mark.parametrize("leaves", range(1, 12))
def test_the_bundle_s_verifier_takes_a_proof_for_its_own_place_only(leaves: int) -> None:
    lines = [f"line {number}".encode() for number in range(leaves)]
    hashes = [leaf_hash(line) for line in lines]
    tree = MerkleTree()
    tree.add(hashes)
    for index, line in enumerate(lines):
        proof = inclusion_proof(hashes, index)
        for claimed in range(-1, leaves + 3):
            try:
                root = verify_bundle._root(line, claimed, leaves, proof).hex()
            except IndexError:
                root = ""
            assert (root == tree.root) == (claimed == index)
