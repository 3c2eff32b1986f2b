"""How does everybody get other pseudonyms while everything runs?

For when somebody may know whose the pseudonyms are, because a copy of the store was taken together
with something that names people.  First the vault tells both names of everybody, then the store
registers people by the new ones, and then the rows are renamed, some buckets of the vault at a
time.  Nothing else bears a pseudonym, so no event, feature or membership is touched (R-123).

Each database says which epochs it knows people by, and the store how far the renaming came.  So if
one of them is older than the other, that is seen, and everybody is brought to the later epoch.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Final

from sqlalchemy import Connection, Engine

from gateway.contention import between_writers, uncrossed
from gateway.rights.ports import Ports
from pseudonymizer.errors import KeyInUse
from pseudonymizer.keyring import Keyring
from pseudonymizer.vault import epochs
from pseudonymizer.vault.buckets import BUCKETS
from pseudonymizer.vault.in_use import InUse
from pseudonymizer.vault.transactions import transaction as vault_transaction
from workers.store import numbering, pseudonyms
from workers.store.errors import PseudonymsMoved
from workers.store.pseudonyms import Epochs
from workers.store.transactions import transaction

Progress = Callable[[int], None]

PORTION: Final = 8  # buckets: at ten million people some 20 000 pseudonyms in each domain
SOME: Final = 500  # rows renamed in one transaction


def rotate(store: Engine, vault: Engine) -> int:
    """Have everybody called by another epoch from now on; give which.  ``move`` renames the rows.

    Raises:
        KeyInUse: an earlier rotation is under way, or the databases are of different epochs.
        StoreBusy: under a load without gaps nobody let us through; ``move`` goes on.
    """
    known, registered = _spans(store, vault)
    if not known.first == known.version == registered.first == registered.epoch:
        raise KeyInUse("some have their former pseudonyms still; `keys move pid` was needed")
    epoch = known.version + 1
    with vault_transaction(vault) as connection:
        epochs.begin(connection, InUse(epoch, known.first), at=datetime.now(UTC))
    _register_by(store, epoch)
    return epoch


def move(store: Engine, vault: Engine, keyring: Keyring, progress: Progress) -> int:
    """Rename whoever is registered by a pseudonym of an epoch before; give how many rows.

    Goes on where it was stopped.  Two at once do the same work twice, and no harm.

    Raises:
        PseudonymsDoubled: somebody is registered by both.
    """
    known, registered = _spans(store, vault)
    wanted = InUse(max(known.version, registered.epoch), min(known.first, registered.first))
    if wanted != known:
        with vault_transaction(vault) as connection:
            epochs.begin(connection, wanted, at=datetime.now(UTC))
    _register_by(store, wanted.version)
    done = _renamed(store, vault, keyring, wanted, progress)
    with vault_transaction(vault) as connection:
        epochs.settle(connection, wanted.version)
    return done


def people_in(store: Engine, vault: Engine) -> dict[int, int]:
    """Count who is alive by the epoch of their pseudonyms."""
    with transaction(store) as connection:
        registered, brought = pseudonyms.standing(connection)
    if registered.first == registered.epoch:
        brought = BUCKETS
    with vault_transaction(vault) as connection:
        below, others = epochs.people_below(connection, brought)
    counts = {registered.epoch: below, registered.first: others}
    return counts if brought < BUCKETS else {registered.epoch: below}


def refuse_apart(ports: Ports) -> None:
    """See that the store knows people by names that the vault gives: else some would be missed.

    Raises:
        PseudonymsMoved: one of the databases is older than the other.
    """
    for _ in range(2):  # twice: both are told at the end of a move, one after the other
        known, registered = _spans(ports.store, ports.vault)
        if registered.within(known.first, known.version):
            return
    raise PseudonymsMoved


def _spans(store: Engine, vault: Engine) -> tuple[InUse, Epochs]:
    # The vault is told first of what begins, and last of what is over; so it is asked second.
    with transaction(store) as connection:
        registered = pseudonyms.epochs_in_use(connection)
    with vault_transaction(vault) as connection:
        return epochs.span(connection), registered


def _renamed(
    store: Engine, vault: Engine, keyring: Keyring, wanted: InUse, progress: Progress
) -> int:
    with transaction(store) as connection:
        domains = tuple(numbering.domain_keys(connection).values())
        registered, first = pseudonyms.standing(connection)
    done = 0
    if registered.first == wanted.version:
        return done
    for start in range(first, BUCKETS, PORTION):
        end = min(start + PORTION, BUCKETS)
        with vault_transaction(vault) as connection:
            names = epochs.names_in(connection, keyring, domains, wanted, buckets=(start, end))
        for at in range(0, len(names), SOME):
            done += uncrossed(partial(_some, store, names[at : at + SOME]))
        with transaction(store) as connection:
            pseudonyms.bring(connection, wanted.version, end, last=end == BUCKETS)
        progress(done)
    return done


def _some(store: Engine, names: list[tuple[bytes, bytes]]) -> int:
    with transaction(store) as connection:
        return pseudonyms.rename(connection, names)


def _register_by(store: Engine, epoch: int) -> None:

    def put(connection: Connection, attempt: int) -> None:
        pseudonyms.put(connection, epoch, now=datetime.now(UTC), attempt=attempt)

    between_writers(store, put)
