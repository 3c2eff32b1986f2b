"""`paravent retention`: is anything kept beyond its period, and what has gone?"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import typer

from gateway.cli.opened import opened
from gateway.cli.output import Data, Json, answer, progress, table
from gateway.cli.rights import rights_service
from gateway.cli.standing import rules_of
from gateway.governance import retention
from gateway.rights import strangers
from pseudonymizer.vault.buckets import BUCKETS
from workers.jobs.clock import deadline, now_us
from workers.jobs.expire import expire_events
from workers.jobs.withdraw import erase_withdrawn
from workers.store.computation import Computation
from workers.store.transactions import connect, transaction

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Engine

    from gateway.governance.retention import Kept

app = typer.Typer(no_args_is_help=True, help="What is kept, for how long, and what has expired.")

GRACE_S = 2 * 3600  # a run is due every hour
TURN_S = 5.0  # between two words about how things go
HEADS = ("TABLE", "PURPOSES", "DAYS", "OLDEST", "OVERDUE", "RESTRICTED", "DELETED", "NARROWED",
         "LAST RUN")  # fmt: skip


@app.command("status")
def retention_status(*, data: Data = None, as_json: Json = False) -> None:
    """Show each table and period: the oldest row, what is overdue, what has gone.

    Reads every event, which takes some seconds for each million. Ends with 1 when something is
    kept more than two hours beyond its period.
    """
    found = _with_store(data, _status)
    _say(found, as_json=as_json)


@app.command("run")
def retention_run(*, data: Data = None, as_json: Json = False) -> None:
    """Erase now what is past its period or was withdrawn, and show what is kept then.

    Workers do this by themselves, expiry every hour and withdrawals at once. It can be stopped at
    any time; the next run goes on.
    """

    def work(engine: Engine, ctx: Computation) -> list[Kept]:
        for what, job in (("withdrawals", erase_withdrawn), ("expiry", expire_events)):
            began = time.monotonic()
            while job(engine, ctx, clock=now_us, until=deadline(TURN_S)):
                progress(f"{what}: {time.monotonic() - began:.0f} s, going on")
        return _status(engine, ctx)

    _say(_with_store(data, work), as_json=as_json)


@app.command("vault")
def retention_vault(*, data: Data = None, as_json: Json = False) -> None:
    """Forget now whom the vault knows though nothing is kept about them, in all of it.

    Gateways do this by themselves, some of it every hour and all of it within a week. Whoever was
    met in the last seven days stays. It can be stopped at any time; the next run goes on.
    """
    with opened(data, announce=progress) as home, rights_service(home) as service:
        done = strangers.forget(service.ports, (0, BUCKETS), _tell)
    lines = [f"{done.people} people were forgotten, with {done.identifiers} identifiers."]
    answer(done._asdict(), as_json=as_json, lines=lines)


def _tell(done: int, of: int) -> None:
    if done % (of // 16) == 0:
        progress(f"{done} of {of} buckets")


def _with_store(data: Path | None, work: Callable[[Engine, Computation], list[Kept]]) -> list[Kept]:
    with opened(data, announce=progress) as home:
        rules = rules_of(home)
        engine = connect(home.addresses.workers, pool_size=1, application_name="paravent retention")
        try:
            with transaction(engine) as connection:
                ctx = Computation.build(connection, rules)
            return work(engine, ctx)
        finally:
            engine.dispose()


def _status(engine: Engine, ctx: Computation) -> list[Kept]:
    with transaction(engine) as connection:
        return retention.status(connection, ctx, now_us())


def _say(found: list[Kept], *, as_json: bool) -> None:
    late = any(each.overdue.total_seconds() > GRACE_S for each in found)
    document = {"overdue": late, "kept": [each.document() for each in found]}
    lines = table(HEADS, map(_row, found))
    lines += ["Something is kept beyond its period." if late else "Nothing is kept too long."]
    answer(document, as_json=as_json, lines=lines)
    if late:
        raise typer.Exit(1)


def _row(kept: Kept) -> tuple[Any, ...]:
    last = kept.document()["last_run"]
    return (
        kept.kept,
        ", ".join(kept.purposes),
        kept.period.days,
        f"{kept.oldest:%Y-%m-%d}" if kept.oldest else "-",
        f"{kept.overdue.total_seconds() / 3600:.0f} h" if kept.overdue else "-",
        kept.restricted,
        kept.deleted,
        kept.narrowed,
        last["finished_at"][:16] if last else "never",
    )
