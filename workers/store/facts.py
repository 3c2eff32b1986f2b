"""What folding needs of stored events, read by the column: no object an event before the fold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection

from workers.store.packing import EPOCH_US, Int8s, numbers
from workers.store.transactions import rows_of

Column = npt.NDArray[np.int64]

# One row whose columns are whole arrays, as the server sends them: a hundred thousand numbers are
# five values to the driver.
_COLUMNS = """
select array_send(array_agg(e.subject)), array_send(array_agg(e.at)), array_send(array_agg(e.mid)),
  array_send(array_agg(e.name)), array_send(array_agg(coalesce(e.amount, 0)))"""

# A join, and not `subject = any(…)`; no bound on `at`, and no order.  Kept prepared, a statement is
# planned for an array of ten elements and for any bound: the BRIN index on `at` then looks like a
# bargain, and every partition is read from end to end (twelve times the cost, measured).  A row of
# `unnest` is looked up in the one partition that can hold it.
_OF_SUBJECTS = f"""{_COLUMNS}
from unnest(%s) as asked (subject) join store.event e on e.subject = asked.subject"""

_OF_MESSAGES = f"""{_COLUMNS}
from unnest(%s, %s) as asked (subject, mid)
join store.event e on e.subject = asked.subject and e.mid = asked.mid"""


class Facts(NamedTuple):
    """Events by the column, one element an event, in the order of subject, instant and message."""

    subject: Column
    at_us: Column  # microseconds since the Unix epoch
    mid: Column
    name: Column  # dictionary number of the event name
    amount: Column  # minor units, 0 where there is none


def of_subjects(
    connection: Connection, subjects: Sequence[int], until_us: int | None = None
) -> Facts:
    """Give all events of *subjects*, each named once, up to and including an instant."""
    found = _read(connection, _OF_SUBJECTS, Int8s.of(subjects))
    if until_us is None:
        return found
    # Dropped here, because the statement is better off without the comparison; few are.
    early = found.at_us <= until_us
    return Facts._make(column[early] for column in found)


def of_messages(connection: Connection, subjects: Sequence[int], mids: Sequence[int]) -> Facts:
    """Give the events with these keys, each once; one deleted meanwhile is absent.

    The keys travel although the dirty rows hold them: a join with that table, which is empty as
    often as not, is planned by chance (four times the cost, measured).
    """
    found = _read(connection, _OF_MESSAGES, Int8s.of(subjects), Int8s.of(mids))
    same = (np.diff(found.subject) == 0) & (np.diff(found.mid) == 0)
    if not same.any():
        return found
    return Facts._make(column[np.append(True, ~same)] for column in found)


def _read(connection: Connection, statement: str, *keys: Int8s) -> Facts:
    (columns,) = rows_of(connection, statement, keys)
    subject, at_us, mid, name, amount = map(numbers, columns)
    order = np.lexsort((mid, at_us, subject))
    return Facts(subject[order], at_us[order] + EPOCH_US, mid[order], name[order], amount[order])
