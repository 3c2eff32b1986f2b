"""What are messages called in the store, by which a repeated one is known?

One number in each domain.  For as long as a message may still be sent again after its key was
rotated, it is looked for under what it would have been called before, too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from gateway.ingest.drafts import Draft
from pseudonymizer.key_port import KeyVersions
from workers.store.message_key import MessageKey

Numbering = Callable[[str], int]
"""Gives the id of a message by its name, where source and domain are known."""


class MessageIds(Protocol):
    """Makes the ids of messages under one version of their key."""

    def __call__(self, source: int, domain: str, text: str) -> int:
        """Give the id of a message, by source, domain and the name that its sender gave it."""
        ...

    def numbering(self, source: int, domain: str) -> Numbering:
        """Give what numbers all messages of *source* in *domain*."""
        ...


class MessageKeys(Protocol):
    """Makes message ids under each version of their key."""

    def message_ids(self, version: int, *, by_domain: bool = True) -> MessageIds:
        """Give what makes them under *version*."""
        ...

    def versions(self, name: str) -> KeyVersions:
        """Give the versions of a key."""
        ...

    def reach(self, name: str, version: int) -> None:
        """See that *version* is known here."""
        ...


@dataclass(frozen=True, slots=True)
class Naming:
    """What makes the ids that are stored, and those under which a message may be stored already."""

    now: MessageIds
    before: Sequence[MessageIds] = ()

    def hashes(self, draft: Draft, domain: str) -> list[bytes]:
        """Give the keyed hashes of the message in *domain*, the one in use first.

        None where its sender did not name it: nobody can know it again.
        """
        if not draft.named:
            return []
        made = (ids(draft.source, domain, draft.message) for ids in (self.now, *self.before))
        return [number.to_bytes(8, "big", signed=True) for number in made]

    def earlier(self, draft: Draft, domain: str) -> list[int]:
        """Give the ids under which the message may be stored in *domain* since before."""
        if not draft.named:
            return []
        return [ids(draft.source, domain, draft.message) for ids in self.before]


def naming(keys: MessageKeys, key: MessageKey, now_us: int) -> Naming:
    """Give how messages are named by *key*, which the store says is in use."""
    keys.reach("mid", key.version)
    before: list[MessageIds] = []
    if now_us < key.resent_until_us:
        older = (version for version in keys.versions("mid").live if version < key.version)
        before += [keys.message_ids(version) for version in older]
    if now_us < key.plain_until_us:
        # Before there was a key for each domain no version but the first was ever in use.
        before.append(keys.message_ids(1, by_domain=False))
    return Naming(keys.message_ids(key.version), before)
