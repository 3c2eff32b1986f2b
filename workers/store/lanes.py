"""How do new events reach states and memberships: at once (live), or in their turn (bulk)?

Both lanes fold through ``folding`` and leave the same rows, whatever the order of delivery.

Locks are taken in one order everywhere: registry rows by id, then states by subject.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from workers.features.state import Happened, in_order
from workers.store import dirty, facts, folding, memberships, registry, snapshots
from workers.store.computation import Computation, Subject
from workers.store.folding import States
from workers.store.registry import ERASED, RESTRICTED, RegistryRow
from workers.store.transactions import awaited, pipelined

SHARDS = dirty.SHARDS


class TouchedSubject(NamedTuple):
    """A subject and the events of theirs that this transaction has just stored."""

    subject: Subject
    events: Sequence[Happened]


class Drained(NamedTuple):
    """What a portion was: how many dirty rows, and whether somebody waits for its commit."""

    rows: int
    awaited: bool


def standing(row: RegistryRow) -> Subject:
    """Give what decides about memberships: the registry's row without the pseudonym."""
    return Subject(row.id, row.domain, row.consent, row.objected, row.state == RESTRICTED)


def live(
    connection: Connection, ctx: Computation, touched: Sequence[TouchedSubject], now_us: int
) -> None:
    """Fold just stored events and settle the memberships of their subjects, in this transaction.

    The caller holds the registry rows ``FOR SHARE`` and found the subjects alive; it stored the
    events before, each of them for the first time.
    """
    news = {each.subject.id: in_order(each.events) for each in touched if each.events}
    states = folding.fold_in(connection, ctx, news, now_us)
    subjects = [each.subject for each in touched if each.events]
    assess(connection, ctx, subjects, states, now_us=now_us)


def mark_dirty(connection: Connection, batch: int, touched: Mapping[int, Sequence[int]]) -> None:
    """Leave the stored events (subject → messages) of a large batch to the next drain."""
    dirty.put(connection, batch, touched)


def drain(
    connection: Connection, ctx: Computation, shards: Sequence[int], *, limit: int, now_us: int
) -> Drained | None:
    """Fold a portion of the dirty events of *shards*.

    ``None`` means that other drains are busy with all of them.  An erased subject's events are
    gone; a restricted subject's wait aside until ``resume``.
    """
    claimed = dirty.claim(connection, shards)
    if not claimed:
        return None
    rows = dirty.take(connection, claimed, limit)
    known = _hold(connection, {row.subject for row in rows})
    aside = {row.id for row in rows if row.subject in known and known[row.subject].restricted}
    ready = [row for row in rows if row.subject in known and row.id not in aside]
    mids = [mid for row in ready for mid in row.mids]
    whose = [row.subject for row in ready for _ in row.mids]
    news = ctx.roles.histories(facts.of_messages(connection, whose, mids))
    # What takes long comes first: from here to the commit, live events of these subjects wait.
    ahead = folding.fold_ahead(connection, ctx, news)
    wanted = _judged(ctx, known, ahead.states, now_us)
    with pipelined(connection):
        others = folding.write_ahead(connection, ctx, news, ahead, now_us)
        wanted |= _judged(ctx, known, others, now_us)
        memberships.settle(connection, wanted, now_us=now_us)
        dirty.set_aside(connection, sorted(aside))
        dirty.delete(connection, [row.id for row in rows if row.id not in aside])
    return Drained(len(rows), awaited=bool(rows) and awaited(connection))


def pending(connection: Connection, shards: Sequence[int] = range(SHARDS)) -> list[int]:
    """Give those of *shards* in which dirty events wait to be folded."""
    return dirty.pending(connection, shards)


def few(connection: Connection, limit: int) -> bool:
    """Say whether less than *limit* dirty rows wait."""
    return dirty.few(connection, limit)


def reassess(connection: Connection, ctx: Computation, subjects: Iterable[int], now_us: int) -> int:
    """Settle the memberships of *subjects* after a change of consent or objection."""
    known = _hold(connection, subjects)
    states = folding.read(connection, ctx, list(known))
    return assess(connection, ctx, known.values(), states, now_us=now_us)


def resume(connection: Connection, ctx: Computation, subjects: Sequence[int], now_us: int) -> None:
    """Bring subjects whose restriction was lifted up to date.

    What was set aside for them goes back to the drain.
    """
    dirty.put_back(connection, subjects)
    reassess(connection, ctx, subjects, now_us)


def shrunk(
    connection: Connection, ctx: Computation, rows: Collection[RegistryRow], now_us: int
) -> None:
    """Fold anew those whose events went; who has none left loses what was computed of them.

    The caller holds their registry rows, and found them alive.
    """
    ids = [row.id for row in rows]
    states = folding.refold(connection, ctx, ids, now_us)
    snapshots.delete(connection, [subject for subject in ids if subject not in states])
    assess(connection, ctx, [standing(row) for row in rows], states, now_us=now_us)


def drop_memberships(
    connection: Connection,
    subject_ids: Iterable[int],
    purpose_ids: Iterable[int],
    *,
    segment_ids: Iterable[int] = (),
) -> int:
    """Remove at once the memberships that rested on purposes now withdrawn; give how many.

    *segment_ids* names segments of other purposes that refer to those of the withdrawn ones
    (``Computation.resting_on``).
    """
    return memberships.drop(connection, subject_ids, purposes=purpose_ids, segments=segment_ids)


def assess(
    connection: Connection,
    ctx: Computation,
    subjects: Collection[Subject],
    states: States,
    *,
    now_us: int,
) -> int:
    """Settle the memberships of *subjects*; give how many changed.

    One without a state is in no segment.  A restricted one is not looked at: its rows stay as they
    are, and nobody reads them.
    """
    values = {
        subject: ctx.judged_values(domain, states[subject], now_us)
        for subject, domain in ((each.id, each.domain) for each in subjects)
        if subject in states
    }
    return settle(connection, ctx, subjects, values, now_us=now_us)


def settle(
    connection: Connection,
    ctx: Computation,
    subjects: Collection[Subject],
    values: Mapping[int, Sequence[float | None]],
    *,
    now_us: int,
) -> int:
    """Write what changes of memberships, given the values compared; give how many changed.

    A membership that stays is not touched: its ``since`` is when the subject joined.
    """
    wanted = {
        each.id: ctx.memberships(each, values[each.id], now_us=now_us)
        if each.id in values else set()
        for each in subjects if not each.restricted
    }  # fmt: skip
    return memberships.settle(connection, wanted, now_us=now_us)


def _judged(
    ctx: Computation, known: Mapping[int, Subject], states: States, now_us: int
) -> dict[int, set[int]]:
    """Give the segments each of *states* is in."""
    return {
        subject: ctx.memberships(
            known[subject], ctx.judged_values(known[subject].domain, state, now_us), now_us=now_us
        )
        for subject, state in states.items()
    }


def _hold(connection: Connection, subjects: Iterable[int]) -> dict[int, Subject]:
    """Hold registry rows ``FOR SHARE``; give the subjects that are not erased."""
    rows = registry.lock_by_id(connection, sorted(set(subjects)))
    return {row.id: standing(row) for row in rows.values() if row.state != ERASED}
