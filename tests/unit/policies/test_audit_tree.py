"""The Merkle tree, against the classic vectors and against the checker that shares no code."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.audit.tree import (
    EMPTY_ROOT,
    CompactRange,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root,
)
from policies.audit.verify import Head, consistent, included, roots_of
from policies.errors import ProofImpossible

# The eight entries every Certificate Transparency implementation is tried with.
CLASSIC = [
    bytes.fromhex(entry)
    for entry in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
LEAVES = [leaf_hash(entry) for entry in CLASSIC]
entries = st.lists(st.binary(max_size=8), min_size=1, max_size=40)


def test_the_classic_roots() -> None:
    assert root(LEAVES[:1]).hex().startswith("6e340b9c")
    assert root(LEAVES[:1]).hex().endswith("afa01d")
    assert root(LEAVES[:2]).hex().startswith("fac54203")
    assert root(LEAVES[:2]).hex().endswith("e3c125")
    assert root(LEAVES[:3]).hex().startswith("aeb6bcfe")
    assert root(LEAVES[:3]).hex().endswith("9e06e77")
    assert root(LEAVES).hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert CompactRange().root() == root([]) == EMPTY_ROOT == hashlib.sha256(b"").digest()


def test_a_leaf_cannot_pass_for_a_node() -> None:
    assert leaf_hash(LEAVES[0] + LEAVES[1]) != node_hash(LEAVES[0], LEAVES[1])


def _by_definition(leaves: list[bytes]) -> bytes:
    """Give the root as RFC 6962, section 2.1 writes it."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    both = _by_definition(leaves[:split]) + _by_definition(leaves[split:])
    return hashlib.sha256(b"\x01" + both).digest()


@given(entries)
def test_appending_one_by_one_gives_the_root_of_the_definition(found: list[bytes]) -> None:
    leaves = [leaf_hash(entry) for entry in found]
    assert root(leaves) == _by_definition(leaves)
    assert roots_of(found, [0, len(found)]) == {0: EMPTY_ROOT, len(found): root(leaves)}


@given(entries)
def test_a_pruned_tree_goes_on_where_it_stopped(found: list[bytes]) -> None:
    leaves = [leaf_hash(entry) for entry in found]
    first = CompactRange()
    first.extend(leaves[: len(leaves) // 2])
    second = CompactRange(first.size, first.levels)
    second.extend(leaves[len(leaves) // 2 :])
    assert (second.size, second.root()) == (len(leaves), root(leaves))


@pytest.mark.parametrize(("size", "levels"), [(2, {0: b""}), (1, {}), (0, {3: b""})])
def test_a_frontier_that_does_not_fit_is_refused(size: int, levels: dict[int, bytes]) -> None:
    with pytest.raises(ProofImpossible, match="frontier"):
        CompactRange(size, levels)


@given(entries, st.data())
def test_every_entry_is_proved_inside_and_nothing_else_is(
    found: list[bytes], data: st.DataObject
) -> None:
    leaves = [leaf_hash(entry) for entry in found]
    size, whole = len(leaves), root(leaves)
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(leaves, index)
    assert included(leaves[index], index, size, proof, whole)
    assert not included(leaf_hash(b"another entry"), index, size, proof, whole)
    assert not included(leaves[index], index, size, proof, EMPTY_ROOT)
    assert not included(leaves[index], index, size, [*proof, EMPTY_ROOT], whole)
    assert not included(leaves[index], size, size, proof, whole)
    if proof:
        assert not included(leaves[index], index, size, proof[:-1], whole)


@given(entries, st.data())
def test_every_older_tree_is_proved_a_prefix_and_a_rewritten_one_is_not(
    found: list[bytes], data: st.DataObject
) -> None:
    leaves = [leaf_hash(entry) for entry in found]
    size = len(leaves)
    older = data.draw(st.integers(1, size))
    proof = consistency_proof(leaves, older)
    before, after = Head("o", older, root(leaves[:older])), Head("o", size, root(leaves))
    assert consistent(before, after, proof)
    rewritten = Head("o", older, root([leaf_hash(b"rewritten"), *leaves[1:older]]))
    if rewritten.root != before.root:
        assert not consistent(rewritten, after, proof)
    assert not consistent(before, Head("o", size, EMPTY_ROOT), proof)
    assert not consistent(before, after, [*proof, EMPTY_ROOT])
    assert not consistent(after, before, proof) or older == size


@pytest.mark.parametrize(("older", "newer"), [(0, 3), (4, 3)])
def test_no_proof_leads_from_nothing_or_back(older: int, newer: int) -> None:
    assert not consistent(Head("o", older, b""), Head("o", newer, b""), [])
    with pytest.raises(ProofImpossible):
        consistency_proof(LEAVES[:newer], older)


def test_a_missing_step_proves_nothing() -> None:
    newer = Head("o", 5, root(LEAVES[:5]))
    assert not consistent(Head("o", 3, root(LEAVES[:3])), newer, [])


@pytest.mark.parametrize("index", [-1, 8])
def test_an_entry_outside_the_tree_has_no_proof(index: int) -> None:
    with pytest.raises(ProofImpossible, match="not in a tree"):
        inclusion_proof(LEAVES, index)


def test_every_pair_of_small_trees_is_proved() -> None:
    leaves = [leaf_hash(bytes([number])) for number in range(17)]
    heads = [Head("o", size, root(leaves[:size])) for size in range(18)]
    for size in range(1, 18):
        for other in range(1, size + 1):
            proof = consistency_proof(leaves[:size], other)
            assert consistent(heads[other], heads[size], proof)
            inside = inclusion_proof(leaves[:size], other - 1)
            assert included(leaves[other - 1], other - 1, size, inside, heads[size].root)
