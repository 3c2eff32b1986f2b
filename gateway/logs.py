"""What may a log line of the gateway hold?"""

from __future__ import annotations

import logging
from typing import Final

from workers import lines

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


def configure(*, level: int = logging.INFO) -> None:
    """Send this process's log lines to stderr as JSON, one a line."""
    lines.configure(allowed=ALLOWED, speaking=SPEAKING, level=level)
