"""Is what is to be replayed the message that its row is about, and its person's?

Neither a file nor a seal proves that: who wrote them is not said.  But the row has the keyed hash
of the message's name, and a pseudonym, which nobody can make who does not hold the keys.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from gateway.ingest.drafts import Tally
from gateway.ingest.prepare import Intake, prepare
from gateway.ingest.resolve import resolve
from gateway.ingest.service import IngestService
from gateway.quarantine.document import Document, event_of
from pseudonymizer.lookup import Lookup, Resolved
from workers.store import message_key, registry
from workers.store.quarantine import Waiting
from workers.store.registry import RegistryRow
from workers.store.transactions import transaction


def is_of(ingest: IngestService, row: Waiting, document: Document, now_us: int) -> bool:
    """Say whether *document* is of the message and the person of *row*; nothing is written."""
    with transaction(ingest.store) as connection:
        in_use = message_key.standing(connection).version
        known = registry.lock_by_id(connection, [row.subject]).get(row.subject)
    if known is None:
        return False
    domains = {number: key for number, key, _ in ingest.bound.rules.domains}
    domain = domains.get(known.domain)
    if domain is None or not _named(ingest, row, document.message_id, (domain, in_use)):
        return False
    return _theirs(ingest, document, (row.source, now_us), (domain, known))


def _named(ingest: IngestService, row: Waiting, name: str, where: tuple[str, int]) -> bool:
    """Say whether the message is called so: under any version, since its key may be a newer one."""
    domain, in_use = where
    keys = ingest.message_keys
    keys.reach("mid", in_use)
    return any(
        keys.message_ids(version)(row.source, domain, name) == row.mid
        for version in keys.versions("mid").live
    )


def _theirs(
    ingest: IngestService, document: Document, came: tuple[int, int], whose: tuple[str, RegistryRow]
) -> bool:
    """Say whether it is that person's; so is what the rulebook refuses whoever it is about."""
    (source, now_us), (domain, known) = came, whose
    rules = ingest.bound.rules
    drafts = prepare(Intake(rules, source, now_us), [event_of(document)], Tally())

    def known_only(wanted: Sequence[Lookup]) -> Sequence[Resolved]:
        # Somebody nobody knows is not the row's person, and does not become known by being asked.
        return ingest.lookup([replace(each, mint=False, link=False) for each in wanted])

    ingest.in_force.forget()  # what is remembered of people may be what they were called before
    resolve(rules, drafts, known_only)
    return all(
        known.pid in {names.get(domain) for names in (draft.pids or {}, *draft.past)}
        for draft in drafts
    )
