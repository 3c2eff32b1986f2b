"""How is a token taken up as a key provider?"""

from __future__ import annotations

from pathlib import Path

from pseudonymizer.hsm.address import TokenAddress
from pseudonymizer.hsm.service import TokenService
from pseudonymizer.hsm.session import Token
from pseudonymizer.key_service import ServiceKeys

__all__ = ["open_token"]


def open_token(uri: str, *, pin_file: Path | None) -> ServiceKeys:
    """Take up a token; whether it answers shows at the first question.

    Raises:
        KeyServiceInvalid, KeyFileInsecure, KeyFileInvalid: URI or PIN file cannot be used.
    """
    address = TokenAddress.read(uri, pin_file=pin_file)
    address.pin()  # to say at the start what is wrong with the file
    return ServiceKeys(TokenService(Token(address)))
