"""The consent ledger: appended to, never changed; the registry keeps its fold for speed."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from workers.store.packing import Byteas, Instants, Int2s, Int4s, Int8s, Texts, Uuids
from workers.store.transactions import rows_of


class LedgerRow(NamedTuple):
    """One consent record; ``seq`` is its place in the ledger, 0 before it is appended."""

    seq: int
    subject: int
    purpose: int
    status: str
    method: str
    at_us: int
    received_us: int
    valid_until_us: int
    scope: str
    source: int | None
    rulebook: int
    receipt_id: bytes  # 16 bytes
    notice: str | None = None
    evidence: str | None = None
    signal_hash: bytes | None = None


_COLUMNS = """subject, purpose, status, method, at, received_at, valid_until, scope, source,
rulebook, receipt_id, notice, evidence, signal_hash"""

_APPEND = f"""
insert into store.consent_record ({_COLUMNS})
select {_COLUMNS} from unnest(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
with ordinality as new ({_COLUMNS}, place) order by place
returning id"""

_OF_SUBJECTS = f"""
select id, {_COLUMNS} from store.consent_record where subject = any(%s) order by subject, id"""


def append(connection: Connection, records: Sequence[LedgerRow]) -> list[int]:
    """Append *records* in their order; give their places in the ledger, ascending."""
    if not records:
        return []
    (_, subject, purpose, status, method, at, received, until, scope, source, *rest) = zip(
        *records, strict=True
    )
    rulebook, receipt, notice, evidence, signal = rest
    values = (
        Int8s.of(subject),
        Int2s.of(purpose),
        Texts.of(status),
        Texts.of(method),
        Instants.of_us(at),
        Instants.of_us(received),
        Instants.of_us(until),
        Texts.of(scope),
        Int4s.of_nullable(source),
        Int4s.of(rulebook),
        Uuids.of_bytes(receipt),
        Texts.of(notice),
        Texts.of(evidence),
        Byteas.of_bytes(signal),
    )
    return [row[0] for row in rows_of(connection, _APPEND, values)]


def of_subjects(connection: Connection, subjects: Sequence[int]) -> dict[int, list[LedgerRow]]:
    """Give the whole ledger of *subjects* by subject, oldest record first."""
    ledger: dict[int, list[LedgerRow]] = {subject: [] for subject in subjects}
    for row in rows_of(connection, _OF_SUBJECTS, (Int8s.of(subjects),)):
        ledger[row[1]].append(LedgerRow._make(row))
    return ledger
