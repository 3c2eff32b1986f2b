"""What does a task of this process work with?

The settings are handed over once, before the pool forks; engine and rulebook are made by the
process that uses them, at its first task.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from sqlalchemy import Engine

from policies.load import load_rulebook
from workers.errors import SettingsRefused
from workers.settings import WorkersSettings
from workers.store.computation import Computation
from workers.store.transactions import connect, transaction

TASK_BUDGET_S = 30  # a task stops at a good place after this; what is left is sent again


@dataclass(frozen=True, slots=True)
class Runtime:
    """The store and the rulebook of one process."""

    process: int
    engine: Engine
    ctx: Computation


class _Process:
    """The one mutable thing of a worker process: what it was configured with."""

    settings: WorkersSettings | None = None
    runtime: Runtime | None = None


def configure(settings: WorkersSettings) -> None:
    """Say with which settings the tasks of this process and its children run."""
    _Process.settings = settings
    _Process.runtime = None


def runtime() -> Runtime:
    """Give the runtime of this process, made by itself: a fork's connections are not shared."""
    if _Process.runtime is None or _Process.runtime.process != os.getpid():
        _Process.runtime = _start()
    return _Process.runtime


def _start() -> Runtime:
    if _Process.settings is None:
        raise SettingsRefused("this process has no settings; `configure` was needed first")
    engine = connect(
        _Process.settings.store_dsn.get_secret_value(),
        pool_size=1,
        application_name="paravent-worker",
    )
    rules = load_rulebook(_Process.settings.policies)
    with transaction(engine) as connection:
        return Runtime(os.getpid(), engine, Computation.build(connection, rules))
