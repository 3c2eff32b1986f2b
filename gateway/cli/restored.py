"""Were the databases of an installation restored from a backup, and lack an erasure since?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.cli.children import erasures_of
from gateway.rights.gate import RestorePending
from gateway.rights.restore import missing
from pseudonymizer.journal_file import JournalFile
from pseudonymizer.vault.transactions import connect as vault_connect
from workers.store.transactions import connect as store_connect

if TYPE_CHECKING:
    from gateway.cli.opened import Opened


def refuse_restored(home: Opened) -> None:
    """Refuse to go on where an erasure of the journal is missing.

    Raises:
        RestorePending: one is; `paravent restore replay` comes first.
    """
    name = "paravent restored"
    store = store_connect(home.addresses.store, pool_size=1, application_name=name)
    vault = vault_connect(home.addresses.vault, pool_size=1, application_name=name)
    try:
        lines = missing(JournalFile(erasures_of(home.installation)), store, vault)
    finally:
        store.dispose()
        vault.dispose()
    if lines:
        raise RestorePending(len(lines))
