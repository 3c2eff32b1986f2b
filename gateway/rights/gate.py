"""Does this process serve databases that somebody restored from a backup?  Not before they know.

What a server is shows in four numbers: its system, its timeline, the database, and when it was
started.  A new connection to a server that was not looked at is refused, so that nothing is read
or written by it, until the erasure journal and both databases agree (``gateway.rights.restore``).
A server that was only restarted is looked at in the same way, which takes milliseconds.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import structlog
from sqlalchemy import Engine, event

from gateway.rights.restore import FINGERPRINT, Fingerprint, fingerprints, missing
from gateway.settings import GatewaySettings
from policies.errors import ParaventError, StoreUnavailable
from pseudonymizer.journal_file import JournalFile
from pseudonymizer.vault.transactions import connect as vault_connect
from workers.store import known_server
from workers.store.transactions import connect as store_connect
from workers.store.transactions import transaction

LOOK_S: Final = 0.2
NAME: Final = "paravent-gate"

log = structlog.get_logger(__name__)


class RestoreUnchecked(StoreUnavailable):
    """A database server is new to this process, which has not yet seen who was erased there."""

    code = "restore-unchecked"
    remedy = "Send it again in a second; if it stays so, run `paravent restore check`."


class RestorePending(ParaventError):
    """The databases are older than the erasure journal: they were restored from a backup."""

    code = "restore-pending"
    remedy = "Run `paravent restore replay`; nothing is served before."

    def __init__(self, count: int) -> None:
        super().__init__(f"{count} erasures of the journal are missing here; none was needed")


class Gate:
    """Open for the servers that were looked at and found to know of every erasure.

    Args:
        missing: counts the erasures that the databases do not know of, over connections of its own.
        servers: tells what both servers are now, over the same.
        passed: called once they were found in order, before anybody is let in.

    Attributes:
        forget: called before anybody is let in to another server than before: what was learned of
            the old one, such as the numbers of words, is not true of a restored one.
    """

    def __init__(
        self,
        missing: Callable[[], int],
        servers: Callable[[], frozenset[Fingerprint]],
        passed: Callable[[], None] = lambda: None,
    ) -> None:
        self._missing = missing
        self._servers = servers
        self._passed = passed
        self.forget: Callable[[], None] = lambda: None
        self._known: frozenset[Fingerprint] = frozenset()
        self._wanted = threading.Event()
        self._turn = threading.Lock()

    @property
    def wanted(self) -> bool:
        """Say whether somebody met a server that was not looked at."""
        return self._wanted.is_set()

    def guard(self, engine: Engine) -> None:
        """Refuse connections of *engine* to servers that were not looked at, from now on."""
        event.listen(engine, "connect", self._arrived)

    def look(self) -> None:
        """Look at both servers.

        Raises:
            RestorePending: they do not know of every erasure; nothing of them is served.
            ParaventError: one does not answer, or the journal cannot be read.
        """
        with self._turn:
            before = self._servers()
            count = self._missing()
            if count:
                raise RestorePending(count)
            # What was looked at is what is let through: neither was exchanged meanwhile.
            if self._servers() == before:
                self._passed()
                if self._known and self._known != before:
                    self.forget()
                self._known = before
                self._wanted.clear()

    def _arrived(self, driver: Any, _entry: object) -> None:  # noqa: ANN401  the driver's own type
        with driver.cursor() as cursor:
            found = tuple(cursor.execute(FINGERPRINT).fetchone())
        driver.rollback()
        if found not in self._known:
            self._wanted.set()
            raise RestoreUnchecked("the database server was exchanged or restarted; send it again")


@contextmanager
def looking(store_dsn: str, vault_dsn: str) -> Iterator[tuple[Engine, Engine]]:
    """Give an engine of each database for one look, and let go of both."""
    store = store_connect(store_dsn, pool_size=1, application_name=NAME)
    vault = vault_connect(vault_dsn, pool_size=1, application_name=NAME)
    try:
        yield store, vault
    finally:
        store.dispose()
        vault.dispose()


def gate_of(settings: GatewaySettings) -> Gate:
    """Give the gate of a process; each look has connections of its own, and keeps none."""
    file = JournalFile(settings.erasure_journal)
    dsns = settings.store_dsn.get_secret_value(), settings.vault_dsn.get_secret_value()

    def count() -> int:
        with looking(*dsns) as (store, vault):
            return len(missing(file, store, vault))

    def servers() -> frozenset[Fingerprint]:
        with looking(*dsns) as (store, vault):
            return fingerprints(store, vault)

    def passed() -> None:
        with looking(*dsns) as (store, _), transaction(store) as connection:
            known_server.put(connection)

    return Gate(count, servers, passed)


async def watch(gate: Gate) -> None:
    """Look whenever somebody met an unknown server; what is missing is logged when it is found."""
    said = ""
    while True:
        await asyncio.sleep(LOOK_S)
        if not gate.wanted:
            said = ""
            continue
        try:
            await asyncio.to_thread(gate.look)
        except Exception as error:  # noqa: BLE001  # closed until a look succeeds, whatever it was
            code = error.code if isinstance(error, ParaventError) else type(error).__name__
            if code != said:
                log.warning("gate-closed", error=code)
            said = code
