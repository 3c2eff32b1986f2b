"""What may be asked of whoever holds the keys, and which keys are there?

The port computes with keys and never gives one away, so that a key service fits behind it (R-126).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

__all__ = ["RECIPIENT_PREFIX", "USES", "KeyMaker", "KeyProvider", "KeyVersions", "Use"]

Use = Literal["mac", "wrap", "sign"]

RECIPIENT_PREFIX: Final = "rec:"

USES: Final[Mapping[str, Use]] = {
    "idx": "mac",
    "sup": "mac",
    "mid": "mac",
    "kek": "wrap",
    "sign-receipt": "sign",
    "sign-audit": "sign",
    "sign-callback": "sign",
}
"""The keys every installation has; one ``rec:<recipient>`` is added per recipient."""


@dataclass(frozen=True, slots=True)
class KeyVersions:
    """The versions of one key: *primary* makes new values, every one of *live* still works."""

    primary: int
    live: tuple[int, ...]


class KeyProvider(Protocol):
    """Computes with named, versioned keys that it does not give away.

    Every method raises ``KeyUnknown`` for a name or version that never was, ``KeyDestroyed``
    for one that is gone, ``KeyUnavailable`` when the key service does not answer.
    """

    def versions(self, name: str) -> KeyVersions:
        """Give the versions of *name*."""
        ...

    def mac(self, name: str, version: int, data: bytes) -> bytes:
        """Give HMAC-SHA-256 of *data*, or of its SHA-512 where a driver says so; 32 bytes."""
        ...

    def mac_many(self, name: str, version: int, data: Sequence[bytes]) -> list[bytes]:
        """Give the MAC of each of *data*: one call, since a key service is a journey away."""
        ...

    def wrap(self, name: str, version: int, plaintext: bytes, aad: bytes) -> bytes:
        """Wrap a key; *aad* must be the same when it is unwrapped."""
        ...

    def unwrap(self, name: str, version: int, wrapped: bytes, aad: bytes) -> bytes:
        """Unwrap a key, or raise ``EnvelopeInvalid``."""
        ...

    def rewrap(self, name: str, version: int, wrapped: bytes, aad: bytes) -> tuple[int, bytes]:
        """Wrap under the primary version what *version* wrapped; give that version and the blob."""
        ...

    def sign(self, name: str, data: bytes, version: int | None = None) -> bytes:
        """Give the Ed25519 signature of *data*, 64 bytes; *version* unset means the primary."""
        ...

    def public_key(self, name: str, version: int) -> bytes:
        """Give the public half of a version of a signer, 32 bytes."""
        ...

    def public_keys(self) -> Mapping[str, bytes]:
        """Give the public half of every signer's primary version, 32 bytes, by name."""
        ...

    def reload(self) -> None:
        """Look again which versions there are: another process may have made or destroyed one."""
        ...

    def new_version(self, name: str) -> int:
        """Make a new primary version; for an unknown ``rec:<recipient>``, its first."""
        ...

    def destroy_version(self, name: str, version: int) -> None:
        """Destroy a version for good; the primary one is refused with ``KeyInUse``.

        One that is destroyed already stays so.  A driver that can only destroy the oldest refuses
        any other with ``KeyOlderLeft``.
        """
        ...

    def attest(self) -> Mapping[str, object]:
        """Say which driver this is and which versions exist; no material."""
        ...

    def check(self) -> None:
        """Raise ``KeyUnavailable`` unless keys could be computed with at this moment."""
        ...

    def close(self) -> None:
        """Let go of what is held open."""
        ...


class KeyMaker(KeyProvider, Protocol):
    """A service, which also makes the keys of an installation that has none yet."""

    def missing(self) -> list[str]:
        """Give those keys of every installation that the service has not."""
        ...

    def make_missing(self) -> None:
        """Make those keys."""
        ...
