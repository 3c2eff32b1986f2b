"""How does a service compute for us that keeps every version of a key as an object of its own?

``ServiceKeys`` is ``KeyProvider`` over such a service: a PKCS#11 token (``hsm``) or AWS KMS
(``kms``).  It knows the versions, the envelope and what an answer is held against; a driver knows
how its service is asked.  Every answer is what was asked for, or counts as none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from pseudonymizer.encoding import enc
from pseudonymizer.errors import EnvelopeInvalid, KeyInUse, KeyUnavailable, KeyUnknown
from pseudonymizer.key_known import Known
from pseudonymizer.key_names import theirs, use_of
from pseudonymizer.key_port import RECIPIENT_PREFIX, USES, KeyVersions, Use
from pseudonymizer.key_proofs import refuse_unsigned, taken_apart
from pseudonymizer.key_table import Table
from pseudonymizer.seal import NONCE_BYTES, Envelope

__all__ = ["KeyAt", "KeyService", "Refused", "ServiceKeys"]

MAC_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64
TAG_BYTES: Final = 16

Answer = TypeVar("Answer")


class Refused(Exception):
    """The service will not compute; never leaves the drivers.

    Attributes:
        about_envelope: it says that what it was to open is not what this key sealed.
    """

    def __init__(self, *, about_envelope: bool = False) -> None:
        super().__init__()
        self.about_envelope = about_envelope


@dataclass(frozen=True, slots=True)
class KeyAt:
    """One version of a key; *identity* is what the service calls it itself."""

    name: str
    number: int
    identity: str
    public: bytes = b""


class KeyService(Protocol):
    """What a driver asks its service for; each raises ``Refused`` or ``KeyUnavailable``."""

    driver: str
    algorithm: int

    def tables(self, name: str | None = None) -> dict[str, Table]:
        """Give what the service has: of every key, or of *name* alone."""
        ...

    def macs(self, at: KeyAt, data: Sequence[bytes]) -> list[bytes]:
        """Give the MAC of each of *data*."""
        ...

    def seal(self, at: KeyAt, plaintext: bytes, context: bytes) -> bytes:
        """Seal *plaintext*; it opens with the same context only."""
        ...

    def open(self, at: KeyAt, sealed: bytes, context: bytes) -> bytes:
        """Open what ``seal`` gave."""
        ...

    def reseal(self, at: KeyAt, to: KeyAt, sealed: bytes, context: bytes) -> bytes:
        """Seal under *to* what *at* sealed, in the same context."""
        ...

    def sign(self, at: KeyAt, data: bytes) -> bytes:
        """Sign by Ed25519."""
        ...

    def make(self, name: str, number: int) -> None:
        """Make a version, unless somebody else is making it at this moment."""
        ...

    def end(self, at: KeyAt) -> None:
        """End a version for good; asked again, it goes on where it was stopped."""
        ...

    def close(self) -> None:
        """Let go of what is held open."""
        ...


class ServiceKeys:
    """Keys in a service; computed with there, and never read."""

    def __init__(self, service: KeyService) -> None:
        self._service = service
        self._known = Known(self._find)

    def __repr__(self) -> str:
        return f"ServiceKeys({self._service.driver})"

    def reload(self) -> None:  # noqa: D102 -- the port says what it does
        self._known.forget()

    def close(self) -> None:  # noqa: D102
        self._service.close()

    def check(self) -> None:  # noqa: D102
        self.wrap("kek", self._known.seen("kek").latest, b"check", b"check")

    def versions(self, name: str) -> KeyVersions:  # noqa: D102
        seen = self._known.seen(name)
        return KeyVersions(seen.latest, seen.live)

    def mac(self, name: str, version: int, data: bytes) -> bytes:  # noqa: D102
        return self.mac_many(name, version, (data,))[0]

    def mac_many(self, name: str, version: int, data: Sequence[bytes]) -> list[bytes]:  # noqa: D102
        at = self._at(name, version, "mac")
        if not data:
            return []
        macs = self._asked(at, lambda: self._service.macs(at, data))
        if len(macs) != len(data) or any(len(mac) != MAC_BYTES for mac in macs):
            raise KeyUnavailable("the key service left results out; one for each value was needed")
        return macs

    def wrap(self, name: str, version: int, plaintext: bytes, aad: bytes) -> bytes:  # noqa: D102
        at = self._at(name, version, "wrap")
        context = self._context(name, aad)
        return self._enveloped(
            at, self._asked(at, lambda: self._service.seal(at, plaintext, context))
        )

    def unwrap(self, name: str, version: int, wrapped: bytes, aad: bytes) -> bytes:  # noqa: D102
        at = self._at(name, version, "wrap")
        sealed, context = self._sealed(at, wrapped), self._context(name, aad)
        return self._asked(at, lambda: self._service.open(at, sealed, context))

    def rewrap(  # noqa: D102
        self, name: str, version: int, wrapped: bytes, aad: bytes
    ) -> tuple[int, bytes]:
        at = self._at(name, version, "wrap")
        sealed = self._sealed(at, wrapped)
        to = self._at(name, self._known.seen(name).latest, "wrap")
        context = self._context(name, aad)
        anew = self._asked(at, lambda: self._service.reseal(at, to, sealed, context))
        return to.number, self._enveloped(to, anew)

    def sign(self, name: str, data: bytes, version: int | None = None) -> bytes:  # noqa: D102
        number = self._known.seen(name).latest if version is None else version
        at = self._at(name, number, "sign")
        signature = self._asked(at, lambda: self._service.sign(at, data))
        if len(signature) != SIGNATURE_BYTES:
            raise KeyUnavailable("the signature has another length; 64 bytes were needed")
        refuse_unsigned(at.public, signature, data)
        return signature

    def public_key(self, name: str, version: int) -> bytes:  # noqa: D102
        return self._at(name, version, "sign").public

    def public_keys(self) -> Mapping[str, bytes]:  # noqa: D102
        signers = [name for name, use in USES.items() if use == "sign"]
        return {name: self.public_key(name, self._known.seen(name).latest) for name in signers}

    def new_version(self, name: str) -> int:  # noqa: D102
        theirs(name)  # refuses what is no name of ours
        before = self._known.find(name)
        if before is None and not name.startswith(RECIPIENT_PREFIX):
            raise KeyUnknown("the key service has no such key; `paravent keys make` makes it")
        return self._made(name, 1 if before is None else before.latest + 1)

    def destroy_version(self, name: str, version: int) -> None:  # noqa: D102
        seen = self._known.look(name)
        if not 1 <= version <= seen.latest:
            raise KeyUnknown("no such version; one that `paravent keys status` lists was needed")
        if version == seen.latest:
            raise KeyInUse("the version is the primary one; an older one was needed")
        try:
            if seen.state(version) != "destroyed":
                at = KeyAt(name, version, seen.versions[version].identity)
                self._changed(lambda: self._service.end(at))
            if self._known.look(name).state(version) != "destroyed":
                raise KeyUnavailable("the key service kept the version; its end was needed")
        finally:
            self.reload()

    def missing(self) -> list[str]:
        """Give those keys of every installation that the service has not."""
        there = self._service.tables()
        return [name for name in USES if name not in there]

    def make_missing(self) -> None:
        """Make those keys; for an installation that has none yet."""
        for name in self.missing():
            self._made(name, 1)

    def attest(self) -> Mapping[str, object]:  # noqa: D102
        tables = self._service.tables()
        keys = {name: tables[name].attested(use_of(name)) for name in sorted(tables)}
        return {"driver": self._service.driver, "exportable": False, "keys": keys}

    def _made(self, name: str, number: int) -> int:
        try:
            self._changed(lambda: self._service.make(name, number))
            if self._known.look(name).state(number) != "live":
                raise KeyUnavailable("the key service made no version; a new one was needed")
        finally:
            self.reload()
        return number

    def _find(self, name: str) -> Table | None:
        theirs(name)  # refuses what is no name of ours
        return self._service.tables(name).get(name)

    def _at(self, name: str, number: int, use: Use) -> KeyAt:
        self._known.refuse_unless_live(name, number, use)
        one = self._known.seen(name).versions[number]
        return KeyAt(name, number, one.identity, one.public)

    def _asked(self, at: KeyAt, ask: Callable[[], Answer]) -> Answer:
        """Have the service compute; say why it refuses to, as far as it is the caller's matter."""
        try:
            return ask()
        except Refused as refused:
            about_envelope = refused.about_envelope
        self.reload()  # another process may have destroyed the version since we looked
        self._known.refuse_unless_live(at.name, at.number, use_of(at.name))
        if about_envelope:
            raise EnvelopeInvalid("the envelope does not open here; it was altered or moved")
        raise KeyUnavailable("the key service refuses to compute; a result was needed")

    def _changed(self, change: Callable[[], None]) -> None:
        refused = False
        try:
            change()
        except Refused:
            refused = True
        if refused:
            raise KeyUnavailable("the key service refuses the change; it was needed")

    def _context(self, name: str, aad: bytes) -> bytes:
        """Give what binds a sealed key to its row; never empty, which some tokens do not survive.

        The version is not in it: the envelope names it, and no other is ever tried.
        """
        return enc("wrap/v2", self._service.algorithm, name, aad)

    def _enveloped(self, at: KeyAt, sealed: bytes) -> bytes:
        """Put what the service sealed into an envelope of ours (R-122)."""
        if len(sealed) < NONCE_BYTES + TAG_BYTES:
            raise KeyUnavailable("the key service's answer is cut short; all of it was needed")
        nonce, ciphertext = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        envelope = Envelope(self._service.algorithm, at.name, at.number, nonce, ciphertext)
        return envelope.to_bytes()

    def _sealed(self, at: KeyAt, wrapped: bytes) -> bytes:
        named = (self._service.algorithm, at.name, at.number)
        envelope = taken_apart(wrapped, named, TAG_BYTES)
        return envelope.nonce + envelope.ciphertext
