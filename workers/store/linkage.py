"""What does a thief of this database read?  Statements of the audit of linkability, all bounded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, NamedTuple

from sqlalchemy import Connection, Identity, Table

from workers.store.held import tables_about_subjects
from workers.store.packing import Int8s, Uuids
from workers.store.tables import metadata
from workers.store.transactions import rows_of

WINDOW = 64  # numbers to each side in which a neighbour is looked for
TRANSACTION = "xmin"  # the system column that says which transaction wrote a row

_REGISTERED = "select pid, id, domain from store.subject where pid = any(%s) and state <> 2"
_POPULATION = "select domain, count(*) from store.subject where state <> 2 group by domain"
_NEWEST = "select coalesce(max(id), 0) from store.subject"
_THESE = "select id, domain from store.subject where id = any(%s) and state <> 2"

# A place in the file of a table: pages hold fewer rows than that.
_PLACE = "((x.ctid::text::point)[0] * 1000 + (x.ctid::text::point)[1])"


class Near(NamedTuple):
    """Somebody of another domain whose rows stand near: by number, and by place in the file."""

    subject: int
    other: int
    numbers: int
    places: int


def registered(connection: Connection, pids: Sequence[bytes]) -> dict[bytes, tuple[int, int]]:
    """Give the surrogate and the domain of those *pids* that are registered, without a lock."""
    rows = rows_of(connection, _REGISTERED, (Uuids.of_bytes(list(pids)),))
    return {pid: (number, domain) for pid, number, domain in rows}


def population(connection: Connection) -> dict[int, int]:
    """Count the live pseudonyms of every domain."""
    return dict(rows_of(connection, _POPULATION, ()))


def candidates(connection: Connection, count: int, random: Random) -> dict[int, list[int]]:
    """Give up to *count* random surrogates of each domain.

    Numbers are drawn and looked up, four for each that is wanted, so that a large registry costs
    no more than a small one.
    """
    domains = population(connection)
    ((newest,),) = rows_of(connection, _NEWEST, ())
    wanted = min(newest, 4 * count * max(1, len(domains)))
    numbers = random.sample(range(1, newest + 1), wanted)
    found: dict[int, list[int]] = {domain: [] for domain in domains}
    for number, domain in rows_of(connection, _THESE, (Int8s.of(numbers),)):
        found[domain].append(number)
    return {
        domain: random.sample(sorted(some), min(count, len(some))) for domain, some in found.items()
    }


def tables() -> list[tuple[str, str, list[tuple[str, bool]]]]:
    """Give every table about subjects: its name, the column that says whom, and the others.

    Each of these comes with whether it is an instant.
    """
    return [
        (name, about, [(column.name, _is_instant(column))
                       for column in metadata.tables[name].columns if column.name != about])
        for name, about in tables_about_subjects().items()
    ]  # fmt: skip


def rows_about(
    connection: Connection, name: str, subjects: Sequence[int], *, each: int
) -> list[dict[str, Any]]:
    """Give the newest rows about *subjects*, at most *each* of everybody's.

    A row has all columns and, under ``xmin``, which transaction wrote it: a copy of the files
    tells that, and so does a server that was taken over.
    """
    table = metadata.tables[name]
    about = tables_about_subjects()[name]
    names = [column.name for column in table.columns]
    listed = ", ".join(f'"{column}"' for column in names)
    statement = f"""
select {TRANSACTION}, {listed} from (
  select xmin::text::bigint as {TRANSACTION}, {listed},
    row_number() over (partition by "{about}" order by {_newest_first(table)}) as nth
  from {name} where "{about}" = any(%s)) as found
where nth <= {each}"""
    rows = rows_of(connection, statement, (Int8s.of(subjects),))
    return [dict(zip((TRANSACTION, *names), row, strict=True)) for row in rows]


def numbered_tables() -> list[str]:
    """Give the tables about subjects whose rows the database numbers as they come."""
    return [
        name
        for name in tables_about_subjects()
        if any(isinstance(c.identity, Identity) for c in metadata.tables[name].primary_key)
    ]


def neighbours(
    connection: Connection, name: str, subjects: Sequence[int], domain: int
) -> list[Near]:
    """Give whose rows of *domain* have a number near one of a row about *subjects*.

    Asked of the whole table, not of a sample: between two who stand side by side nobody else fits.
    """
    about = tables_about_subjects()[name]
    own, near = _PLACE.replace("x.", "own."), _PLACE.replace("x.", "near.")
    statement = f"""
select own."{about}", near."{about}", min(abs(near.id - own.id)),
  min(abs({near} - {own}))::bigint
from {name} as own
join {name} as near on near.id between own.id - {WINDOW} and own.id + {WINDOW}
join store.subject as other on other.id = near."{about}" and other.domain = %s and other.state <> 2
where own."{about}" = any(%s)
group by 1, 2"""
    rows = rows_of(connection, statement, (domain, Int8s.of(subjects)))
    return [Near._make(row) for row in rows]


def texts(
    connection: Connection, table: tuple[str, str], columns: Mapping[str, str], limit: int
) -> list[tuple[Any, ...]]:
    """Give up to *limit* rows of any table; *columns* come with their types.

    Bytes come as they are and everything else as text, whatever type somebody chose for it.
    """
    listed = ", ".join(
        _quoted(name) if kind == "bytea" else f"{_quoted(name)}::text"
        for name, kind in columns.items()
    )
    named = ".".join(map(_quoted, table))
    return rows_of(connection, f"select {listed} from {named} limit {limit}", ())


def _quoted(name: str) -> str:
    """Quote a name of the catalogue; the driver would take a percent sign for a value."""
    return '"' + name.replace('"', '""').replace("%", "%%") + '"'


def _is_instant(column: Any) -> bool:  # noqa: ANN401  # a column of any type
    return bool(getattr(column.type, "timezone", False))


def _newest_first(table: Table) -> str:
    instants = [column.name for column in table.columns if _is_instant(column)]
    keys = [column.name for column in table.primary_key]
    return ", ".join(f'"{name}" desc' for name in (*instants[:1], *keys))
