"""What messages are called in the store, for tests that look for them there."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pseudonymizer.keyring import Keyring

__all__ = ["named_in"]


def named_in(domains: Iterable[str], keyring: Keyring, source: int) -> Callable[[str], list[int]]:
    """Give what finds the ids of a message of *source*, one for each of *domains*."""
    known = tuple(domains)

    def ids(text: str) -> list[int]:
        make = keyring.message_ids(keyring.versions("mid").primary)
        return [make(source, domain, text) for domain in known]

    return ids
