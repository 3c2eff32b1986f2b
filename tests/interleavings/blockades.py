"""Who waits for whose lock, as PostgreSQL says."""

from __future__ import annotations

from typing import Any

import psycopg

ASKED = "select pg_blocking_pids(%s)"


class Blockades:
    """Asks on connections of its own, one for each server."""

    def __init__(self, *dsns: str) -> None:
        self._observers: list[psycopg.Connection[Any]] = [
            psycopg.connect(dsn, autocommit=True) for dsn in dsns
        ]

    def of(self, backend: int) -> set[int]:
        """Give the processes whose locks *backend* waits for."""
        found: set[int] = set()
        for observer in self._observers:
            ((pids,),) = observer.execute(ASKED, [backend]).fetchall()
            found.update(pids)
        return found

    def close(self) -> None:
        """End the connections."""
        for observer in self._observers:
            observer.close()
