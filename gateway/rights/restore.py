"""How is a database that was restored from a backup brought back to who has been erased (R-54)?

The erasure journal stands in a file apart from both databases.  An erasure in it that the vault
does not know, or whose pseudonyms the store holds alive, is missing: the databases are older than
it.  Replaying does it again from the numbers in the journal, with no identifier at hand: what has
one of the marks goes, whoever it is kept under, the marks go back, the keys are destroyed, the rows
are deleted, and everything is searched.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, Engine

from gateway.rights import register
from gateway.rights.domains import domain_keys
from gateway.rights.dossier import Dossier
from gateway.rights.errors import ResidueFound
from gateway.rights.ports import Ports
from gateway.rights.reidentification import register as reidentifications
from gateway.rights.scanning import scan_for
from gateway.rights.strays import drop_strays
from pseudonymizer import tombstones
from pseudonymizer.derive import pid_bytes
from pseudonymizer.journal_file import JournalFile, Line
from pseudonymizer.vault import forget, journal
from pseudonymizer.vault.driver import run
from pseudonymizer.vault.journal import Erasure
from pseudonymizer.vault.subjects import subject_keys
from pseudonymizer.vault.transactions import transaction as vault_transaction
from workers.store import erasure, held, numbering, registry
from workers.store.transactions import transaction as store_transaction

SOME: Final = 5_000  # pseudonyms a look-up
Progress = Callable[[int, int], None]
Fingerprint = tuple[object, ...]


class Replayed(NamedTuple):
    """What replaying did: erasures, rows of the store, keys and identifiers of the vault gone."""

    erasures: int
    rows: int
    subjects: int
    identifiers: int


# Which system, which timeline of it, which database there, and since when it runs.
FINGERPRINT: Final = (
    "select (pg_control_system()).system_identifier, (pg_control_checkpoint()).timeline_id,"
    " (select oid from pg_database where datname = current_database()),"
    " pg_postmaster_start_time()"
)


def fingerprints(store: Engine, vault: Engine) -> frozenset[Fingerprint]:
    """Give what tells both servers from others, and from themselves after a restore."""
    with store_transaction(store) as connection:
        one = tuple(connection.exec_driver_sql(FINGERPRINT).one())
    with vault_transaction(vault) as connection:
        return frozenset({one, tuple(connection.exec_driver_sql(FINGERPRINT).one())})


def missing(file: JournalFile, store: Engine, vault: Engine) -> list[Line]:
    """Give the erasures of the journal that the databases do not know of.

    One that is under way is not missing: whoever works on it goes on.  One that is done and not
    yet in the file, of a version that kept none, is written there.
    """
    lines = _lines(file, vault)
    # After the file: what is written down meanwhile is under way, and not missing.
    with vault_transaction(vault) as connection:
        known = {each.id: each for each in journal.erasures(connection)}
        marks = tombstones.every(connection)
    ended = {number for number, each in known.items() if each.destroyed_at is not None}
    legacy = _legacy(known, {line.id for line in lines}, marks)
    file.append(*legacy)
    # One that was carried through and is not here was being worked on when the copy was made.
    begun = known.keys() - ended
    looked = [line for line in (*lines, *legacy) if line.done or line.id not in begun]
    alive = _alive(store, [pid for line in looked for _, pid in line.pids])
    return [
        line for line in looked if line.id not in ended or any(pid in alive for _, pid in line.pids)
    ]


def _lines(file: JournalFile, vault: Engine) -> list[Line]:
    """Read the file; make it where nobody is in the vault yet, so that it cannot lack anybody."""
    if not file.exists():
        with vault_transaction(vault) as connection:
            somebody = run(connection, "SELECT FROM vault.subject LIMIT 1").fetchone()
        if somebody is None:
            file.make()
    return file.lines()


def _legacy(
    known: Mapping[UUID, Erasure], written: Collection[UUID], marks: Sequence[tuple[int, bytes]]
) -> list[Line]:
    """Give the erasures that were done before there was a file.

    Which marks are whose is not known any more, so the youngest carries all of them: a copy that
    lacks any of these erasures lacks that one.
    """
    done = [each for number, each in known.items() if each.destroyed_at and number not in written]
    done.sort(key=lambda each: each.started_at)
    lines = [_line(each) for each in done]
    return [*lines[:-1], replace(lines[-1], marks=tuple(marks))] if lines else []


def replay(ports: Ports, lines: Sequence[Line], progress: Progress) -> Replayed:
    """Do the erasures of *lines* again; may be stopped and begun anew.

    Raises:
        KeyDestroyed: the vault is older than the window of the wrapping key, so nothing in it
            opens: a younger backup of it is needed.
        ResidueFound: something is left of one of them.
    """
    rows = subjects = 0
    strays = drop_strays(ports, lines)
    whole = Dossier(indexes=[index.hex() for index in strays])
    for done, line in enumerate(lines, start=1):
        erased = _in_vault(ports, line)
        surrogates, deleted = erase_in_store(ports, line)
        with vault_transaction(ports.vault) as vault:
            forget.complete_erasure(vault, case_id=line.case, at=ports.clock())
        fields = {"erasure": str(line.id), "rows": str(deleted), "subjects": str(len(erased))}
        ports.audit("restore:erasure-replayed", fields)
        whole.pids += [(domain, pid.hex()) for domain, pid in line.pids]
        whole.surrogates += surrogates
        rows, subjects = rows + deleted, subjects + len(erased)
        progress(done, len(lines))
    report = scan_for(ports, whole)
    if report.residue:
        places = ", ".join(finding.where for finding in report.residue[:5])
        raise ResidueFound(f"the scan met {len(report.residue)} places ({places}); none was needed")
    return Replayed(len(lines), rows, subjects, len(strays))


def _alive(store: Engine, pids: Sequence[bytes]) -> set[bytes]:
    found: set[bytes] = set()
    with store_transaction(store) as connection:
        for start in range(0, len(pids), SOME):
            found |= registry.not_erased(connection, pids[start : start + SOME])
    return found


def _line(erasure_: Erasure) -> Line:
    """Give an erasure that was done before there was a file."""
    return Line(
        id=erasure_.id,
        case=erasure_.case_id,
        at=erasure_.started_at,
        reason="erasure",
        subjects=erasure_.subjects,
        pids=tuple(("", pid) for pid in erasure_.pids),
        marks=(),
        done=True,
    )


def _in_vault(ports: Ports, line: Line) -> list[int]:
    """Put the marks back, and destroy the keys of those who are alive here."""
    now = ports.clock()
    with vault_transaction(ports.vault) as vault:
        same = list(_same(vault, ports, line))
    # First, since nobody knows whose they are once the keys are gone.
    with vault_transaction(ports.rights) as rights:
        register.drop_results_about(rights, same, now)
        reidentifications.detach(rights, same)
    with vault_transaction(ports.vault) as vault:
        stone = tombstones.Stone(tombstones.SCOPE_ALL, line.reason, line.at)
        placed = tombstones.place(vault, ports.keyring, line.marks, stone)
        if journal.find(vault, line.case) is None:
            journal.record(vault, _begun(line, same, placed))
        run(
            vault,
            "UPDATE vault.subject SET state = 'erasing', generation = generation + 1"
            " WHERE id = ANY(%b::bigint[]) AND state = 'alive'",
            same,
        )
        forget.destroy_keys(vault, ports.keyring, case_id=line.case, at=now)
    return same


def _begun(line: Line, subjects: Sequence[int], placed: int) -> Erasure:
    return Erasure(
        id=line.id,
        case_id=line.case,
        subjects=tuple(subjects),
        pids=tuple(pid for _, pid in line.pids),
        arefs=(),
        tombstones=placed,
        key_ids=(),
        started_at=line.at,
    )


def _same(vault: Connection, ports: Ports, line: Line) -> Iterator[int]:
    """Give those of the numbers that are the people meant: a restored sequence deals them again."""
    theirs = {pid for _, pid in line.pids}
    domains = domain_keys(ports)
    for number, key in subject_keys(vault, ports.keyring, line.subjects).items():
        if theirs.intersection(pid_bytes(key, domains)):
            yield number


def erase_in_store(ports: Ports, line: Line) -> tuple[list[int], int]:
    """Raise the fence for *line* and delete; give the surrogates and how many rows went."""
    pids = [pid for _, pid in line.pids]
    with store_transaction(ports.store) as store:
        numbering.domain_numbers(store, ports.rules)
        numbers = {key: number for number, key in held.numbered(store)["domain"].items()}
        fences = [(pid, numbers[domain]) for domain, pid in line.pids if domain in numbers]
        erasure.fence(store, fences)
        # Also those whose domain is not known: a line of before there was a file does not say it.
        surrogates = erasure.mark_erased(store, pids)
        deleted = erasure.erase(store, surrogates)
    _invalidate(ports, pids)
    return surrogates, sum(deleted.values())


def _invalidate(ports: Ports, pids: Collection[bytes]) -> None:
    if ports.resolver is not None:
        ports.resolver.invalidate(list(pids))
