"""`paravent status`: does it run, is it ready, and what waits?"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import psycopg
import typer

from gateway.cli.children import answers_ready
from gateway.cli.output import Data, Json, answer, table
from gateway.cli.servers import Servers
from gateway.ingest.storing import DUPLICATE, NOTED, STORED
from gateway.installation import Installation
from gateway.metrics import ABOUT_PEOPLE, ANY_EVENT
from workers.store import counts, in_force, sources
from workers.store.transactions import connect, transaction

if TYPE_CHECKING:
    from gateway.addresses import Addresses

app = typer.Typer()


KEPT: Final = frozenset({STORED, DUPLICATE, NOTED})
DAYS: Final = 7  # today and the six before


@app.command("status")
def status(*, data: Data = None, as_json: Json = False) -> None:
    """Say whether it runs and is ready, by which rulebook, and what it refused in seven days.

    Refused events are counted by source, event and reason; none of these names a person. Ends with
    1 when it is not ready.
    """
    installation = Installation.open(data)
    document = _document(installation)
    lines = [f"{name.replace('_', ' ')}: {_word(value)}" for name, value in document.items()]
    addresses = Servers(installation).addresses()
    found = _read(addresses.store) if document["store_answers"] else (None, None)
    document["rulebook"], refused = found
    if document["rulebook"] is not None:
        lines.append(f"rulebook in force: {document['rulebook']}")
    document["refused"] = refused
    if refused:
        lines += ["", *table(("SOURCE", "EVENT", "REFUSED FOR", "EVENTS"), _rows(refused))]
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


def _read(dsn: str) -> tuple[str | None, list[dict[str, Any]]]:
    """Give the hash of the rulebook in force, and what was refused of late, the most first."""
    today = datetime.now(UTC).date()
    engine = connect(dsn, pool_size=1, application_name="paravent status")
    try:
        with transaction(engine) as store:
            names = {row.id: row.key for row in sources.listed(store)}
            found = counts.decisions(store, today - timedelta(days=DAYS - 1), today)
            standing = in_force.standing(store)
    finally:
        engine.dispose()
    whole: Counter[tuple[str, str, str]] = Counter()
    for decision, count in found.items():
        if decision.outcome in KEPT:
            continue
        # What tells about a person rather than an event is not told of an event.
        event = ANY_EVENT if decision.outcome in ABOUT_PEOPLE else decision.event
        whole[names.get(decision.source, "-"), event, decision.outcome] += count
    refused = [
        {"source": source, "event": event, "reason": reason, "events": events}
        for (source, event, reason), events in whole.most_common()
    ]
    return (None if standing is None else standing.hash), refused


def _rows(refused: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [tuple(each.values()) for each in refused]


def _word(value: object) -> object:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None else value
