"""Who is somebody in a commit group: what they are called, and where they stand in each domain?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from gateway.ingest.ledger import Standing

NOBODY: Final[Mapping[str, bytes]] = {}


class Person(msgspec.Struct, gc=False, eq=False):
    """Somebody in the group: what they are ``Called`` by domain, and where they stand in each.

    ``admits`` are the purposes for which some event would have them registered;
    ``standings`` are by the domain's number, of those they are registered in.
    """

    pids: Mapping[str, bytes]
    past: Sequence[Mapping[str, bytes]] = ()
    epoch: int = 0
    admits: int = 0
    standings: dict[int, Standing] = msgspec.field(default_factory=dict)

    def __repr__(self) -> str:
        return "Person(…)"
