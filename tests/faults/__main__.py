"""The long storm: ``python -m tests.faults``, for ``SOAK_MINUTES`` (10 where nothing is said).

Prints the seed first, a line of progress now and then, and a table at the end; leaves with 1 when a
promise was broken.  ``PARAVENT_FAULT_SEED`` repeats a schedule.
"""

from __future__ import annotations

import os
import secrets
import sys

from tests.faults.report import progress, report
from tests.faults.schedule import HAIL, STORM, Fault
from tests.faults.seed import given_seed
from tests.faults.small_disk import small_disk
from tests.faults.storm import Storm
from tests.support.installation import installed

PROGRESS_S = 10.0
DISK_MB_A_MINUTE = 60  # what the clients send, twice, and its write-ahead log
DISK_MB = 600
PACE_S = 0.2


class Teller:
    """Says how far a run is, every few seconds."""

    def __init__(self) -> None:
        self._told_s = 0.0

    def __call__(self, storm: Storm, _fault: Fault) -> None:
        if storm.elapsed_s >= self._told_s + PROGRESS_S:
            self._told_s = storm.elapsed_s
            say(progress(storm))


def say(text: str) -> None:
    """Print *text* at once, also where the output goes to a file."""
    sys.stdout.write(text)
    sys.stdout.flush()


def main() -> int:
    """Run; give the exit code."""
    kills = int(os.environ.get("SOAK_KILLS", "0"))
    minutes = float(os.environ.get("SOAK_MINUTES", "10"))
    given = given_seed()
    seed = secrets.randbelow(1_000_000) if given is None else given
    say(f"PARAVENT_FAULT_SEED={seed} repeats this schedule; {minutes:g} minutes\n")
    with small_disk(DISK_MB + int(DISK_MB_A_MINUTE * minutes)) as disk:
        if disk is None:
            say("the disk is not filled: mounting a small one takes root, who may mount\n")
        with installed(inside=disk) as home:
            weather = HAIL if kills else STORM
            storm = Storm(home, seed, weather, disk, pace_s=PACE_S, told=Teller())
            after = storm.run(60 * minutes, kills)
            say(report(storm))
    return 0 if after.clean() else 1


if __name__ == "__main__":
    raise SystemExit(main())
