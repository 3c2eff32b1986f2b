"""`paravent status`: does it run, is it ready, and what waits?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import psycopg
import typer

from gateway.cli.children import answers_ready
from gateway.cli.output import Data, Json, answer
from gateway.cli.servers import Servers
from gateway.installation import Installation

if TYPE_CHECKING:
    from gateway.addresses import Addresses

app = typer.Typer()


@app.command("status")
def status(*, data: Data = None, as_json: Json = False) -> None:
    """Say whether the installation runs and is ready. Ends with 1 when it is not ready."""
    installation = Installation.open(data)
    document = _document(installation)
    lines = [f"{name.replace('_', ' ')}: {_word(value)}" for name, value in document.items()]
    answer(document, as_json=as_json, lines=lines)
    if not document["ready"]:
        raise typer.Exit(1)


def _document(installation: Installation) -> dict[str, Any]:
    running = installation.running()
    document: dict[str, Any] = {
        "data": str(installation.folder),
        "running": running is not None,
        "url": running.url if running else None,
        "process": running.pid if running else None,
        "ready": False,
    }
    if running is not None:
        where = urlsplit(running.url)
        document["ready"] = answers_ready(where.hostname or "127.0.0.1", where.port or 80)
    return document | _databases(Servers(installation).addresses())


def _databases(addresses: Addresses) -> dict[str, bool]:
    asked = {"store_answers": addresses.store, "vault_answers": addresses.vault}
    return {name: _answers(dsn) for name, dsn in asked.items()}


def _answers(dsn: str) -> bool:
    try:
        psycopg.connect(dsn, connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def _word(value: object) -> object:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None else value
