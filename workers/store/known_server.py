"""Has a gateway compared this server with the erasure journal?  Nobody works on it before (R-54).

Workers are not given the journal.  A gateway that has compared it with both databases writes down
which server that was: its system, its timeline and the database.  A restored copy holds what was
written down before it was made, and is another system, another timeline, or another database.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, Engine, event

from policies.errors import StoreUnavailable
from workers.store.transactions import rows_of, run

__all__ = ["guard", "put", "since"]

_HERE: Final = (
    "select (pg_control_system()).system_identifier as system,"
    " (pg_control_checkpoint()).timeline_id as timeline,"
    " (select oid from pg_database where datname = current_database())::bigint as database"
)
_PUT: Final = f"""
insert into store.known_server (since, system, timeline, database)
select now(), here.* from ({_HERE}) as here
on conflict (one) do update
  set since = excluded.since, system = excluded.system, timeline = excluded.timeline,
      database = excluded.database
  where (known_server.system, known_server.timeline, known_server.database)
    <> (excluded.system, excluded.timeline, excluded.database)"""
_SINCE: Final = f"""
select known.since from ({_HERE}) as here
join store.known_server as known using (system, timeline, database)"""
_KNOWN: Final = f"""
select exists (
  select from ({_HERE}) as here
  join store.known_server as known using (system, timeline, database))"""


class ServerUnknown(StoreUnavailable):
    """The store is on a server that no gateway has compared with the erasure journal."""

    code = "server-unknown"
    remedy = "Start a gateway; if it stays so, run `paravent restore check`."


def put(connection: Connection) -> None:
    """Write down that this server was compared with the journal, and lacks nothing."""
    run(connection, _PUT, ())


def since(connection: Connection) -> datetime | None:
    """Give since when the store is known to be on this server; ``None``: that was not compared."""
    rows = rows_of(connection, _SINCE, ())
    return datetime.fromtimestamp(rows[0][0] / 1_000_000, UTC) if rows else None


def guard(engine: Engine) -> None:
    """Refuse connections of *engine* to a server that was not; each new one is asked."""
    event.listen(engine, "connect", _arrived)


def _arrived(driver: Any, _entry: object) -> None:  # noqa: ANN401  the driver's own type
    with driver.cursor() as cursor:
        (known,) = cursor.execute(_KNOWN).fetchone()
    driver.rollback()
    if not known:
        raise ServerUnknown(
            "the store was not compared with the erasure journal yet; it was needed"
        )
