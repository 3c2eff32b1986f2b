"""Forgets whom the vault knows and nobody keeps anything about, some buckets an hour.

A person is minted before their first event is stored, and all that is stored expires.  What is left
in the vault is then a list of addresses without a purpose.  The way is an erasure's, without a
request: a fence in the store first, then the vault, so that nobody is registered by a pseudonym
that nothing leads to.  They leave no tombstone: whoever comes back is somebody new.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import structlog
from sqlalchemy import Connection, text

from gateway.rights.domains import domain_keys
from gateway.rights.ports import Ports
from gateway.rights.reidentification import register as reidentifications
from pseudonymizer.vault import strangers
from pseudonymizer.vault.buckets import BUCKETS
from pseudonymizer.vault.strangers import Circle
from pseudonymizer.vault.transactions import transaction as vault_transaction
from workers.store import fences, held
from workers.store.errors import StoreBusy
from workers.store.fences import Registered
from workers.store.transactions import transaction as store_transaction

KEPT: Final = timedelta(days=7)  # what was met later may be about to be stored: clients send late
FENCED: Final = timedelta(days=1)  # a gateway remembers a pseudonym for a minute
HOURS: Final = 7 * 24  # each bucket is looked through once a week
PORTION: Final = 8  # buckets looked through in one transaction
SOME: Final = 5_000
FIRST_LOOK_S: Final = 90.0
EVERY_S: Final = 3600.0
TURN: Final = 0x7374_7261_6E67_65  # "strange": an advisory lock of the vault database
ENTRY: Final = "vault:strangers-forgotten"

Progress = Callable[[int, int], None]
log = structlog.get_logger(__name__)


class Forgotten(NamedTuple):
    """How many people were forgotten, with how many identifiers; and fences taken away."""

    people: int
    identifiers: int
    fences: int


def due(now: datetime) -> tuple[int, int]:
    """Give the buckets of the hour, from the first to before the second."""
    hour = int(now.timestamp()) // 3600 % HOURS
    return hour * BUCKETS // HOURS, (hour + 1) * BUCKETS // HOURS


def forget(
    ports: Ports, buckets: tuple[int, int], progress: Progress = lambda _done, _of: None
) -> Forgotten:
    """Forget the strangers in *buckets*; may be stopped at any time, and begun again.

    Fences are taken away with the first bucket of all, since that reads the whole registry.

    Raises:
        StoreUnavailable, VaultUnavailable, KeyUnavailable: some are left for the next time.
    """
    now = ports.clock()
    domains = domain_keys(ports)
    people = identifiers = 0
    for first in range(buckets[0], buckets[1], PORTION):
        end = min(first + PORTION, buckets[1])
        with vault_transaction(ports.vault) as vault:
            circles = strangers.circles_in(
                vault, ports.keyring, domains, buckets=(first, end), before=(now - KEPT).date()
            )
        for circle in _unregistered(ports, circles):
            gone = _forget(ports, circle, now)
            if gone is not None:
                people, identifiers = people + len(circle.members), identifiers + gone
        progress(end - buckets[0], buckets[1] - buckets[0])
    if people:
        ports.audit(ENTRY, {"people": people, "identifiers": identifiers})
    return Forgotten(people, identifiers, 0 if buckets[0] else _lift(ports, now))


def _unregistered(ports: Ports, circles: list[Circle]) -> list[Circle]:
    pids = [pid for circle in circles for _, pid in circle.pids]
    known: set[bytes] = set()
    with store_transaction(ports.store) as store:
        for start in range(0, len(pids), SOME):
            known |= fences.registered(store, pids[start : start + SOME])
    return [each for each in circles if known.isdisjoint(pid for _, pid in each.pids)]


def _forget(ports: Ports, circle: Circle, now: datetime) -> int | None:
    """Forget one circle; ``None`` where somebody in it was met or registered meanwhile."""
    with vault_transaction(ports.vault) as vault:
        # The store's transaction lies in the vault's, which no other does: while nobody is minted
        # or linked, the fences are put up for the people as they are, or not at all.
        if not strangers.hold(vault, circle, (now - KEPT).date()) or not _fenced(ports, circle):
            return None
        gone = strangers.forget(vault, circle.members, at=now)
    with vault_transaction(ports.rights) as rights:
        reidentifications.detach(rights, circle.members)
    if ports.resolver is not None:
        ports.resolver.invalidate([pid for _, pid in circle.pids])
    return gone


def _fenced(ports: Ports, circle: Circle) -> bool:
    try:
        with store_transaction(ports.store) as store:
            numbers = {key: number for number, key in held.numbered(store)["domain"].items()}
            if not numbers.keys() <= {domain for domain, _ in circle.pids}:
                return False  # a rulebook with one more: they may be registered there
            rows = [(pid, numbers[domain]) for domain, pid in circle.pids if domain in numbers]
            fences.put(store, sorted(rows))
    except (Registered, StoreBusy):
        return False
    return True


def _lift(ports: Ports, now: datetime) -> int:
    lifted = 0
    while True:
        with store_transaction(ports.store) as store:
            some = fences.lift(store, before=now - FENCED, limit=SOME)
        lifted += some
        if some < SOME:
            return lifted


async def keep(ports: Ports, *, first_s: float = FIRST_LOOK_S, every_s: float = EVERY_S) -> None:
    """Forget what is due, again and again; of several gateways one does."""
    wait = first_s
    while True:
        await asyncio.sleep(wait)
        wait = every_s
        try:
            done = await asyncio.to_thread(_in_turn, ports)
        except Exception as error:  # noqa: BLE001  # who stops trying never forgets anybody again
            log.warning("strangers-not-forgotten", error=type(error).__name__)
        else:
            if done.people:
                log.info("strangers-forgotten", people=done.people)


def _in_turn(ports: Ports) -> Forgotten:
    with vault_transaction(ports.rights) as rights:
        if not _takes_turn(rights):
            return Forgotten(0, 0, 0)
        return forget(ports, due(ports.clock()))


def _takes_turn(rights: Connection) -> bool:
    return bool(rights.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": TURN}))
