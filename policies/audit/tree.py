"""The Merkle tree over audit entries, with the hashing of RFC 6962 (and 9162).

A leaf is hashed behind 0x00 and a node behind 0x01, so that neither can pass for the other.
This module is the writer's and the prover's half; ``verify`` checks what it says with other code.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from policies.errors import ProofImpossible

EMPTY_ROOT: Final = hashlib.sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """Give the hash of a leaf holding *entry*."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Give the hash of the node over *left* and *right*."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class CompactRange:
    """A tree reduced to the roots of its complete subtrees: enough to append, and to name a root.

    The subtree of level ``n`` covers ``2**n`` leaves; a tree of size ``s`` has one subtree for
    each bit set in ``s``.  A pruned log needs no more than this to stay consistent (R-120).
    """

    __slots__ = ("_levels", "_size")

    def __init__(self, size: int = 0, levels: Mapping[int, bytes] | None = None) -> None:
        """Take up a tree of *size* leaves whose complete subtrees have the roots *levels*.

        Raises:
            ProofImpossible: *levels* does not hold exactly the subtrees of that size.
        """
        self._size = size
        self._levels = dict(levels or {})
        if {level for level in range(size.bit_length()) if size >> level & 1} != set(self._levels):
            raise ProofImpossible(
                "the frontier does not fit the size; one hash a set bit is needed"
            )

    @property
    def size(self) -> int:
        """Give the number of leaves."""
        return self._size

    @property
    def levels(self) -> dict[int, bytes]:
        """Give the root of each complete subtree by level, as the frontier table keeps it."""
        return dict(self._levels)

    def append(self, leaf: bytes) -> None:
        """Add one leaf, given by its hash."""
        level = 0
        while level in self._levels:
            leaf = node_hash(self._levels.pop(level), leaf)
            level += 1
        self._levels[level] = leaf
        self._size += 1

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Add leaves in order."""
        for leaf in leaves:
            self.append(leaf)

    def root(self) -> bytes:
        """Give the root: SHA-256 of nothing for the empty tree."""
        root: bytes | None = None
        for level in sorted(self._levels):
            root = self._levels[level] if root is None else node_hash(self._levels[level], root)
        return EMPTY_ROOT if root is None else root


def root(leaves: Sequence[bytes]) -> bytes:
    """Give the root over *leaves*, given by their hashes."""
    tree = CompactRange()
    tree.extend(leaves)
    return tree.root()


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Give the hashes that lead from leaf *index* to the root over *leaves* (RFC 6962, 2.1.1).

    Raises:
        ProofImpossible: there is no such leaf.
    """
    if not 0 <= index < len(leaves):
        raise ProofImpossible("the entry is not in a tree of this size; a smaller index was needed")
    return _path(leaves, index)


def _path(leaves: Sequence[bytes], index: int) -> list[bytes]:
    if len(leaves) == 1:
        return []
    split = _split(len(leaves))
    left, right = leaves[:split], leaves[split:]
    if index < split:
        return [*_path(left, index), root(right)]
    return [*_path(right, index - split), root(left)]


def consistency_proof(leaves: Sequence[bytes], older: int) -> list[bytes]:
    """Give the proof that the tree of the first *older* leaves is a prefix (RFC 6962, 2.1.2).

    Raises:
        ProofImpossible: *older* is 0 or larger than the tree.
    """
    if not 0 < older <= len(leaves):
        raise ProofImpossible("the older size is not inside the tree; 1 up to its size was needed")
    return _subproof(leaves, older, complete=True)


def _subproof(leaves: Sequence[bytes], older: int, *, complete: bool) -> list[bytes]:
    if older == len(leaves):
        return [] if complete else [root(leaves)]
    split = _split(len(leaves))
    left, right = leaves[:split], leaves[split:]
    if older <= split:
        return [*_subproof(left, older, complete=complete), root(right)]
    return [*_subproof(right, older - split, complete=False), root(left)]


def _split(size: int) -> int:
    """Give the largest power of two smaller than *size*."""
    return 1 << (size - 1).bit_length() - 1
