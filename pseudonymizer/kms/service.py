"""How does AWS KMS compute for us?  ``KeyService`` over the keys under one prefix of aliases."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from hashlib import sha256, sha512
from hmac import compare_digest
from typing import Any, Final

from pseudonymizer.errors import KeyUnavailable
from pseudonymizer.key_names import ours, theirs, use_of
from pseudonymizer.key_service import KeyAt, Refused
from pseudonymizer.key_table import Table, Version
from pseudonymizer.kms import answers
from pseudonymizer.kms.client import Client

__all__ = ["KmsService"]

KMS_BLOB: Final = 4  # the algorithm in our envelope: what KMS calls SYMMETRIC_DEFAULT
DELETED_AFTER_DAYS: Final = 7  # AWS allows no fewer
SIGNED_BYTES: Final = 4096  # AWS signs no more than that by pure Ed25519
MARK_BYTES: Final = 16
SETTLES_S: Final = 10.0  # AWS shows what was made after a moment, in most cases
TAG: Final = "paravent"

_PATH: Final = re.compile(r"([a-z0-9_-]{1,60})/([1-9][0-9]{0,8})")


class KmsService:
    """Computes with the keys of one installation."""

    driver = "awskms"
    algorithm = KMS_BLOB

    def __init__(self, client: Client, prefix: str) -> None:
        self._client = client
        self._prefix = prefix

    def close(self) -> None:  # noqa: D102 -- the port says what it does
        self._client.close()

    def tables(self, name: str | None = None) -> dict[str, Table]:  # noqa: D102
        aliases = {at: key for at, key in self._aliases().items() if name in {None, at[0]}}
        asked = [{"KeyId": key} for key in aliases.values()]
        described = self._client.ask_all("describe_key", asked)
        versions: dict[str, dict[int, Version]] = {}
        for (one, number), key, said in zip(aliases, aliases.values(), described, strict=True):
            answers.key_id(said.get("KeyMetadata", {}), key)
            public = self._public(key, said) if use_of(one) == "sign" else b""
            read = answers.version(said, use_of(one), self._path(one, number), public)
            versions.setdefault(one, {})[number] = read
        return {one: Table(its) for one, its in versions.items()}

    def macs(self, at: KeyAt, data: Sequence[bytes]) -> list[bytes]:  # noqa: D102
        # Of the digest, not of the value: AWS takes between 1 and 4 096 bytes, and what a person
        # is called by is nothing that has to be sent to it in clear.
        asked = [
            {
                "KeyId": at.identity,
                "MacAlgorithm": "HMAC_SHA_256",
                "Message": sha512(each).digest(),
            }
            for each in data
        ]
        macs = []
        for said in self._client.ask_all("generate_mac", asked):
            answers.key_id(said, at.identity)
            macs.append(answers.blob(said, "Mac"))
        return macs

    def seal(self, at: KeyAt, plaintext: bytes, context: bytes) -> bytes:  # noqa: D102
        said = self._client.ask(
            "encrypt",
            KeyId=at.identity,
            Plaintext=_mark(plaintext, context) + plaintext,
            EncryptionContext=_context(context),
        )
        answers.key_id(said, at.identity)
        return answers.blob(said, "CiphertextBlob")

    def open(self, at: KeyAt, sealed: bytes, context: bytes) -> bytes:  # noqa: D102
        said = self._client.ask(
            "decrypt",
            KeyId=at.identity,
            CiphertextBlob=sealed,
            EncryptionContext=_context(context),
        )
        answers.key_id(said, at.identity)
        opened = answers.blob(said, "Plaintext")
        mark, plaintext = opened[:MARK_BYTES], opened[MARK_BYTES:]
        if not compare_digest(mark, _mark(plaintext, context)):
            raise KeyUnavailable(
                "the key service opened something else; what was sealed was needed"
            )
        return plaintext

    def reseal(self, at: KeyAt, to: KeyAt, sealed: bytes, context: bytes) -> bytes:  # noqa: D102
        said = self._client.ask(
            "re_encrypt",
            SourceKeyId=at.identity,
            DestinationKeyId=to.identity,
            CiphertextBlob=sealed,
            SourceEncryptionContext=_context(context),
            DestinationEncryptionContext=_context(context),
        )
        answers.key_id(said, at.identity, "SourceKeyId")
        answers.key_id(said, to.identity)
        return answers.blob(said, "CiphertextBlob")

    def sign(self, at: KeyAt, data: bytes) -> bytes:  # noqa: D102
        if len(data) > SIGNED_BYTES:
            raise KeyUnavailable("AWS signs no more than 4096 bytes; a shorter text was needed")
        said = self._client.ask(
            "sign",
            KeyId=at.identity,
            Message=data,
            MessageType="RAW",
            SigningAlgorithm="ED25519_SHA_512",
        )
        answers.key_id(said, at.identity)
        return answers.blob(said, "Signature")

    def make(self, name: str, number: int) -> None:  # noqa: D102
        path = self._path(name, number)
        made = self._client.ask(
            "create_key",
            **answers.MADE_AS[use_of(name)],
            Description=path,
            Origin="AWS_KMS",
            MultiRegion=False,
            Tags=[{"TagKey": TAG, "TagValue": self._prefix}],
        )
        key = answers.version(made, use_of(name), path, b"").identity
        try:
            # Only one key can have an alias, so of two that cross one is left.
            self._client.ask("create_alias", AliasName=f"alias/{path}", TargetKeyId=key)
        except (KeyUnavailable, Refused):
            self._end(key)
            raise
        until = time.monotonic() + SETTLES_S
        while (name, number) not in self._aliases() and time.monotonic() < until:
            time.sleep(0.5)

    def end(self, at: KeyAt) -> None:  # noqa: D102
        self._end(at.identity)

    def _end(self, key: str) -> None:
        self._client.ask("schedule_key_deletion", KeyId=key, PendingWindowInDays=DELETED_AFTER_DAYS)

    def _public(self, key: str, described: dict[str, Any]) -> bytes:
        if described["KeyMetadata"].get("KeyState") != "Enabled":
            return b""  # AWS shows no public key of one that is to be deleted
        return answers.public_key(self._client.ask("get_public_key", KeyId=key))

    def _path(self, name: str, number: int) -> str:
        return f"{self._prefix}/{theirs(name)}/{number}"

    def _aliases(self) -> dict[tuple[str, int], str]:
        """Give the keys that have an alias of ours, and of which version they are."""
        found: dict[tuple[str, int], str] = {}
        marker: dict[str, str] = {}
        while True:
            said = self._client.ask("list_aliases", Limit=100, **marker)
            listed, more = answers.aliases(said)
            for alias, key in listed:
                at = _PATH.fullmatch(alias.removeprefix(f"alias/{self._prefix}/"))
                name = ours(at[1]) if at else None
                if at and name:
                    found[name, int(at[2])] = key
            if not more:
                return found
            if marker.get("Marker") == more:
                raise KeyUnavailable("the key service's list has no end; all of it was needed")
            marker = {"Marker": more}


def _context(context: bytes) -> dict[str, str]:
    # AWS writes it into its own log, so the place of a row is not said there.
    return {"paravent": sha256(context).hexdigest()}


def _mark(plaintext: bytes, context: bytes) -> bytes:
    """Give what goes before a key that is sealed, so that another one is not taken for it."""
    return sha256(b"kms/v1" + sha256(context).digest() + plaintext).digest()[:MARK_BYTES]
