"""Consent records as they are proved: their canonical form, their anchors, and what was shown."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import Connection

from policies.audit.record import Scalar, canonical
from workers.store.packing import Instant, Int8s
from workers.store.transactions import rows_of, run

ANCHORED: Final = "event:consents-anchored"
SCHEMA: Final = "paravent/consent-record/1"
HASH_BYTES: Final = 32
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TURN: Final = 0x70726F66  # first and only key of the advisory lock: one anchors at a time

_COLUMNS = """
c.id, c.receipt_id, coalesce(s.principal, s.pid), p.key, c.status, c.method, c.scope, c.at,
c.received_at, c.valid_until, o.key, r.hash, c.notice, c.evidence, c.signal_hash, c.rulebook,
c.purpose"""
_FROM = """
from store.consent_record c join store.subject s on s.id = c.subject
join store.purpose p on p.id = c.purpose join store.rulebook r on r.id = c.rulebook
left join store.source o on o.id = c.source"""

_UNANCHORED = f"""
select {_COLUMNS} {_FROM}
where c.id > coalesce(
    (select records[cardinality(records)] from store.anchor order by id desc limit 1), 0)
  and c.received_at < %s
order by c.id limit %s"""
_OF_RECEIPT = f"select {_COLUMNS} {_FROM} where c.receipt_id = %s order by c.id"
# The form says that people are called by ``subject.principal``.
_KEEP = "insert into store.anchor (entry, records, leaves, form) values (%s, %s, %s, 2)"
_ANCHOR = """
select entry, records, leaves from store.anchor
where records[1] <= %s and records[cardinality(records)] >= %s and %s = any(records)"""
_SHOWN = """
select n.id, n.entry, n.registered_at, n.valid_from, n.key, n.version, n.language, n.text_sha256,
  n.text
from store.shown h join store.notice n on n.id = h.notice
where h.rulebook = %s and h.purpose = %s"""
_BANNERS = """
select entry, registered_at, code_sha256, screenshots, version, platform from store.banner
where notice = %s order by id"""


class ProvedRecord(NamedTuple):
    """One line of the ledger with its numbers put into words that never change."""

    id: int
    receipt_id: bytes
    principal: bytes
    purpose: str
    status: str
    method: str
    scope: str
    at_us: int
    received_us: int
    valid_until_us: int
    source: str | None
    rulebook: str
    notice: str | None
    evidence: str | None
    signal_hash: bytes | None
    rulebook_number: int
    purpose_number: int

    def document(self) -> dict[str, Scalar]:
        """Give it with the members of ISO/IEC TS 27560; what is not known is left out."""
        told: dict[str, Scalar | None] = {
            "schema_version": SCHEMA,
            "record_id": self.id,
            "receipt_id": str(uuid.UUID(bytes=self.receipt_id)),
            "pii_principal_id": str(uuid.UUID(bytes=self.principal)),
            "purpose": self.purpose,
            "event_state": self.status,
            "event_type": self.method,
            "event_time": _written(self.at_us),
            "valid_until": _written(self.valid_until_us),
            "received_at": _written(self.received_us),
            "scope": self.scope,
            "collection_point": self.source,
            "rulebook": self.rulebook,
            "notice_said": self.notice,
            "evidence": self.evidence,
            "signal_hash": None if self.signal_hash is None else self.signal_hash.hex(),
        }
        return {name: value for name, value in told.items() if value is not None}

    def canonical(self) -> bytes:
        """Give the bytes its leaf is made of."""
        return canonical(self.document())


class Anchor(NamedTuple):
    """A tree over records, whose root is in an entry of the audit log."""

    entry: int
    records: list[int]
    leaves: list[bytes]


class Notice(NamedTuple):
    """What people were told, as it was registered."""

    id: int
    entry: int
    registered_us: int
    valid_from: date
    key: str
    version: str
    language: str
    text_sha256: str
    text: str


class Banner(NamedTuple):
    """A version of the banner that showed a notice, by the hashes of its code and looks."""

    entry: int
    registered_us: int
    code_sha256: str
    screenshots: list[str]
    version: str
    platform: str


def take_turn(connection: Connection) -> bool:
    """Say whether nobody else anchors; nobody will before we commit."""
    ((taken,),) = rows_of(connection, "select pg_try_advisory_xact_lock(%s::int8)", (_TURN,))
    return bool(taken)


def unanchored(connection: Connection, *, before_us: int, limit: int) -> list[ProvedRecord]:
    """Give the next records to anchor, received before an instant, by their number."""
    found = rows_of(connection, _UNANCHORED, (Instant.of_us(before_us), limit))
    return [ProvedRecord._make(row) for row in found]


def keep_anchor(
    connection: Connection, entry: int, records: Sequence[int], leaves: Sequence[bytes]
) -> None:
    """Keep the tree over *records*, whose root stands in *entry*."""
    run(connection, _KEEP, (entry, Int8s.of(records), b"".join(leaves)))


def of_receipt(connection: Connection, receipt: uuid.UUID) -> list[ProvedRecord]:
    """Give the records of one receipt; reads the whole ledger, which nobody waits for."""
    return [ProvedRecord._make(row) for row in rows_of(connection, _OF_RECEIPT, (receipt,))]


def anchor_of(connection: Connection, record: int) -> Anchor | None:
    """Give the tree a record is in, if it is in one yet."""
    found = rows_of(connection, _ANCHOR, (record, record, record))
    if not found:
        return None
    entry, records, leaves = found[0]
    cut = range(0, len(leaves), HASH_BYTES)
    return Anchor(entry, list(records), [bytes(leaves[at : at + HASH_BYTES]) for at in cut])


def shown(connection: Connection, record: ProvedRecord) -> Notice | None:
    """Give the notice its purpose had under the rulebook it was recorded with."""
    found = rows_of(connection, _SHOWN, (record.rulebook_number, record.purpose_number))
    return Notice._make(found[0]) if found else None


def banners(connection: Connection, notice: int) -> list[Banner]:
    """Give every registered version of the banner that shows a notice, oldest first."""
    return [Banner._make(row) for row in rows_of(connection, _BANNERS, (notice,))]


def _written(at_us: int) -> str:
    at = _EPOCH + timedelta(microseconds=at_us)
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")
