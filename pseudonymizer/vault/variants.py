"""Which other addresses may reach the same person (R-41, "erase wide")?

Linking is narrow: two plus-tags are two subjects.  A person who asks for erasure means all of
theirs, and a provider delivers ``ada+shop@`` where it delivers ``ada@``.  So each address is stored
with an index of what it has in common with its variants; only this look-up reads it, within a case,
and what it finds is for a human to judge.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection

from pseudonymizer.keyring import Identifier, Keyring
from pseudonymizer.normalise import common_form
from pseudonymizer.vault.driver import run
from pseudonymizer.vault.subjects import every_index

__all__ = ["Variant", "variants_of"]


class Variant(NamedTuple):
    """An address that is known, as the vault has it; *kept*: its text is, sealed."""

    blind_index: bytes
    subject: int
    first_seen_on: date
    kept: bool


def variants_of(
    vault: Connection, keyring: Keyring, identifiers: Iterable[Identifier]
) -> list[Variant]:
    """Give the known addresses that vary one of *identifiers*, itself too, oldest first."""
    common = {form for each in identifiers if (form := common_form(*each)) is not None}
    rows = run(
        vault,
        "SELECT i.blind_index, i.subject, i.first_seen_on, i.sealed IS NOT NULL"
        " FROM vault.identifier AS i JOIN vault.subject AS s ON s.id = i.subject"
        " WHERE i.variant_index = ANY(%b::bytea[]) AND s.state = 'alive'"
        " ORDER BY i.first_seen_on, i.subject, i.blind_index",
        every_index(vault, keyring, sorted(common)),
    )
    return [Variant._make(row) for row in rows.fetchall()]
