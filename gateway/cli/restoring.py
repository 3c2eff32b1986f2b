"""`paravent restore`: do restored databases know who was erased, and what if they do not?"""

from __future__ import annotations

import typer

from gateway.cli.children import erasures_of
from gateway.cli.opened import opened
from gateway.cli.output import Data, Json, answer, progress
from gateway.cli.rights import rights_service
from gateway.rights import restore
from pseudonymizer.journal_file import JournalFile

app = typer.Typer(no_args_is_help=True, help="Bring restored databases back to who was erased.")


@app.command()
def check(*, data: Data = None, as_json: Json = False) -> None:
    """Compare the erasure journal with both databases; exit code 1 if an erasure is missing.

    No gateway starts, and none goes on, on databases that were restored from a backup and do not
    know of every erasure. `paravent restore replay` does the missing ones again.
    """
    with opened(data, restored=True, announce=progress) as home, rights_service(home) as service:
        file = JournalFile(erasures_of(home.installation))
        lines = restore.missing(file, service.ports.store, service.ports.vault)
        total = len(file.lines())
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
    with opened(data, restored=True, announce=progress) as home, rights_service(home) as service:
        ports, file = service.ports, JournalFile(erasures_of(home.installation))
        lines = restore.missing(file, ports.store, ports.vault)
        done = restore.replay(ports, lines, lambda n, of: progress(f"{n} of {of} erasures"))
    said = (
        f"{done.erasures} erasures were replayed: {done.rows} rows and the keys of"
        f" {done.subjects} subjects went; every store was searched, and nothing found."
    )
    answer(done._asdict(), as_json=as_json, lines=[said])
