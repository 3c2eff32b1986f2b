"""What is asked of the vault for a batch: each identifier once, under every live key version?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet

from pseudonymizer.keyring import Identifier, Keyring
from pseudonymizer.lookup import Lookup
from pseudonymizer.normalise import common_form
from pseudonymizer.vault.identity import Known
from pseudonymizer.vault.store import FoundRow

__all__ = ["Question"]

ByVersion = dict[int, dict[Identifier, bytes]]


class Question:
    """The blind indexes and tombstone marks of a batch, and whose they are.

    Attributes:
        lookups: the batch.
        indexes: blind index to identifier, for every live version of the key.
        version_of: blind index to the version it is under.
        marks: tombstone mark to identifier, for every live version of the key.
        mark_of: the tombstone mark to store, under the primary version.
        mark_version: primary version of the tombstone key.
        sealed: identifiers whose canonical form is kept.
    """

    def __init__(self, keyring: Keyring, lookups: Sequence[Lookup]) -> None:
        self.lookups = lookups
        identifiers = list({i: None for lookup in lookups for i in lookup.identifiers})
        self._common = _common_forms(lookups, identifiers)
        every = [*identifiers, *dict.fromkeys(self._common.values())]
        self._indexes = _under_every_version(keyring, "idx", every)
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
        marks = _under_every_version(keyring, "sup", identifiers)
        self.marks = _owners(marks)
        self.mark_version = keyring.versions("sup").primary
        self.mark_of = marks[self.mark_version]
        self.index_version = 0
        self.sealed = {
            identifier
            for lookup in lookups
            for identifier in lookup.identifiers
            if identifier[0] in lookup.seal
        }

    def knows(self, version: int) -> bool:
        """Say whether the blind indexes under *version* are among those asked for."""
        return version in self._indexes

    def use(self, version: int) -> None:
        """Make new rows under *version*, the one that the vault says is in use."""
        self.index_version = version

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


def _under_every_version(
    keyring: Keyring, name: str, identifiers: Sequence[Identifier]
) -> ByVersion:
    make = keyring.blind_indexes if name == "idx" else keyring.tombstone_marks
    return {
        version: dict(zip(identifiers, make(identifiers, version=version), strict=True))
        for version in keyring.versions(name).live
    }


def _owners(made: ByVersion) -> dict[bytes, Identifier]:
    return {value: identifier for each in made.values() for identifier, value in each.items()}
