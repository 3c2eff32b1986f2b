"""Work that meets: on threads of its own, begun at one instant."""

from __future__ import annotations

import threading
from collections.abc import Callable

PATIENCE_S = 120


def at_once(*works: Callable[[], object]) -> list[BaseException]:
    """Do all of *works* at the same time; give what went wrong, for the caller to assert on."""
    start, failures = threading.Barrier(len(works)), list[BaseException]()

    def told(work: Callable[[], object]) -> None:
        start.wait(PATIENCE_S)
        try:
            work()
        except BaseException as failure:  # noqa: BLE001  shown by the caller's assertion
            failures.append(failure)

    threads = [threading.Thread(target=told, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    if any(thread.is_alive() for thread in threads):
        failures.append(TimeoutError("not all of it has ended"))
    return failures
