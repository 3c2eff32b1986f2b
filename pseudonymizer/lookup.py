"""What does the edge ask about a person, and what does it hear back?

Values only, apart from the vault that answers: whoever can put the question still has to be
handed the function that answers it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from pseudonymizer.keyring import Identifier

__all__ = ["NOBODY_SAID", "Linked", "Lookup", "Resolved", "Said", "Status"]

Status = Literal["known", "minted", "unknown", "suppressed"]
Linked = Literal["none", "attached", "joined", "conflict"]


class Said(NamedTuple):
    """Who asserted that identifiers are one person: a source's number, and the call it made."""

    source: int
    call: str


NOBODY_SAID: Final = Said(0, "")


@dataclass(frozen=True, slots=True)
class Lookup:
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


@dataclass(frozen=True, slots=True)
class Resolved:
    """Whose event it is.

    Attributes:
        status: ``minted`` at first sight; ``unknown`` when nothing may be kept and nothing is
            known; ``suppressed`` when the person was erased and must not come back.
        pids: the subject's pseudonyms by domain, 16 bytes each; ``None`` unless known or minted.
        linked: what became of the assertion that the identifiers are one person.  ``conflict``
            means a shared device: the primary identifier's subject answers, nothing was linked.
    """

    status: Status
    pids: Mapping[str, bytes] | None
    linked: Linked = "none"
