"""`paravent keys`: which versions of the keys are in use; new ones, and the end of old ones."""

from __future__ import annotations

from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from gateway.cli.children import keys_of
from gateway.cli.opened import opened
from gateway.cli.operators import log
from gateway.cli.output import Data, Json, answer, progress, table
from pseudonymizer.key_providers import FileKeyProvider
from pseudonymizer.keyring import Keyring
from pseudonymizer.vault import rotate as rotating
from pseudonymizer.vault.transactions import connect

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine

    from gateway.addresses import Addresses

app = typer.Typer(no_args_is_help=True, help="The versions of the keys, and what is under each.")

ROTATED, DESTROYED = "key:rotated", "key:destroyed"
HEADS = ("KEY", "VERSION", "MADE", "STATE", "ROWS")


class Key(StrEnum):
    """A key that can be rotated: of the blind indexes, or what wraps the keys of all people."""

    IDX = "idx"
    KEK = "kek"


Name = Annotated[
    Key,
    typer.Argument(
        metavar="KEY",
        help="idx, which makes blind indexes of identifiers, or kek, which wraps what opens them.",
    ),
]


class _Held(NamedTuple):
    addresses: Addresses
    engine: Engine
    keyring: Keyring


@app.command("status")
def keys_status(*, data: Data = None, as_json: Json = False) -> None:
    """List every version of every key, and how many rows are under it; never the keys."""
    with _held(data) as held:
        attested = held.keyring.provider.attest()
        rows = {key: rotating.rows_under(held.engine, key.value) for key in Key}
    documents = list(_versions(attested, rows))
    cells = [tuple(each[head.lower()] for head in HEADS) for each in documents]
    answer(documents, as_json=as_json, lines=table(HEADS, cells))


@app.command()
def rotate(name: Name, *, data: Data = None, as_json: Json = False) -> None:
    """Make a new version of KEY, put it in use, and bring to it what is under older ones.

    Nothing is interrupted, and no event is touched. What is kept by its index alone follows when
    it is next sent. Stopped half way, `paravent keys move` goes on.
    """
    with _held(data) as held:
        log(held.addresses, ROTATED, {"key": name.value})
        version = rotating.rotate(held.engine, held.keyring, name.value)
        progress(f"version {version} of {name} is in use")
        document = _moved(held, name) | {"version": version}
    answer(document, as_json=as_json, lines=_told(document))


@app.command()
def move(name: Name, *, data: Data = None, as_json: Json = False) -> None:
    """Bring to the version of KEY in use what is under older ones; `rotate` does it by itself."""
    with _held(data) as held:
        document = _moved(held, name)
    answer(document, as_json=as_json, lines=_told(document))


@app.command()
def destroy(
    name: Name,
    version: Annotated[int, typer.Argument(metavar="VERSION", help="As `keys status` lists it.")],
    *,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Destroy a version of KEY for good; refused while it is in use or rows are left under it.

    A backup from before it was rotated opens for nobody after that.
    """
    with _held(data) as held:
        log(held.addresses, DESTROYED, {"key": name.value, "version": str(version)})
        rotating.destroy(held.engine, held.keyring, name.value, version)
    document = {"key": name.value, "destroyed": version}
    answer(document, as_json=as_json, lines=[f"Version {version} of {name} is destroyed."])


def _moved(held: _Held, name: Key) -> dict[str, Any]:
    moved = rotating.move(
        held.engine,
        held.keyring,
        name.value,
        progress=lambda done: progress(f"{done} rows moved"),
    )
    rows = rotating.rows_under(held.engine, name.value)
    return {
        "key": name.value,
        "moved": moved,
        "rows": {str(version): rows[version] for version in sorted(rows)},
    }


def _told(document: dict[str, Any]) -> list[str]:
    *older, _newest = document["rows"].items() or [("", 0)]
    lines = [f"{document['moved']} rows of {document['key']} were moved."]
    lines += [
        f"{left} are left under version {version}: known by their index alone, they follow when"
        " they are next sent."
        for version, left in older
    ]
    return lines


def _versions(attested: Any, rows: dict[Key, dict[int, int]]) -> Iterator[dict[str, Any]]:  # noqa: ANN401  # what a driver attests
    for name, key in attested["keys"].items():
        under = rows[Key(name)] if name in {*Key} else None
        for number, made in key["versions"].items():
            state = "destroyed" if made["destroyed"] else "live"
            yield {
                "key": name,
                "version": int(number),
                "made": made["made_at"][:10],
                "state": "newest" if int(number) == key["primary"] else state,
                "rows": "-" if under is None else under.get(int(number), 0),
            }


@contextmanager
def _held(data: Path | None) -> Iterator[_Held]:
    with opened(data, announce=progress) as home:
        provider = FileKeyProvider.open(keys_of(home.installation))
        engine = connect(home.addresses.vault, pool_size=1, application_name="paravent keys")
        try:
            yield _Held(home.addresses, engine, Keyring(provider))
        finally:
            engine.dispose()
