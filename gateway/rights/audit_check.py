"""Does the audit log in this database still say what it said?

Reads it as the auditor's role and hands it to the independent checker of ``policies.audit``.  On
top of that checker this compares what only the database has: the stored leaf hashes, the head the
appending function goes on from, and the erasable details against their commitments.
"""

import hashlib
import hmac
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from sqlalchemy import Connection, Engine, text

from policies.audit import verify
from policies.audit.verify import Finding
from pseudonymizer.vault.transactions import transaction as vault_transaction
from workers.store import audit_log
from workers.store.audit_log import LoggedEntry
from workers.store.transactions import transaction

PAGE = 10_000


@dataclass(frozen=True, slots=True)
class Log:
    """The log as it lies in the database, read in one snapshot.

    Attributes:
        headers: bytes of each entry, in order.
        leaves: stored leaf hash of each entry.
        commitments: stored commitment of each entry, or ``None``.
        details: salt and text of the details not erased yet, by entry.
        notes: signed checkpoints, smallest first.
        promised: the checkpoints in receipts handed out, which lie in the other database.
        size: number of entries the appending function counts.
        root: the root it goes on from.
    """

    headers: Sequence[bytes]
    leaves: Sequence[bytes]
    commitments: Sequence[bytes | None]
    details: dict[int, tuple[bytes, str]]
    notes: Sequence[str]
    size: int
    root: bytes
    promised: Sequence[str] = ()

    def signed(self, key: tuple[str, bytes]) -> int:
        """Say how many entries, from the first on, the newest checkpoint vouches for."""
        heads = verify.open_all(self.headers, (*self.notes, *self.promised), key)
        return max((head.size for head in heads if head), default=0)


def read_log(auditor: Engine) -> Log:
    """Read the whole log as the role ``paravent_auditor``."""
    with transaction(auditor) as store:
        store.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        size, root = audit_log.head(store)
        entries = list(chain.from_iterable(_pages(store, size)))
        # All of them: one of a larger log is how a log that was cut short is found out.
        notes = [found.note for found in audit_log.checkpoints(store)]
        with_detail = [entry.seq for entry in entries if entry.commitment is not None]
        details = audit_log.details(store, with_detail) if with_detail else {}
    return Log(
        headers=[entry.header.encode() for entry in entries],
        leaves=[bytes(entry.leaf_hash) for entry in entries],
        commitments=[entry.commitment and bytes(entry.commitment) for entry in entries],
        details=details,
        notes=notes,
        size=size,
        root=root,
    )


def promised_in_receipts(rights: Engine) -> list[str]:
    """Give the checkpoints that erasure receipts carry, as the role that sees the cases."""
    with vault_transaction(rights) as cases:
        found = cases.execute(
            text(
                "SELECT receipt->>'audit_checkpoint' FROM rights.case WHERE receipt IS NOT NULL"
                " ORDER BY closed_at"
            )
        )
        return list(found.scalars())


def check(log: Log, key: tuple[str, bytes] | None) -> list[Finding]:
    """Find everything that does not hold; an empty list means the log stands."""
    findings = verify.check_log(log.headers, (*log.notes, *log.promised), key)
    findings += _leaf_faults(log)
    findings += _detail_faults(log)
    roots = verify.roots_of(log.headers, [log.size])
    if log.size != len(log.headers) or not hmac.compare_digest(roots.get(log.size, b""), log.root):
        findings.append(Finding("log", "the head is not the root over the entries"))
    if not log.notes and log.headers:
        findings.append(Finding("log", "no checkpoint vouches for any of it"))
    return findings


def export_to(folder: Path, log: Log, key: str) -> str:
    """Write log, checkpoints, key and verifier to *folder*; give the command that checks them."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "log.jsonl").write_bytes(b"".join(header + b"\n" for header in log.headers))
    names = []
    for number, note in enumerate(log.notes):
        names.append(f"checkpoint-{number:06}.txt")
        (folder / names[-1]).write_text(note, encoding="utf-8")
    (folder / "verifier-key.txt").write_text(key + "\n", encoding="utf-8")
    source = Path(verify.__file__).read_text(encoding="utf-8")
    (folder / "verify.py").write_text(source, encoding="utf-8")
    parts = ["python", "verify.py", "log.jsonl", "--key", key]
    parts += chain.from_iterable(("--checkpoint", name) for name in names[-1:])
    return f"cd {shlex.quote(str(folder))} && {shlex.join(parts)}"


def _pages(store: Connection, size: int) -> Iterator[list[LoggedEntry]]:
    for first in range(0, size, PAGE):
        yield audit_log.entries(store, first, min(first + PAGE, size) - 1)


def _leaf_faults(log: Log) -> Iterator[Finding]:
    for number, (header, leaf) in enumerate(zip(log.headers, log.leaves, strict=True)):
        if not hmac.compare_digest(hashlib.sha256(b"\x00" + header).digest(), leaf):
            yield Finding(f"entry {number}", "the stored leaf hash is not that of the header")


def _detail_faults(log: Log) -> Iterator[Finding]:
    for seq, (salt, said) in log.details.items():
        made = hmac.new(bytes(salt), said.encode(), hashlib.sha256).digest()
        if not hmac.compare_digest(made, log.commitments[seq] or b""):
            yield Finding(f"entry {seq}", "the detail is not what the entry commits to")
