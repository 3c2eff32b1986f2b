"""Who that was erased is kept under somebody else in a restored vault (R-54)?

An identifier may have been taken off a subject after the backup, and its person erased under the
number they got then.  The restored vault knows no such number: it has the identifier where it was
before, sealed under a key that stays.  So replaying goes by the marks, too, whoever has them.
"""

from collections.abc import Sequence

from gateway.rights import register
from gateway.rights.ports import Ports
from pseudonymizer.journal_file import Line
from pseudonymizer.vault import journal, marked
from pseudonymizer.vault.transactions import transaction


def drop_strays(ports: Ports, lines: Sequence[Line]) -> list[bytes]:
    """Delete every identifier with a mark of *lines* that this vault lacks; give their indexes.

    Before any of these is on record as done here, so that a run that was stopped finds them missing
    still.  What the vault knows as done it has done in its present state, and whoever was minted
    since stays.
    """
    with transaction(ports.vault) as vault:
        done = {each.id for each in journal.erasures(vault) if each.destroyed_at is not None}
    marks = {mark for line in lines if line.id not in done for mark in line.marks}
    found = marked.carriers(ports.vault, ports.keyring, marks)
    if not found:
        return []
    ports.audit("restore:identifiers-dropped", {"identifiers": str(len(found))})
    # First, since a report about whoever has it shows it, and nobody knows who had it afterwards.
    with transaction(ports.rights) as rights:
        register.drop_results_about(rights, {each.subject for each in found}, ports.clock())
    with transaction(ports.vault) as vault:
        marked.drop(vault, found)
    return [each.blind_index for each in found]
