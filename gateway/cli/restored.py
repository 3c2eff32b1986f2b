"""Were the databases of an installation restored from a backup, and lack an erasure since?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.cli.children import erasures_of
from gateway.rights.gate import RestorePending, looking
from gateway.rights.restore import missing
from pseudonymizer.journal_file import JournalFile

if TYPE_CHECKING:
    from gateway.cli.opened import Opened


def refuse_restored(home: Opened) -> None:
    """Refuse to go on where an erasure of the journal is missing.

    Raises:
        RestorePending: one is; `paravent restore replay` comes first.
    """
    with looking(home.addresses.store, home.addresses.vault) as (store, vault):
        lines = missing(JournalFile(erasures_of(home.installation)), store, vault)
    if lines:
        raise RestorePending(len(lines))
