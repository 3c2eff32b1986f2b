"""How does the key of message ids get a new version, and when may an old one end?

From the rotation on events are numbered by the new version.  For as long as a message may be sent
again, whoever stores one looks for it under the older versions, too (``gateway.ingest.naming``);
after that nothing needs them.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Connection, Engine

from gateway.contention import between_writers
from pseudonymizer.errors import KeyInUse, KeyUnknown
from pseudonymizer.keyring import Keyring
from pseudonymizer.vault.rotate import newer
from workers.store import message_key
from workers.store.message_key import MessageKey
from workers.store.transactions import transaction

MID: Final = "mid"
SLACK: Final = timedelta(hours=1)  # gateways go by their own clocks


def in_use(store: Engine) -> MessageKey:
    """Give what message ids are made by."""
    with transaction(store) as connection:
        return message_key.standing(connection)


def needed_until(store: Engine) -> datetime:
    """Give until when a message may be sent again that is numbered by an older version."""
    needed_us = in_use(store).needed_until_us
    return datetime.fromtimestamp(needed_us / 1_000_000, UTC) + SLACK


def rotate(store: Engine, keyring: Keyring) -> int:
    """Make a new version and put it in use; give its number.

    Raises:
        StoreBusy: under a load without gaps nobody let us through; the next call goes on.
    """
    version = newer(keyring, MID, in_use(store).version)

    def put(connection: Connection, attempt: int) -> None:
        message_key.put(connection, version, now=datetime.now(UTC), attempt=attempt)

    between_writers(store, put)
    return version


def destroy(store: Engine, keyring: Keyring, version: int) -> None:
    """Destroy a version for good.

    Raises:
        KeyUnknown: there is no such version.
        KeyInUse: it is in use, or a message numbered by it may be sent again.
    """
    keyring.reload()
    if not keyring.is_left(MID, version):
        raise KeyUnknown(
            "no such version is left; one that `paravent keys status` lists was needed"
        )
    if version >= in_use(store).version:
        raise KeyInUse("the version is in use; an older one was needed")
    until = needed_until(store)
    if datetime.now(UTC) < until:
        day = until.isoformat(timespec="minutes")
        raise KeyInUse(f"messages numbered by it may be sent again until {day}; later was needed")
    keyring.provider.destroy_version(MID, version)
