"""How does one version of a signing key vouch for the next?

The older one signs the newer one's public key (R-123).  What is signed is an injective encoding
under a label of its own, so that no signature over a receipt or a checkpoint can pass for it.  The
independent checkers compose it anew (``verify``).
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Final

__all__ = ["ACTION", "LABEL", "Handover"]

ACTION: Final = "key:handed-over"
LABEL: Final = b"paravent/key-handover/v1"
_LENGTH_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class Handover:
    """A version of a signer takes over from the one before.

    Attributes:
        name: the signer.
        version: the number of the newer one.
        since: when it took over, as ISO 8601.
        previous: the older public key, 32 bytes.
        public: the newer one.
    """

    name: str
    version: int
    since: str
    previous: bytes
    public: bytes

    def input(self) -> bytes:
        """Give the bytes that are signed: each part led by its length."""
        parts = (
            LABEL,
            self.name.encode(),
            str(self.version).encode(),
            self.since.encode(),
            self.previous,
            self.public,
        )
        return b"".join(len(part).to_bytes(_LENGTH_BYTES, "big") + part for part in parts)

    def fields(self, signature: bytes) -> dict[str, str]:
        """Give it as the fields of an entry of the audit log."""
        return {
            "key": self.name,
            "version": str(self.version),
            "since": self.since,
            "previous_key": base64.b64encode(self.previous).decode(),
            "public_key": base64.b64encode(self.public).decode(),
            "signature": base64.b64encode(signature).decode(),
        }
