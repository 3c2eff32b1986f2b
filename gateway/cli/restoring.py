"""`paravent restore`: do restored databases know who was erased, and what if they do not?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import typer

from gateway.cli.opened import opened
from gateway.cli.output import Data, Json, answer, progress
from gateway.cli.rights import rights_service
from gateway.rights import restore
from gateway.rights.ports import Ports
from gateway.rights.wiring import rights_alone
from gateway.settings import SettingsInvalid, read_settings
from pseudonymizer.errors import JournalMissing
from pseudonymizer.journal_file import JournalFile

app = typer.Typer(no_args_is_help=True, help="Bring restored databases back to who was erased.")


@app.command()
def check(*, data: Data = None, as_json: Json = False) -> None:
    """Compare the erasure journal with both databases; exit code 1 if an erasure is missing.

    No gateway starts, and none goes on, on databases that were restored from a backup and do not
    know of every erasure. `paravent restore replay` does the missing ones again.
    """
    with _service(data) as ports:
        lines = restore.missing(_file(ports), ports.store, ports.vault)
        total = len(_file(ports).lines())
    document = {"erasures": total, "missing": len(lines)}
    said = f"{total} erasures are on record; {len(lines)} of them are missing in the databases."
    answer(document, as_json=as_json, lines=[said])
    if lines:
        raise typer.Exit(1)


@app.command()
def replay(*, data: Data = None, as_json: Json = False) -> None:
    """Do the missing erasures again, and search both databases for what must be gone.

    Can be stopped and begun anew. Running gateways serve again a second after it is done.
    """
    with _service(data) as ports:
        lines = restore.missing(_file(ports), ports.store, ports.vault)
        done = restore.replay(ports, lines, lambda n, of: progress(f"{n} of {of} erasures"))
    said = (
        f"{done.erasures} erasures were replayed: {done.rows} rows, {done.identifiers} identifiers"
        f" and the keys of {done.subjects} subjects went; every store was searched, and nothing"
        " found."
    )
    answer(done._asdict(), as_json=as_json, lines=[said])


@contextmanager
def _service(data: Path | None) -> Iterator[Ports]:
    """Work as a gateway where its settings are, or else on the installation of *data*."""
    settings = None
    if data is None:
        with suppress(SettingsInvalid):
            settings = read_settings()
    if settings is not None:
        service = rights_alone(settings)
        try:
            yield service.ports
        finally:
            service.close()
            ports = service.ports
            for engine in filter(None, (ports.store, ports.vault, ports.rights, ports.auditor)):
                engine.dispose()
    else:
        with opened(data, restored=True, announce=progress) as home, rights_service(home) as own:
            yield own.ports


def _file(ports: Ports) -> JournalFile:
    if ports.journal is None:
        raise JournalMissing("this process was given no erasure journal; one was needed")
    return ports.journal
