"""What does the identified side ask of the keys, in its own words?

Every MAC input starts with a label and is encoded injectively (R-121).  Blind indexes and
tombstone marks are made under different keys, so that neither table can be joined with the
other.  Frozen vectors: ``tests/vectors/identified.json``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pseudonymizer.encoding import enc, enc_head, enc_part, enc_text
from pseudonymizer.errors import KeyUnknown
from pseudonymizer.key_providers import KeyProvider, KeyVersions
from pseudonymizer.message_ids import MessageIds

__all__ = ["Identifier", "Keyring"]

_NESTED: Final = enc_head(2) + enc_text("sup/nested/v1")

Identifier = tuple[str, str]
"""A kind and a canonical form, as ``pseudonymizer.normalise.canonical`` gives it."""


class Keyring:
    """Names of the keys and the inputs they are given; the provider does the computing."""

    def __init__(self, provider: KeyProvider) -> None:
        self.provider = provider
        self._heads: dict[tuple[str, str], bytes] = {}
        self._message_ids: dict[tuple[int, bool], MessageIds] = {}

    def versions(self, name: str) -> KeyVersions:
        """Give the versions of the key *name*."""
        return self.provider.versions(name)

    def blind_index(self, kind: str, canonical: str, *, version: int | None = None) -> bytes:
        """Give the 32-byte blind index; *version* unset means the primary."""
        return self.blind_indexes(((kind, canonical),), version=version)[0]

    def blind_indexes(
        self, identifiers: Sequence[Identifier], *, version: int | None = None
    ) -> list[bytes]:
        """Give the blind index of each identifier, in order; *version* unset means the primary."""
        return self._marks("idx", identifiers, version)

    def tombstone_mark(self, kind: str, canonical: str) -> bytes:
        """Give the 32-byte tombstone mark, under the primary version of its key."""
        return self.tombstone_marks(((kind, canonical),))[0]

    def tombstone_marks(
        self, identifiers: Sequence[Identifier], *, version: int | None = None
    ) -> list[bytes]:
        """Give the tombstone mark of each identifier, in order; the first live version begins."""
        known = self.provider.versions("sup")
        last = known.primary if version is None else version
        return self.tombstone_layers(identifiers, known.live[0], last)[last]

    def tombstone_layers(
        self, identifiers: Sequence[Identifier], first: int, last: int
    ) -> dict[int, list[bytes]]:
        """Give the marks of *identifiers* under each version, nested from *first* to *last* (R-60).

        Raises:
            KeyDestroyed, KeyUnknown: a version between is gone, and with it every layer above.
        """
        layers = {first: self._marks("sup", identifiers, first)}
        for version in range(first + 1, last + 1):
            layers[version] = self.nest(version, layers[version - 1])
        return layers

    def nest(self, version: int, marks: Sequence[bytes]) -> list[bytes]:
        """Give *marks* of the version before, nested into *version*: no identifier is needed."""
        return self.provider.mac_many("sup", version, [_NESTED + enc_part(mark) for mark in marks])

    def message_ids(self, version: int, *, by_domain: bool = True) -> MessageIds:
        """Give what makes message ids under *version*; asked again, the same with its keys."""
        made = self._message_ids.get((version, by_domain))
        if made is None:
            made = MessageIds(self.provider, version, by_domain=by_domain)
            self._message_ids[version, by_domain] = made
        return made

    def wrap(self, what: str, row: bytes | str | int, material: bytes) -> tuple[int, bytes]:
        """Wrap key *material* for one row of *what*; give the KEK version and the blob."""
        version = self.provider.versions("kek").primary
        return version, self.provider.wrap("kek", version, material, enc(what, row))

    def reload(self) -> None:
        """Look again which versions of the keys there are; forget what was made by ended ones.

        A keyed state is as good as its key: kept, a destroyed version could go on numbering.
        """
        self.provider.reload()
        if self._message_ids:
            live = self.versions("mid").live
            kept = list(self._message_ids.items())
            self._message_ids = {by: ids for by, ids in kept if by[0] in live}

    def reach(self, name: str, version: int) -> None:
        """See that this process knows of *version*, which another one may have made since.

        Raises:
            KeyUnknown: the provider has not made it, so the vault belongs to other keys.
        """
        if version not in self.versions(name).live:
            self.reload()
        if version not in self.versions(name).live:
            raise KeyUnknown(
                f"the vault uses version {version} of the key {name}, which the provider has not"
            )

    def is_left(self, name: str, version: int) -> bool:
        """Say whether material of *version* is there, be it that nobody may compute with it."""
        attested: Any = self.provider.attest()["keys"]
        found = attested.get(name, {}).get("versions", {}).get(str(version))
        return found is not None and not found["destroyed"]

    def rewrap(
        self, what: str, row: bytes | str | int, version: int, wrapped: bytes
    ) -> tuple[int, bytes]:
        """Wrap anew, under the primary version; give it and the blob."""
        return self.provider.rewrap("kek", version, wrapped, enc(what, row))

    def unwrap(self, what: str, row: bytes | str | int, version: int, wrapped: bytes) -> bytes:
        """Unwrap what ``wrap`` wrapped for the same row."""
        if version not in self.versions("kek").live:
            self.reload()  # another process may have made it since
        return self.provider.unwrap("kek", version, wrapped, enc(what, row))

    def sign(self, name: str, data: bytes, *, version: int | None = None) -> bytes:
        """Sign with one of ``sign-receipt``, ``sign-audit``, ``sign-callback``."""
        return self.provider.sign(name, data, version)

    def public_keys(self) -> Mapping[str, bytes]:
        """Give the public keys of the signers, 32 bytes each."""
        return self.provider.public_keys()

    def _marks(
        self, name: str, identifiers: Sequence[Identifier], version: int | None
    ) -> list[bytes]:
        if version is None:
            version = self.provider.versions(name).primary
        head = self._head
        inputs = [head(name, kind) + enc_text(text) for kind, text in identifiers]
        return self.provider.mac_many(name, version, inputs)

    def _head(self, name: str, kind: str) -> bytes:
        """Give the encoding of everything before the canonical form; a dozen of them exist."""
        head = self._heads.get((name, kind))
        if head is None:
            head = enc_head(3) + enc_text(f"{name}/v1") + enc_text(kind)
            self._heads[name, kind] = head
        return head
