"""Suspect events that wait for the data protection officer: every statement on them.

What is sealed passes through here as bytes that no process of ours can open.  The workers are
granted nothing but the two functions at the end.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection

from workers.store.packing import Byteas, Instant, Instants, Int4s, Int8s, Texts
from workers.store.transactions import rows_of, run

Key = tuple[int, int]
"""Whose message it is, by surrogate, and the keyed hash of its name."""


class SetAside(NamedTuple):
    """One event that is set aside, as it is written."""

    id: int
    subject: int
    mid: int
    source: int
    purposes: int
    event: str
    reason: str
    sealed: bytes


class Terms(NamedTuple):
    """What all events of one commit share: when, until when, by which rulebook, for whose key."""

    at_us: int
    until_us: int
    rulebook: int
    key_id: str


class Waiting(NamedTuple):
    """One row, without what is sealed in it."""

    id: int
    set_aside_us: int
    expires_us: int
    settled_us: int | None
    subject: int
    mid: int
    source: int
    source_key: str
    rulebook: str  # its hash
    purposes: int
    event: str
    reason: str
    key_id: str
    outcome: str | None
    bytes: int
    state: int  # of the subject in the registry


class Held(NamedTuple):
    """How much waits.

    ``oldest_us`` is when the oldest row was written whose person is not restricted, ``waiting_us``
    when the oldest that nobody has settled was; ``restricted`` are rows past their time that a
    restriction keeps.
    """

    waiting: int
    bytes: int
    oldest_us: int | None
    restricted: int
    waiting_us: int | None


# Only those who set something aside wait for each other here, after every other lock they take.
_TURN: Final = "select pg_advisory_xact_lock(%s, %s)"
TURN: Final = (0x71756172, 1)

# Two joins, each by the one index that has both columns: an `or` would have a table read whole.
_KNOWN = """
with asked as materialized (select * from unnest(%s, %s) as asked (subject, mid))
select subject, mid from asked join store.quarantine q using (subject, mid)
union select subject, mid from asked join store.event e using (subject, mid)"""
_NUMBERS = """
select nextval('store.quarantine_id_seq') from generate_series(1, %s)"""
_PUT = """
insert into store.quarantine (id, set_aside_at, expires_at, subject, mid, source, rulebook,
  purposes, event, reason, key_id, sealed)
select id, %s, %s, subject, mid, source, %s, purposes, event, reason, %s, sealed
from unnest(%s, %s, %s, %s, %s, %s, %s, %s)
  as new (id, subject, mid, source, purposes, event, reason, sealed)"""

_ROWS = """
select q.id, q.set_aside_at, q.expires_at, q.settled_at, q.subject, q.mid, q.source, s.key, r.hash,
  q.purposes, q.event, q.reason, q.key_id, q.outcome,
  coalesce(octet_length(q.sealed), 0)::int8, known.state
