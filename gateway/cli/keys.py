"""`paravent keys`: which versions of the keys are in use; new ones, and the end of old ones."""

from __future__ import annotations

from contextlib import closing, contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.children import erasures_of, keys_of
from gateway.cli.opened import opened
from gateway.cli.operators import log
from gateway.cli.output import Data, Json, answer, progress, table
from gateway.rights.key_life import KeyLife
from gateway.settings import read_schedule
from pseudonymizer.errors import KeyUnavailable
from pseudonymizer.journal_file import JournalFile
from pseudonymizer.key_opening import open_keys, open_service
from pseudonymizer.keyring import Keyring
from pseudonymizer.vault import rotate as rotating
from pseudonymizer.vault.transactions import connect
from workers.store.transactions import connect as connect_store

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator
    from pathlib import Path

app = typer.Typer(no_args_is_help=True, help="The versions of the keys, and what is under each.")

NAME = "paravent keys"  # what PostgreSQL calls our connections
HEADS = ("KEY", "VERSION", "MADE", "STATE", "ROWS")


class Key(StrEnum):
    """A key that can be rotated, which is every one but those of recipients."""

    IDX = "idx"
    KEK = "kek"
    SUP = "sup"
    MID = "mid"
    PID = "pid"
    SIGN_RECEIPT = "sign-receipt"
    SIGN_AUDIT = "sign-audit"
    SIGN_CALLBACK = "sign-callback"


Name = Annotated[
    Key,
    typer.Argument(
        metavar="KEY",
        help="idx of blind indexes, kek which wraps what opens them, sup of tombstones, mid of"
        " message ids, pid of pseudonyms, sign-receipt, sign-audit or sign-callback.",
    ),
]


@app.command("status")
def keys_status(*, data: Data = None, as_json: Json = False) -> None:
    """List every version of every key, and how many rows are under it; never the keys.

    "Not announced" is a signer that the audit log does not say of yet that it took over: `paravent
    keys move` says it, and so does the next `paravent keys ratchet`.
    """
    with _held(data) as held:
        attested = held.keyring.provider.attest()
        rows = {key: held.rows_under(key.value) for key in Key}
        used = {key: held.in_use(key.value) for key in Key}
        unsaid = {(key.value, each) for key in Key for each in held.unannounced(key.value)}
    documents = list(_versions(attested, rows, used))
    for document in documents:
        if (document["key"], document["version"]) in unsaid:
            document["state"] += ", not announced"
    cells = [tuple(each[head.lower()] for head in HEADS) for each in documents]
    answer(documents, as_json=as_json, lines=table(HEADS, cells))


@app.command()
def make(*, data: Data = None, as_json: Json = False) -> None:
    """Make the keys that the key service of PARAVENT_KEYS has not, for an installation that is new.

    Refused once anybody is in the vault: another key in the place of a lost one would find nobody.
    """
    with (
        opened(data, announce=progress) as home,
        closing(open_service(keys_of(home.installation))) as service,
    ):
        made = service.missing()
        said = {"keys": " ".join(made)}
        if made and _somebody_is_in(home.addresses.vault):
            raise KeyUnavailable(f"the key service has no {said['keys']}; its backup was needed")
        log(home.addresses, "key:making-asked", said)
        service.make_missing()
        log(home.addresses, "key:made", said)
    answer({"made": made}, as_json=as_json, lines=[f"{len(made)} keys were made."])


@app.command()
def rotate(name: Name, *, data: Data = None, as_json: Json = False) -> None:
    """Make a new version of KEY, put it in use, and bring to it what is under older ones.

    Nothing is interrupted, and no event is touched. What is kept by its index alone follows when
    it is next sent. Of a signer the version before vouches for the new one, and the audit log says
    so. Of pid everybody gets other pseudonyms, of the next epoch. Stopped half way, `paravent keys
    move` goes on.
    """
    with _held(data) as held:
        version = held.rotate(name.value)
        progress(f"version {version} of {name} is in use")
        document = _moved(held, name)
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
    """Destroy a version of KEY for good; refused while it is in use or anything needs it.

    A backup from before kek was rotated opens for nobody after that. Of sup a version is needed
    for as long as there is a tombstone, of mid for a week. Of a signer the public half stays.
    """
    with _held(data) as held:
        held.destroy(name.value, version)
    document = {"key": name.value, "destroyed": version}
    answer(document, as_json=as_json, lines=[f"Version {version} of {name} is destroyed."])


