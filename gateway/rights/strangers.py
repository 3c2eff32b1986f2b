"""Forgets whom the vault knows and nobody keeps anything about, some buckets an hour.

A person is minted before their first event is stored, and all that is stored expires.  What is left
in the vault is then a list of addresses without a purpose.  The way is an erasure's, without a
request: a fence in the store first, then the vault, so that nobody is registered by a pseudonym
that nothing leads to.  They leave no tombstone: whoever comes back is somebody new.

That the store knows nobody by a pseudonym must mean something.  So nobody is forgotten while the
databases are of different epochs, nor in the first week on a server: it may be an old copy.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import structlog

from gateway.rights import register
from gateway.rights.domains import domain_keys
from gateway.rights.ports import Ports
from gateway.rights.pseudonym_life import refuse_apart
from gateway.rights.reidentification import register as reidentifications
from policies.errors import ParaventError
from pseudonymizer.vault import strangers
from pseudonymizer.vault.buckets import BUCKETS
from pseudonymizer.vault.strangers import Circle
from pseudonymizer.vault.subjects import hold_alive
from pseudonymizer.vault.transactions import transaction as vault_transaction
from workers.store import fences, held, in_force, known_server, pseudonyms
from workers.store.errors import StoreBusy
from workers.store.fences import Registered
from workers.store.transactions import transaction as store_transaction

KEPT: Final = timedelta(days=7)  # what was met later may be about to be stored: clients send late
SETTLED: Final = timedelta(days=7)  # a store that was put back is the right one by then
FENCED: Final = timedelta(days=1)  # a gateway remembers a pseudonym for a minute
HOURS: Final = 7 * 24  # each bucket is looked through once a week
PORTION: Final = 8  # buckets looked through in one transaction
SOME: Final = 5_000
FIRST_LOOK_S: Final = 90.0
EVERY_S: Final = 3600.0
ENTRY: Final = "vault:strangers-forgotten"

Buckets = tuple[int, int]
Progress = Callable[[int, int], None]
log = structlog.get_logger(__name__)


class Forgotten(NamedTuple):
    """How many people were forgotten, with how many identifiers; and fences taken away."""

    people: int = 0
    identifiers: int = 0
    fences: int = 0


def due(now: datetime, after: int | None = None) -> list[Buckets]:
    """Give the buckets that are to be looked through: from *after* on to those of the hour.

    Each from the first to before the second; unless there is an *after*, those of the hour.
    """
    hour = int(now.timestamp()) // 3600 % HOURS
    first, end = hour * BUCKETS // HOURS, (hour + 1) * BUCKETS // HOURS
    begin = first if after is None else after % BUCKETS
    return [(begin, end)] if begin <= end else [(begin, BUCKETS), (0, end)]


def forget(
    ports: Ports, buckets: Buckets, progress: Progress = lambda _done, _of: None
) -> Forgotten:
    """Forget the strangers in *buckets*; may be stopped at any time, and begun again.

    Raises:
        StoreUnavailable, VaultUnavailable, KeyUnavailable: some are left for the next time.
        PseudonymsMoved: the databases are of different epochs.
    """
    now = ports.clock()
    lifted = _lift(ports, now)
    if not _is_settled(ports, now):
        return Forgotten(fences=lifted)
    people = identifiers = 0
    for first in range(*buckets, PORTION):
        end = min(first + PORTION, buckets[1])
        gone = _portion(ports, (first, end), now)
        people, identifiers = people + gone.people, identifiers + gone.identifiers
        progress(end - buckets[0], buckets[1] - buckets[0])
    return Forgotten(people, identifiers, lifted)


def _is_settled(ports: Ports, now: datetime) -> bool:
    with store_transaction(ports.store) as store:
        since = known_server.since(store)
    return since is not None and now - since >= SETTLED


def _portion(ports: Ports, buckets: Buckets, now: datetime) -> Forgotten:
    before = (now - KEPT).date()
    refuse_apart(ports)
    with vault_transaction(ports.vault) as vault:
        circles = strangers.circles_in(
            vault, ports.keyring, domain_keys(ports), buckets=buckets, before=before
        )
    people = identifiers = 0
    try:
        for circle in _unregistered(ports, circles):
            gone = _forget(ports, circle, now)
            if gone is not None:
                people, identifiers = people + len(circle.members), identifiers + gone
    finally:
        if people:
            ports.audit(ENTRY, {"people": people, "identifiers": identifiers})
    return Forgotten(people, identifiers)


def _unregistered(ports: Ports, circles: list[Circle]) -> list[Circle]:
    pids = [pid for circle in circles for _, pid in circle.pids]
    known: set[bytes] = set()
    with store_transaction(ports.store) as store:
        for start in range(0, len(pids), SOME):
            known |= fences.registered(store, pids[start : start + SOME])
    return [each for each in circles if known.isdisjoint(pid for _, pid in each.pids)]


def _forget(ports: Ports, circle: Circle, now: datetime) -> int | None:
    """Forget one circle; ``None`` where somebody in it was met or registered meanwhile."""
    gone = None
    try:
        if _fenced(ports, circle):
            gone = _forgotten(ports, circle, now)
    except BaseException:
        # Whether it was committed all the same, the vault knows; while it does not say, the fences
        # stay, and go in a day.
        with suppress(ParaventError):
            _unfence(ports, circle)
        raise
    if gone is None:
        _unfence(ports, circle)
    elif ports.resolver is not None:
        ports.resolver.invalidate([pid for _, pid in circle.pids])
    return gone


def _unfence(ports: Ports, circle: Circle) -> None:
    """Take away what stands in the way of people who were not forgotten after all.

    In the vault's transaction: whoever forgets them, or erases them, comes before or after it.
    """
    with vault_transaction(ports.vault) as vault:
        if hold_alive(vault, circle.members) == list(circle.members):
            with store_transaction(ports.store) as store:
                fences.drop(store, [pid for _, pid in circle.pids])


def _forgotten(ports: Ports, circle: Circle, now: datetime) -> int | None:
    # First, since nobody knows whose they are once the vault has forgotten them.
    with vault_transaction(ports.rights) as rights:
        register.drop_results_about(rights, circle.members, now)
        reidentifications.detach(rights, circle.members)
    with vault_transaction(ports.vault) as vault:
        if not strangers.hold(vault, circle, (now - KEPT).date()) or not _still_fenced(
            ports, circle
        ):
            return None
        return strangers.forget(vault, ports.keyring, circle.members, at=now)


def _still_fenced(ports: Ports, circle: Circle) -> bool:
    """Say whether nobody took the fences away; from here on nobody does who finds them held."""
    with store_transaction(ports.store) as store:
        numbers = held.numbered(store)["domain"].values()
        return fences.stand(store, [pid for domain, pid in circle.pids if domain in numbers])


def _fenced(ports: Ports, circle: Circle) -> bool:
    """Put up the fences, unless somebody is registered, or may be by a name not looked for."""
    try:
        with store_transaction(ports.store) as store:
            in_force.share(store)
            epochs = pseudonyms.epochs_in_use(store)
            numbers = {key: number for number, key in held.numbered(store)["domain"].items()}
            others = numbers.keys() - {domain for domain, _ in circle.pids}
            if others or epochs.epoch > circle.epoch:
                return False
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
    """Forget what is due, again and again.  Every gateway does; two at once do no harm.

    What could not be looked through is, the next time.
    """
    wait, after = first_s, None
    while True:
        await asyncio.sleep(wait)
        wait = every_s
        buckets = due(ports.clock(), after)
        try:
            done = [await asyncio.to_thread(forget, ports, each) for each in buckets]
        except Exception as error:  # noqa: BLE001  # who stops trying never forgets anybody again
            log.warning("strangers-not-forgotten", error=type(error).__name__)
        else:
            after = buckets[-1][1]
            if people := sum(each.people for each in done):
                log.info("strangers-forgotten", people=people)
