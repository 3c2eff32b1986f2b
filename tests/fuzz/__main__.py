"""The long run: ``python -m tests.fuzz [TARGET…]``, for ``FUZZ_SECONDS`` (600 if nothing is said).

Half of the time goes to the targets, with libFuzzer's guidance where atheris is installed, and half
to the front door.  Leaves with 1 when anything was found; ``FUZZ_SEED`` repeats a run's dice.
"""

from __future__ import annotations

import secrets
import sys

from tests.fuzz.door import visit
from tests.fuzz.hunting import hunt
from tests.fuzz.seed import given_seed, seconds
from tests.fuzz.targets import TARGETS

DOOR = "door"


def say(text: str) -> None:
    """Print *text* at once, also where the output goes to a file."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(chosen: list[str]) -> int:
    """Run; give the exit code."""
    given = given_seed()
    seed = secrets.randbelow(1_000_000) if given is None else given
    names = chosen or [*TARGETS, DOOR]
    say(f"FUZZ_SEED={seed} repeats these dice; {seconds():g} s for {', '.join(names)}")
    aimed = [name for name in names if name != DOOR]
    both = bool(aimed) and DOOR in names
    clean = True
    for name in aimed:
        prey = hunt(name, seed, seconds() / (2 if both else 1) / len(aimed))
        say(f"{name}: {prey}")
        clean &= prey.clean
    if DOOR in names:
        found = visit(seed, seconds() / (2 if both else 1))
        say(f"{DOOR}: {found.cases} requests\n{found.summary}")
        for wrong in found.wrong:
            say(wrong)
        clean &= not found.wrong
    return 0 if clean else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
