"""How does a process log?  One JSON object a line, of allow-listed keys and words of ours only.

A processor drops every key that is not listed, so an identifier cannot slip in by accident
(R-107).  Exceptions are named by class and code position only: a driver's message may quote a row,
a validator's message its input.  The gateway logs by this too; it is on this side because workers
import nothing of the gateway's.
"""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
import traceback
from collections.abc import Callable, Collection, MutableMapping
from typing import Any

import structlog

Fields = MutableMapping[str, Any]


def configure(*, allowed: Collection[str], speaking: Collection[str], level: int) -> None:
    """Send this process's log lines to stderr, with the keys *allowed*.

    Of libraries only those *speaking* are quoted, in what they say at INFO and below.
    """
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            keeping(allowed),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=_Stderr,
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers[:] = [_Libraries(frozenset(speaking))]
    root.setLevel(logging.WARNING)
    for name in speaking:
        logging.getLogger(name).setLevel(level)
    # Python's own hooks print the text of what nobody caught, and a driver's text quotes rows.
    sys.excepthook = lambda _kind, error, _trace: _uncaught(error)
    threading.excepthook = lambda said: _uncaught(said.exc_value)


def keeping(allowed: Collection[str]) -> Callable[[object, str, Fields], Fields]:
    """Give a processor that keeps the keys *allowed*."""

    def kept(_logger: object, _method: str, fields: Fields) -> Fields:
        return {key: value for key, value in fields.items() if key in allowed}

    return kept


def named(error: BaseException) -> dict[str, str]:
    """Give what may be said of *error*: its class and where it was raised."""
    return {"error": type(error).__name__, "at": position(error)}


def position(error: BaseException) -> str:
    """Say where *error* was raised: module and line of its innermost frame."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return "unknown"
    last = frames[-1]
    return f"{last.filename.rpartition('/')[2]}:{last.lineno}"


def _uncaught(error: BaseException | None) -> None:
    if error is not None:
        structlog.get_logger().error("uncaught", **named(error))


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

    def __init__(self, speaking: frozenset[str]) -> None:
        super().__init__()
        self._speaking = speaking

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line through our own logger."""
        fields: dict[str, Any] = {"logger": record.name}
        event = "library-message"
        if record.name in self._speaking and not record.exc_info and record.levelno <= logging.INFO:
            event = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            fields |= named(record.exc_info[1])
        structlog.get_logger().log(record.levelno, event, **fields)
