"""What can be wrong on the identified side.

The messages name kinds, key names and versions, never an identifier, a key or an envelope.
"""

from __future__ import annotations

from policies.errors import KeyDestroyed, KeyUnavailable, ParaventError, VaultUnavailable

__all__ = [
    "DevelopmentKeysRefused",
    "EnvelopeInvalid",
    "ErasureUnbegun",
    "IdentifierInvalid",
    "IdentifierNobody",
    "KeyDestroyed",
    "KeyFileInsecure",
    "KeyFileInvalid",
    "KeyInUse",
    "KeyOlderLeft",
    "KeyServiceInvalid",
    "KeyUnavailable",
    "KeyUnknown",
    "RoleTooPowerful",
    "VaultContended",
    "VaultRefused",
    "VaultUnavailable",
]


class IdentifierInvalid(ParaventError):
    """A value cannot be an identifier of the kind it was declared as."""

    code = "identifier-invalid"
    remedy = "Send the identifier in its ordinary form, under its own kind."


class IdentifierNobody(IdentifierInvalid):
    """A value is what programs send for nobody; taken as a person it would merge strangers."""

    code = "identifier-nobody"
    remedy = "Leave the identifier out where there is none: no null, zeros or test values."


class EnvelopeInvalid(ParaventError):
    """A sealed value was altered, moved to another row, or made under another key."""

    code = "envelope-invalid"
    remedy = "Compare the row with a backup; a sealed value opens only where it was sealed."


class ErasureUnbegun(ParaventError):
    """Keys were to be destroyed for a case whose door was never shut."""

    code = "erasure-unbegun"
    remedy = "Run the case from its first step; every step may be run again."


class KeyUnknown(ParaventError):
    """No key, or no version of it, has this name."""

    code = "key-unknown"
    remedy = "Make the key first, or name one that `paravent keys status` lists."


class KeyInUse(ParaventError):
    """The version is the one new values are made with, so it cannot be destroyed."""

    code = "key-in-use"
    remedy = "Make a new version, move what the old one protects, then destroy the old one."


class KeyOlderLeft(ParaventError):
    """The key service destroys versions from the oldest on, and an older one is left."""

    code = "key-older-left"
    remedy = "Destroy the older version first; `paravent keys status` lists what is under it."


class KeyServiceInvalid(ParaventError):
    """The key service is named in a way that cannot be used, or its keys are not as they must."""

    code = "key-service-invalid"
    remedy = "Set the variables and make the keys as docs/keys.md describes."


class KeyFileInsecure(ParaventError):
    """Others than its owner could read or replace the key file, or the file with the token."""

    code = "key-file-insecure"
    remedy = "Give the file to the account that runs the gateway, with mode 0600."


class KeyFileInvalid(ParaventError):
    """The file with keys or the token is missing, exists already, or cannot be read as one."""

    code = "key-file-invalid"
    remedy = "Name the right file, or restore it from the copy kept apart from the database."


class JournalInvalid(ParaventError):
    """The erasure journal cannot be read, so nobody knows who has to stay erased."""

    code = "journal-invalid"
    remedy = "Restore the file named by PARAVENT_ERASURE_JOURNAL from a copy; serve nothing before."


class JournalMissing(ParaventError):
    """There is no erasure journal, and people are in the vault: nobody knows who was erased."""

    code = "journal-missing"
    remedy = (
        "Put the file back from its copy, or mend the path in PARAVENT_ERASURE_JOURNAL; only where"
        " this installation never had one, make an empty file of mode 0600 there."
    )


class JournalUnavailable(ParaventError):
    """The erasure journal cannot be opened or written."""

    code = "journal-unavailable"
    remedy = "Check the folder and the disk of PARAVENT_ERASURE_JOURNAL; erasures go on by itself."


class DevelopmentKeysRefused(ParaventError):
    """Keys in a local file are for development, and this process runs in production mode."""

    code = "development-keys-refused"
    remedy = "Configure a key service, or set PARAVENT_MODE=development."


class RoleTooPowerful(ParaventError):
    """The process connected to the vault as a role that could step around its grants."""

    code = "role-too-powerful"
    remedy = "Connect as paravent_vault; `paravent migrate` creates it."


class VaultContended(ParaventError):
    """Too many others were minting the same identifiers at once; nothing was kept."""

    code = "vault-contended"
    remedy = "Send the request again."


class VaultRefused(ParaventError):
    """The vault database refused a statement; nothing was written.

    The database's own message can hold a row's values, so only its five-letter state is kept.
    """

    code = "vault-refused"
    remedy = "Run `paravent migrate`, then retry; if it stays so, open an issue."

    def __init__(self, sqlstate: str) -> None:
        super().__init__(f"the vault refused a statement with state {sqlstate}")
        self.sqlstate = sqlstate
