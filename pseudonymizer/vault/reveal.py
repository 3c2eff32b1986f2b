"""Who is behind a subject? Audit first, then open.

The one place that turns a seal back into a direct identifier: for the person's own access report,
for their erasure, for the addresses that may be theirs, and for a re-identification that two
operators agreed on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import Connection

from policies.audit.sink import AuditSink
from pseudonymizer.derive import aref
from pseudonymizer.identifiers import DirectIdentifier
from pseudonymizer.keyring import Keyring
from pseudonymizer.vault.driver import run
from pseudonymizer.vault.mint import open_identifier
from pseudonymizer.vault.subjects import subject_keys
from pseudonymizer.warrant import Warrant

__all__ = ["HeldIdentifier", "reveal", "reveal_these"]

_ROWS: Final = "SELECT subject, kind, first_seen_on, blind_index, sealed FROM vault.identifier"
_ORDER: Final = " ORDER BY first_seen_on, subject, kind, blind_index"


@dataclass(frozen=True, slots=True)
class HeldIdentifier:
    """One identifier the vault knows a subject by.

    ``identifier`` is ``None`` where only the blind index was kept, and with it no way to the text.
    """

    subject: int
    kind: str
    first_seen_on: date
    identifier: DirectIdentifier | None


def reveal(
    vault: Connection,
    keyring: Keyring,
    audit: AuditSink,
    *,
    subjects: Collection[int],
    warrant: Warrant,
) -> list[HeldIdentifier]:
    """Give what the vault knows *subjects* by, oldest first.

    The audit entries are written before the first seal opens, through a sink whose entries are
    durable when ``append`` returns.  A crash in between leaves an entry for a reveal that did not
    happen, which we can explain; the other order could leave a reveal with no entry.

    Raises:
        AuditUnavailable: nothing was opened.
    """
    keys = subject_keys(vault, keyring, subjects)
    for _, key in sorted(keys.items()):
        audit.append("identity:reveal", aref(key), warrant.fields())
    statement = f"{_ROWS} WHERE subject = ANY(%b::bigint[]){_ORDER}"
    return _opened(keys, run(vault, statement, list(keys)).fetchall())


def reveal_these(
    vault: Connection,
    keyring: Keyring,
    audit: AuditSink,
    *,
    blind_indexes: Collection[bytes],
    warrant: Warrant,
) -> list[HeldIdentifier]:
    """Give the identifiers of these blind indexes and nothing else of whose they are.

    As with ``reveal``, the entries come first: one for each subject.

    Raises:
        AuditUnavailable: nothing was opened.
    """
    statement = f"{_ROWS} WHERE blind_index = ANY(%b::bytea[]){_ORDER}"
    rows = run(vault, statement, list(blind_indexes)).fetchall()
    keys = subject_keys(vault, keyring, {row[0] for row in rows})
    for _, key in sorted(keys.items()):
        audit.append("identity:reveal", aref(key), warrant.fields())
    return _opened(keys, [row for row in rows if row[0] in keys])


def _opened(
    keys: Mapping[int, bytes], rows: Iterable[tuple[int, str, date, bytes, bytes | None]]
) -> list[HeldIdentifier]:
    return [
        HeldIdentifier(
            subject,
            kind,
            first_seen_on,
            None
            if sealed is None
            else DirectIdentifier(open_identifier(keys[subject], blind_index, sealed)),
        )
        for subject, kind, first_seen_on, blind_index, sealed in rows
    ]
