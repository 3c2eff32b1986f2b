"""Which pseudonyms are live: the rows every writer locks before it writes about a subject.

The registry is the fence against resurrection (R-56, R-57).  A writer holds the row ``FOR SHARE``
until it commits; an erasure marks it, which waits for those writers and makes later ones see it
erased.  Rows are always locked in the order of their number, so that two batches cannot deadlock.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection

from workers.store.packing import Int2s, Int4s, Int8s, Uuids, ragged
from workers.store.pseudonyms import SETTLED, Renaming
from workers.store.transactions import rows_of, run

ALIVE, RESTRICTED, ERASED = 0, 1, 2

_COLUMNS = "id, pid, domain, state, generation, objected, consent"


class RegistryRow(NamedTuple):
    """What the registry says about one pseudonym."""

    id: int
    pid: bytes  # 16 bytes
    domain: int
    state: int  # ALIVE, RESTRICTED or ERASED
    generation: int
    objected: int  # bit mask of purposes
    consent: list[int]  # triplets (purpose, since_us, until_us), by purpose


_LOCK = {
    (column, for_update): f"""
select {_COLUMNS} from store.subject where {column} = any($1) order by id
for {"no key update" if for_update else "share"}""".replace("$1", "%s")
    for column in ("pid", "id")
    for for_update in (False, True)
}

_REGISTER = f"""
insert into store.subject (pid, domain)
select pid, domain from unnest(%s, %s) as asked (pid, domain) order by pid
on conflict (pid) do nothing
returning {_COLUMNS}"""

_SET_CONSENT = """
update store.subject as known set consent = (%s)[new.first:new.last]
from unnest(%s, %s, %s) as new (id, first, last)
where known.id = new.id and known.state <> 2"""

_SET_STATE = """
update store.subject set state = %s, generation = generation + 1
where id = any(%s) and state <> 2"""

_DOMAINS = "select id, domain from store.subject where id = any(%s) and state = 0"
_NOT_ERASED = "select pid from store.subject where pid = any(%s) and state <> 2"
_SET_OBJECTED = "update store.subject set objected = %s where id = %s and state <> 2"


def register(
    connection: Connection, rows: Sequence[tuple[bytes, int]], *, names: Renaming = SETTLED
) -> dict[bytes, RegistryRow]:
    """Add pseudonyms not known yet, as (16 bytes, domain); give those that were really added.

    Fresh rows belong to this transaction alone, so they need no lock.
    """
    if not rows:
        return {}
    pids, domains = zip(*rows, strict=True)
    written = [names.written.get(pid, pid) for pid in pids] if names.written else pids
    found = rows_of(connection, _REGISTER, (Uuids.of_bytes(written), Int2s.of(domains)))
    return _by_pid(found, names)


def not_erased(connection: Connection, pids: Sequence[bytes]) -> set[bytes]:
    """Give those of *pids* that are registered and not marked erased."""
    return {row[0] for row in rows_of(connection, _NOT_ERASED, (Uuids.of_bytes(pids),))}


def domains_of(connection: Connection, subject_ids: Sequence[int]) -> dict[int, int]:
    """Give the domains of those with these numbers who are alive now, by number."""
    return dict(rows_of(connection, _DOMAINS, (Int8s.of(subject_ids),)))


def lock(
    connection: Connection,
    pids: Sequence[bytes],
    *,
    for_update: bool = False,
    names: Renaming = SETTLED,
) -> dict[bytes, RegistryRow]:
    """Lock the rows of *pids* and give them; a pseudonym never registered is absent.

    ``FOR SHARE`` lets other writers pass and makes an erasure wait; *for_update* is for whoever
    changes the row afterwards (taking the strong lock first is what avoids the deadlock).

    Whoever is registered by a former one of *names* is found, too, under the one it becomes.
    """
    if not pids:
        return {}
    wanted = [*pids, *_former(pids, names)] if names.former else pids
    found = rows_of(connection, _LOCK["pid", for_update], (Uuids.of_bytes(wanted),))
    return _by_pid(found, names)


def lock_by_id(
    connection: Connection, subject_ids: Sequence[int], *, for_update: bool = False
) -> dict[int, RegistryRow]:
    """Lock the rows with these numbers and give them by number."""
    if not subject_ids:
        return {}
    found = rows_of(connection, _LOCK["id", for_update], (Int8s.of(subject_ids),))
    return {row[0]: RegistryRow._make(row) for row in found}


def enrol(
    connection: Connection,
    rows: Sequence[tuple[bytes, int]],
    *,
    for_update: bool = False,
    names: Renaming = SETTLED,
) -> dict[bytes, RegistryRow]:
    """Lock the rows of these (pid, domain), registering those not known; give all of them.

    One round trip when all are known, two when some are new, and three when another writer
    registered the same one in between.
    """
    held = lock(connection, [pid for pid, _ in rows], for_update=for_update, names=names)
    missing = [row for row in rows if row[0] not in held]
    held |= register(connection, missing, names=names)
    raced = [pid for pid, _ in missing if pid not in held]
    return held | lock(connection, raced, for_update=for_update, names=names)


def _former(pids: Sequence[bytes], names: Renaming) -> list[bytes]:
    wanted = set(pids)
    return [former for former, pid in names.former.items() if pid in wanted]


def _by_pid(found: Sequence[tuple[Any, ...]], names: Renaming) -> dict[bytes, RegistryRow]:
    if not names.former:
        return {row[1]: RegistryRow._make(row) for row in found}
    rows = [RegistryRow._make(row) for row in found]
    named = [row._replace(pid=names.former.get(row.pid, row.pid)) for row in rows]
    return {row.pid: row for row in named}


def set_consent(connection: Connection, consent: Mapping[int, Sequence[int]]) -> None:
    """Replace the folded consent of subjects, given as triplets by subject number.

    The rows must be held ``for_update``.  An erased subject keeps its empty row.
    """
    if not consent:
        return
    flat, first, last = ragged(consent.values())
    values = (Int8s.of(flat), Int8s.of(list(consent)), Int4s.of(first), Int4s.of(last))
    run(connection, _SET_CONSENT, values)


def set_state(connection: Connection, subject_ids: Sequence[int], state: int) -> int:
    """Set ``ALIVE`` or ``RESTRICTED`` on subjects that are not erased; give how many changed.

    ``erasure`` alone marks a subject erased, and nothing brings one back.
    """
    if state not in (ALIVE, RESTRICTED):
        raise ValueError("only alive and restricted can be set; erasure marks erased")
    return run(connection, _SET_STATE, (state, Int8s.of(subject_ids)))


def set_objected(connection: Connection, subject_id: int, mask: int) -> int:
    """Record which purposes the subject objects to, as a bit mask; give 1, or 0 if erased."""
    return run(connection, _SET_OBJECTED, (mask, subject_id))
