"""A server that answers as AWS KMS does: moto's, to which Ed25519 is added.

AWS signs by Ed25519 (the key spec ``ECC_NIST_EDWARDS25519``) and moto does not yet.  What is added
here is our reading of AWS's documentation, so the tests of signing hold the driver against that,
and not against AWS.  Started as a process of its own: ``python -m tests.support.kms_server PORT``.
"""

from __future__ import annotations

import sys
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from moto.kms import models, utils
from moto.server import ThreadedMotoServer

SPEC = "ECC_NIST_EDWARDS25519"
ALGORITHM = "ED25519_SHA_512"


class Ed25519Key(utils.AbstractPrivateKey):
    def __init__(self) -> None:
        self.key = Ed25519PrivateKey.generate()

    def sign(self, message: bytes, signing_algorithm: str) -> bytes:
        assert signing_algorithm == ALGORITHM
        return self.key.sign(message)

    def verify(self, message: bytes, signature: bytes, signing_algorithm: str) -> bool:
        raise NotImplementedError("the driver verifies by itself")

    def public_key(self) -> bytes:
        form = PublicFormat.SubjectPublicKeyInfo
        return self.key.public_key().public_bytes(Encoding.DER, form)


def add_ed25519() -> None:
    """Teach moto the one key spec it lacks."""
    known: Any = utils.KeySpec.key_specs
    generate = models.generate_private_key
    listed: Any = models.Key.signing_algorithms
    utils.KeySpec.key_specs = lambda: [*known(), SPEC]  # type: ignore[method-assign]
    models.generate_private_key = lambda spec: Ed25519Key() if spec == SPEC else generate(spec)
    models.Key.signing_algorithms = property(  # type: ignore[method-assign,assignment]
        lambda key: [ALGORITHM] if key.key_spec == SPEC else listed.fget(key)
    )


def main() -> None:
    add_ed25519()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=int(sys.argv[1]), verbose=False)
    server._server_entry()


if __name__ == "__main__":
    main()
