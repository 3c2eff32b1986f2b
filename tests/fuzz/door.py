"""The long run at the front door: cases of a new seed, for as long as it is told."""

from __future__ import annotations

import contextlib
import io
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tests.fuzz import room
from tests.fuzz.cases import Dealer
from tests.fuzz.eavesdropping import Eavesdropper
from tests.fuzz.knocking import Knocker
from tests.fuzz.settling import unsettled
from tests.support.front import cloned
from tests.support.run import Services, start_run
from tests.support.servers import stop_server

SAMPLE_EVERY: Final = 50  # cases between two looks at the memory
MOST_SHOWN: Final = 20
MOST_GROWTH_MB: Final = (
    64  # the caches, full, hold about 100; after two quarters most of it is there
)


@dataclass
class Visit:
    """What a run at the door found."""

    cases: int = 0
    wrong: list[str] = field(default_factory=list)
    samples: list[float] = field(default_factory=list)
    summary: str = ""


def visit(seed: int, seconds: float, *, first: int = 0) -> Visit:
    """Knock for *seconds*, beginning with case *first* of *seed*."""
    run = start_run(Services(None, None, None))
    found = Visit()
    try:
        with tempfile.TemporaryDirectory() as folder, cloned(run, Path(folder)) as front:
            knocker = Knocker(front, Dealer(seed, front.key, datetime.now(UTC)))
            ears = Eavesdropper(front, run)
            with _overheard() as said:
                _knock(knocker, found, time.monotonic() + seconds, first)
            found.wrong += ears.heard(said.getvalue())
            found.wrong += [f"kept: {word!r}" for word in ears.kept()]
            found.wrong += unsettled(front, refreshed=True)
            found.summary = _told(knocker, found)
    finally:
        stop_server(run.folder)
    grown = room.growth_mb(found.samples)
    if grown > MOST_GROWTH_MB:
        found.wrong.append(f"memory grew by {grown:.0f} MB from the second quarter to the last")
    return found


def _knock(knocker: Knocker, found: Visit, until: float, first: int) -> None:
    while time.monotonic() < until and len(found.wrong) < MOST_SHOWN:
        found.wrong += knocker.knock(first + found.cases)
        if found.cases % SAMPLE_EVERY == 0:
            found.samples.append(room.resident_mb())
        found.cases += 1


def _told(knocker: Knocker, found: Visit) -> str:
    quarters = found.samples[:: max(1, len(found.samples) // 8)]
    return (
        f"statuses {dict(knocker.statuses)}\noutcomes {dict(knocker.outcomes)}\n"
        f"slowest {knocker.slowest_s:.2f} s; {knocker.unjudged} whose events nobody can count\n"
        f"resident MB {[round(sample) for sample in quarters]}"
    )


@contextlib.contextmanager
def _overheard() -> Iterator[io.StringIO]:
    """Keep what is printed meanwhile: the log of the application."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        yield said
