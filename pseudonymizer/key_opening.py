"""Which driver do the settings name, and how is it opened?"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pseudonymizer.errors import KeyServiceInvalid
from pseudonymizer.key_port import KeyMaker, KeyProvider
from pseudonymizer.key_providers import FileKeyProvider
from pseudonymizer.transit import TransitKeyProvider

__all__ = ["KeysAt", "open_keys", "open_service"]

_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|(?i:pkcs11|awskms):")


@dataclass(frozen=True, slots=True)
class KeysAt:
    """Where the keys are.

    Attributes:
        where: the path of a key file, or the address of a key service.
        token_file: what shows the service who asks: a token, or a PIN.
        ca_file: PEM of who may have signed the service's certificate.
    """

    where: str
    token_file: Path | None = field(default=None, repr=False)
    ca_file: Path | None = None

    @property
    def is_file(self) -> bool:
        """Say whether the keys are in a file; anything with a scheme is an address."""
        return not _SCHEME.match(self.where)


def open_keys(at: KeysAt, *, mode: str | None = None) -> KeyProvider:
    """Open the keys with the driver that *at* names.

    Args:
        at: where they are.
        mode: the process's mode; unset means ``PARAVENT_MODE``.

    Raises:
        DevelopmentKeysRefused: a file, in production mode.
        KeyFileInsecure, KeyFileInvalid, KeyServiceInvalid: what is named cannot be used.
    """
    if at.is_file:
        return FileKeyProvider.open(Path(at.where), mode=mode)
    return open_service(at)


def open_service(at: KeysAt) -> KeyMaker:
    """Open the key service that *at* names.

    Raises:
        KeyFileInsecure, KeyFileInvalid, KeyServiceInvalid: it names none, or none that can be used.
    """
    if at.is_file:
        raise KeyServiceInvalid("the keys are in a file; the address of a key service was needed")
    scheme = at.where.partition(":")[0]
    try:
        if scheme == "pkcs11":
            from pseudonymizer.hsm import open_token  # noqa: PLC0415 -- of an extra

            return open_token(at.where, pin_file=at.token_file)
        if scheme == "awskms":
            from pseudonymizer.kms import open_kms  # noqa: PLC0415 -- of an extra

            return open_kms(at.where, ca_file=at.ca_file)
    except ModuleNotFoundError:
        extra = {"pkcs11": "pkcs11", "awskms": "aws"}[scheme]
        raise KeyServiceInvalid(
            f"the library for {scheme} is not installed; paravent[{extra}] was needed"
        ) from None
    return TransitKeyProvider.open(at.where, token_file=at.token_file, ca_file=at.ca_file)
