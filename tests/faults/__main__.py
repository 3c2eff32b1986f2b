"""The long runs: ``python -m tests.faults``, for ``SOAK_MINUTES`` (10 where nothing is said).

``SOAK=steady`` holds a share of the most that is taken (``SOAK_SHARE``, 0.6) and looks for growth;
anything else is a storm, of ``SOAK_KILLS`` kills at least.  Both print how far they are and a table
at the end, also when they are told to stop (SIGINT, SIGTERM), and leave with 1 when a promise was
broken.  ``PARAVENT_FAULT_SEED`` repeats a schedule.
"""

from __future__ import annotations

import os
import secrets
import signal
import sys
import threading

from tests.faults.pump import Flow
from tests.faults.readings import Look
from tests.faults.report import progress, report
from tests.faults.schedule import HAIL, STORM, Fault
from tests.faults.seed import given_seed
from tests.faults.small_disk import small_disk
from tests.faults.steady import Steady, Terms
from tests.faults.steady_report import growing, minute
from tests.faults.steady_report import report as steady_report
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
    given, over = given_seed(), threading.Event()
    seed = secrets.randbelow(1_000_000) if given is None else given
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    minutes = float(os.environ.get("SOAK_MINUTES", "10"))
    if os.environ.get("SOAK") == "steady":
        return steady(seed, minutes, over)
    return storm(seed, minutes, over)


def storm(seed: int, minutes: float, over: threading.Event) -> int:
    """Do harm for so many *minutes*; give the exit code."""
    kills = int(os.environ.get("SOAK_KILLS", "0"))
    say(f"PARAVENT_FAULT_SEED={seed} repeats this schedule; {minutes:g} minutes, {kills} kills\n")
    with small_disk(DISK_MB + int(DISK_MB_A_MINUTE * minutes)) as disk:
        if disk is None:
            say("the disk is not filled: mounting a small one takes root, who may mount\n")
        with installed(inside=disk) as home:
            weather = HAIL if kills else STORM
            run = Storm(home, seed, weather, disk, pace_s=PACE_S, told=Teller(), over=over)
            after = run.run(60 * minutes, kills)
            say(report(run))
    return 0 if after.clean() else 1


def steady(seed: int, minutes: float, over: threading.Event) -> int:
    """Hold a share of the most for so many *minutes*; give the exit code."""
    share = float(os.environ.get("SOAK_SHARE", "0.6"))
    say(f"{minutes:g} minutes at {100 * share:g} % of the most, which is measured first\n")

    def told(run: Steady, flow: Flow, look: Look) -> None:
        say(minute(run, flow, look))

    with installed() as home:
        run = Steady(home, seed, Terms(60 * minutes, share), told, over)
        try:
            run.run()
        finally:
            say(steady_report(run))
    refused = set(run.held.answers) - {"200"}
    return 1 if growing(run) or run.miscounted() or refused else 0


if __name__ == "__main__":
    raise SystemExit(main())
