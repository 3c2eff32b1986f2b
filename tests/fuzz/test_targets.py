"""Every promise of a target, held against the same inputs each time; `make fuzz` finds others."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from tests.fuzz.hunting import dealt
from tests.fuzz.seed import gate_seed
from tests.fuzz.targets import TARGETS

INPUTS = {"scrubbed": 200, "pages": 500}  # they look closely at each text
ELSE = 2_000


@contextlib.contextmanager
def told(name: str, number: int, data: bytes) -> Iterator[None]:
    """Add to a failure what repeats it."""
    try:
        yield
    except BaseException as failure:
        failure.add_note(f"input {number} of {name}, seed {gate_seed()}: {data!r}")
        raise


@pytest.mark.parametrize("name", TARGETS)
def test_a_promise_holds_for_bytes_that_nobody_meant(name: str) -> None:
    target = TARGETS[name]
    seeds = target.seeds()
    for number in range(len(seeds) + INPUTS.get(name, ELSE)):
        data = dealt(seeds, gate_seed(), name, number)
        with told(name, number, data):
            target.holds(data)
