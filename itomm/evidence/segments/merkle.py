"""Merkle trees as in RFC 9162 (Certificate Transparency 2.0), section 2.1: roots and inclusion proofs.

A leaf's hash is SHA-256 over a zero byte and the leaf; an inner node's over a one byte and its two children.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

EMPTY_ROOT = hashlib.sha256(b"").hexdigest()


def leaf_hash(leaf: bytes) -> bytes:
    """The hash of a leaf, 32 bytes."""
    return hashlib.sha256(b"\x00" + leaf).digest()


class MerkleTree:
    """A root that grows leaf by leaf, in memory logarithmic in the number of leaves."""

    def __init__(self) -> None:
        self._complete: list[tuple[int, bytes]] = []  # (leaves below, hash) of full subtrees, largest first
        self.leaves = 0

    def add(self, hashes: Iterable[bytes]) -> None:
        """Add leaves by their hashes, in order."""
        complete, sha256 = self._complete, hashlib.sha256
        for hashed in hashes:
            size, node = 1, hashed
            while complete and complete[-1][0] == size:
                node = sha256(b"\x01" + complete.pop()[1] + node).digest()
                size *= 2
            complete.append((size, node))
            self.leaves += 1

    @property
    def root(self) -> str:
        """The root over all leaves so far, in hexadecimal."""
        if not self._complete:
            return EMPTY_ROOT
        node = self._complete[-1][1]
        for _, left in reversed(self._complete[:-1]):
            node = inner_hash(left, node)
        return node.hex()


def inclusion_proof(hashes: Sequence[bytes], index: int) -> list[str]:
    """The hashes that lead from the leaf at ``index`` to the root over ``hashes``, bottom up.

    Raises:
        IndexError: there is no such leaf.
    """
    if not 0 <= index < len(hashes):
        raise IndexError(index)
    level, proof = list(hashes), []
    while len(level) > 1:
        beside = index ^ 1
        if beside < len(level):
            proof.append(level[beside].hex())
        level = [
            inner_hash(level[left], level[left + 1]) if left + 1 < len(level) else level[left]
            for left in range(0, len(level), 2)
        ]
        index //= 2
    return proof


def root_from_proof(hashed: bytes, index: int, leaves: int, proof: Sequence[str]) -> str | None:
    """The root that a proof leads to (RFC 9162, 2.1.3.2), in hexadecimal; None for one of a wrong length."""
    if not 0 <= index < leaves:
        return None
    node, last = hashed, leaves - 1
    for text in proof:
        if last == 0:
            return None
        beside = bytes.fromhex(text)
        if index % 2 == 1 or index == last:
            node = inner_hash(beside, node)
            while index % 2 == 0 and index:
                index, last = index // 2, last // 2
        else:
            node = inner_hash(node, beside)
        index, last = index // 2, last // 2
    return node.hex() if last == 0 else None


def inner_hash(left: bytes, right: bytes) -> bytes:
    """The hash of a node from those of its two children."""
    return hashlib.sha256(b"\x01" + left + right).digest()
