"""Texts that repeat, and the four-byte numbers events carry in their place."""

from collections.abc import Iterable
from enum import IntEnum

from sqlalchemy import Connection

from workers.store.packing import Texts
from workers.store.transactions import rows_of


class Kind(IntEnum):
    """Which column of the event a text belongs to."""

    EVENT = 1
    PAGE = 2
    PRODUCT = 3
    CATEGORY = 4
    LABEL = 5
    CAMPAIGN = 6
    REFERRER = 7
    DEVICE = 8


_IDS = """
with new as (
  insert into store.dictionary (kind, value)
  select %s, asked.value from unnest(%s) as asked (value)
  where not exists (select from store.dictionary as known
                    where known.kind = %s and known.value = asked.value)
  order by asked.value
  on conflict (kind, value) do nothing returning value, id
)
select value, id from new
union all select value, id from store.dictionary where kind = %s and value = any(%s)"""


def ids(connection: Connection, kind: int, values: Iterable[str]) -> dict[str, int]:
    """Give the number of each text, adding those not known.

    Call it in a short transaction of its own: a text must not vanish with a batch that fails,
    because the caller keeps the number in memory.
    """
    wanted = sorted(set(values))
    found: dict[str, int] = {}
    while wanted:
        packed = Texts.of(wanted)
        found |= dict(rows_of(connection, _IDS, (kind, packed, kind, kind, packed)))
        # A text that another writer added meanwhile is neither new nor in this snapshot; it is in
        # the next one.
        wanted = [value for value in wanted if value not in found]
    return found