@app.command("ratchet")
def keys_ratchet(*, data: Data = None, as_json: Json = False) -> None:
    """Do what the schedule has due: a new version of kek, and the end of those past their window.

    Before it, say in the audit log which signer took over, where a rotation was stopped too early.
    Every gateway looks once an hour by itself; `PARAVENT_KEK_DAYS` and the settings beside it say
    when something is due.
    """
    schedule = read_schedule().schedule
    with _held(data) as held:
        done = held.ratchet(schedule, datetime.now(UTC))
    lines = done or ["Nothing is due." if schedule else "No schedule is set."]
    answer({"done": done, "scheduled": schedule is not None}, as_json=as_json, lines=lines)


class _Moving:
    """Says how many rows are moved, wherever that is more than was said last."""

    said = 0

    def __call__(self, done: int) -> None:
        if done > self.said:
            self.said = done
            progress(f"{done} rows moved")


def _moved(held: KeyLife, name: Key) -> dict[str, Any]:
    moved = held.move(name.value, _Moving())
    rows = held.rows_under(name.value)
    needed = held.needed_until(name.value)
    return {
        "key": name.value,
        "version": held.in_use(name.value),
        "moved": moved,
        "rows": {str(version): rows[version] for version in sorted(rows)},
        "needed_until": None if needed is None else needed.isoformat(timespec="minutes"),
    }


def _told(document: dict[str, Any]) -> list[str]:
    if document["needed_until"]:
        return [f"Older versions of mid are needed until {document['needed_until']}."]
    if document["key"].startswith("sign-"):
        return [f"{document['moved']} entries of the audit log say who took over."]
    if document["key"] == Key.PID:
        return [
            f"{document['moved']} pseudonyms were replaced by those of epoch {document['version']}."
        ]
    lines = [f"{document['moved']} rows of {document['key']} were moved."]
    for version, left in document["rows"].items():
        if int(version) < document["version"]:
            lines.append(f"{left} are left under version {version}.")
    if len(lines) > 1 and document["key"] == Key.IDX:
        lines.append("Known by their index alone, they follow when they are next sent with a yes.")
    return lines


def _versions(
    attested: Any,  # noqa: ANN401  # what a driver attests
    rows: dict[Key, Counter[int]],
    used: dict[Key, int],
) -> Iterator[dict[str, Any]]:
    for name, key in attested["keys"].items():
        rotated = Key(name) if name in {*Key} else None
        newest = key["primary"] if rotated is None else used[rotated]
        counted = rows[rotated] if rotated and name in rotating.ROTATED else None
        for number, made in key["versions"].items():
            state = "destroyed" if made["destroyed"] else "live"
            yield {
                "key": name,
                "version": int(number),
                "made": made["made_at"][:10] or "-",  # a service need not know
                "state": "in use" if int(number) == newest else state,
                "rows": "-" if counted is None else counted[int(number)],
            }
    # No key: an epoch, so that there is nothing to make or destroy.
    for epoch in sorted({used[Key.PID], *rows[Key.PID]}):
        state = "in use" if epoch == used[Key.PID] else "live"
        yield {
            "key": Key.PID.value, "version": epoch, "made": "-", "state": state,
            "rows": rows[Key.PID][epoch],
        }  # fmt: skip


def _somebody_is_in(vault: str) -> bool:
    engine = connect(vault, pool_size=1, application_name=NAME)
    try:
        return any(rotating.rows_under(engine, name) for name in rotating.ROTATED)
    finally:
        engine.dispose()


@contextmanager
def _held(data: Path | None) -> Iterator[KeyLife]:
    with opened(data, announce=progress) as home:
        provider = open_keys(keys_of(home.installation))
        engine = connect(home.addresses.vault, pool_size=1, application_name=NAME)
        rights = connect(home.addresses.rights, pool_size=2, application_name=NAME)
        store = connect_store(home.addresses.store, pool_size=1, application_name=NAME)
        try:
            yield KeyLife(
                store=store,
                vault=engine,
                rights=rights,
                keyring=Keyring(provider),
                audit=partial(log, home.addresses),
                journal=JournalFile(erasures_of(home.installation)),
            )
        finally:
            for each in (engine, rights, store):
                each.dispose()
            provider.close()
