"""What the data protection officer does with suspect events: look, replay, discard.

Whatever shows or uses one is an entry in the audit log first.  A replayed event goes in by the
front door: consent, tombstones, restriction, retention and the texts are judged anew, and an event
that is still suspect is refused whatever the officer thinks of it.  Who thinks that the rulebook
is wrong changes the rulebook.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy import Connection, Engine

from gateway.ingest.service import IngestService
from gateway.ingest.storing import DUPLICATE, STORED
from gateway.ingest.wire import Decoded, Request
from gateway.quarantine.document import Document, event_of
from gateway.quarantine.errors import (
    QuarantineAltered,
    QuarantineExpired,
    QuarantineRestricted,
    QuarantineSettled,
    QuarantineUnknown,
    TakenInvalid,
)
from gateway.quarantine.keeping import RefuseSuspects
from gateway.quarantine.matching import is_of
from gateway.quarantine.taken import Taken, binding_of, opened, refuse_other_key, released
from workers.store import quarantine, registry
from workers.store.audit_log import AuditLog
from workers.store.quarantine import Waiting
from workers.store.transactions import transaction

REPLAYED: Final = "replayed"
DISCARDED: Final = "discarded"


class Opened(NamedTuple):
    """One event in clear, and its row."""

    row: Waiting
    document: Document


@dataclass(frozen=True, slots=True)
class Review:
    """Works on one store; *by* is the officer, by their number, for the log."""

    store: Engine
    clock_us: Callable[[], int]
    by: str

    def listed(self) -> list[Waiting]:
        """Give what is in quarantine, oldest first, and nothing of what is sealed."""
        with transaction(self.store) as connection:
            return quarantine.listed(connection)

    def open(self, number: int, private: X25519PrivateKey) -> Opened:
        """Open one, after an entry in the log.

        Raises:
            QuarantineUnknown, QuarantineExpired, QuarantineSettled, QuarantineRestricted: there is
                nothing to open.
            OfficerKeyWrong, QuarantineAltered: it does not open.
        """
        return self._opened(number, private, "quarantine:opened")

    def replay(
        self, ingest: IngestService, number: int, private: X25519PrivateKey, drop: Sequence[str]
    ) -> str:
        """Send one in again, without the fields at *drop*; give what became of it.

        It is settled once it is stored, or turns out to have been; refused, it stays.

        Raises:
            FieldNeeded: it has a social-security number, and no field is to be dropped.
            FieldUnknown: it has no such field.
            QuarantineUnknown and others: as in ``open``; QuarantineAltered also where what opened
                is not the message that the row is about, or not its person's.
        """
        row, document = self._opened(number, private, "quarantine:replay-asked", len(drop))
        if not is_of(ingest, row, document, self.clock_us()):
            raise QuarantineAltered("what is sealed is another message, or another person's")
        return self._sent(ingest, row, released(row.reason, document, drop))

    def replay_released(self, ingest: IngestService, number: int, document: Document) -> str:
        """Send in what the officer opened and released elsewhere; otherwise as ``replay``.

        Raises:
            TakenInvalid: it was released for another number, or is not the message that the row
                is about, or not its person's; nothing is stored and nothing settled.
            QuarantineUnknown and others: as in ``open``.
        """
        if document.number != number:
            raise TakenInvalid("the file holds another event of the quarantine than this one")
        with transaction(self.store) as connection:
            row = self._usable(connection, number)
            self._log(connection, "quarantine:replay-asked", row, {})
        if not is_of(ingest, row, document, self.clock_us()):
            raise TakenInvalid("the file holds another message than this one, or another person's")
        return self._sent(ingest, row, document)

    def take(self, number: int) -> Taken:
        """Give one as it is sealed, to be opened on the officer's own machine.

        Raises:
            QuarantineUnknown and others: as in ``open``.
        """
        with transaction(self.store) as connection:
            row = self._usable(connection, number)
            self._log(connection, "quarantine:taken", row, {})
        with transaction(self.store) as connection:
            sealed = quarantine.sealed(connection, number)
        if sealed is None:
            raise QuarantineUnknown("the event is not in quarantine any more")
        return Taken(binding_of(row), sealed)

    def _sent(self, ingest: IngestService, row: Waiting, document: Document) -> str:
        decoded = Decoded(events=[event_of(document)])
        door = replace(ingest, keeper=RefuseSuspects())
        tally = door.store_group([Request(row.source, decoded, self.clock_us())])
        ((_, _, outcome),) = tally.outcomes
        with transaction(self.store) as connection:
            quarantine.hold(connection, row.id)
            self._log(connection, "quarantine:replayed", row, {"outcome": outcome})
            if outcome in (STORED, DUPLICATE):
                quarantine.settle(connection, row.id, REPLAYED, self.clock_us())
        return outcome

    def discard(self, number: int) -> Waiting:
        """Take what is sealed out of a row, unopened; the row stays to its end.

        Raises:
            QuarantineUnknown, QuarantineSettled: there is nothing to discard.
            QuarantineRestricted: it has to be kept for now.
        """
        with transaction(self.store) as connection:
            row = self._found(quarantine.hold(connection, number))
            self._log(connection, "quarantine:discarded", row, {})
            quarantine.settle(connection, number, DISCARDED, self.clock_us())
        return row

    def _opened(
        self, number: int, private: X25519PrivateKey, action: str, dropped: int = 0
    ) -> Opened:
        with transaction(self.store) as connection:
            row = self._usable(connection, number)
            refuse_other_key(row.key_id, private)
            self._log(connection, action, row, {"dropped": dropped})
        with transaction(self.store) as connection:
            sealed = quarantine.sealed(connection, number)
        if sealed is None:
            raise QuarantineUnknown("the event is not in quarantine any more")
        return Opened(row, opened(binding_of(row), sealed, private))

    def _usable(self, connection: Connection, number: int) -> Waiting:
        row = self._found(quarantine.one(connection, number))
        if row.expires_us <= self.clock_us():
            raise QuarantineExpired("the event's time in quarantine is over")
        return row

    def _found(self, row: Waiting | None) -> Waiting:
        if row is None:
            raise QuarantineUnknown("nothing of this number is in quarantine")
        if row.outcome is not None:
            raise QuarantineSettled(f"the event was {row.outcome} already")
        if row.state == registry.RESTRICTED:
            raise QuarantineRestricted("the event's person has had the processing restricted")
        return row

    def _log(
        self, connection: Connection, action: str, row: Waiting, fields: dict[str, str | int]
    ) -> None:
        AuditLog(connection).append(
            action,
            None,
            {"number": row.id, "reason": row.reason, "source": row.source, "by": self.by, **fields},
        )
