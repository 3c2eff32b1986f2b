"""What does the identified side ask of the keys, in its own words?

Every MAC input starts with a label and is encoded injectively (R-121).  Blind indexes and
tombstone marks are made under different keys, so that neither table can be joined with the
other.  Frozen vectors: ``tests/vectors/identified.json``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from struct import Struct
from typing import Any, Final

from pseudonymizer.encoding import enc, enc_head, enc_text
from pseudonymizer.errors import KeyUnknown
from pseudonymizer.key_providers import KeyProvider, KeyVersions

__all__ = ["Identifier", "Keyring"]

Identifier = tuple[str, str]
"""A kind and a canonical form, as ``pseudonymizer.normalise.canonical`` gives it."""

_INT8: Final = Struct(">q")


class Keyring:
    """Names of the keys and the inputs they are given; the provider does the computing."""

    def __init__(self, provider: KeyProvider) -> None:
        self.provider = provider
        self._heads: dict[tuple[str, str], bytes] = {}
        self._message_keys: dict[int, blake2b] = {}

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
        """Give the tombstone mark of each identifier, in order."""
        return self._marks("sup", identifiers, version)

    def message_id(self, source: int, text: str) -> int:
        """Give a message id of *source* as a signed 8-byte number.

        BLAKE2b keyed per source (RFC 7693): the per-source key is one MAC of the provider's, so
        a remote provider is asked once per source and the ten thousand messages a second after
        that stay in the process.  A message id is no identifier, so the key may.
        """
        keyed = self._message_keys.get(source) or self._message_key(source)
        context = keyed.copy()
        context.update(text.encode("utf-8", "surrogatepass"))
        return int.from_bytes(context.digest(), "big", signed=True)

    def message_ids(self, source: int, texts: Sequence[str]) -> list[int]:
        """Give the message id of each of *texts*, in order."""
        keyed = self._message_keys.get(source) or self._message_key(source)
        ids = []
        for text in texts:
            context = keyed.copy()
            context.update(text.encode("utf-8", "surrogatepass"))
            ids.append(_INT8.unpack(context.digest())[0])
        return ids

    def wrap(self, what: str, row: bytes | str | int, material: bytes) -> tuple[int, bytes]:
        """Wrap key *material* for one row of *what*; give the KEK version and the blob."""
        version = self.provider.versions("kek").primary
        return version, self.provider.wrap("kek", version, material, enc(what, row))

    def reload(self) -> None:
        """Look again which versions of the keys there are."""
        self.provider.reload()

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

    def sign(self, name: str, data: bytes) -> bytes:
        """Sign with one of ``sign-receipt``, ``sign-audit``, ``sign-callback``."""
        return self.provider.sign(name, data)

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

    def _message_key(self, source: int) -> blake2b:
        version = self.provider.versions("mid").primary
        key = self.provider.mac("mid", version, enc("mid/v1", source))
        keyed = blake2b(key=key, digest_size=8)
        self._message_keys[source] = keyed
        return keyed
