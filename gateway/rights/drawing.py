"""Whom does the audit of linkability follow, and what is true of them?

This part alone asks the vault.  It gives the auditor the answers; the attack, in
`gateway.linkability`, can import neither vault nor keys.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from random import Random
from typing import Final

from gateway.linkability.people import Person, Pseudonym
from gateway.rights.domains import domain_keys
from gateway.rights.ports import Ports
from gateway.rights.work import DurableSink
from pseudonymizer.vault.draw import draw
from pseudonymizer.vault.reveal import reveal
from pseudonymizer.vault.subjects import Names, names_of
from pseudonymizer.vault.transactions import transaction as vault_transaction
from pseudonymizer.warrant import Warrant
from workers.store import linkage
from workers.store.transactions import transaction as store_transaction

ROUNDS: Final = 8  # of drawing, before what was found has to do
BY: Final = "command"


def people(ports: Ports, run: uuid.UUID, sample: int, random: Random) -> list[Person]:
    """Draw up to *sample* people of whom the store knows a pseudonym, those with two first.

    Their seals are opened for this run, after an entry of the audit log for each of them.
    """
    found: dict[int, tuple[Pseudonym, ...]] = {}
    for _ in range(ROUNDS):
        before = len(found)
        found |= _known(ports, 2 * sample, random)
        double = sum(len(pseudonyms) > 1 for pseudonyms in found.values())
        if double >= sample or len(found) == before:
            break
    # A stable order among equals: chance has chosen already.
    chosen = sorted(found, key=lambda subject: -len(found[subject]))[:sample]
    texts = _identifiers(ports, run, chosen)
    return [Person(found[subject], tuple(texts.get(subject, ()))) for subject in chosen]


def _known(ports: Ports, count: int, random: Random) -> dict[int, tuple[Pseudonym, ...]]:
    domains = domain_keys(ports)
    with vault_transaction(ports.vault) as vault:
        names = names_of(vault, ports.keyring, draw(vault, count, random), domains=domains)
    pids = [pid for name in names for _, pid in name.every]
    with store_transaction(ports.store) as store:
        registered = linkage.registered(store, pids) if pids else {}
    return {name.subject: some for name in names if (some := _pseudonyms(name, registered))}


def _pseudonyms(name: Names, registered: Mapping[bytes, tuple[int, int]]) -> tuple[Pseudonym, ...]:
    return tuple(
        Pseudonym(registered[pid][1], pid, registered[pid][0])
        for _, pid in name.every
        if pid in registered
    )


def _identifiers(
    ports: Ports, run: uuid.UUID, subjects: Sequence[int]
) -> dict[int, list[tuple[str, str]]]:
    if not subjects:
        return {}
    sink = DurableSink(ports)
    with vault_transaction(ports.vault) as vault:
        held = reveal(vault, ports.keyring, sink, subjects=subjects, warrant=Warrant(run, BY))
    texts: dict[int, list[tuple[str, str]]] = {}
    for one in held:
        if one.identifier is not None:
            texts.setdefault(one.subject, []).append((one.kind, one.identifier.reveal()))
    return texts
