"""What is asked of the vault for a batch: each identifier once, under every live key version?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet

from pseudonymizer.keyring import Identifier, Keyring
from pseudonymizer.lookup import Lookup
from pseudonymizer.vault.identity import Known
from pseudonymizer.vault.store import FoundRow

__all__ = ["Question"]


class Question:
    """The blind indexes and tombstone marks of a batch, and whose they are.

    Attributes:
        lookups: the batch.
        indexes: blind index to identifier, for every live version of the key.
        marks: tombstone mark to identifier, likewise.
        index_of: the blind index to store, under the primary version.
        mark_of: the tombstone mark to store, under the primary version.
        index_version: primary version of the blind index key.
        mark_version: primary version of the tombstone key.
        sealed: identifiers whose canonical form is kept.
    """

    def __init__(self, keyring: Keyring, lookups: Sequence[Lookup]) -> None:
        self.lookups = lookups
        identifiers = list({i: None for lookup in lookups for i in lookup.identifiers})
        self.index_version, self.index_of, self.indexes = _under_every_version(
            keyring, "idx", identifiers
        )
        self.mark_version, self.mark_of, self.marks = _under_every_version(
            keyring, "sup", identifiers
        )
        self.sealed = {
            identifier
            for lookup in lookups
            for identifier in lookup.identifiers
            if identifier[0] in lookup.seal
        }

    def known(self, found: Iterable[FoundRow], marks: AbstractSet[bytes]) -> Known:
        """Read the vault's answer in terms of identifiers."""
        rows = list(found)
        return Known(
            owners={self.indexes[row.blind_index]: row.subject for row in rows},
            tombstoned={self.marks[mark] for mark in marks},
            gone={row.subject for row in rows if row.state != "alive"},
        )


def _under_every_version(
    keyring: Keyring, name: str, identifiers: Sequence[Identifier]
) -> tuple[int, dict[Identifier, bytes], dict[bytes, Identifier]]:
    versions = keyring.versions(name)
    make = keyring.blind_indexes if name == "idx" else keyring.tombstone_marks
    newest = make(identifiers, version=versions.primary)
    owners = dict(zip(newest, identifiers, strict=True))
    for version in versions.live:
        if version != versions.primary:
            owners |= zip(make(identifiers, version=version), identifiers, strict=True)
    return versions.primary, dict(zip(identifiers, newest, strict=True)), owners
