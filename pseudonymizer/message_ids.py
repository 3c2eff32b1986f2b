"""What is a message called in one domain, so that it is known when it is sent again?

BLAKE2b keyed per source and domain (RFC 7693): that key is one MAC of the provider's, so a remote
provider is asked once for each and the ten thousand messages a second after that stay in the
process.  A message's name is no identifier, so the key may.  Two domains share no number: whoever
has the store and no key cannot follow a message from one into the other (decision 33).
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from struct import Struct
from typing import Final

from pseudonymizer.encoding import enc
from pseudonymizer.key_providers import KeyProvider

__all__ = ["MessageIds", "Numbering"]

Numbering = Callable[[str], int]
"""Gives the id of a message by its name."""

_INT8: Final = Struct(">q")


class MessageIds:
    """Message ids under one version of their key, as signed 8-byte numbers.

    With *by_domain* unset, those of before there was a key for each domain, by source alone: only
    to recognise what was stored then.
    """

    def __init__(self, provider: KeyProvider, version: int, *, by_domain: bool = True) -> None:
        self._provider = provider
        self._version = version
        self._by_domain = by_domain
        self._keyed: dict[tuple[int, str], blake2b] = {}

    def __call__(self, source: int, domain: str, text: str) -> int:
        """Give the id in *domain* of the message that *source* calls *text*."""
        return self.numbering(source, domain)(text)

    def numbering(self, source: int, domain: str) -> Numbering:
        """Give what numbers the messages of *source* in *domain*: one for all of a batch."""
        keyed = self._keyed.get((source, domain)) or self._key(source, domain)
        unkeyed, number_of = keyed.copy, _INT8.unpack

        def numbered(name: str) -> int:
            context = unkeyed()
            context.update(name.encode("utf-8", "surrogatepass"))
            number: int = number_of(context.digest())[0]
            return number

        return numbered

    def _key(self, source: int, domain: str) -> blake2b:
        info = enc("mid/v2", source, domain) if self._by_domain else enc("mid/v1", source)
        key = self._provider.mac("mid", self._version, info)
        keyed = self._keyed[source, domain] = blake2b(key=key, digest_size=8)
        return keyed
