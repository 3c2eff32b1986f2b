"""How does everybody get other pseudonyms while everything runs?

For when somebody may know whose the pseudonyms are, because a copy of the store was taken together
with something that names people.  First the vault tells both names of everybody, then the store
registers people by the new ones, and then the rows are renamed, some buckets of the vault at a
time.  Nothing else bears a pseudonym, so no event, feature or membership is touched (R-123).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Connection, Engine

from gateway.contention import between_writers
from pseudonymizer.errors import KeyInUse
from pseudonymizer.keyring import Keyring
from pseudonymizer.vault import epochs
from pseudonymizer.vault.in_use import InUse
from pseudonymizer.vault.transactions import transaction as vault_transaction
from workers.store import numbering, pseudonyms
from workers.store.transactions import transaction

Progress = Callable[[int], None]

SOME: Final = 500  # rows renamed in one transaction


def rotate(store: Engine, vault: Engine) -> int:
    """Have everybody called by another epoch from now on; give which.  ``move`` renames the rows.

    Raises:
        KeyInUse: an earlier rotation is under way.
        StoreBusy: under a load without gaps nobody let us through; ``move`` goes on.
    """
    with vault_transaction(vault) as connection:
        known = epochs.span(connection)
    with transaction(store) as connection:
        registered = pseudonyms.epoch_in_use(connection)
    if not known.first == known.version == registered:
        raise KeyInUse("some have their former pseudonyms still; `keys move pid` was needed")
    epoch = known.version + 1
    with vault_transaction(vault) as connection:
        epochs.begin(connection, InUse(epoch, known.first), at=datetime.now(UTC))
    _register_by(store, epoch)
    return epoch


def move(store: Engine, vault: Engine, keyring: Keyring, progress: Progress) -> int:
    """Rename whoever is registered by a pseudonym of an epoch before; give how many rows.

    Goes on where it was stopped.  If one of the databases was restored from a backup, so that they
    are of different epochs, everybody is brought to the later of the two.
    """
    span = _agreed(store, vault)
    _register_by(store, span.version)
    with transaction(store) as connection:
        domains = tuple(numbering.domain_keys(connection).values())
    done = 0
    while True:
        with vault_transaction(vault) as connection:
            portion = epochs.next_portion(connection, keyring, domains, span)
            settled = portion is None and epochs.settle(connection, span.version)
        if settled:
            return done
        if portion is None:
            continue  # somebody was met meanwhile, in a bucket that nobody was in before
        for start in range(0, len(portion.names), SOME):
            with transaction(store) as connection:
                done += pseudonyms.rename(connection, portion.names[start : start + SOME])
        with vault_transaction(vault) as connection:
            epochs.brought(connection, portion.buckets, span.version)
        progress(done)


def people_in(vault: Engine) -> dict[int, int]:
    """Count who is alive by the epoch of their pseudonyms."""
    with vault_transaction(vault) as connection:
        return epochs.people_in(connection)


def _agreed(store: Engine, vault: Engine) -> InUse:
    """Give from which epoch to which people are brought, once the vault tells all of them."""
    with vault_transaction(vault) as connection:
        known = epochs.span(connection)
    with transaction(store) as connection:
        registered = pseudonyms.epoch_in_use(connection)
    wanted = InUse(max(known.version, registered), min(known.first, registered))
    if wanted != known:
        with vault_transaction(vault) as connection:
            epochs.begin(connection, wanted, at=datetime.now(UTC))
    return wanted


def _register_by(store: Engine, epoch: int) -> None:

    def put(connection: Connection, attempt: int) -> None:
        pseudonyms.put(connection, epoch, now=datetime.now(UTC), attempt=attempt)

    between_writers(store, put)
