"""To what is a seal bound, so that it opens in its own row and nowhere else?"""

from __future__ import annotations

from typing import Final, NamedTuple

from pseudonymizer.encoding import enc

TYPE: Final = "paravent-quarantine/v1"


class Binding(NamedTuple):
    """What a seal is bound to: its row, in every column that does not change.

    The rulebook, by its hash, names the controller.
    """

    id: int
    subject: int
    mid: int
    source: int
    rulebook: str
    event: str
    reason: str
    set_aside_us: int
    expires_us: int
    key_id: str

    def to_bytes(self) -> bytes:
        """Give it as it goes into the key schedule."""
        return enc(TYPE, *self)
