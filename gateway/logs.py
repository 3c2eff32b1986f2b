"""What may a log line of the gateway hold?  Allow-listed keys, and no text we did not write.

A processor drops every key that is not listed, so an identifier cannot slip in
by accident (R-107).  Exceptions are named by class and code position only: a
driver's message may quote a row, a validator's message its input.
"""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
import traceback
from collections.abc import MutableMapping
from typing import Any, Final

import structlog

ALLOWED: Final = frozenset(
    {
        "at",
        "batch",
        "case",
        "child",
        "code",
        "count",
        "error",
        "event",
        "exit_code",
        "level",
        "logger",
        "milliseconds",
        "port",
        "seconds",
        "state",
        "step",
        "timestamp",
        "url",
    }
)
# Libraries whose informational messages hold process numbers and addresses of ours only.
SPEAKING: Final = frozenset({"uvicorn.error"})

Fields = MutableMapping[str, Any]


def configure(*, level: int = logging.INFO) -> None:
    """Send this process's log lines to stderr as JSON, one a line."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            allow_listed,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=_Stderr,
        cache_logger_on_first_use=False,
    )
    handler = _Libraries()
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in SPEAKING:
        logging.getLogger(name).setLevel(level)
    # Python's own hooks print the text of what nobody caught, and a driver's text quotes rows.
    sys.excepthook = lambda _kind, error, _trace: _uncaught(error)
    threading.excepthook = lambda said: _uncaught(said.exc_value)


def _uncaught(error: BaseException | None) -> None:
    if error is not None:
        named = {"error": type(error).__name__, "at": position(error)}
        structlog.get_logger().error("uncaught", **named)


def allow_listed(_logger: object, _method: str, fields: Fields) -> Fields:
    """Keep the allow-listed keys of *fields*."""
    return {key: value for key, value in fields.items() if key in ALLOWED}


def position(error: BaseException) -> str:
    """Say where *error* was raised: module and line of its innermost frame."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return "unknown"
    last = frames[-1]
    return f"{last.filename.rpartition('/')[2]}:{last.lineno}"


class _Stderr:
    """Writes lines to the stderr of the moment; one that cannot be written is lost, and no more.

    A full disk would otherwise end whichever thread had something to say, and everybody waiting for
    that thread would wait for ever.
    """

    def __init__(self, *_: object) -> None:
        """Take the logger's name, which is not printed."""

    def msg(self, line: str) -> None:
        """Write one line."""
        with contextlib.suppress(OSError, ValueError):  # ValueError: closed meanwhile
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()

    log = debug = info = warning = error = critical = exception = msg


class _Libraries(logging.Handler):
    """Passes on that a library had something to say, not what it said."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line through our own logger."""
        fields: dict[str, Any] = {"logger": record.name}
        event = "library-message"
        if record.name in SPEAKING and not record.exc_info and record.levelno <= logging.INFO:
            event = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            fields["error"] = type(record.exc_info[1]).__name__
            fields["at"] = position(record.exc_info[1])
        structlog.get_logger().log(record.levelno, event, **fields)
