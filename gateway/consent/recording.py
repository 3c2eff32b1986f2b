"""How does news about consent get into the ledger, the registry and the segments, in one go?

Used by events that carry a signal and by ``POST /v1/consents``; both run it
inside their own transaction, with the registry rows locked for writing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import Connection

from gateway.ingest.ledger import News, Standing, refolded, triplets
from policies.consent import ConsentRecord
from policies.vocabulary import ConsentMethod, ConsentStatus
from workers.store import consent, lanes, quarantine, registry, withdrawals
from workers.store.consent import LedgerRow


class Entry(NamedTuple):
    """What all records of one transaction share; ``receipt`` unset means one each.

    ``objectable`` are the purposes (as bits) that rest on a legitimate interest.
    """

    rulebook: int
    now_us: int
    objectable: int
    receipt: UUID | None = None


def append(
    connection: Connection,
    entry: Entry,
    standings: Mapping[bytes, Standing],
    news: Mapping[bytes, Sequence[News]],
) -> None:
    """Append *news* (by pid), fold the whole ledger of those people, drop what is withdrawn.

    Memberships that rested on a purpose now closed are gone when this transaction commits (Article
    7(3)), and the workers are asked to erase what has no other basis.  A yes that is sent again
    says nothing new: after a withdrawal it would otherwise undo it.
    """
    records = consent.of_subjects(connection, [standings[pid].subject for pid in news])
    unheard = _unheard((item for items in news.values() for item in items), records)
    rows = [_row(item, entry) for item in unheard]
    consent.append(connection, rows)
    for row in rows:
        records[row.subject].append(row)
    folded: dict[int, list[int]] = {}
    asked = _withdrawn(rows, records)
    for pid in news:
        standing = standings[pid]
        standing.become(refolded(recorded(row) for row in records[standing.subject]))
        folded[standing.subject] = triplets(standing.consent)
        asked |= _objected(connection, standing, entry.objectable)
    registry.set_consent(connection, folded)
    for purpose, people in _closed(rows).items():
        lanes.drop_memberships(connection, people, [purpose])
    withdrawals.ask(connection, asked, entry.now_us)
    quarantine.narrow(connection, asked)  # at once, since the workers may not touch it


def _unheard(news: Iterable[News], records: Mapping[int, Sequence[LedgerRow]]) -> list[News]:
    """Leave out every yes of a message whose yes is on record; a no is always heard."""
    heard = {
        (row.subject, row.purpose, row.status, row.signal_hash)
        for known in records.values()
        for row in known
    }
    return [
        item for item in news
        if item.signal is None or item.status is not ConsentStatus.GIVEN
        or not any((item.subject, item.purpose, item.status, each) in heard
                   for each in (item.signal, *item.before))
    ]  # fmt: skip


def _withdrawn(
    rows: Iterable[LedgerRow], records: Mapping[int, Sequence[LedgerRow]]
) -> set[tuple[int, int]]:
    """Give the subjects and purposes a new no is about, where there ever was a yes."""
    given = {
        (row.subject, row.purpose)
        for known in records.values()
        for row in known
        if row.status == ConsentStatus.GIVEN
    }
    return given & {(row.subject, row.purpose) for row in rows if row.status != ConsentStatus.GIVEN}


def _objected(connection: Connection, standing: Standing, objectable: int) -> set[tuple[int, int]]:
    """Read a no to a purpose that needs no consent as the objection it is (Article 21).

    Give what is objected to since, as subject and purpose.
    """
    before = standing.objected
    objected = standing.objected
    for purpose, (since_us, until_us) in standing.consent.items():
        bit = 1 << (purpose - 1) & objectable
        objected = objected | bit if since_us == until_us else objected & ~bit
    if objected != standing.objected:
        registry.set_objected(connection, standing.subject, objected)
        standing.objected = objected
    return {
        (standing.subject, purpose) for purpose in standing.consent
        if objected & ~before & 1 << (purpose - 1)
    }  # fmt: skip


def _closed(rows: Iterable[LedgerRow]) -> dict[int, set[int]]:
    closed: dict[int, set[int]] = {}
    for row in rows:
        if row.status != ConsentStatus.GIVEN:
            closed.setdefault(row.purpose, set()).add(row.subject)
    return closed


def recorded(row: LedgerRow) -> ConsentRecord:
    """Give a row of the ledger as the fold reads it."""
    return ConsentRecord(
        purpose=str(row.purpose),
        status=ConsentStatus(row.status),
        method=ConsentMethod(row.method),
        at_us=row.at_us,
        valid_until_us=row.valid_until_us,
        seq=row.seq,
    )


def _row(item: News, entry: Entry) -> LedgerRow:
    return LedgerRow(
        seq=0,
        subject=item.subject,
        purpose=item.purpose,
        status=item.status,
        method=item.method,
        at_us=item.at_us,
        received_us=entry.now_us,
        valid_until_us=item.valid_until_us,
        scope=item.scope,
        source=item.source,
        rulebook=entry.rulebook,
        receipt_id=(entry.receipt or uuid4()).bytes,
        notice=item.notice,
        evidence=item.evidence,
        signal_hash=item.signal,
    )
