"""What anybody may ask for: read once a minute, whoever asks how often."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Engine

from gateway.governance import transparency
from workers.store import audit_log, numbering
from workers.store.computation import Computation
from workers.store.transactions import transaction

REMEMBER_S: Final = 60.0

Document = dict[str, Any]


@dataclass(slots=True)
class PublicPages:
    """The statement of transparency, and what is said about Global Privacy Control."""

    store: Engine
    ctx: Callable[[], Computation]
    clock: Callable[[], float] = time.monotonic
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _until: float = 0.0
    _rulebook: int = 0
    _transparency: Document = field(default_factory=dict)
    _privacy_control: Document = field(default_factory=dict)

    def transparency(self) -> Document:
        """Say what is computed, of what, why and for how long."""
        self._read()
        return self._transparency

    def privacy_control(self) -> Document:
        """Say whether the signal is heeded, and since when by this rulebook.

        Source: W3C Global Privacy Control, "GPC Support Resource".
        """
        self._read()
        return self._privacy_control

    def _read(self) -> None:
        with self._lock:
            ctx = self.ctx()
            if self.clock() < self._until and ctx.rulebook == self._rulebook:
                return
            with transaction(self.store) as store:
                newest = audit_log.newest_checkpoint(store)
                since = numbering.rulebook_since(store, ctx.rulebook)
            self._transparency = transparency.page(ctx.rules, newest)
            self._privacy_control = {
                "gpc": bool(ctx.rules.signals.gpc),
                "lastUpdate": since.date().isoformat(),
            }
            self._until, self._rulebook = self.clock() + REMEMBER_S, ctx.rulebook
