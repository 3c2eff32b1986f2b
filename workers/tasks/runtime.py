"""What does a task of this process work with?

The settings are handed over once, before the pool forks; engine and rulebook are made by the
process that uses them, at its first task.  When another rulebook comes into force, the transaction
that notices is given up, and the job goes on by the new one.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Engine

from policies.load import load_rulebook
from workers.errors import SettingsRefused
from workers.settings import WorkersSettings
from workers.store import in_force, known_server
from workers.store.computation import Computation
from workers.store.errors import RulebookReplaced
from workers.store.transactions import connect, transaction

Done = TypeVar("Done")

CHANGES = 5  # rulebooks that may follow each other while one task runs
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
    known_server.guard(engine)
    return Runtime(os.getpid(), engine, _computation(engine, _Process.settings))


def _computation(engine: Engine, settings: WorkersSettings) -> Computation:
    """Bind the rulebook in force; before a gateway ever started, that of the folder."""
    with transaction(engine) as connection:
        rules = in_force.rules(connection) or load_rulebook(settings.policies)
        return Computation.build(connection, rules)


def by_the_rules(job: Callable[[Runtime], Done]) -> Done:
    """Do *job* by the rulebook in force, anew where another came into force meanwhile.

    A job may be done twice, and each of its transactions looks which rulebook is in force.
    """
    for _ in range(CHANGES):
        run = runtime()
        try:
            return job(run)
        except RulebookReplaced:
            if _Process.settings is None:
                raise
            ctx = _computation(run.engine, _Process.settings)
            _Process.runtime = Runtime(run.process, run.engine, ctx)
    return job(runtime())
