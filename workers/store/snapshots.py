"""Feature values as last computed, one row a subject, in the order of a feature set's keys."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from workers.store.packing import Float8s, Instant, Int8s
from workers.store.transactions import rows_of, run


class Snapshot(NamedTuple):
    """The features of one subject as of an instant; ``None``: the feature has no value."""

    subject: int
    feature_set: int
    as_of_us: int
    values: list[float | None]


_ENSURE = """
with new as (
  insert into store.feature_set (hash, keys, rulebook) values (%s, %s, %s)
  on conflict (hash) do nothing returning id
)
select id from new union all select id from store.feature_set where hash = %s"""
_KEYS = "select keys from store.feature_set where id = %s"

_UPSERT = """
insert into store.feature_snapshot (subject, feature_set, as_of, values)
select subject, %s, %s, (%s)[(place - 1) * %s + 1 : place * %s]
from unnest(%s) with ordinality as new (subject, place) order by subject
on conflict (subject) do update set feature_set = excluded.feature_set,
  as_of = excluded.as_of, values = excluded.values"""

_OF_SUBJECTS = """
select subject, feature_set, as_of, values from store.feature_snapshot where subject = any(%s)"""


def feature_set(connection: Connection, hash_: str, keys: Sequence[str], *, rulebook: int) -> int:
    """Give the number of the feature set with this hash, storing it if it is new."""
    for _ in range(2):  # another writer may have stored it while the first try waited
        found = rows_of(connection, _ENSURE, (hash_, list(keys), rulebook, hash_))
        if found:
            return int(found[0][0])
    raise LookupError("the feature set could not be stored")


def keys_of(connection: Connection, feature_set_id: int) -> list[str]:
    """Give the keys of a feature set, in the order of the values."""
    ((keys,),) = rows_of(connection, _KEYS, (feature_set_id,))
    return list(keys)


def upsert(
    connection: Connection,
    values: Mapping[int, Sequence[float | None]],
    *,
    feature_set_id: int,
    as_of_us: int,
) -> None:
    """Write the values of subjects, all of the same width, in one statement.

    The caller holds the registry rows of the subjects and found them alive.
    """
    if not values:
        return
    width = len(next(iter(values.values())))
    flat = [value for row in values.values() for value in row]
    if len(flat) != width * len(values):
        raise ValueError("rows differ in width; one value a feature was needed")
    row = (feature_set_id, Instant.of_us(as_of_us), Float8s.of_nullable(flat), width, width)
    run(connection, _UPSERT, (*row, Int8s.of(list(values))))


def of_subjects(connection: Connection, subjects: Sequence[int]) -> dict[int, Snapshot]:
    """Give the snapshots of *subjects* that have one."""
    found = rows_of(connection, _OF_SUBJECTS, (Int8s.of(subjects),))
    return {row[0]: Snapshot._make(row) for row in found}
