"""How does news about consent get into the ledger, the registry and the segments, in one go?

Used by events that carry a signal and by ``POST /v1/consents``; both run it
inside their own transaction, with the registry rows locked for writing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import Connection

from gateway.ingest.ledger import News, Standing, refolded, triplets
from policies.consent import ConsentRecord
from policies.vocabulary import ConsentMethod, ConsentStatus
from workers.store import consent, lanes, registry
from workers.store.consent import LedgerRow


class Entry(NamedTuple):
    """What all records of one transaction share; ``receipt`` unset means one each."""

    rulebook: int
    now_us: int
    receipt: UUID | None = None


def append(
    connection: Connection,
    entry: Entry,
    standings: Mapping[bytes, Standing],
    news: Mapping[bytes, Sequence[News]],
) -> None:
    """Append *news* (by pid), fold the whole ledger of those people, drop what is withdrawn.

    Memberships that rested on a purpose now closed are gone when this
    transaction commits (Article 7(3)).
    """
    rows = [_row(item, entry) for items in news.values() for item in items]
    consent.append(connection, rows)
    records = consent.of_subjects(connection, [standings[pid].subject for pid in news])
    folded: dict[int, list[int]] = {}
    for pid in news:
        standing = standings[pid]
        standing.consent = refolded(_record(row) for row in records[standing.subject])
        folded[standing.subject] = triplets(standing.consent)
    registry.set_consent(connection, folded)
    for purpose, people in _closed(news).items():
        lanes.drop_memberships(connection, people, [purpose])


def _closed(news: Mapping[bytes, Sequence[News]]) -> dict[int, set[int]]:
    closed: dict[int, set[int]] = {}
    for items in news.values():
        for item in items:
            if item.status is not ConsentStatus.GIVEN:
                closed.setdefault(item.purpose, set()).add(item.subject)
    return closed


def _record(row: LedgerRow) -> ConsentRecord:
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
    )
