"""The folded state of subjects: read under a lock, written back in one statement."""

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from sqlalchemy import Connection

from workers.store.packing import ELEMENTS, Byteas, Instants, Int2s, Int4s, Int8s, ragged
from workers.store.transactions import rows_of, run


class StateRow(NamedTuple):
    """One subject's state as the table holds it; what the numbers mean is the fold's business."""

    subject: int
    first_at: int  # instants in microseconds since the Unix epoch
    last_at: int
    last_mid: int
    session_start: int
    closed_seconds: int
    closed_click_seconds: int
    last_purchase_at: int | None
    amount: int
    folded_at: int
    events: int
    sessions: int
    session_clicks: int
    last_step: int
    recent: bytes  # as ``workers.features.recent`` packs it
    steps: list[int]
    dwell: list[int]  # milliseconds
    hours: list[int]
    days: bytes  # as ``workers.features.days`` packs them


class Version(NamedTuple):
    """What no two states have in common that one subject has had: whoever folds changes it."""

    events: int
    last_at: int
    last_mid: int
    folded_at: int


_COLUMNS = ", ".join(StateRow._fields)
_PLAIN = ", ".join(StateRow._fields[:15])
_LISTS = StateRow._fields[15:]

# The days come and go as they travel: nobody makes numbers of them.
_AS_SENT = ", ".join((*StateRow._fields[:-1], "array_send(days)"))
_READ = f"""
select {_AS_SENT} from store.state where subject = any(%s) order by subject"""
_LOCK = f"""
select {_AS_SENT} from store.state where subject = any(%s) order by subject for no key update"""

_HOLD = """
select subject, events, last_at, last_mid, folded_at from store.state
where subject = any(%s) order by subject for no key update"""

_ELEMENT = 12  # bytes of a bigint on its way: its length and itself

# Lists of different lengths cannot be unnested: each comes once, flat, and every row takes a slice.
_BOUNDS = ", ".join(f"{name}_first, {name}_last" for name in _LISTS)
_SLICES = ", ".join(f"(%s)[{name}_first:{name}_last]" for name in _LISTS)
_NEW = f"""
insert into store.state ({_COLUMNS})
select {_PLAIN}, {_SLICES}
from unnest({", ".join(["%s"] * 23)}) as new ({_PLAIN}, {_BOUNDS}) order by subject
on conflict (subject)"""
_UPSERT = f"""{_NEW} do update set
{", ".join(f"{name} = excluded.{name}" for name in StateRow._fields[1:])}"""
_INSERT = f"{_NEW} do nothing returning subject"

_DELETE = "delete from store.state where subject = any(%s)"


def lock(connection: Connection, subject_ids: Sequence[int]) -> dict[int, StateRow]:
    """Lock the states of these subjects, in their order, and give those that exist.

    A subject without a state has no row to lock: write the first one with ``insert``, which says
    who was faster.
    """
    return _by_subject(connection, _LOCK, subject_ids)


def hold(connection: Connection, subject_ids: Sequence[int]) -> dict[int, Version]:
    """Lock the states of these subjects as ``lock`` does, and give only which they are."""
    if not subject_ids:
        return {}
    found = rows_of(connection, _HOLD, (Int8s.of(subject_ids),))
    return {row[0]: Version._make(row[1:]) for row in found}


def version(row: StateRow) -> Version:
    """Give which state *row* is."""
    return Version(row.events, row.last_at, row.last_mid, row.folded_at)


def read(connection: Connection, subject_ids: Sequence[int]) -> dict[int, StateRow]:
    """Give the states of these subjects that have one, without locking them."""
    return _by_subject(connection, _READ, subject_ids)


def upsert(connection: Connection, rows: Sequence[StateRow]) -> None:
    """Write these states, one a subject, in one statement and in the order of the subjects."""
    if rows:
        run(connection, _UPSERT, _packed(rows))


def insert(connection: Connection, rows: Sequence[StateRow]) -> set[int]:
    """Write first states; give the subjects for whom another transaction was faster.

    The statement waits for that transaction, so its state can be locked and read afterwards.
    """
    if not rows:
        return set()
    written = {row[0] for row in rows_of(connection, _INSERT, _packed(rows))}
    return {row.subject for row in rows} - written


def _packed(rows: Sequence[StateRow]) -> tuple[object, ...]:
    columns = list(zip(*rows, strict=True))
    steps, dwell, hours = map(ragged, columns[15:18])
    ends = list(accumulate(len(days) // _ELEMENT for days in columns[18]))
    starts = [1, *(end + 1 for end in ends[:-1])]
    bounds = (*steps[1:], *dwell[1:], *hours[1:], starts, ends)
    return (
        Int4s.of(steps[0]),
        Int8s.of(dwell[0]),
        Int4s.of(hours[0]),
        Int8s.of_elements(columns[18]),
        Int8s.of(columns[0]),
        Instants.of_us(columns[1]),
        Instants.of_us(columns[2]),
        Int8s.of(columns[3]),
        Instants.of_us(columns[4]),
        Int8s.of(columns[5]),
        Int8s.of(columns[6]),
        Instants.of_nullable_us(columns[7]),
        Int8s.of(columns[8]),
        Instants.of_us(columns[9]),
        Int4s.of(columns[10]),
        Int4s.of(columns[11]),
        Int4s.of(columns[12]),
        Int2s.of(columns[13]),
        Byteas.of_bytes(columns[14]),
        *map(Int4s.of, bounds),
    )


def delete(connection: Connection, subject_ids: Sequence[int]) -> int:
    """Forget the states of these subjects; give how many there were."""
    return run(connection, _DELETE, (Int8s.of(subject_ids),))


def _by_subject(
    connection: Connection, statement: str, subject_ids: Sequence[int]
) -> dict[int, StateRow]:
    if not subject_ids:
        return {}
    found = rows_of(connection, statement, (Int8s.of(subject_ids),))
    return {row[0]: StateRow._make((*row[:-1], row[-1][ELEMENTS:])) for row in found}
