"""How long do the neighbours take: the databases, and whoever computes with the keys?"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

from sqlalchemy import Engine, event

from gateway import metrics
from pseudonymizer.key_port import KeyProvider, KeyVersions

if TYPE_CHECKING:
    from sqlalchemy.pool import ConnectionPoolEntry

P = ParamSpec("P")
T = TypeVar("T")
_SINCE: Final = "paravent-since"  # where a pooled connection keeps when it was taken


def time_transactions(engine: Engine, database: str) -> None:
    """Observe how long each connection of *engine* is in use: one transaction, with its commit."""
    observed = metrics.DATABASE.labels(database=database)

    def begun(_driver: object, entry: ConnectionPoolEntry, _proxy: object) -> None:
        entry.info[_SINCE] = time.perf_counter()

    def ended(_driver: object, entry: ConnectionPoolEntry) -> None:
        since = entry.info.pop(_SINCE, None)
        if since is not None:
            observed.observe(time.perf_counter() - since)

    event.listen(engine, "checkout", begun)
    event.listen(engine, "checkin", ended)


class TimedKeys:
    """A key provider that is timed wherever it may have to travel; otherwise the one given."""

    def __init__(self, provider: KeyProvider) -> None:
        self._provider = provider

    def versions(self, name: str) -> KeyVersions:
        """Give the versions of *name*; a provider remembers them, so it is not timed."""
        return self._provider.versions(name)

    def mac(self, name: str, version: int, data: bytes) -> bytes:
        """Give the MAC of *data*."""
        return _timed("mac", self._provider.mac, name, version, data)

    def mac_many(self, name: str, version: int, data: Sequence[bytes]) -> list[bytes]:
        """Give the MAC of each of *data*."""
        return _timed("mac", self._provider.mac_many, name, version, data)

    def wrap(self, name: str, version: int, plaintext: bytes, aad: bytes) -> bytes:
        """Wrap a key."""
        return _timed("wrap", self._provider.wrap, name, version, plaintext, aad)

    def unwrap(self, name: str, version: int, wrapped: bytes, aad: bytes) -> bytes:
        """Unwrap a key."""
        return _timed("unwrap", self._provider.unwrap, name, version, wrapped, aad)

    def rewrap(self, name: str, version: int, wrapped: bytes, aad: bytes) -> tuple[int, bytes]:
        """Wrap anew what *version* wrapped."""
        return _timed("rewrap", self._provider.rewrap, name, version, wrapped, aad)

    def sign(self, name: str, data: bytes, version: int | None = None) -> bytes:
        """Sign *data*."""
        return _timed("sign", self._provider.sign, name, data, version)

    def public_key(self, name: str, version: int) -> bytes:
        """Give the public half of a version; a provider remembers it, so it is not timed."""
        return self._provider.public_key(name, version)

    def public_keys(self) -> Mapping[str, bytes]:
        """Give the public keys of the signers."""
        return self._provider.public_keys()

    def reload(self) -> None:
        """Look again which versions there are."""
        _timed("versions", self._provider.reload)

    def new_version(self, name: str) -> int:
        """Make a new primary version."""
        return _timed("rotate", self._provider.new_version, name)

    def destroy_version(self, name: str, version: int) -> None:
        """Destroy a version for good."""
        _timed("destroy", self._provider.destroy_version, name, version)

    def attest(self) -> Mapping[str, object]:
        """Say which driver this is."""
        return self._provider.attest()

    def check(self) -> None:
        """Raise unless the provider answers."""
        _timed("check", self._provider.check)

    def close(self) -> None:
        """Let go of what the provider holds open."""
        self._provider.close()


def _timed(operation: str, call: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
    began = time.perf_counter()
    try:
        return call(*arguments, **options)
    finally:
        metrics.KEYS.labels(operation=operation).observe(time.perf_counter() - began)
