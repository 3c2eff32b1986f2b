"""Who read the audit log?  That is in the log, too: the entry comes first, then the reading."""

from gateway.rights.operators import Operator
from gateway.rights.ports import Ports
from gateway.rights.schemas import EntriesOut, EntryOut
from policies.errors import AuditUnavailable
from workers.store import audit_log
from workers.store.errors import StoreRefused
from workers.store.transactions import transaction

PAGE = 1_000


def entries(ports: Ports, operator: Operator, first: int, last: int | None) -> EntriesOut:
    """Give at most ``PAGE`` entries from number *first* to *last*, both included.

    Raises:
        AuditUnavailable: this process has no login of the auditor's role.
    """
    if ports.auditor is None:
        raise AuditUnavailable("this process may not read the log; the auditor's login was needed")
    first, until = _bounded(ports, first, last)
    ports.audit("audit:read", {"by": str(operator.id), "first": first, "last": until})
    try:
        with transaction(ports.auditor) as store:
            size, _ = audit_log.head(store)
            found = audit_log.entries(store, first, until)
    except StoreRefused:
        raise AuditUnavailable("the log was not read; the auditor's grants were needed") from None
    return EntriesOut(
        size=size,
        entries=[
            EntryOut(
                seq=entry.seq,
                header=entry.header,
                leaf_hash=bytes(entry.leaf_hash).hex(),
                commitment=None if entry.commitment is None else bytes(entry.commitment).hex(),
            )
            for entry in found
        ],
    )


def _bounded(ports: Ports, first: int, last: int | None) -> tuple[int, int]:
    """Give the numbers that will be read: none that only the reader made up gets into the log."""
    with transaction(ports.store) as store:
        own, _ = audit_log.head(store)  # at least the number that this reading's entry will have
    first = min(first, own)
    return first, min(own if last is None else last, own, first + PAGE - 1)
