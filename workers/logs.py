"""What may a log line of a worker hold? Words of ours, task names, counts and codes.

The text of an exception we did not write may quote a row (R-107), so only its class and the place
it came from are printed; an error of ours says nothing personal by construction.
"""

from __future__ import annotations

import logging
import sys
import threading
from typing import Any

from celery import signals

from policies.errors import ParaventError

log = logging.getLogger("paravent.worker")

# Celery logs the text and the traceback of every exception here; `_task_failed` replaces it.
_TOO_TALKATIVE = ("celery.app.trace",)


class PlaceFormatter(logging.Formatter):
    """Prints where an exception came from instead of what it says."""

    def formatException(self, ei: Any) -> str:  # noqa: ANN401, N802  the library's signature
        """Give class and place of the exception."""
        return described(ei[1]) if ei[1] is not None else ""


def described(error: BaseException) -> str:
    """Give the message of an error of ours; of any other its class and the place it came from."""
    if isinstance(error, ParaventError):
        return f"{error.code}: {error}"
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = "" if trace is None else f" at {trace.tb_frame.f_code.co_name}:{trace.tb_lineno}"
    return f"{type(error).__name__}{place}"


def configure() -> None:
    """Send the log of this process to stderr, one line an entry."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(PlaceFormatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    sys.excepthook = lambda _kind, error, _trace: _uncaught(error)
    threading.excepthook = lambda said: _uncaught(said.exc_value)
    logging.getLogger("paravent").setLevel(logging.INFO)
    for name in _TOO_TALKATIVE:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    signals.setup_logging.connect(_keep_ours, weak=False)
    signals.task_failure.connect(_task_failed, weak=False)
    signals.worker_ready.connect(_ready, weak=False)


def _uncaught(error: BaseException | None) -> None:
    """Take the place of Python's own hooks, which print the text of the exception."""
    if error is not None:
        log.error("uncaught: %s", described(error))


def _keep_ours(**_: object) -> None:
    """Take the place of Celery's own set-up of logging."""


def _ready(**_: object) -> None:
    log.info("ready for tasks")


def _task_failed(
    sender: Any = None,  # noqa: ANN401  the signal's signature
    exception: BaseException | None = None,
    **_: object,
) -> None:
    name = getattr(sender, "name", "task")
    log.error("%s failed: %s", name, "unknown" if exception is None else described(exception))
