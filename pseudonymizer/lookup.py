"""What does the edge ask about a person, and what does it hear back?

Values only, apart from the vault that answers: whoever can put the question still has to be
handed the function that answers it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple, Protocol

import msgspec

from pseudonymizer.keyring import Identifier

__all__ = ["NOBODY_SAID", "Called", "Linked", "Lookup", "Resolved", "Said", "Status"]

Status = Literal["known", "minted", "unknown", "suppressed"]
Linked = Literal["none", "attached", "joined", "conflict"]


class Said(NamedTuple):
    """Who asserted that identifiers are one person: a source's number, and the call it made."""

    source: int
    call: str


NOBODY_SAID: Final = Said(0, "")


class Lookup(msgspec.Struct, frozen=True, gc=False):
    """What one event says about its subject.

    Attributes:
        identifiers: kind and canonical form; the first is the primary one, whose subject the
            event belongs to.
        mint: whether a person nobody knows yet may become a subject.
        link: whether an authenticated source asserts that all identifiers are one person; those
            not known yet are then attached to the subject of the others.
        seal: kinds whose canonical form is kept sealed, beside its blind index.
        said: who asserts that, and by which call, for the record.
    """

    identifiers: tuple[Identifier, ...]
    mint: bool = False
    link: bool = False
    seal: frozenset[str] = frozenset()
    said: Said = NOBODY_SAID

    def __repr__(self) -> str:
        return f"Lookup(mint={self.mint}, link={self.link}, …)"


class Called(Protocol):
    """What somebody is called in the store.

    Attributes:
        pids: pseudonyms by domain, 16 bytes each, of *epoch*; ``None`` of nobody.
        past: those of the epochs just before, oldest first, which the store may know them by
            still; none unless everybody is getting other pseudonyms.
        epoch: which pseudonyms those are.
    """

    @property
    def pids(self) -> Mapping[str, bytes] | None: ...  # noqa: D102 -- above

    @property
    def past(self) -> Sequence[Mapping[str, bytes]]: ...  # noqa: D102

    @property
    def epoch(self) -> int: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Resolved:
    """Whose event it is, and what they are ``Called``.

    Attributes:
        status: ``minted`` at first sight; ``unknown`` when nothing may be kept and nothing is
            known; ``suppressed`` when the person was erased and must not come back.
        pids: the subject's pseudonyms by domain, 16 bytes each; ``None`` unless known or minted.
        linked: what became of the assertion that the identifiers are one person.  ``conflict``
            means a shared device: the primary identifier's subject answers, nothing was linked.
        past, epoch: as of ``Called``.
    """

    status: Status
    pids: Mapping[str, bytes] | None = field(repr=False)
    linked: Linked = "none"
    past: tuple[Mapping[str, bytes], ...] = field(default=(), repr=False)
    epoch: int = 0
