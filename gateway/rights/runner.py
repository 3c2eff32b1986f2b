"""Who runs the cases of a process, and takes up again what a kill or an outage left unfinished?"""

from __future__ import annotations

import contextlib
import math
import queue
import threading
import time
import uuid
from collections.abc import Callable
from typing import Final

from policies.errors import ParaventError

RESUME_EVERY_S: Final = 10.0  # a person half erased waits for it, and the look is cheap
STOP_S: Final = 20.0


class Runner:
    """One daemon thread that runs cases in the order they were opened."""

    def __init__(
        self,
        run: Callable[[uuid.UUID], None],
        find: Callable[[], list[uuid.UUID]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._run = run
        self._find = find
        self._clock = clock
        self._due_at = -math.inf
        self._waiting: queue.Queue[tuple[uuid.UUID, threading.Event] | None] = queue.Queue()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._resumes = False

    def submit(self, case: uuid.UUID) -> threading.Event:
        """Queue a case; give what is set once it has been run."""
        done = threading.Event()
        self._waiting.put((case, done))
        self._ensure_thread()
        return done

    def start(self) -> None:
        """Resume unfinished cases now and from then on."""
        self._resumes, self._due_at = True, -math.inf
        self._ensure_thread()

    def stop(self) -> None:
        """End the thread."""
        if self._thread is not None:
            self._waiting.put(None)
            self._thread.join(STOP_S)

    def _ensure_thread(self) -> None:
        with self._starting:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name="rights", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        while True:
            # By the clock, not by the silence: whoever asks all the time would otherwise keep what
            # is unfinished from ever being looked for.
            self._resume_if_due()
            left_s = max(0.0, self._due_at - self._clock())
            try:
                item = self._waiting.get(timeout=left_s)
            except queue.Empty:
                continue
            if item is None:
                return
            case, done = item
            try:
                self._run(case)
            finally:
                done.set()

    def _resume_if_due(self) -> None:
        if self._clock() < self._due_at:
            return
        self._resume()
        self._due_at = self._clock() + RESUME_EVERY_S

    def _resume(self) -> None:
        if not self._resumes:
            return
        # A database that is away now will be asked again in a moment.
        with contextlib.suppress(ParaventError):
            for case in self._find():
                self._run(case)
