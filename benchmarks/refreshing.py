"""What does it cost to bring everything up to date after few were touched, against everybody?"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator

from benchmarks.history import History
from benchmarks.rows import Row, at_most
from benchmarks.suite import Place, Run, measures, say

TOUCHED = 0.01
EVENTS_EACH = 6  # new ones of a touched subject, as in the prototype

REFRESH = Row("refresh", "folding and refresh after 1 % of the subjects were touched", "s",
              "a full refresh", at_most(0.02))  # fmt: skip
FOLDING = Row("folding", "folding alone", "s", "a full refresh", at_most(0.002))


@measures(Place.HISTORY, REFRESH, FOLDING)
def refreshed(run: Run) -> Iterator[Row]:
    """Refresh everybody and the few, in turn; ten million are refreshed once."""
    history = run.history
    history.whole()
    found = ""
    for number in range(run.rounds):
        if number == 0 or not run.full:
            whole = _seconds(lambda: history.refreshed(full=True))
            REFRESH.limits.append(whole)
            FOLDING.limits.append(whole)
            say(f"round {number + 1} of {run.rounds}, full refresh: {whole:.1f} s")
        found = _few(history)
        say(f"round {number + 1} of {run.rounds}, refresh: {REFRESH.figures[-1]:.2f} s, {found}")
    for row in (REFRESH, FOLDING):
        row.remark = f"{history.stored:,} events; {found}"
    REFRESH.remark += f"; folding alone {statistics.median(FOLDING.figures):.3f} s of it"
    yield from (row for row in (REFRESH, FOLDING) if run.wants(row))


def _few(history: History) -> str:
    history.long_after()
    touched = history.touch(TOUCHED, EVENTS_EACH)
    folding = _seconds(history.drained)
    subjects: list[int] = []
    refresh = _seconds(lambda: subjects.append(history.refreshed(full=False).subjects))
    FOLDING.figures.append(folding)
    REFRESH.figures.append(folding + refresh)
    return f"{touched:,} subjects touched, {subjects[0]:,} refreshed of {history.people:,}"


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
