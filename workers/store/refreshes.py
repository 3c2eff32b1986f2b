"""Refresh runs: how far one has come, so that a killed one is taken up again."""

from typing import NamedTuple

from sqlalchemy import Connection

from workers.store.packing import Instant
from workers.store.transactions import rows_of, run


class RefreshRow(NamedTuple):
    """One refresh of features and memberships."""

    id: int
    as_of_us: int
    full: bool
    started_at_us: int
    finished_at_us: int | None
    subjects: int
    last_subject: int
    rulebook: int


_COLUMNS = "id, as_of, full, started_at, finished_at, subjects, last_subject, rulebook"
_START = f"""
insert into store.refresh_run (as_of, "full", rulebook) values (%s, %s, %s)
returning {_COLUMNS.replace("full", '"full"')}"""
_UNFINISHED = f"""
select {_COLUMNS.replace("full", '"full"')} from store.refresh_run
where finished_at is null and as_of = %s and "full" = %s and rulebook = %s
order by id desc limit 1"""
_LAST = f"""
select {_COLUMNS.replace("full", '"full"')} from store.refresh_run
where finished_at is not null and rulebook = %s order by id desc limit 1"""
_ADVANCE = """
update store.refresh_run set subjects = subjects + %s, last_subject = %s where id = %s"""
_FINISH = "update store.refresh_run set finished_at = now() where id = %s"

_AFTER = """
select subject from store.state where subject > %s and events > 0 order by subject limit %s"""
_TOUCHED = """
select subject from store.state where subject > %s and events > 0 and folded_at >= %s
order by subject limit %s"""


def start(connection: Connection, *, as_of_us: int, full: bool, rulebook: int) -> RefreshRow:
    """Begin a refresh, or take up the unfinished one with the same instant, kind and rulebook."""
    values = (Instant.of_us(as_of_us), full, rulebook)
    found = rows_of(connection, _UNFINISHED, values) or rows_of(connection, _START, values)
    return RefreshRow._make(found[0])


def last(connection: Connection, *, rulebook: int) -> RefreshRow | None:
    """Give the newest finished refresh under a rulebook, or ``None``."""
    found = rows_of(connection, _LAST, (rulebook,))
    return RefreshRow._make(found[0]) if found else None


def advance(connection: Connection, number: int, *, subjects: int, last_subject: int) -> None:
    """Note the subjects done, in the transaction that wrote their features."""
    run(connection, _ADVANCE, (subjects, last_subject, number))


def finish(connection: Connection, number: int) -> None:
    """Note that the refresh came to its end."""
    run(connection, _FINISH, (number,))


def subjects_after(
    connection: Connection, last_subject: int, *, limit: int, folded_since_us: int | None = None
) -> list[int]:
    """Give the next subjects that have a state, by number; only those folded since an instant."""
    if folded_since_us is None:
        found = rows_of(connection, _AFTER, (last_subject, limit))
    else:
        since = Instant.of_us(folded_since_us)
        found = rows_of(connection, _TOUCHED, (last_subject, since, limit))
    return [row[0] for row in found]
