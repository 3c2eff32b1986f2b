"""Which dice does a run of the fault tests roll?"""

from __future__ import annotations

import os
import random

from tests.support.run import FAULT_SEED

OF_THE_GATE = 1815  # a red gate is red again on the next try; the soak looks for new schedules


def given_seed() -> int | None:
    """Give the seed that repeats a run, where one was given."""
    said = os.environ.get(FAULT_SEED)
    return int(said) if said else None


def gate_seed() -> int:
    """Give the seed of the tests of the gate."""
    given = given_seed()
    return OF_THE_GATE if given is None else given


def dice(seed: int, *whose: object) -> random.Random:
    """Give dice that belong to one part of a run, so that no part disturbs another's."""
    return random.Random(f"{seed}/{'/'.join(map(str, whose))}")  # noqa: S311  a schedule
