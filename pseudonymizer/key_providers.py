"""Who holds the keys while the product is developed?

Of the port in ``key_port``, ``FileKeyProvider`` is the driver of development; it refuses production
mode (R-125).  Those of production are in ``transit``, ``hsm`` and ``kms``; all of them pass the
same contract tests.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from pseudonymizer.errors import DevelopmentKeysRefused, KeyDestroyed, KeyInUse, KeyUnknown
from pseudonymizer.key_file import (
    KeyRecord,
    VersionRecord,
    exclusively,
    read_keys,
    write_keys,
)
from pseudonymizer.key_port import RECIPIENT_PREFIX, USES, KeyProvider, KeyVersions, Use
from pseudonymizer.seal import Place, SealingKey, open_sealed, seal

__all__ = ["RECIPIENT_PREFIX", "FileKeyProvider", "KeyProvider", "KeyVersions"]


class FileKeyProvider:
    """Keys in one local file of mode 0600: development only.

    The file is read once; another process's new version is seen after ``reload``.
    """

    def __init__(self, path: Path, keys: dict[str, KeyRecord]) -> None:
        self._path = path
        self._take(keys)

    @classmethod
    def create(cls, path: Path, *, mode: str | None = None) -> Self:
        """Make every key from the operating system's randomness and write the file.

        Args:
            path: must not exist; its folder must.
            mode: the process's mode; unset means ``PARAVENT_MODE``.

        Raises:
            DevelopmentKeysRefused: production mode.
            KeyFileInvalid: the file exists.
        """
        _refuse_production(mode)
        keys = {name: _with_new_version(KeyRecord(use)) for name, use in USES.items()}
        write_keys(path, keys, new=True)
        return cls(path, keys)

    @classmethod
    def open(cls, path: Path, *, mode: str | None = None) -> Self:
        """Read the keys of an installation; raises what ``create`` and ``read_keys`` raise."""
        _refuse_production(mode)
        return cls(path, read_keys(path))

    def reload(self) -> None:  # noqa: D102 -- the port says what it does
        self._take(read_keys(self._path))

    def _take(self, keys: dict[str, KeyRecord]) -> None:
        self._keys = keys
        self._macs: dict[tuple[str, int], HMAC] = {}
        self._wrapping: dict[tuple[str, int], SealingKey] = {}

    def __repr__(self) -> str:
        return "FileKeyProvider(…)"

    def versions(self, name: str) -> KeyVersions:  # noqa: D102 -- the port says what it does
        key = self._key(name)
        live = tuple(n for n, v in sorted(key.versions.items()) if v.material is not None)
        return KeyVersions(key.primary, live)

    def mac(self, name: str, version: int, data: bytes) -> bytes:  # noqa: D102
        return self.mac_many(name, version, (data,))[0]

    def mac_many(self, name: str, version: int, data: Sequence[bytes]) -> list[bytes]:  # noqa: D102
        # Copying a keyed context costs less than half of keying one (performance.md, table 6).
        keyed = self._keyed(name, version)
        macs = []
        for item in data:
            context = keyed.copy()
            context.update(item)
            macs.append(context.finalize())
        return macs

    def wrap(self, name: str, version: int, plaintext: bytes, aad: bytes) -> bytes:  # noqa: D102
        return seal(self._sealing(name, version), plaintext, _wrapped_at(name, aad))

    def unwrap(self, name: str, version: int, wrapped: bytes, aad: bytes) -> bytes:  # noqa: D102
        return open_sealed(self._sealing(name, version), wrapped, _wrapped_at(name, aad))

    def rewrap(  # noqa: D102
        self, name: str, version: int, wrapped: bytes, aad: bytes
    ) -> tuple[int, bytes]:
        primary = self._key(name).primary
        return primary, self.wrap(name, primary, self.unwrap(name, version, wrapped, aad), aad)

    def sign(self, name: str, data: bytes, version: int | None = None) -> bytes:  # noqa: D102
        return self._signer(name, version).sign(data)

    def public_key(self, name: str, version: int) -> bytes:  # noqa: D102
        return self._signer(name, version).public_key().public_bytes_raw()

    def public_keys(self) -> Mapping[str, bytes]:  # noqa: D102
        return {
            name: self._signer(name).public_key().public_bytes_raw()
            for name, key in self._keys.items()
            if key.use == "sign"
        }

    def new_version(self, name: str) -> int:  # noqa: D102
        with exclusively(self._path):
            keys = read_keys(self._path)
            if name not in keys and name.startswith(RECIPIENT_PREFIX):
                keys[name] = KeyRecord("mac")
            if name not in keys:
                raise KeyUnknown("no key has this name; a known one or rec:<recipient> was needed")
            primary = _with_new_version(keys[name]).primary
            write_keys(self._path, keys)
        self._take(keys)
        return primary

    def destroy_version(self, name: str, version: int) -> None:  # noqa: D102
        with exclusively(self._path):
            keys = read_keys(self._path)
            if name not in keys or version not in keys[name].versions:
                raise KeyUnknown(
                    "no such version; one that `paravent keys status` lists was needed"
                )
            if keys[name].primary == version:
                raise KeyInUse("the version is the primary one; an older one was needed")
            keys[name].versions[version].material = None
            write_keys(self._path, keys)
        self._take(keys)

    def attest(self) -> Mapping[str, object]:  # noqa: D102
        return {
            "driver": "file",
            "exportable": True,
            "keys": {
                name: {
                    "use": key.use,
                    "primary": key.primary,
                    "versions": {
                        str(n): {"made_at": v.made_at, "destroyed": v.material is None}
                        for n, v in sorted(key.versions.items())
                    },
                }
                for name, key in sorted(self._keys.items())
            },
        }

    def check(self) -> None:
        """Do nothing: what was read once is in memory."""

    def close(self) -> None:
        """Do nothing: no file is held open."""

    def _key(self, name: str) -> KeyRecord:
        try:
            return self._keys[name]
        except KeyError:
            raise KeyUnknown(
                "no key has this name; one that `paravent keys status` lists was needed"
            ) from None

    def _material(self, name: str, version: int, use: Use) -> bytes:
        key = self._key(name)
        if key.use != use or version not in key.versions:
            raise KeyUnknown(f"no version {version} of a key for this use; a listed one was needed")
        material = key.versions[version].material
        if material is None:
            raise KeyDestroyed(f"version {version} of the key was destroyed; a live one was needed")
        return material

    def _keyed(self, name: str, version: int) -> HMAC:
        keyed = self._macs.get((name, version))
        if keyed is None:
            keyed = HMAC(self._material(name, version, "mac"), SHA256())
            self._macs[name, version] = keyed
        return keyed

    def _sealing(self, name: str, version: int) -> SealingKey:
        key = self._wrapping.get((name, version))
        if key is None:
            key = SealingKey(name, version, self._material(name, version, "wrap"))
            self._wrapping[name, version] = key
        return key

    def _signer(self, name: str, version: int | None = None) -> Ed25519PrivateKey:
        number = self._key(name).primary if version is None else version
        return Ed25519PrivateKey.from_private_bytes(self._material(name, number, "sign"))


def _refuse_production(mode: str | None) -> None:
    if (mode or os.environ.get("PARAVENT_MODE", "development")) != "development":
        raise DevelopmentKeysRefused(
            "keys in a local file are for development; this process runs in production mode"
        )


def _with_new_version(key: KeyRecord) -> KeyRecord:
    key.primary = max(key.versions, default=0) + 1
    made_at = datetime.now(UTC).isoformat(timespec="seconds")
    key.versions[key.primary] = VersionRecord(made_at, os.urandom(32))
    return key


def _wrapped_at(name: str, aad: bytes) -> Place:
    return Place("key", name, aad)
