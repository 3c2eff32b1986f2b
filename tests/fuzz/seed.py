"""How long does a run last, and which dice does it roll?"""

from __future__ import annotations

import os
from typing import Final

OF_THE_GATE: Final = (
    1842  # a red gate is red again on the next try; `make fuzz` looks for new cases
)


def given_seed() -> int | None:
    """Give the seed that repeats a run, where one was given."""
    said = os.environ.get("FUZZ_SEED")
    return int(said) if said else None


def gate_seed() -> int:
    """Give the seed of the tests of the gate."""
    given = given_seed()
    return OF_THE_GATE if given is None else given


def seconds() -> float:
    """Give how long a long run lasts."""
    return float(os.environ.get("FUZZ_SECONDS", "600"))
