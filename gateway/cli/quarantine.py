"""`paravent quarantine`: suspect events, for the data protection officer alone."""

from __future__ import annotations

import base64
import contextlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from gateway.cli.changes import token
from gateway.cli.edge import edge_of
from gateway.cli.opened import opened
from gateway.cli.output import Data, Json, answer, progress, table
from gateway.cli.rights import write_private
from gateway.governance.instants import instant
from gateway.ingest.storing import DUPLICATE, STORED
from gateway.quarantine.errors import TakenInvalid
from gateway.quarantine.review import Review
from gateway.quarantine.taken import opened as opened_seal
from gateway.quarantine.taken import read_released, read_taken, released
from gateway.rights.operators import Role, authenticate_operator, require_role
from pseudonymizer.officer_key import make_officer_key, read_officer_key
from pseudonymizer.public_seal import key_id
from pseudonymizer.vault.transactions import connect as vault_connect
from workers.jobs.clock import now_us
from workers.store.registry import RESTRICTED
from workers.store.transactions import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

    from gateway.cli.opened import Opened
    from workers.store.quarantine import Waiting

app = typer.Typer(no_args_is_help=True, help="Suspect events, sealed for the officer.")

Number = Annotated[int, typer.Argument(metavar="NUMBER", help="Its number in `list`.")]
KeyFile = Annotated[
    Path, typer.Option("--key", metavar="FILE", help="The officer's private key, mode 0600.")
]
Drop = Annotated[
    list[str] | None,
    typer.Option(
        "--drop", metavar="FIELD", help="Leave this out, such as properties.note; repeat it."
    ),
]
NAME = "paravent quarantine"  # by which the databases know who is connected
HEADS = ("NUMBER", "REASON", "SOURCE", "EVENT", "SET ASIDE", "UNTIL", "KEY", "STATE")


@app.command()
def key(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the private key goes.")],
    *,
    as_json: Json = False,
) -> None:
    """Make a pair of keys: the private one into FILE, the public one for the rulebook.

    Run it on the officer's own machine. Without FILE nothing in quarantine opens, and nobody can
    make it again.
    """
    public = make_officer_key(file)
    said, number = base64.b64encode(public).decode(), key_id(public)
    lines = [
        f"private key {number} is in the file; keep it, and keep it off the server",
        "in quarantine.yaml of the rulebook:",
        f"  key: {said}",
    ]
    answer({"key": said, "key_id": number}, as_json=as_json, lines=lines)


@app.command("list")
def list_events(*, data: Data = None, as_json: Json = False) -> None:
    """List what is in quarantine, oldest first; nothing of what is sealed is shown."""
    with opened(data, announce=progress) as home, _store(home) as engine:
        rows = Review(engine, now_us, "cli").listed()
    cells = [
        (row.id, row.reason, row.source_key, row.event, _minute(row.set_aside_us),
         _minute(row.expires_us), row.key_id, _state(row))
        for row in rows
    ]  # fmt: skip
    document = {"quarantine": [_public(row) for row in rows]}
    answer(document, as_json=as_json, lines=table(HEADS, cells))


@app.command("open")
def open_event(
    number: Number, *, key_file: KeyFile, data: Data = None, as_json: Json = False
) -> None:
    """Show one event in clear; the audit log has an entry first, and says who looked.

    Wants the token of a dpo, read from PARAVENT_OPERATOR_TOKEN or asked for. What is printed
    names a person: let nobody look over your shoulder, and keep no copy.
    """
    private = read_officer_key(key_file)
    with _office(data) as review:
        found = review.open(number, private)
    event = msgspec.to_builtins(found.document)
    shown = json.dumps(event, ensure_ascii=False, indent=2)
    document = {**_public(found.row), "event_in_clear": event}
    answer(document, as_json=as_json, lines=[shown])


