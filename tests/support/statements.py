"""How many statements does a request send, to which database?  Work that a caller could time.

Counted at the driver, since the hot paths go past SQLAlchemy; only in the threads that requests
are served in, since a gateway looks at its databases by itself, too.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import psycopg
from sqlalchemy import Engine, event

SERVING = "AnyIO worker"


@contextmanager
def counted(engines: Mapping[str, Engine], threads: str = SERVING) -> Iterator[Counter[str]]:
    """Count what is sent over *engines*, by their name, while inside."""
    found: Counter[str] = Counter()
    with ExitStack() as stack:
        for name, engine in engines.items():
            stack.enter_context(_watched(engine, name, found, threads))
        yield found


@contextmanager
def _watched(engine: Engine, name: str, found: Counter[str], threads: str) -> Iterator[None]:
    class Counting(psycopg.Cursor[Any]):
        def execute(self, *given: Any, **named: Any) -> Any:
            if threading.current_thread().name.startswith(threads):
                found[name] += 1
            return super().execute(*given, **named)

    def taken(driver: Any, _entry: object, _proxy: object) -> None:
        driver.cursor_factory = Counting

    def given_back(driver: Any, _entry: object) -> None:
        if driver is not None:
            driver.cursor_factory = psycopg.Cursor

    event.listen(engine, "checkout", taken)
    event.listen(engine, "checkin", given_back)
    try:
        yield
    finally:
        event.remove(engine, "checkout", taken)
        event.remove(engine, "checkin", given_back)
