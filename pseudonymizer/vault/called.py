"""What is somebody called in the store, by the key they have here?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pseudonymizer.derive import pid_bytes
from pseudonymizer.vault.in_use import InUse

__all__ = ["CalledBy", "called", "every_pid"]


class CalledBy(NamedTuple):
    """Pseudonyms by domain: of the epoch in use, and of those before that are needed still."""

    pids: Mapping[str, bytes]
    past: tuple[Mapping[str, bytes], ...]


def called(key: bytes, domains: Sequence[str], epochs: InUse) -> CalledBy:
    """Give what the subject with *key* may be called; nearly always one name in each domain."""
    past = tuple(_of(key, domains, epoch) for epoch in range(epochs.first, epochs.version))
    return CalledBy(_of(key, domains, epochs.version), past)


def every_pid(key: bytes, domains: Sequence[str], epochs: InUse) -> tuple[tuple[str, bytes], ...]:
    """Give what the subject was ever called, as (domain, pseudonym), the newest first.

    A backup may know them by any of these, and so may whoever took a copy (R-42).
    """
    return tuple(
        pair
        for epoch in range(epochs.version, -1, -1)
        for pair in zip(domains, pid_bytes(key, domains, epoch), strict=True)
    )


def _of(key: bytes, domains: Sequence[str], epoch: int) -> dict[str, bytes]:
    return dict(zip(domains, pid_bytes(key, domains, epoch), strict=True))
