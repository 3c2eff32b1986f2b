"""What is asked of the vault for a batch: each identifier once, under every live key version?

Tombstone marks are nested: of each identifier every layer is asked for, since a rotation may be
under way (R-60).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from pseudonymizer.keyring import Identifier, Keyring
from pseudonymizer.lookup import Lookup
from pseudonymizer.normalise import common_form
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
        self._common = _common_forms(lookups, identifiers)
        every = [*identifiers, *dict.fromkeys(self._common.values())]
        self._indexes = {
            version: dict(zip(every, keyring.blind_indexes(every, version=version), strict=True))
            for version in keyring.versions("idx").live
        }
        self.indexes = {
            made[identifier]: identifier
            for made in self._indexes.values()
            for identifier in identifiers
        }
        self.version_of = {
            made[identifier]: version
            for version, made in self._indexes.items()
            for identifier in identifiers
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

    @classmethod
    def anew(
        cls, keyring: Keyring, lookups: Sequence[Lookup], in_use: Mapping[str, InUse]
    ) -> Question:
        """Put the question by what the vault has in use.

        Raises:
            KeyUnknown: a key it needs is not there, so that somebody could be missed.
        """
        keyring.reach("idx", in_use["idx"].version)
        for version in (in_use["sup"].first, in_use["sup"].version):
            keyring.reach("sup", version)
        return cls(keyring, lookups, first=in_use["sup"].first)

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

    def variant_of(self, identifier: Identifier) -> bytes | None:
        """Give the index that variants of an address share; ``None`` where there are none."""
        common = self._common.get(identifier)
        return None if common is None else self._indexes[self.index_version][common]

    def known(self, found: Iterable[FoundRow], marks: AbstractSet[bytes]) -> Known:
        """Read the vault's answer in terms of identifiers."""
        rows = list(found)
        return Known(
            owners={self.indexes[row.blind_index]: row.subject for row in rows},
            tombstoned={self.marks[mark] for mark in marks},
            gone={row.subject for row in rows if row.state != "alive"},
        )


def _common_forms(
    lookups: Iterable[Lookup], identifiers: Iterable[Identifier]
) -> dict[Identifier, Identifier]:
    """Give the common form of every address, if a row may be written at all."""
    if not any(lookup.mint or lookup.link for lookup in lookups):
        return {}
    found = {identifier: common_form(*identifier) for identifier in identifiers}
    return {identifier: common for identifier, common in found.items() if common is not None}


def _owners(made: ByVersion) -> dict[bytes, Identifier]:
    return {value: identifier for each in made.values() for identifier, value in each.items()}
