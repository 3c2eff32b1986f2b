"""What is asked of the vault for a batch: each identifier once, under every live key version?

Tombstone marks are nested: of each identifier every layer is asked for, since a rotation may be
under way (R-60).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from pseudonymizer.keyring import Identifier, Keyring
from pseudonymizer.lookup import Lookup
from pseudonymizer.vault.identity import Known
from pseudonymizer.vault.in_use import InUse
from pseudonymizer.vault.store import FoundRow

__all__ = ["Question"]

ByVersion = dict[int, dict[Identifier, bytes]]


class Question:
    """The blind indexes and tombstone marks of a batch, and whose they are.

    Attributes:
        lookups: the batch.
        indexes: blind index to identifier, for every live version of the key.
        version_of: blind index to the version it is under.
        marks: tombstone mark to identifier, for every layer.
        mark_version: the version that tombstones are nested up to, as the vault says.
        sealed: identifiers whose canonical form is kept.
    """

    def __init__(self, keyring: Keyring, lookups: Sequence[Lookup], *, first: int = 0) -> None:
        """Compute everything; *first* is the version marks begin at, unset the oldest there is."""
        self.lookups = lookups
        identifiers = list({i: None for lookup in lookups for i in lookup.identifiers})
        self._indexes = {
            version: dict(
                zip(identifiers, keyring.blind_indexes(identifiers, version=version), strict=True)
            )
            for version in keyring.versions("idx").live
        }
        self.indexes = _owners(self._indexes)
        self.version_of = {
            index: version for version, made in self._indexes.items() for index in made.values()
        }
        sup = keyring.versions("sup")
        self._first = first or sup.live[0]
        layers = keyring.tombstone_layers(identifiers, self._first, sup.primary)
        self._marks = {
            version: dict(zip(identifiers, made, strict=True)) for version, made in layers.items()
        }
        self.marks = _owners(self._marks)
        self.mark_version = self.index_version = 0
        self.sealed = {
            identifier
            for lookup in lookups
            for identifier in lookup.identifiers
            if identifier[0] in lookup.seal
        }

    def knows(self, in_use: Mapping[str, InUse]) -> bool:
        """Say whether what the vault has in use is among what was asked for."""
        sup = in_use["sup"]
        nested = sup.first == self._first and sup.version in self._marks
        return nested and in_use["idx"].version in self._indexes

    def use(self, in_use: Mapping[str, InUse]) -> None:
        """Make new rows under the versions that the vault says are in use."""
        self.index_version, self.mark_version = in_use["idx"].version, in_use["sup"].version

    def mark_of(self, identifier: Identifier) -> bytes:
        """Give the tombstone mark to keep with *identifier*."""
        return self._marks[self.mark_version][identifier]

    def index_of(self, identifier: Identifier) -> bytes:
        """Give the blind index to store for *identifier*."""
        return self._indexes[self.index_version][identifier]

    def known(self, found: Iterable[FoundRow], marks: AbstractSet[bytes]) -> Known:
        """Read the vault's answer in terms of identifiers."""
        rows = list(found)
        return Known(
            owners={self.indexes[row.blind_index]: row.subject for row in rows},
            tombstoned={self.marks[mark] for mark in marks},
            gone={row.subject for row in rows if row.state != "alive"},
        )


def _owners(made: ByVersion) -> dict[bytes, Identifier]:
    return {value: identifier for each in made.values() for identifier, value in each.items()}
