"""How is AWS KMS taken up as a key provider?"""

from __future__ import annotations

from pathlib import Path

from pseudonymizer.key_service import ServiceKeys
from pseudonymizer.kms.address import KmsAddress
from pseudonymizer.kms.client import Client
from pseudonymizer.kms.service import KmsService

__all__ = ["open_kms"]


def open_kms(address: str, *, ca_file: Path | None) -> ServiceKeys:
    """Take up the keys under a prefix; whether KMS answers shows at the first question.

    Raises:
        KeyServiceInvalid: the address cannot be used.
    """
    at = KmsAddress.read(address, ca_file=ca_file)
    return ServiceKeys(KmsService(Client(at), at.prefix))