@app.command()
def take(
    number: Number,
    *,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where the seal goes.")],
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Write one event into FILE as it is sealed, to be read away from the server.

    Wants the token of a dpo.
    """
    with _office(data) as review:
        taken = review.take(number)
    write_private(out, taken.document())
    answer({"number": number, "file": str(out)}, as_json=as_json, lines=["taken, and still sealed"])


@app.command()
def read(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `take` wrote.")],
    *,
    key_file: KeyFile,
    drop: Drop = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="EVENT", help="Release it into a file, for `replay`."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Open what was taken, on the officer's own machine: no installation is needed.

    With --out the event is written to a file, in clear and without the dropped fields, instead of
    being shown.
    """
    taken = read_taken(_content(file))
    document = opened_seal(*taken, read_officer_key(key_file))
    if out is None and not drop:
        event = msgspec.to_builtins(document)
        shown = json.dumps(event, ensure_ascii=False, indent=2)
        answer(
            {"number": taken.binding.id, "event_in_clear": event}, as_json=as_json, lines=[shown]
        )
        return
    if out is None:
        raise typer.BadParameter("a field is only dropped from what is released with --out")
    write_private(out, msgspec.to_builtins(released(taken.binding.reason, document, drop or ())))
    said = {"number": taken.binding.id, "file": str(out)}
    answer(said, as_json=as_json, lines=["released; delete the file once it was replayed"])


@app.command()
def replay(  # noqa: PLR0913  # one parameter an option
    number: Number,
    *,
    key_file: Annotated[
        Path | None,
        typer.Option("--key", metavar="FILE", help="The officer's private key, mode 0600."),
    ] = None,
    event: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="What `read --out` released, instead of the key."),
    ] = None,
    drop: Drop = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Send one event in again, as the message it was; everything is judged anew.

    Whatever is still suspect is refused. Wants the token of a dpo. Ends with 1 when it was not
    stored.
    """
    if (key_file is None) == (event is None) or (event is not None and drop):
        raise typer.BadParameter("give the key, with the fields to drop, or a released event")
    private = None if key_file is None else read_officer_key(key_file)
    document = None if event is None else read_released(_content(event))
    said = token()
    with opened(data, announce=progress) as home, edge_of(home) as edge:
        review = Review(edge.store_engine, now_us, _officer(edge.rights_engine, said))
        if document is not None:
            outcome = review.replay_released(edge.ingest, number, document)
        elif private is not None:
            outcome = review.replay(edge.ingest, number, private, tuple(drop or ()))
    stored = outcome in (STORED, DUPLICATE)
    told = "it is stored" if stored else "it was refused, and stays in quarantine"
    result = {"number": number, "outcome": outcome, "settled": stored}
    answer(result, as_json=as_json, lines=[f"{told}: {outcome}"])
    if not stored:
        raise typer.Exit(1)


@app.command()
def discard(number: Number, *, data: Data = None, as_json: Json = False) -> None:
    """Throw one event away, unopened; its number stays listed until its time is over.

    Wants the token of a dpo.
    """
    with _office(data) as review:
        row = review.discard(number)
    answer({"number": row.id, "settled": True}, as_json=as_json, lines=["nothing of it is left"])


@contextlib.contextmanager
def _office(data: Path | None) -> Iterator[Review]:
    """Review what waits, as the data protection officer whose token it is."""
    said = token()
    with opened(data, announce=progress) as home, _store(home) as engine:
        rights = vault_connect(home.addresses.rights, pool_size=1, application_name=NAME)
        try:
            officer = _officer(rights, said)
        finally:
            rights.dispose()
        yield Review(engine, now_us, officer)


def _officer(rights: Engine, said: str) -> str:
    """Give the number of the officer whose token *said* is, as entries of the log name them."""
    return str(require_role(authenticate_operator(rights, f"Bearer {said}"), Role.DPO).id)


@contextlib.contextmanager
def _store(home: Opened) -> Iterator[Engine]:
    engine = connect(home.addresses.store, pool_size=1, application_name=NAME)
    try:
        yield engine
    finally:
        engine.dispose()


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        raise TakenInvalid("the file cannot be read; one with an event was needed") from None


def _public(row: Waiting) -> dict[str, Any]:
    return {
        "number": row.id,
        "reason": row.reason,
        "source": row.source_key,
        "event": row.event,
        "set_aside_at": instant(row.set_aside_us).isoformat(),
        "expires_at": instant(row.expires_us).isoformat(),
        "key_id": row.key_id,
        "state": _state(row),
    }


def _state(row: Waiting) -> str:
    if row.outcome is not None:
        return row.outcome
    if row.state == RESTRICTED:
        return "restricted"
    return "expired" if row.expires_us <= now_us() else "waiting"


def _minute(at_us: int) -> str:
    return f"{instant(at_us):%Y-%m-%d %H:%M}"
