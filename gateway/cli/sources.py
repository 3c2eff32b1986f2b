"""`paravent sources`: the systems that send events, and their keys."""

from __future__ import annotations

import hashlib
import re
import secrets
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.opened import opened
from gateway.cli.output import Data, Json, answer, progress, table
from policies.errors import ParaventError
from workers.store import sources
from workers.store.transactions import connect, transaction

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection

    from gateway.addresses import Addresses

app = typer.Typer(no_args_is_help=True, help="The systems that send events, and their keys.")

FIRST_SOURCE = "default"
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
SECRET_BYTES = 32  # 256 bits
PREFIX_BYTES = 4  # public; found by it, and by it told apart in `sources list`


class Scope(StrEnum):
    """What a key may do."""

    INGEST = "ingest"
    CONSENT = "consent:write"
    SEGMENTS = "segments:read"
    SUBJECTS = "subjects:read"


# A key that stands in a web page is public: it may send, and read nothing.
SENDING = (Scope.INGEST, Scope.CONSENT)


class SourceExists(ParaventError):
    """A source of that name exists already."""

    code = "source-exists"
    remedy = "Choose another name, or `paravent sources rotate` for a new key of this one."


class SourceMissing(ParaventError):
    """There is no source of that name."""

    code = "source-missing"
    remedy = "See `paravent sources list`, or add it with `paravent sources add`."


class SourceNameInvalid(ParaventError):
    """A source cannot be called that."""

    code = "source-name-invalid"
    remedy = "Use small letters, digits, - and _, at most 63, such as shop-web."


Name = Annotated[str, typer.Argument(metavar="NAME", help="Small letters, digits, - and _.")]


@app.command()
def add(
    name: Name,
    *,
    label: Annotated[str, typer.Option(help="The name for people; default: NAME.")] = "",
    scope: Annotated[
        list[Scope] | None,
        typer.Option(help="What the key may do; repeat it. Default: ingest and consent:write."),
    ] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Add a source and print its write key, once; only the key's hash is stored."""
    if not NAME.fullmatch(name):
        raise SourceNameInvalid("the name is not usable; needed small letters, digits, - and _")
    with opened(data, announce=progress) as home, _store(home.addresses) as store:
        row = sources.add(store, name, label or name)
        if row is None:
            raise SourceExists(f"a source {name} exists; needed a new name")
        key = new_key(store, row.id, scope or SENDING)
    _print_key(name, key, as_json=as_json)


@app.command()
def rotate(
    name: Name,
    *,
    revoke: Annotated[
        bool, typer.Option("--revoke", help="End the source's other keys now, not by hand later.")
    ] = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Make a new key for a source; its old keys go on working unless --revoke."""
    with opened(data, announce=progress) as home, _store(home.addresses) as store:
        row = sources.named(store, name)
        if row is None:
            raise SourceMissing(f"there is no source {name}; needed one that exists")
        live = [
            key for key in sources.keys(store) if key.source == row.id and key.revoked_at is None
        ]
        key = new_key(store, row.id, live[-1].scopes if live else SENDING)
        for old in live if revoke else ():
            sources.revoke_key(store, old.prefix, datetime.now(UTC))
    _print_key(name, key, as_json=as_json)


@app.command("list")
def list_sources(*, data: Data = None, as_json: Json = False) -> None:
    """List the sources and their keys, by public prefix; a key itself is nowhere."""
    with opened(data, announce=progress) as home, _store(home.addresses) as store:
        documents = _documents(store)
    rows = [
        (each["name"], each["label"], "yes" if each["enabled"] else "no", key["prefix"],
         " ".join(key["scopes"]), key["state"])
        for each in documents
        for key in each["keys"] or [{"prefix": "-", "scopes": [], "state": "-"}]
    ]  # fmt: skip
    heads = ("NAME", "LABEL", "ENABLED", "KEY", "SCOPES", "STATE")
    answer(documents, as_json=as_json, lines=table(heads, rows))


def _documents(store: Connection) -> list[dict[str, Any]]:
    keys = sources.keys(store)
    return [
        {
            "name": row.key,
            "label": row.label,
            "enabled": row.enabled,
            "created_at": row.created_at.isoformat(),
            "keys": [
                {
                    "prefix": f"pk_{key.prefix}",
                    "scopes": list(key.scopes),
                    "state": _state(key),
                }
                for key in keys
                if key.source == row.id
            ],
        }
        for row in sources.listed(store)
    ]


def _state(key: sources.SourceKeyRow) -> str:
    if key.revoked_at is not None:
        return "revoked"
    over = key.expires_at is not None and key.expires_at <= datetime.now(UTC)
    return "expired" if over else "in force"


def new_key(store: Connection, source: int, scopes: Sequence[str]) -> str:
    """Give *source* a key of 256 random bits; the text exists in the answer only."""
    prefix = secrets.token_hex(PREFIX_BYTES)
    text = f"pk_{prefix}_{secrets.token_urlsafe(SECRET_BYTES)}"
    digest = hashlib.sha256(text.encode()).digest()
    sources.add_key(store, source, prefix=prefix, key_hash=digest, scopes=[*map(str, scopes)])
    return text


def first_key(addresses: Addresses) -> str:
    """Give a key of the first source, which may do everything a key can.

    A first walk sends events and reads them back with one key.  `sources add` makes keys that
    only send.
    """
    with _store(addresses) as store:
        row = sources.add(store, FIRST_SOURCE, "First source") or sources.named(store, FIRST_SOURCE)
        if row is None:  # pragma: no cover - one of the two finds it
            raise SourceMissing("the first source is gone; needed it to stay")
        return new_key(store, row.id, list(Scope))


@contextmanager
def _store(addresses: Addresses) -> Iterator[Connection]:
    engine = connect(addresses.store, pool_size=1, application_name="paravent sources")
    try:
        with transaction(engine) as store:
            yield store
    finally:
        engine.dispose()


def _print_key(name: str, key: str, *, as_json: bool) -> None:
    lines = [f"The write key of {name}, shown once:", f"  {key}"]
    answer({"source": name, "write_key": key}, as_json=as_json, lines=lines)
