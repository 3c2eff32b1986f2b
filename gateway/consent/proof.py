"""The proof of a consent: the record, what was shown, and the way to a signed head of the log.

It is checked offline by ``policies.audit.verify_consent`` with nothing but the verifier key; what
it leaves to trust is the clock of whoever signed (Article 7(1); CNIL, délibération 2020-092).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from gateway.errors import NoticeUnknown, ReceiptUnknown
from gateway.rights import checkpoints
from gateway.rights.operators import Operator
from gateway.rights.ports import Ports
from policies.audit.checkpoint import parse_checkpoint, parse_note
from policies.audit.tree import inclusion_proof
from policies.errors import AuditUnavailable
from workers.store import audit_log, notices, proof, rulebook_changes
from workers.store.notices import BannerSaid
from workers.store.proof import Anchor, Banner, Notice, ProvedRecord
from workers.store.transactions import transaction

SCHEMA = "paravent/consent-proof/1"

Part = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Told:
    """One record with everything that was known when it was made."""

    record: ProvedRecord
    anchor: Anchor | None
    notice: Notice | None
    banners: Sequence[Banner]


@dataclass(frozen=True, slots=True)
class Proofs:
    """Proves consents, and registers banners, in the name of operators."""

    ports: Ports

    def of(self, operator: Operator | None, receipt: uuid.UUID) -> Part:
        """Give the proof of every record of *receipt*; asking is logged first.

        Raises:
            ReceiptUnknown: there is none, or none any more.
            AuditUnavailable: this process has no login of the auditor's role.
        """
        self.ports.audit("consent:proved", _by(operator))
        with transaction(self.ports.store) as store:
            told = [_told(store, record) for record in proof.of_receipt(store, receipt)]
            rulebooks = rulebook_changes.contents(store, {each.record.rulebook for each in told})
        if not told:
            raise ReceiptUnknown("No consent record has this receipt.")
        entries = {seq for each in told for seq in _entries(each)}
        return {
            "schema": SCHEMA,
            "records": [_record(each) for each in told],
            "notices": _notices(told),
            "rulebooks": [
                {"sha256": hash_, "content": said} for hash_, said in sorted(rulebooks.items())
            ],
            **self._log(entries),
        }

    def register_banner(self, operator: Operator, said: BannerSaid) -> Part:
        """Register a version of a banner in the log; give the proof that it is there.

        Raises:
            NoticeUnknown: no such notice was ever in force.
        """
        with transaction(self.ports.store) as store:
            made = notices.register_banner(store, said, by=str(operator.id), now=self.ports.clock())
        if made is None:
            raise NoticeUnknown(
                "No notice of this key was ever in force; a declared one was needed."
            )
        registered = {"entry": made.entry, "registered_at": made.at, "again": made.again}
        return {**registered, **self._log({made.entry})}

    def notices(self) -> list[dict[str, object]]:
        """Give every notice there ever was, with its banners."""
        with transaction(self.ports.store) as store:
            return notices.listed(store)

    def _log(self, seqs: Iterable[int]) -> Part:
        """Give entries of the log, each with its way to the root of a checkpoint signed now."""
        if self.ports.auditor is None:
            raise AuditUnavailable(
                "this process may not read the log; the auditor's login was needed"
            )
        note = checkpoints.sign_head(self.ports)
        size = parse_checkpoint(parse_note(note)[0]).size
        # For whoever kept the key of before a rotation: by the entry a replaced key is told from
        # one that still signed.
        handovers = checkpoints.handovers(self.ports)
        said = {each["entry"] for each in handovers if isinstance(each["entry"], int)}
        seqs = {*seqs, *(entry for entry in said if entry < size)}
        with transaction(self.ports.auditor) as auditor:
            leaves = audit_log.leaf_hashes(auditor, size)
            headers = audit_log.headers(auditor, seqs)
        return {
            "entries": [
                {"seq": seq, "header": header, "path": _path(leaves, seq)}
                for seq, header in sorted(headers.items())
            ],
            "checkpoint": note,
            "verifier_key": checkpoints.verifier(self.ports),
            "handovers": handovers,
        }


def _by(operator: Operator | None) -> Mapping[str, str]:
    return {"by": "command" if operator is None else str(operator.id)}


def _told(store: Connection, record: ProvedRecord) -> Told:
    notice = proof.shown(store, record)
    shown = [] if notice is None else proof.banners(store, notice.id)
    # What was registered later was not shown before it.
    before = [each for each in shown if each.registered_us <= record.received_us]
    return Told(record, proof.anchor_of(store, record.id), notice, before)


def _entries(told: Told) -> Iterator[int]:
    if told.anchor is not None:
        yield told.anchor.entry
    if told.notice is not None:
        yield told.notice.entry
    yield from (each.entry for each in told.banners)


def _record(told: Told) -> Part:
    anchor = told.anchor
    return {
        "record": told.record.document(),
        "notice": None if told.notice is None else told.notice.key,
        "banners": [each.entry for each in told.banners],
        "anchor": None if anchor is None else {
            "entry": anchor.entry,
            "index": anchor.records.index(told.record.id),
            "size": len(anchor.records),
            "path": _path(anchor.leaves, anchor.records.index(told.record.id)),
        },
    }  # fmt: skip


def _notices(told: Sequence[Told]) -> list[Part]:
    found = {each.notice.key: each for each in told if each.notice is not None}
    return [_notice(each.notice, each.banners) for each in found.values() if each.notice]


def _notice(notice: Notice, banners: Sequence[Banner]) -> Part:
    return {
        "key": notice.key,
        "version": notice.version,
        "language": notice.language,
        "valid_from": notice.valid_from.isoformat(),
        "text": notice.text,
        "sha256": notice.text_sha256,
        "entry": notice.entry,
        "banners": [
            {
                "entry": each.entry,
                "version": each.version,
                "platform": each.platform,
                "code_sha256": each.code_sha256,
                "screenshots": each.screenshots,
            }
            for each in banners
        ],
    }


def _path(leaves: Sequence[bytes], index: int) -> list[str]:
    return [step.hex() for step in inclusion_proof(leaves, index)]
