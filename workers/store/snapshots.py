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


_KEYS = "select keys from store.feature_set where id = %s"

# A row whose values did not change is not touched: its older `as_of` still says the truth.
_UPSERT = """
insert into store.feature_snapshot as held (subject, feature_set, as_of, values)
select subject, %s, %s, (%s)[(place - 1) * %s + 1 : place * %s]
from unnest(%s) with ordinality as new (subject, place) order by subject
on conflict (subject) do update set feature_set = excluded.feature_set,
  as_of = excluded.as_of, values = excluded.values
where (held.values, held.feature_set) is distinct from (excluded.values, excluded.feature_set)"""

_DELETE = "delete from store.feature_snapshot where subject = any(%s)"

_OF_SUBJECTS = """
select subject, feature_set, as_of, values from store.feature_snapshot where subject = any(%s)"""


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
) -> int:
    """Write the values of subjects, all of the same width; give how many rows really changed.

    The caller holds the registry rows of the subjects and found them alive.
    """
    if not values:
        return 0
    width = len(next(iter(values.values())))
    flat = [value for row in values.values() for value in row]
    if len(flat) != width * len(values):
        raise ValueError("rows differ in width; one value a feature was needed")
    row = (feature_set_id, Instant.of_us(as_of_us), Float8s.of_nullable(flat), width, width)
    return run(connection, _UPSERT, (*row, Int8s.of(list(values))))


def delete(connection: Connection, subjects: Sequence[int]) -> int:
    """Forget the values of subjects about whom nothing is known any more."""
    return run(connection, _DELETE, (Int8s.of(subjects),)) if subjects else 0


def of_subjects(connection: Connection, subjects: Sequence[int]) -> dict[int, Snapshot]:
    """Give the snapshots of *subjects* that have one."""
    found = rows_of(connection, _OF_SUBJECTS, (Int8s.of(subjects),))
    return {row[0]: Snapshot._make(row) for row in found}
