"""Everything at once, on real processes: a short storm here, a long one by `make soak`."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from tests.faults.report import report
from tests.faults.schedule import CARDS, DISK, SQUALL
from tests.faults.seed import gate_seed
from tests.faults.small_disk import small_disk
from tests.faults.storm import Storm
from tests.support.installation import installed

# An installation with its write-ahead log, and room for what a short run sends.
DISK_MB = 400
# The promise is five seconds on a machine with nothing else to do; this gate also runs on others.
RECOVERED_S = 20.0


@pytest.mark.journey
def test_in_a_storm_nothing_answered_is_lost_and_nothing_is_stored_twice(
    record_property: Callable[[str, object], None],
) -> None:
    seed = gate_seed()
    sys.stdout.write(f"PARAVENT_FAULT_SEED={seed} repeats this schedule\n")
    with small_disk(DISK_MB) as disk, installed(inside=disk) as home:
        storm = Storm(home, seed, SQUALL, disk)
        after = storm.run(seconds=0)
    said = report(storm)
    sys.stdout.write(said)
    record_property("faults", said)
    assert after.clean(), said
    assert after.recoveries_s, "no recovery from PostgreSQL's absence was measured"
    assert max(after.recoveries_s) < RECOVERED_S
    hit = {target for _, target in after.faults}
    assert hit == {target for _, target in CARDS if target != DISK or disk is not None}
    if disk is None:
        pytest.skip("all but the full disk was tried: mounting one takes root, who may mount")
