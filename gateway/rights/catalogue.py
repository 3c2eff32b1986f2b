"""Which columns do the databases really have, and which rows hold one of the needles?

The scan believes the live catalogue, not our own list of tables: a table somebody added by hand is
walked too, and reported as missing from the data map (R-61).  These statements are about whatever
the catalogue names, so they belong to no side's schema; they run with the role of each engine.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, text

from gateway.rights.needles import Needle, text_patterns

_COLUMNS: Final = """
SELECT n.nspname AS schema, c.relname AS table, a.attname AS column,
       format_type(a.atttypid, NULL) AS type,
       has_schema_privilege(n.oid, 'USAGE')
         AND has_column_privilege(c.oid, a.attnum, 'SELECT') AS readable
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relkind IN ('r', 'p', 'm', 'f') AND NOT c.relispartition
  AND a.attnum > 0 AND NOT a.attisdropped
  AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
ORDER BY 1, 2, a.attnum
"""
_TEXTS: Final = frozenset({"text", "character varying", "character", "name", "citext", "xml"})
_AS_TEXT: Final = frozenset({"json", "jsonb", "text[]", "character varying[]", "uuid[]", "hstore"})
_NUMBERS: Final = frozenset({"bigint", "integer", "numeric"})


@dataclass(frozen=True, slots=True)
class ColumnAt:
    """One column of the live catalogue; *readable* by the role that asked."""

    schema: str
    table: str
    column: str
    type: str
    readable: bool

    @property
    def name(self) -> str:
        """Give ``schema.table.column``."""
        return f"{self.schema}.{self.table}.{self.column}"


@dataclass(frozen=True, slots=True)
class Condition:
    """An SQL condition on one column, with the values it is bound to."""

    sql: str
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Sought:
    """Everything the scan looks for.

    Attributes:
        needles: identifiers, pseudonyms and blind indexes in all their forms.
        pids: pseudonyms as UUID text, for columns of type uuid.
        numbers: surrogates, for columns the data map says hold one.
    """

    needles: tuple[Needle, ...]
    pids: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()

    def __repr__(self) -> str:
        return f"Sought({len(self.needles)} needles)"


def columns(connection: Connection) -> list[ColumnAt]:
    """Give every column of every ordinary, partitioned, foreign table and materialised view."""
    return [ColumnAt(*row) for row in connection.execute(text(_COLUMNS))]


def condition(column: ColumnAt, sought: Sought, *, holds_number: bool) -> Condition | None:
    """Give what to ask of *column*; ``None`` where its type cannot hold what is sought."""
    quoted = quote(column.column)
    if holds_number:
        return _numbered(quoted, column.type, sought.numbers)
    if column.type in _TEXTS:
        return _textual(quoted, sought.needles)
    if column.type in _AS_TEXT:
        return _textual(f"{quoted}::text", sought.needles)
    if column.type == "bytea":
        return _binary(quoted, sought.needles)
    if column.type == "uuid" and sought.pids:
        return Condition(f"{quoted} = ANY(CAST(:pids AS uuid[]))", {"pids": list(sought.pids)})
    return None


def count_rows(
    connection: Connection, table: tuple[str, str], conditions: Sequence[Condition]
) -> list[int]:
    """Give, for each condition, how many rows of *table* meet it, in one pass over the table."""
    filters: list[str] = []
    values: dict[str, Any] = {}
    for number, asked in enumerate(conditions):
        sql = asked.sql
        for name, value in asked.values.items():
            sql = sql.replace(f":{name}", f":{name}_{number}")
            values[f"{name}_{number}"] = value
        filters.append(f"count(*) FILTER (WHERE {sql})")
    schema, name = table
    statement = f"SELECT {', '.join(filters)} FROM {quote(schema)}.{quote(name)}"  # noqa: S608 - names come from the catalogue, quoted
    return [int(count) for count in connection.execute(text(statement), values).one()]


def quote(name: str) -> str:
    """Give *name* as a quoted SQL identifier; a colon would look like a bound value."""
    return '"' + name.replace('"', '""').replace(":", r"\:") + '"'


def _textual(value: str, needles: Sequence[Needle]) -> Condition | None:
    patterns = text_patterns(needles)
    if not patterns:
        return None
    parts = [
        f"{value} {'~*' if folded else '~'} :pattern{chr(97 + at)}"
        for at, (_, folded) in enumerate(patterns)
    ]
    values = {f"pattern{chr(97 + at)}": pattern for at, (pattern, _) in enumerate(patterns)}
    return Condition(f"({' OR '.join(parts)})", values)


def _binary(value: str, needles: Sequence[Needle]) -> Condition | None:
    # One automaton over the hex of the value instead of one search per needle and row.  A match
    # may start in the middle of a byte; for needles of six bytes or more that is chance alone.
    found = sorted({needle.data.hex() for needle in needles})
    if not found:
        return None
    return Condition(f"encode({value}, 'hex') ~ :hex", {"hex": "|".join(found)})


def _numbered(value: str, kind: str, numbers: Sequence[int]) -> Condition | None:
    if not numbers:
        return None
    if kind.endswith("[]"):
        return Condition(f"{value} && CAST(:numbers AS {kind})", {"numbers": list(numbers)})
    if kind not in _NUMBERS:
        return None
    return Condition(f"{value} = ANY(CAST(:numbers AS bigint[]))", {"numbers": list(numbers)})
