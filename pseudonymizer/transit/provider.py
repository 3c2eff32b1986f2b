"""How does a key service compute for us?

The driver of production: ``KeyProvider`` over the Transit engine of OpenBao or HashiCorp Vault.
None of its keys is ever in this process.  Which versions there are is read once and again after
``reload``; every answer is held against what was asked for, and one that does not fit counts as no
answer at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Self

from pseudonymizer.encoding import enc
from pseudonymizer.errors import EnvelopeInvalid, KeyUnavailable
from pseudonymizer.key_known import Known
from pseudonymizer.key_names import ours, theirs, use_of
from pseudonymizer.key_port import USES, KeyVersions
from pseudonymizer.key_proofs import refuse_unsigned, taken_apart
from pseudonymizer.seal import NONCE_BYTES, Envelope
from pseudonymizer.transit import answers, changes
from pseudonymizer.transit.address import ServiceAddress
from pseudonymizer.transit.answers import Seen, text
from pseudonymizer.transit.client import Client, Refused

__all__ = ["BATCH", "TransitKeyProvider"]

BATCH: Final = 480
"""Values a journey.  OpenBao reads a thousand strings of JSON unless it is told otherwise
(``max_request_json_strings``), and each value is two of them: its name and itself."""

AES_256_GCM_DERIVED: Final = 2  # the algorithm in our envelope; ``seal`` has 1
TAG_BYTES: Final = 16
SIGNATURE_BYTES: Final = 64


class TransitKeyProvider:
    """Keys in one Transit mount, all of it ours; computed with there, and never read."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known = Known(self._find)

    @classmethod
    def open(cls, address: str, *, token_file: Path | None, ca_file: Path | None = None) -> Self:
        """Take up a key service; whether it answers shows at the first question.

        Raises:
            KeyServiceInvalid, KeyFileInsecure, KeyFileInvalid: address or files cannot be used.
        """
        return cls(Client(ServiceAddress.read(address, token_file=token_file, ca_file=ca_file)))

    def __repr__(self) -> str:
        return "TransitKeyProvider(…)"

    def reload(self) -> None:  # noqa: D102 -- the port says what it does
        self._known.forget()

    def close(self) -> None:  # noqa: D102
        self._client.close()

    def check(self) -> None:  # noqa: D102
        self._known.look("kek")

    def versions(self, name: str) -> KeyVersions:  # noqa: D102
        seen = self._known.seen(name)
        return KeyVersions(seen.latest, seen.live)

    def mac(self, name: str, version: int, data: bytes) -> bytes:  # noqa: D102
        return self.mac_many(name, version, (data,))[0]

    def mac_many(self, name: str, version: int, data: Sequence[bytes]) -> list[bytes]:  # noqa: D102
        self._known.refuse_unless_live(name, version, "mac")
        macs: list[bytes] = []
        for start in range(0, len(data), BATCH):
            some = [{"input": text(each)} for each in data[start : start + BATCH]]
            body = {"batch_input": some, "key_version": version, "algorithm": "sha2-256"}
            macs += answers.macs(self._ask("hmac", name, version, body), version, len(some))
        return macs

    def wrap(self, name: str, version: int, plaintext: bytes, aad: bytes) -> bytes:  # noqa: D102
        self._known.refuse_unless_live(name, version, "wrap")
        body = {"plaintext": text(plaintext), "context": _context(name, aad)}
        answer = self._ask("encrypt", name, version, body | {"key_version": version})
        return _sealed(answer, name, version, len(plaintext))

    def unwrap(self, name: str, version: int, wrapped: bytes, aad: bytes) -> bytes:  # noqa: D102
        self._known.refuse_unless_live(name, version, "wrap")
        envelope = taken_apart(wrapped, (AES_256_GCM_DERIVED, name, version), TAG_BYTES)
        body = {"ciphertext": _ciphertext(envelope), "context": _context(name, aad)}
        answer = self._ask("decrypt", name, version, body)
        length = len(envelope.ciphertext) - TAG_BYTES
        return answers.plaintext(_said(answer, "plaintext"), length)

    def rewrap(  # noqa: D102
        self, name: str, version: int, wrapped: bytes, aad: bytes
    ) -> tuple[int, bytes]:
        self._known.refuse_unless_live(name, version, "wrap")
        envelope = taken_apart(wrapped, (AES_256_GCM_DERIVED, name, version), TAG_BYTES)
        primary = self._known.seen(name).latest
        body = {"ciphertext": _ciphertext(envelope), "context": _context(name, aad)}
        answer = self._ask("rewrap", name, version, body | {"key_version": primary})
        length = len(envelope.ciphertext) - TAG_BYTES
        return primary, _sealed(answer, name, primary, length)

    def sign(self, name: str, data: bytes, version: int | None = None) -> bytes:  # noqa: D102
        number = self._known.seen(name).latest if version is None else version
        public = self.public_key(name, number)
        body = {"input": text(data), "key_version": number}
        answer = self._ask("sign", name, number, body)
        signature = answers.tagged(_said(answer, "signature"), number, SIGNATURE_BYTES)
        refuse_unsigned(public, signature, data)
        return signature

    def public_key(self, name: str, version: int) -> bytes:  # noqa: D102
        self._known.refuse_unless_live(name, version, "sign")
        seen = self._known.seen(name)
        if version not in seen.public:
            raise KeyUnavailable("the key service shows no public key; that version's was needed")
        return seen.public[version]

    def public_keys(self) -> Mapping[str, bytes]:  # noqa: D102
        return {
            name: self.public_key(name, self._known.seen(name).latest)
            for name, use in USES.items()
            if use == "sign"
        }

    def new_version(self, name: str) -> int:  # noqa: D102
        primary = changes.new_version(self._client, self._known, name)
        self.reload()
        return primary

    def destroy_version(self, name: str, version: int) -> None:  # noqa: D102
        try:
            changes.destroy_version(self._client, self._known, name, version)
        finally:
            self.reload()

    def missing(self) -> list[str]:
        """Give those keys of every installation that the service has not."""
        return changes.missing(self._known)

    def make_missing(self) -> None:
        """Make those keys; for an installation that has none yet."""
        changes.make_missing(self._client, self._known)
        self.reload()

    def attest(self) -> Mapping[str, object]:  # noqa: D102
        listed = (self._client.read("keys?list=true") or {}).get("keys")
        names = [ours(str(each)) for each in listed] if isinstance(listed, list) else []
        keys = {name: self._attested(name) for name in sorted(filter(None, names))}
        return {"driver": "transit", "exportable": False, "keys": keys}

    def _attested(self, name: str) -> dict[str, object]:
        seen = self._known.look(name)
        versions = {
            str(number): {"made_at": seen.made.get(number, ""), "destroyed": number < seen.kept}
            for number in range(1, seen.latest + 1)
        }
        return {"use": use_of(name), "primary": seen.latest, "versions": versions}

    def _find(self, name: str) -> Seen | None:
        found = self._client.read(f"keys/{theirs(name)}")
        return None if found is None else answers.seen(found, use_of(name))

    def _ask(self, verb: str, name: str, version: int, body: dict[str, Any]) -> dict[str, Any]:
        """Have the service compute; say why it refuses to, as far as it is the caller's matter."""
        try:
            return self._client.write(f"{verb}/{theirs(name)}", body)
        except Refused as refused:
            reasons = refused.reasons
        self.reload()  # another process may have destroyed the version since we looked
        self._known.refuse_unless_live(name, version, use_of(name))
        if verb in {"decrypt", "rewrap"} and any(map(_is_about_the_envelope, reasons)):
            raise EnvelopeInvalid("the envelope does not open here; it was altered or moved")
        raise KeyUnavailable("the key service refuses to compute; a result was needed")


def _context(name: str, aad: bytes) -> str:
    """Give what the row's own key is derived by; never empty, which the service would refuse."""
    return text(enc("wrap/v1", name, aad))


def _sealed(answer: dict[str, Any], name: str, version: int, length: int) -> bytes:
    """Put the service's ciphertext of *length* bytes into an envelope of ours (R-122)."""
    raw = answers.tagged(_said(answer, "ciphertext"), version, NONCE_BYTES + length + TAG_BYTES)
    nonce, ciphertext = raw[:NONCE_BYTES], raw[NONCE_BYTES:]
    return Envelope(AES_256_GCM_DERIVED, name, version, nonce, ciphertext).to_bytes()


def _ciphertext(envelope: Envelope) -> str:
    return f"vault:v{envelope.key_version}:{text(envelope.nonce + envelope.ciphertext)}"


def _said(answer: dict[str, Any], member: str) -> str:
    value = answer.get(member)
    if not isinstance(value, str):
        raise KeyUnavailable("the key service's answer lacks its result; one was needed")
    return value


def _is_about_the_envelope(reason: str) -> bool:
    # The words of Go's crypto/cipher and of the engine; anything else may be our own fault.
    return "message authentication failed" in reason or reason.startswith("invalid ciphertext")
