"""What an erasure does to the store: walk the data map, delete, and leave the fence standing."""

from collections.abc import Sequence

from sqlalchemy import Connection

from policies.data_map import Erasure, TableNote
from workers.store import registry
from workers.store.data_map import data_map
from workers.store.packing import Int8s, Uuids
from workers.store.transactions import rows_of, run

# The row stays, with nothing in it but the bare numbers: a late writer must find it erased.  A
# second run changes nothing, so that the generation counts erasures, not attempts.
_MARK = """
update store.subject set state = 2, generation = generation + 1, consent = '{}', objected = 0,
  principal = null
where id = any(%s) and state <> 2"""

_LASTING = """
delete from store.passing_fence fence using store.subject known
where known.id = fence.subject and known.pid = any(%s)"""
_MARK_PIDS = """
with held as (
  select id from store.subject where pid = any(%s) order by id for no key update
)
update store.subject as known set state = 2, consent = '{}', objected = 0, principal = null,
  generation = generation + case when known.state = 2 then 0 else 1 end
from held where known.id = held.id
returning known.id"""


def mark_erased(connection: Connection, pids: Sequence[bytes]) -> list[int]:
    """Mark pseudonyms erased and give their numbers; one never registered has none.

    This waits for every writer that holds one of the rows; whoever comes later sees it erased.
    """
    if not pids:
        return []
    return sorted(row[0] for row in rows_of(connection, _MARK_PIDS, (Uuids.of_bytes(pids),)))


def fence(connection: Connection, fences: Sequence[tuple[bytes, int]]) -> list[int]:
    """Mark each (pid, domain) erased, registering those that never were; give their numbers.

    First those that are there: whoever is renaming one of them holds its row, and waits for none
    that is registered here.  One that would have gone in a day stays.
    """
    pids = [pid for pid, _ in fences]
    if not pids:
        return []
    run(connection, _LASTING, (Uuids.of_bytes(pids),))
    mark_erased(connection, pids)
    registry.register(connection, sorted(fences))
    numbers = mark_erased(connection, pids)
    run(connection, _LASTING, (Uuids.of_bytes(pids),))
    return numbers


def erase(connection: Connection, subject_ids: Sequence[int]) -> dict[str, int]:
    """Delete every row about these subjects; give how many went, by table of the data map.

    Safe to repeat: a second run deletes nothing.  Marks the subjects erased first, if they are
    not yet.
    """
    numbers = Int8s.of(sorted(subject_ids))
    run(connection, _MARK, (numbers,))
    return {
        f"{table.schema}.{table.name}": run(connection, _deletion(table), (numbers,))
        for table in _erasable()
    }


def remaining(connection: Connection, subject_ids: Sequence[int]) -> dict[str, int]:
    """Count the rows still held about these subjects, by table; what the scan asks."""
    numbers = Int8s.of(sorted(subject_ids))
    return {
        f"{table.schema}.{table.name}": int(rows_of(connection, _count(table), (numbers,))[0][0])
        for table in _erasable()
    }


def _erasable() -> list[TableNote]:
    return [table for table in data_map() if table.erasure in (Erasure.DELETE, Erasure.CASCADE)]


def _surrogate(table: TableNote) -> str:
    for name, column in table.columns.items():
        if column.subject == "surrogate":
            return name
    raise LookupError(f"table {table.schema}.{table.name} has no surrogate to delete by")


def _deletion(table: TableNote) -> str:
    return f"delete from {table.schema}.{table.name} where {_surrogate(table)} = any(%s)"


def _count(table: TableNote) -> str:
    return f"select count(*) from {table.schema}.{table.name} where {_surrogate(table)} = any(%s)"
