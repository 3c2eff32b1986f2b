"""`paravent refresh`: fold what waits, then bring memberships and features up to an instant."""

from __future__ import annotations

import time
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from gateway.cli.opened import opened
from gateway.cli.output import Data, Json, answer, progress
from gateway.cli.standing import rules_of
from workers.jobs.clock import now_us
from workers.jobs.drain import drain_all
from workers.jobs.refresh import Refreshed, refresh
from workers.store import lanes
from workers.store.computation import Computation
from workers.store.transactions import connect, transaction

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from gateway.addresses import Addresses
    from policies.ruleset import RuleSet

app = typer.Typer()

OTHERS_SECONDS = 0.2  # how long to leave a shard that a worker is draining to it


@app.command("refresh")
def refresh_command(
    *,
    full: Annotated[
        bool, typer.Option("--full", help="Everybody, every history folded anew.")
    ] = False,
    as_of: Annotated[
        datetime | None,
        typer.Option(
            "--as-of",
            metavar="INSTANT",
            formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"],
            help="Compute as of then; a date is its first instant, and without an offset it is"
            " UTC. Default: now.",
        ),
    ] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Bring every segment up to date: fold the events that wait, then recompute who belongs.

    Workers do this by themselves every few minutes; the command does it now, says how far it is,
    and goes on where an interrupted run stopped.
    """
    instant = as_of.replace(tzinfo=as_of.tzinfo or UTC) if as_of else None
    with opened(data, announce=progress) as home:
        rules = rules_of(home)
        done = brought_up(home.addresses, rules, as_of=instant, full=full)
    document = asdict(done) | {"as_of": done.as_of.isoformat(), "rulebook": rules.hash}
    lines = [f"{done.subjects} subjects as of {done.as_of:%Y-%m-%d %H:%M} UTC."]
    lines += [f"{done.memberships} memberships changed; `paravent segments list` shows the sizes."]
    answer(document, as_json=as_json, lines=lines)


def brought_up(
    addresses: Addresses, rules: RuleSet, *, as_of: datetime | None = None, full: bool = False
) -> Refreshed:
    """Fold what waits and refresh, showing on stderr how far it is."""
    engine = connect(addresses.workers, pool_size=2, application_name="paravent refresh")
    try:
        with transaction(engine) as connection:
            computation = Computation.build(connection, rules)
        _drain(engine, computation)
        return _refresh(engine, computation, as_of=as_of, full=full)
    finally:
        engine.dispose()


def _drain(engine: Engine, computation: Computation) -> None:
    """Fold until nothing waits, whoever of the workers and us does it."""
    while True:
        drain_all(engine, computation, clock=now_us)
        with transaction(engine) as connection:
            if not lanes.pending(connection):
                return
        time.sleep(OTHERS_SECONDS)


def _refresh(
    engine: Engine, computation: Computation, *, as_of: datetime | None, full: bool
) -> Refreshed:
    columns = (TextColumn("subjects"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("subjects", total=None)

        def moved(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        return refresh(engine, computation, as_of=as_of, full=full, progress=moved)
