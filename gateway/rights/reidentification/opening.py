"""What is shown of whoever has the pseudonym, once two people agreed that it may be?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from gateway.rights.domains import domain_keys
from gateway.rights.ports import Ports
from gateway.rights.reidentification.purposes import DESPITE_RESTRICTION
from gateway.rights.reidentification.register import ReidentificationRow
from gateway.rights.work import DurableSink
from pseudonymizer.vault.in_use import span_in_use
from pseudonymizer.vault.reveal import HeldIdentifier, reveal
from pseudonymizer.vault.subjects import Names, hold_alive, names_of
from pseudonymizer.vault.transactions import transaction
from pseudonymizer.warrant import Warrant
from workers.store import pseudonyms, registry
from workers.store.transactions import transaction as store_transaction

WITHHELD: Final = "reidentification:withheld"


def opened(ports: Ports, row: ReidentificationRow) -> list[HeldIdentifier]:
    """Give what the vault knows them by: nothing of somebody unknown or erased.

    Links are not followed: whose the pseudonym is, was asked, not with whom they share a device.
    From the look at their state to the last seal no erasure begins.
    """
    sink, domains = DurableSink(ports), domain_keys(ports)
    with transaction(ports.vault) as vault:
        alive = hold_alive(vault, row.about)
        names = names_of(vault, ports.keyring, alive, domains=domains)
        epoch = span_in_use(vault, "pid").version
        if row.purpose not in DESPITE_RESTRICTION and _restricted(ports, names, epoch):
            # The answer is that of somebody unknown; why, the log says to whoever may read it.
            fields = {"request": str(row.id), "reason": "restricted"}
            sink.append(WITHHELD, names[0].aref, fields)
            alive = []
        return reveal(
            vault,
            ports.keyring,
            sink,
            subjects=alive,
            warrant=Warrant(
                row.id,
                str(row.asked_by),
                approved_by=str(row.decided_by),
                purpose=row.purpose,
                ticket=row.ticket,
            ),
        )


def _restricted(ports: Ports, names: Sequence[Names], epoch: int) -> bool:
    """Say whether any pseudonym of the person is restricted: what they asked for is wide.

    Databases of different epochs are refused of somebody unknown, too.
    """
    pids = [pid for name in names for _, pid in name.every]
    with store_transaction(ports.store) as store:
        rows = registry.lock(store, pids)
        pseudonyms.refuse_apart(store, 0, epoch)
    return any(row.state == registry.RESTRICTED for row in rows.values())
