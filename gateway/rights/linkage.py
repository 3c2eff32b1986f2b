"""Can what is kept apart be joined?  The audit of linkability (R-46), from its entry to its end.

The auditor knows the truth and holds it against what an attacker would say who has the store, the
logs and the exports.  People who were made up, with leaks that are known, go through all of it
as well: an audit that would not see a leak says so.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Engine

from gateway.linkability import traces, verdict
from gateway.linkability.asked import Asked
from gateway.linkability.finding import Finder
from gateway.linkability.holdings import gather
from gateway.linkability.people import Mark, needles, owners
from gateway.linkability.report import Report
from gateway.rights import drawing
from gateway.rights.catalogue import columns
from gateway.rights.ports import Ports
from gateway.rights.scan import BOOKKEEPING
from workers.store import held, linkage
from workers.store.transactions import transaction

ROWS: Final = 20_000  # of a table that is about nobody
_US: Final = 1_000_000

Read = dict[str, dict[str, int | bool]]


def measure(ports: Ports, asked: Asked) -> Report:
    """Run the audit; its entry in the log comes before anything is read."""
    run = uuid.uuid4()
    said: dict[str, str | int | bool] = {"by": drawing.BY, "run": str(run)}
    ports.audit("linkability:asked", said | {"sample": asked.sample})
    asked.tell("drawing people")
    people = drawing.people(ports, run, asked.sample, asked.random)
    now_us = round(ports.clock().timestamp() * _US)
    store = gather(ports.store, ports.rules, asked, people, now_us)
    asked.tell("looking for names")
    everybody = [*people, *store.planted.people]
    finder = Finder(needles(everybody))
    rows = traces.in_rows(store.reading.cells, finder, owners(everybody))
    places, read = _places(ports, asked, finder)
    asked.tell(f"following {len(store.truth)} people into another domain")
    found = verdict.real(places, len(people))
    report = Report(
        run=str(run),
        drawn=len(people),
        candidates={
            store.names[domain]: (store.population[domain], len(some))
            for domain, some in sorted(store.candidates.items())
        },
        domains=verdict.across_domains(store, asked, found),
        identifiers=verdict.to_identifiers(people, verdict.real(rows, len(people)) | found),
        plants=verdict.plants(store, asked, rows, finder),
        read=read,
        unread=_unread(ports),
    )
    said |= {"proven": report.proven, "worst": f"{report.worst:.4f}"}
    ports.audit("linkability:measured", said)
    return report


def _places(ports: Ports, asked: Asked, finder: Finder[Mark]) -> tuple[traces.Places, Read]:
    """Look through what is about nobody: other tables, the audit log, logs and exports."""
    places: traces.Places = {}
    read: Read = {}
    for engine in (ports.store, ports.auditor):
        if engine is not None:
            for where, rows in _about_nobody(engine):
                places |= traces.in_records(where, rows, finder)
                read[where] = {"rows": len(rows), "whole": len(rows) < ROWS}
    for where, given in (("logs", asked.logs), ("exports", asked.exports)):
        if given:
            asked.tell(f"reading {where}")
            files = traces.Files()
            places |= traces.in_records(where, files.lines(given), finder)
            read[where] = {"files": files.files, "bytes": files.bytes, "whole": files.whole}
    return places, read


def _about_nobody(engine: Engine) -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
    known = held.tables_about_subjects()
    with transaction(engine) as store:
        tables: dict[tuple[str, str], dict[str, str]] = {}
        for column in columns(store):
            looked_at = f"{column.schema}.{column.table}" not in known
            if looked_at and column.readable and column.table not in BOOKKEEPING:
                table = tables.setdefault((column.schema, column.table), {})
                table[column.column] = column.type
        for (schema, name), listed in tables.items():
            yield f"{schema}.{name}", linkage.texts(store, (schema, name), listed, ROWS)


def _unread(ports: Ports) -> list[str]:
    """Give the tables of the store of which no role of the audit may read anything."""
    readable: dict[str, bool] = {}
    for engine in (ports.store, ports.auditor):
        if engine is not None:
            with transaction(engine) as store:
                for column in columns(store):
                    name = f"{column.schema}.{column.table}"
                    readable[name] = readable.get(name, False) or column.readable
    return sorted(name for name, seen in readable.items() if not seen)
