"""What becomes of a subject that was minted for somebody who is then not parted after all?

It has no identifier and no link, so that no erasure would ever find it, and it may hold every no of
somebody who was erased meanwhile.  So it is erased itself, under the case that had it minted: by
the same steps, and written down as any other, so that a backup does not bring it back either.
"""

from gateway.rights.domains import domain_keys
from gateway.rights.ports import Ports
from gateway.rights.pseudonym_life import refuse_apart
from gateway.rights.restore import erase_in_store
from gateway.rights.work import Work
from pseudonymizer.journal_file import Line
from pseudonymizer.vault import forget
from pseudonymizer.vault.forget import Erasure, ErasureRequest
from pseudonymizer.vault.subjects import names_of
from pseudonymizer.vault.transactions import transaction


def erase_aside(work: Work, aside: int) -> None:
    """Erase the subject *aside*, if it is there and nobody is known by it; safe to repeat."""
    ports, domains = work.ports, domain_keys(work.ports)
    refuse_apart(ports)
    request = ErasureRequest(work.case, (), domains, ports.clock())
    with transaction(ports.vault) as vault:
        begun = forget.begin_nameless(vault, ports.keyring, request, aside)
    if begun is None:
        return
    if begun.destroyed_at is None:
        line = _line(ports, begun, domains)
        if ports.journal is not None:
            ports.journal.append(line)
        erase_in_store(ports, line)
        ports.audit("link:aside-erased", {"case": str(work.case)})
    with transaction(ports.vault) as vault:
        forget.destroy_keys(vault, ports.keyring, case_id=work.case, at=ports.clock())
        forget.complete_erasure(vault, case_id=work.case, at=ports.clock())
    if ports.journal is not None:
        ports.journal.finish(begun.id)


def _line(ports: Ports, begun: Erasure, domains: tuple[str, ...]) -> Line:
    """Give what brings a restored database back to this; there is nobody's mark to place."""
    with transaction(ports.vault) as vault:
        names = names_of(vault, ports.keyring, begun.subjects, domains=domains)
    return Line(
        id=begun.id,
        case=begun.case_id,
        at=begun.started_at,
        reason="unlink",
        subjects=begun.subjects,
        pids=tuple(pair for name in names for pair in sorted(name.every)),
        marks=(),
    )
