"""The data protection officer's private key: a file on their own machine, never on a server."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from policies.errors import ParaventError
from pseudonymizer.errors import KeyFileInsecure, KeyFileInvalid
from pseudonymizer.own_file import read_own
from pseudonymizer.public_seal import public_bytes

__all__ = ["OfficerKeyExists", "OfficerKeyInvalid", "make_officer_key", "read_officer_key"]

WHAT = "officer's key file"


class OfficerKeyExists(ParaventError):
    """There is a file already where the new key should go."""

    code = "officer-key-exists"
    remedy = "Name another file; a key that is written over opens nothing any more."


class OfficerKeyInvalid(ParaventError):
    """The file with the officer's private key cannot be used."""

    code = "officer-key-invalid"
    remedy = "Name the file that `paravent quarantine key` made, mode 0600 and your own."


def make_officer_key(path: Path) -> bytes:
    """Make a pair of keys; write the private one to *path*, mode 0600, and give the public one.

    Raises:
        OfficerKeyExists: something is there already; nothing was written.
        OfficerKeyInvalid: the file cannot be written there.
    """
    private = X25519PrivateKey.generate()
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise OfficerKeyExists("there is a file of that name; a new one was needed") from None
    except OSError:
        raise OfficerKeyInvalid(f"the {WHAT} cannot be written there") from None
    with open(descriptor, "wb") as file:  # noqa: PTH123  # a descriptor, not a path
        file.write(pem)
        file.flush()
        os.fsync(descriptor)
    with contextlib.suppress(OSError):  # some file systems cannot sync a folder
        _sync_folder(path.parent)
    return public_bytes(private)


def read_officer_key(path: Path) -> X25519PrivateKey:
    """Read the private key that *path* holds.

    Raises:
        OfficerKeyInvalid: it is missing, open to others, or holds no such key.
    """
    try:
        pem = read_own(path, WHAT)
    except (KeyFileInsecure, KeyFileInvalid) as error:
        raise OfficerKeyInvalid(str(error)) from None
    try:
        private = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        private = None
    if not isinstance(private, X25519PrivateKey):
        raise OfficerKeyInvalid(f"the {WHAT} holds no X25519 private key in PEM; one was needed")
    return private


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
