"""How does a PKCS#11 token compute for us?  ``KeyService`` over one that is ours alone."""

from __future__ import annotations

from collections.abc import Sequence
from os import urandom
from typing import Any, Final

import pkcs11
from pkcs11 import GCMParams, Mechanism

from pseudonymizer.errors import KeyUnavailable
from pseudonymizer.hsm import objects
from pseudonymizer.hsm.session import SESSION_FAULTS, Token
from pseudonymizer.key_service import KeyAt, Refused
from pseudonymizer.key_table import Table
from pseudonymizer.seal import NONCE_BYTES

__all__ = ["TokenService"]

AES_256_GCM: Final = 3  # the algorithm in our envelope; ``seal`` has 1, ``transit`` 2
TAG_BITS: Final = 128
TURN: Final = 480  # values that have the patience of one question


class TokenService:
    """Computes with the keys of one token."""

    driver = "pkcs11"
    algorithm = AES_256_GCM

    def __init__(self, token: Token) -> None:
        self._token = token
        self._keys: dict[KeyAt, Any] = {}
        self._of = 0  # the session they were found in

    def close(self) -> None:  # noqa: D102 -- the port says what it does
        self._token.close()

    def tables(self, name: str | None = None) -> dict[str, Table]:  # noqa: D102
        return self._token.ask(lambda session: objects.tables(session, name))

    def macs(self, at: KeyAt, data: Sequence[bytes]) -> list[bytes]:  # noqa: D102
        def do(session: Any) -> list[bytes]:  # noqa: ANN401
            key = self._key(session, at)
            return [bytes(key.sign(each, mechanism=Mechanism.SHA256_HMAC)) for each in data]

        return self._token.ask(do, turns=-(-len(data) // TURN))

    def seal(self, at: KeyAt, plaintext: bytes, context: bytes) -> bytes:  # noqa: D102
        return self._token.ask(lambda session: self._sealed(session, at, plaintext, context))

    def open(self, at: KeyAt, sealed: bytes, context: bytes) -> bytes:  # noqa: D102
        return self._token.ask(lambda session: self._opened(session, at, sealed, context))

    def reseal(self, at: KeyAt, to: KeyAt, sealed: bytes, context: bytes) -> bytes:  # noqa: D102
        # What was sealed passes through this process, as it does whenever it is opened: no
        # mechanism of the standard goes from one key to another inside with associated data.
        def do(session: Any) -> bytes:  # noqa: ANN401
            plaintext = self._opened(session, at, sealed, context)
            return self._sealed(session, to, plaintext, context)

        return self._token.ask(do)

    def sign(self, at: KeyAt, data: bytes) -> bytes:  # noqa: D102
        return self._token.ask(
            lambda session: bytes(self._key(session, at).sign(data, mechanism=Mechanism.EDDSA))
        )

    def make(self, name: str, number: int) -> None:  # noqa: D102
        self._token.ask(lambda session: objects.make(session, name, number))

    def end(self, at: KeyAt) -> None:  # noqa: D102
        self._token.ask(lambda session: objects.end(session, at.name, at.number))

    def _key(self, session: Any, at: KeyAt) -> Any:  # noqa: ANN401 -- the wrapper's types
        """Give a key, which is looked for once in each session."""
        if self._of != self._token.opened:
            self._keys, self._of = {}, self._token.opened
        if at not in self._keys:
            found = objects.found(session, at.name, at.number, at.identity)
            if not found:
                raise Refused
            self._keys[at] = found[0]
        return self._keys[at]

    def _sealed(self, session: Any, at: KeyAt, plaintext: bytes, context: bytes) -> bytes:  # noqa: ANN401
        nonce = urandom(NONCE_BYTES)
        sealed = self._key(session, at).encrypt(
            plaintext,
            mechanism=Mechanism.AES_GCM,
            mechanism_param=GCMParams(nonce, context, TAG_BITS),
        )
        if len(sealed) != len(plaintext) + TAG_BITS // 8:
            raise KeyUnavailable("the token's answer has another length; whole bytes were needed")
        return nonce + bytes(sealed)

    def _opened(self, session: Any, at: KeyAt, sealed: bytes, context: bytes) -> bytes:  # noqa: ANN401
        ciphertext = sealed[NONCE_BYTES:]
        opened = None
        try:
            opened = self._decrypted(session, at, sealed, context)
        except SESSION_FAULTS:
            raise
        except pkcs11.PKCS11Error:
            # The standard's word for a tag that does not hold came with version 3; SoftHSM 2.6 says
            # that something is wrong in general.  Is it the envelope, then, or the token?  One that
            # opens what it seals now is well; of one that does not, nothing follows about an
            # envelope that may be all there is of a key.
            probe = self._sealed(session, at, b"probe", context)
            self._decrypted(session, at, probe, context)
        if opened is None:
            raise Refused(about_envelope=True)
        if len(opened) != len(ciphertext) - TAG_BITS // 8:
            raise KeyUnavailable("the token's answer has another length; whole bytes were needed")
        return opened

    def _decrypted(self, session: Any, at: KeyAt, sealed: bytes, context: bytes) -> bytes:  # noqa: ANN401
        params = GCMParams(sealed[:NONCE_BYTES], context, TAG_BITS)
        key = self._key(session, at)
        opened = key.decrypt(
            sealed[NONCE_BYTES:], mechanism=Mechanism.AES_GCM, mechanism_param=params
        )
        return bytes(opened)
