"""Events: packed by hand into PostgreSQL's binary COPY, deduplicated by the primary key."""

from collections.abc import Sequence

from psycopg import errors as refused
from sqlalchemy import Connection

from workers.store.errors import DuplicateMessage
from workers.store.event_rows import FOOTER, HEADER, EventRow, pack
from workers.store.packing import Instant, Int8s
from workers.store.transactions import driver_of, rows_of, run

__all__ = [
    "EventRow",
    "copy",
    "insert_missing",
    "of_subject",
    "pack",
    "stored",
]

_COLUMNS = ", ".join(EventRow._fields)

_COPY = f"copy store.event ({_COLUMNS}) from stdin (format binary)"

# The stage lives as long as the connection, rows in it only within one statement pair.
_STAGE = """
create temporary table if not exists event_stage (like store.event) on commit delete rows"""
_COPY_STAGE = f"copy pg_temp.event_stage ({_COLUMNS}) from stdin (format binary)"
_FROM_STAGE = f"""
with staged as (delete from pg_temp.event_stage returning {_COLUMNS})
insert into store.event ({_COLUMNS})
select {_COLUMNS} from staged order by subject, mid
on conflict (subject, mid) do nothing
returning subject, mid"""

_STORED = """
select e.subject, e.mid from unnest(%s, %s) as asked (subject, mid)
join store.event e on e.subject = asked.subject and e.mid = asked.mid"""

_OF_SUBJECT = f"""
select {_COLUMNS} from store.event
where subject = %s and at <= coalesce(%s, 'infinity'::timestamptz) order by at, mid"""


def copy(connection: Connection, rows: bytes | Sequence[bytes], count: int) -> None:
    """Store *count* packed rows in one COPY: all of them, or none.

    The optimistic path: a batch rarely holds a message already stored, and asking first costs a
    round trip.

    Raises:
        DuplicateMessage: one is stored already.  The transaction is lost; begin another and use
            ``insert_missing``.
        ValueError: the server stored another number of rows than *count*.
    """
    try:
        stored = _copy_into(connection, _COPY, rows)
    except refused.UniqueViolation:
        raise DuplicateMessage("an event is stored already; a new message was needed") from None
    if stored != count:
        raise ValueError(f"{stored} rows were stored; {count} were meant")


def insert_missing(connection: Connection, rows: bytes | Sequence[bytes]) -> set[tuple[int, int]]:
    """Store the packed rows not stored yet; give (subject, mid) of those really inserted.

    A row that stands twice among *rows* is stored once.
    """
    run(connection, _STAGE, ())
    _copy_into(connection, _COPY_STAGE, rows)
    return set(rows_of(connection, _FROM_STAGE, ()))


def stored(connection: Connection, keys: Sequence[tuple[int, int]]) -> set[tuple[int, int]]:
    """Give those of *keys*, subject and message id, under which an event is stored."""
    columns = (Int8s.of([key[place] for key in keys]) for place in (0, 1))
    return set(rows_of(connection, _STORED, tuple(columns)))


def of_subject(connection: Connection, subject: int, until_us: int | None = None) -> list[EventRow]:
    """Give all that is stored of a subject, until an instant included, in the order it happened."""
    until = None if until_us is None else Instant.of_us(until_us)
    return [EventRow._make(row) for row in rows_of(connection, _OF_SUBJECT, (subject, until))]


def _copy_into(connection: Connection, statement: str, rows: bytes | Sequence[bytes]) -> int:
    body = rows if isinstance(rows, bytes) else b"".join(rows)
    with driver_of(connection).cursor() as cursor:
        with cursor.copy(statement.encode()) as stream:
            stream.write(HEADER + body + FOOTER)
        return cursor.rowcount
