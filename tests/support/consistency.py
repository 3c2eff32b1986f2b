"""Is what a store has computed what a computation from its stored events gives?

To be asked when nothing waits to be folded.  Every answer is a list of subjects, by what is wrong
with them; all empty is what everybody hopes for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, text

from gateway.consent.recording import recorded
from gateway.ingest.ledger import refolded, triplets
from workers.features.state import State
from workers.jobs.clock import now_us
from workers.jobs.refresh import refresh
from workers.store import consent, folding, lanes, memberships, registry
from workers.store.computation import Computation
from workers.store.registry import RESTRICTED, RegistryRow
from workers.store.transactions import transaction

SLICE = 500  # subjects looked at in one transaction
INSTANTS = "select (extract(epoch from as_of) * 1000000)::int8 from store.refresh_run"
FOLDED = (
    "select subject, (extract(epoch from folded_at) * 1000000)::int8 from store.state"
    " where subject = any(:subjects)"
)


def divergent(engine: Engine, ctx: Computation) -> dict[str, list[int]]:
    """Give the subjects whose state, memberships or consent are not what their rows say."""
    wrong: dict[str, list[int]] = {"state": [], "memberships": [], "consent": []}
    for piece in _pieces(engine):
        with transaction(engine) as connection:
            for kind, subject in wrongs(connection, ctx, piece):
                wrong[kind].append(subject)
    return wrong


def refreshed_otherwise(engine: Engine, ctx: Computation) -> list[Any]:
    """Give what a full refresh finds other than an incremental one as of the same instant.

    Feature rows and memberships both; a full one folds every history anew.
    """
    as_of = refresh(engine, ctx).as_of
    before = _written(engine)
    assert refresh(engine, ctx, as_of=as_of, full=True).finished
    return sorted(before ^ _written(engine))


def _written(engine: Engine) -> set[Any]:
    with transaction(engine) as connection:
        rows = [
            *connection.execute(text("select subject, values::text from store.feature_snapshot")),
            *connection.execute(text("select subject, segment::text from store.membership")),
        ]
    return {tuple(row) for row in rows}


def _pieces(engine: Engine) -> Iterator[list[int]]:
    with transaction(engine) as connection:
        everybody = list(connection.execute(text("select id from store.subject order by id")))
    for start in range(0, len(everybody), SLICE):
        yield [row.id for row in everybody[start : start + SLICE]]


def wrongs(
    connection: Connection, ctx: Computation, subjects: list[int]
) -> Iterator[tuple[str, int]]:
    """Give what is wrong with whom of *subjects*."""
    rows = registry.lock_by_id(connection, subjects)
    states = folding.read(connection, ctx, subjects)
    whole = folding.of_stored(connection, ctx, subjects)
    ledger = consent.of_subjects(connection, subjects)
    held = memberships.of_subjects(connection, subjects)
    runs = [row[0] for row in connection.execute(text(INSTANTS))]
    folded = dict(tuple(row) for row in connection.execute(text(FOLDED), {"subjects": subjects}))
    for subject, row in rows.items():
        if states.get(subject) != whole.get(subject):
            yield "state", subject
        if list(row.consent) != triplets(refolded(map(recorded, ledger.get(subject, ())))):
            yield "consent", subject
        # What time alone changes is settled by the next refresh, so any instant at which this
        # subject was looked at is a right one.
        instants = [*runs, folded.get(subject, 0), now_us()]
        wanted = [_expected(ctx, row, whole.get(subject), instant) for instant in instants]
        if not _right(row, held.get(subject, set()), wanted):
            yield "memberships", subject


def _right(row: RegistryRow, held: set[int], wanted: Sequence[set[int]]) -> bool:
    """Say whether somebody's memberships are what one of the looks at them comes to.

    A restricted person is not looked at: what they were in stays and is read by nobody, what they
    take back goes, and nothing comes.
    """
    if row.state == RESTRICTED:
        return any(held <= each for each in wanted)
    return held in wanted


def _expected(ctx: Computation, row: RegistryRow, state: State | None, instant: int) -> set[int]:
    """Give the segments of somebody at *instant*, or what they were but for a restriction."""
    if state is None:
        return set()
    judged = ctx.judged_values(row.domain, state, instant)
    subject = lanes.standing(row)._replace(restricted=False)
    return ctx.memberships(subject, judged, now_us=instant)
