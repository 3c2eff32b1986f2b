"""The lasting numbers of purposes, domains and rulebooks."""

from collections.abc import Iterable

from sqlalchemy import Connection

from workers.store.packing import Texts
from workers.store.transactions import rows_of

# An event's purposes are a bit mask in four bytes, of which the sign stays unused.
MOST_PURPOSES = 31


def _ensure(table: str, column: str) -> str:
    return f"""
with new as (
  insert into store.{table} ({column})
  select asked from unnest(%s) as asked
  where not exists (select from store.{table} where {column} = asked) order by asked
  on conflict ({column}) do nothing returning {column}, id
)
select {column}, id from new
union all select {column}, id from store.{table} where {column} = any(%s)"""


_PURPOSES = _ensure("purpose", "key")
_DOMAINS = _ensure("domain", "key")
_RULEBOOKS = _ensure("rulebook", "hash")
_PURPOSE_KEYS = "select id, key from store.purpose order by id"
_DOMAIN_KEYS = "select id, key from store.domain order by id"


def _numbers(connection: Connection, statement: str, keys: Iterable[str]) -> dict[str, int]:
    wanted = sorted(set(keys))
    found: dict[str, int] = {}
    while wanted:
        packed = Texts.of(wanted)
        found |= dict(rows_of(connection, statement, (packed, packed)))  # type: ignore[arg-type]  # a text and a number a row
        wanted = [key for key in wanted if key not in found]
    return found


def purposes(connection: Connection, keys: Iterable[str]) -> dict[str, int]:
    """Give the number of each purpose, adding those not known; a number is never reused.

    Raises:
        ValueError: a number is beyond what an event's bit mask can hold.
    """
    numbers = _numbers(connection, _PURPOSES, keys)
    if any(number > MOST_PURPOSES for number in numbers.values()):
        raise ValueError(f"more than {MOST_PURPOSES} purposes were ever declared")
    return numbers


def domains(connection: Connection, keys: Iterable[str]) -> dict[str, int]:
    """Give the number of each pseudonymisation domain, adding those not known."""
    return _numbers(connection, _DOMAINS, keys)


def rulebook(connection: Connection, hash_: str) -> int:
    """Give the number of the rulebook with this content hash, adding it if it is new."""
    return _numbers(connection, _RULEBOOKS, [hash_])[hash_]


def purpose_keys(connection: Connection) -> dict[int, str]:
    """Give the key of every purpose ever declared, by number."""
    return dict(rows_of(connection, _PURPOSE_KEYS, ()))  # type: ignore[arg-type]  # a number and a text a row


def domain_keys(connection: Connection) -> dict[int, str]:
    """Give the key of every domain ever declared, by number."""
    return dict(rows_of(connection, _DOMAIN_KEYS, ()))  # type: ignore[arg-type]  # a number and a text a row
