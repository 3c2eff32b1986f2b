"""Which version of their key are message ids made by, and which may be on record still?

Whoever stores events reads it in the same transaction, behind the lock that also holds the rulebook
(``workers.store.in_force``).  A rotation takes that lock alone, so that no event is numbered by an
older version once the newer one is in use: a message is then found under one or the other.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import Connection, update

from workers.store import in_force
from workers.store.errors import RulebookReplaced
from workers.store.pseudonyms import Epochs
from workers.store.tables.keys import message_key
from workers.store.transactions import rows_of

__all__ = ["RESENT_FOR", "MessageKey", "hold", "put", "standing"]

RESENT_FOR: Final = timedelta(days=7)
"""How long a message is known again after its key was rotated: clients that were offline send what
they kept when they come back, and seven days is what mobile libraries keep at most."""

_RESENT_US: Final = RESENT_FOR // timedelta(microseconds=1)
_HELD: Final = "select rulebook, first, epoch, version, since, plain_until from store.commit_held()"


class MessageKey(NamedTuple):
    """The version in use, and until when others are looked for, in microseconds since 1970 UTC.

    Attributes:
        version: new ids are made by it.
        since_us: since when.
        plain_until_us: until when ids made without a domain are looked for; 0 means never.
    """

    version: int
    since_us: int
    plain_until_us: int

    @property
    def resent_until_us(self) -> int:
        """Give until when a message may be sent again that is stored under an older version."""
        return self.since_us + _RESENT_US

    @property
    def needed_until_us(self) -> int:
        """Give until when an older version is needed."""
        return max(self.resent_until_us, self.plain_until_us)


def hold(connection: Connection, rulebook: int) -> tuple[MessageKey, Epochs]:
    """See that *rulebook* is in force, and keep it, the key and the epochs in use until we commit.

    The epochs are those of pseudonyms (``workers.store.pseudonyms``), for the same round trip.

    Raises:
        RulebookReplaced: another rulebook is in force.
    """
    ((found, first, epoch, *key),) = rows_of(connection, _HELD, ())
    if found not in {None, rulebook}:
        raise RulebookReplaced
    return MessageKey(*key), Epochs(first, epoch)


def standing(connection: Connection) -> MessageKey:
    """Give what is in use now, for whoever only reads; waits for a rotation that is under way."""
    ((_, _, _, *key),) = rows_of(connection, _HELD, ())
    return MessageKey(*key)


def put(connection: Connection, version: int, *, now: datetime, attempt: int = 0) -> None:
    """Have ids made by *version* from the commit on; an older one is left where it is.

    *attempt* is how often it was tried before.

    Raises:
        StoreBusy: as ``in_force.alone``; try again.
    """
    in_force.alone(connection, attempt)
    newer = update(message_key).where(message_key.c.version < version)
    connection.execute(newer.values(version=version, since=now))
