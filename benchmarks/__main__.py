"""Measure, compare with limits of the same run, write ``results.md``: ``make bench``.

Both sides of every ratio are measured in turn, round after round, on the same server; the ratio of
the medians is the result.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import partial

from benchmarks import (
    alike,
    bulk_lane,
    changing,
    consenting,
    erasing,
    free_text,
    front,
    history,
    ingest,
    live_lane,
    machine,
    memory,
    refreshing,
    scrubbing,
    singles,
    storage,
)
from benchmarks.report import RESULTS, Circumstances, page, remember
from benchmarks.rows import Row
from benchmarks.suite import CONCERNS, Place, Run, declared, measured, say, wanted

# Erasing looks at the small table before it grows; refreshing then makes what erasing erases.
ORDER = (
    consenting.decoding,
    consenting.deciding,
    scrubbing.speed,
    scrubbing.same,
    scrubbing.linear,
    free_text.names,
    ingest.ingest,
    ingest.paired,
    changing.changing,
    singles.singles,
    alike.alike,
    live_lane.alone,
    live_lane.beside,
    bulk_lane.behind,
    storage.stored,
    memory.memory,
    erasing.small,
    refreshing.refreshed,
    erasing.large,
)
PLACES: dict[Place, Callable[[Run], AbstractContextManager[str | None]]] = {
    Place.NOWHERE: lambda _run: nullcontext(),
    Place.FRONT: front.opened,
    Place.PAIR: partial(front.opened, gateways=2),
    Place.HISTORY: history.opened,
}


def main() -> None:
    """Run the suite."""
    CONCERNS.sort(key=lambda concern: ORDER.index(concern.measure))
    chosen = _arguments()
    run = Run(
        scale=0.1 if chosen.quick else 1.0,
        rounds=1 if chosen.quick else chosen.rounds,
        full=chosen.full,
        gateways=chosen.gateways,
        only=frozenset(chosen.only),
    )
    around = Circumstances()
    rows = [row for row in declared() if run.wants(row)]
    try:
        for row in _all(run, around):
            print(row.line(), flush=True)
    finally:
        written = page(run, rows, around)
        print(written)
        if not chosen.quick:
            remember(rows, around)
            if not run.only:
                RESULTS.write_text(written)


def _arguments() -> argparse.Namespace:
    keys = [row.key for row in declared()]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--gateways", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="a tenth of the traffic, no file")
    parser.add_argument("--full", action="store_true", help="ten million events instead of one")
    only = f"measure this row alone, no page; again for more: {', '.join(keys)}"
    parser.add_argument(
        "--only", action="append", choices=keys, default=[], metavar="KEY", help=only
    )
    return parser.parse_args()


def _all(run: Run, around: Circumstances) -> Iterator[Row]:
    for place, opened in PLACES.items():
        concerns = wanted(run, place)
        if not concerns:
            continue
        say(f"preparing {place.value}")
        with opened(run) as owner:
            if owner is not None:
                around.postgres = machine.postgres(owner)
            yield from measured(run, concerns)


if __name__ == "__main__":
    main()