from store.quarantine q join store.source s on s.id = q.source
join store.rulebook r on r.id = q.rulebook join store.subject known on known.id = q.subject"""
_LIST = f"{_ROWS} order by q.id"
_ONE = f"{_ROWS} where q.id = %s"
_HOLD = f"{_ONE} for update of q"
_SEALED = "select sealed from store.quarantine where id = %s and sealed is not null"
_SETTLE = """
update store.quarantine set sealed = null, outcome = %s, settled_at = %s
where id = %s and outcome is null"""

# A seal cannot be shortened, so one that was made for a withdrawn purpose goes whole.  What is
# settled holds nothing more, and goes with its last purpose.  Restricted subjects may need theirs
# for a claim (Art. 18(1)); it waits for the withdrawal to be carried out, like what is stored.
_NARROW = """
with asked as (
  select subject, bit_or(1 << (purpose - 1)) as bits
  from unnest(%s, %s) as asked (subject, purpose) group by subject
), gone as (
  delete from store.quarantine q using asked, store.subject known
  where q.subject = asked.subject and known.id = asked.subject and known.state <> 1
  and q.purposes & asked.bits <> 0 and (q.sealed is not null or q.purposes & ~asked.bits = 0)
)
update store.quarantine q set purposes = q.purposes & ~asked.bits
from asked join store.subject known on known.id = asked.subject and known.state <> 1
where q.subject = asked.subject and q.purposes & asked.bits <> 0 and q.sealed is null
and q.purposes & ~asked.bits <> 0"""

_FORGET = "select store.forget_quarantined(%s, %s)"
_WITHDRAW = "select store.withdraw_quarantined(%s, %s)"
_HELD = "select waiting, bytes, oldest, restricted, since from store.quarantine_held(%s)"


def take_turn(connection: Connection) -> None:
    """Wait until nobody else sets anything aside, so that the bounds hold exactly."""
    rows_of(connection, _TURN, TURN)


def known(connection: Connection, keys: Sequence[Key]) -> set[Key]:
    """Give those of *keys* that were set aside before, or stored."""
    subjects, mids = zip(*keys, strict=True)
    found = rows_of(connection, _KNOWN, (Int8s.of(subjects), Int8s.of(mids)))
    return {(row[0], row[1]) for row in found}


def numbers(connection: Connection, count: int) -> list[int]:
    """Draw *count* numbers, which what is sealed is bound to."""
    return [int(row[0]) for row in rows_of(connection, _NUMBERS, (count,))]


def put(connection: Connection, terms: Terms, rows: Sequence[SetAside]) -> None:
    """Set events aside; the caller holds the registry rows of their subjects."""
    if not rows:
        return
    ids, subjects, mids, sources, purposes, events, reasons, seals = zip(*rows, strict=True)
    columns = (
        *(Int8s.of(each) for each in (ids, subjects, mids)),
        *(Int4s.of(each) for each in (sources, purposes)),
        *(Texts.of(each) for each in (events, reasons)),
        Byteas.of_bytes(seals),
    )
    at_us, until_us, rulebook, key_id = terms
    shared = (Instant.of_us(at_us), Instant.of_us(until_us), rulebook, key_id)
    run(connection, _PUT, (*shared, *columns))


def listed(connection: Connection) -> list[Waiting]:
    """Give every row, oldest first."""
    return [Waiting._make(row) for row in rows_of(connection, _LIST, ())]


def one(connection: Connection, number: int) -> Waiting | None:
    """Give the row of this number, or ``None`` where there is none."""
    found = rows_of(connection, _ONE, (number,))
    return Waiting._make(found[0]) if found else None


def hold(connection: Connection, number: int) -> Waiting | None:
    """Give the row as ``one`` does, and let nobody else change it until we commit.

    Before anything is written to the audit log: whoever deletes rows holds them first, too.
    """
    found = rows_of(connection, _HOLD, (number,))
    return Waiting._make(found[0]) if found else None


def sealed(connection: Connection, number: int) -> bytes | None:
    """Give what is sealed in a row, or ``None`` when it is settled or gone."""
    found = rows_of(connection, _SEALED, (number,))
    return bytes(found[0][0]) if found else None


def settle(connection: Connection, number: int, outcome: str, now_us: int) -> bool:
    """Take what is sealed out of a row and say why; say whether nobody had before."""
    return run(connection, _SETTLE, (outcome, Instant.of_us(now_us), number)) == 1


def narrow(connection: Connection, asked: Collection[tuple[int, int]]) -> None:
    """Delete what waits for a purpose of each (subject, purpose), unless the subject is restricted.

    What is settled loses the purpose, and goes with its last.
    """
    if asked:
        subjects, purposes = zip(*sorted(asked), strict=True)
        run(connection, _NARROW, (Int8s.of(subjects), Int4s.of(purposes)))


def withdraw(connection: Connection, asked: Sequence[tuple[int, int]]) -> None:
    """Delete what waits for each open withdrawal, by number, and was set aside before an instant.

    For whoever may not read the table; of nearly everybody it went when they said so, of somebody
    who was restricted then it goes here.
    """
    numbers, before = zip(*asked, strict=True)
    rows_of(connection, _WITHDRAW, (Int8s.of(numbers), Instants.of_us(before)))


def forget(connection: Connection, before_us: int, *, limit: int) -> int:
    """Delete some of what is over its time, or from before an instant; give how many.

    An instant of the last day counts as the one a day ago.
    """
    ((gone,),) = rows_of(connection, _FORGET, (Instant.of_us(before_us), limit))
    return int(gone)


def held(connection: Connection, before_us: int) -> Held:
    """Say how much waits; past its time is what is from before the instant."""
    return Held._make(rows_of(connection, _HELD, (Instant.of_us(before_us),))[0])
