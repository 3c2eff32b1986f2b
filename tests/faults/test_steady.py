"""The long soak, for a few seconds: everything is looked at, and every event is counted."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable

import pytest

from tests.faults.pump import Flow
from tests.faults.readings import Look
from tests.faults.schedule import PROCESSES, UP
from tests.faults.seed import gate_seed
from tests.faults.steady import Steady, Terms
from tests.faults.steady_report import minute, report
from tests.support.installation import installed

# Far longer than the test has patience for: it is told to stop after two of its minutes.
SHORT = Terms(seconds=600.0, share=0.3, measure_s=2.0, look_s=0.4, minute_s=1.5)


@pytest.mark.long
@pytest.mark.journey
def test_a_share_of_the_most_is_held_and_everything_is_looked_at(
    record_property: Callable[[str, object], None],
) -> None:
    minutes, over = list[str](), threading.Event()

    def told(run: Steady, flow: Flow, look: Look) -> None:
        minutes.append(minute(run, flow, look))
        if len(minutes) > 1:
            over.set()

    with installed() as home:
        run = Steady(home, gate_seed(), SHORT, told, over)
        run.run()
    said = report(run)
    sys.stdout.write(said)
    record_property("steady", said)
    assert set(run.held.answers) == {"200"}
    assert run.held.seconds < SHORT.seconds
    assert run.miscounted() == 0
    assert run.caught_up_s is not None
    last = run.watch.looks[-1]
    assert set(last.held) == {*PROCESSES, UP}
    assert all(min(held) > 0 for name, held in last.held.items() if name != UP)
    assert last.lag is not None
    assert {"paravent-gateway", "paravent-worker"} <= set(last.connected)
    assert all(name in minutes[-1] for name in (*PROCESSES, UP))
