"""Whoever is given a subject of their own keeps every no that was said under the old one.

Nobody can tell afterwards which of the two had said it, so the most restrictive state goes on for
both: refusals, withdrawals, objections, restriction.  A yes is not copied: it was somebody's, and
absence is no.

But that a parent was ever asked says that somebody is a child (``Group.is_child``).  So a parent's
yes is copied as its withdrawal: the new subject is a child too, and no parent's yes is theirs.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from gateway.consent.recording import Entry, append
from gateway.ingest.ledger import News, Standing
from gateway.pseudonyms import renaming
from gateway.rights.ports import Ports
from policies.ruleset import RuleSet
from policies.vocabulary import ConsentMethod, ConsentStatus, Scope
from pseudonymizer.vault.subjects import Names
from workers.store import consent, in_force, numbering, registry
from workers.store.consent import LedgerRow
from workers.store.pseudonyms import epochs_in_use
from workers.store.registry import RegistryRow
from workers.store.transactions import transaction

_US: Final = 1_000_000


def copy_noes(ports: Ports, old: Names, new: Names, now: datetime) -> None:
    """Copy them, in every domain in which the old subject is registered; a repeat adds nothing."""
    with transaction(ports.store) as store:
        in_force.share(store)
        names = renaming([old, new], epochs_in_use(store))
        numbering.domain_numbers(store, ports.rules)
        known = registry.lock(store, list(old.pids.values()), for_update=True, names=names)
        theirs = {
            new.pids[domain]: known[pid]
            for domain, pid in old.pids.items()
            if pid in known and known[pid].state != registry.ERASED
        }
        fresh = [(pid, row.domain) for pid, row in theirs.items()]
        rows = registry.enrol(store, fresh, for_update=True, names=names)
        for pid, row in theirs.items():
            _restrict(store, row, rows[pid])
        rulebook = numbering.rulebook_number(store, ports.rules.hash)
        entry = Entry(rulebook, round(now.timestamp() * _US), objectable=0)
        standings = {pid: Standing.of(row) for pid, row in rows.items()}
        news = _news(store, theirs, rows, _parental(store, ports.rules))
        if news:
            append(store, entry, standings, news)
        for pid, row in theirs.items():
            registry.set_objected(store, rows[pid].id, row.objected | rows[pid].objected)


def _restrict(store: Connection, old: RegistryRow, new: RegistryRow) -> None:
    if old.state == registry.RESTRICTED and new.state == registry.ALIVE:
        registry.set_state(store, [new.id], registry.RESTRICTED)


def _parental(store: Connection, rules: RuleSet) -> int | None:
    """Give the number of the purpose to which a parent consents, if the rulebook has one."""
    key = rules.signals.age.parental
    return None if key is None else numbering.purpose_numbers(store, rules)[key]


def _news(
    store: Connection,
    theirs: Mapping[bytes, RegistryRow],
    rows: Mapping[bytes, RegistryRow],
    parental: int | None,
) -> dict[bytes, list[News]]:
    """Give every no of the old ledgers that the new ones have not."""
    numbers = [row.id for row in (*theirs.values(), *rows.values())]
    ledger = consent.of_subjects(store, numbers)
    news = {}
    for pid, old in theirs.items():
        number = rows[pid].id
        there = {_said(row) for row in ledger[number]}
        noes = [no for row in ledger[old.id] if (no := _no(row, parental)) is not None]
        unsaid = [_of(row, number) for row in noes if _said(row) not in there]
        if unsaid:
            news[pid] = unsaid
    return news


def _no(row: LedgerRow, parental: int | None) -> LedgerRow | None:
    """Give what is copied of *row*: a no as it is, a parent's yes as withdrawn at once."""
    if row.status != ConsentStatus.GIVEN:
        return row
    if row.purpose != parental:
        return None
    # Neither the evidence nor the notice: they are of the yes.
    return row._replace(
        status=ConsentStatus.WITHDRAWN, valid_until_us=row.at_us, evidence=None, notice=None
    )


def _said(row: LedgerRow) -> tuple[int, str, int]:
    return row.purpose, row.status, row.at_us


def _of(row: LedgerRow, subject: int) -> News:
    return News(
        subject=subject,
        purpose=row.purpose,
        status=ConsentStatus(row.status),
        method=ConsentMethod(row.method),
        at_us=row.at_us,
        valid_until_us=row.valid_until_us,
        source=row.source,
        evidence=row.evidence,
        notice=row.notice,
        scope=Scope(row.scope),
    )
