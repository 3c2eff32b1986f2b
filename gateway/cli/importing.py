"""`paravent import`: a file of events, through the same pipeline as requests."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from gateway.cli.edge import edge_of
from gateway.cli.opened import opened
from gateway.cli.output import Data, Json, answer, progress
from gateway.cli.sources import SourceMissing
from gateway.importing import consents, files
from gateway.importing.errors import StatementMissing
from gateway.importing.mapping import read_map
from gateway.importing.run import Import, Report, run
from gateway.ingest.wire import Assertion
from gateway.wiring import Edge
from policies.decisions import Reason
from policies.errors import PurposeUnknown
from workers.store import sources
from workers.store.transactions import transaction

app = typer.Typer()

MAX_EVIDENCE = 200  # characters


@app.command("import")
def import_(  # noqa: PLR0913  # one parameter an option
    file: Annotated[
        Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="The events.")
    ],
    *,
    map_: Annotated[
        Path,
        typer.Option(
            "--map", metavar="MAP", exists=True, dir_okay=False, help="Which column means what."
        ),
    ],
    source: Annotated[
        str, typer.Option(metavar="NAME", help="The source the events come from; made if new.")
    ],
    assert_consent: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PURPOSE",
            help="State that everybody in the file consented to PURPOSE; repeat it.",
        ),
    ] = None,
    evidence: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="Where that consent can be proved; kept in the ledger."),
    ] = None,
    consent_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help="CSV of consents, recorded first: kind,value,purpose,status,at[,evidence].",
        ),
    ] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Import FILE (CSV, NDJSON or Parquet, CSV and NDJSON also gzipped).

    Every row passes consent, minimisation and pseudonymisation like an event that was sent.
    Without a statement about consent nothing is stored unless the ledger already covers it.
    An import that was interrupted goes on where it stopped; a row is stored once however often
    its file is imported.
    """
    statement = _statement(assert_consent, evidence)
    mapping = read_map(map_)
    files.format_of(file)
    with (
        opened(data, announce=progress) as home,
        edge_of(home) as edge,
        _bar(file) as advance,
    ):
        _check_purposes(edge, statement)
        if statement is not None:
            statement = Assertion(statement.purposes, edge.scrubbed(statement.evidence))
        number = _source(edge, source)
        if consent_file is not None:
            consents.record(edge.consent, consent_file, source=number, progress=lambda _: None)
        report = run(
            edge.ingest, edge.store_engine, Import(file, mapping, number, statement), advance
        )
    document = {
        "received": report.received,
        "stored": report.stored,
        "duplicates": report.duplicates,
        "refused": report.refused,
    }
    answer(document, as_json=as_json, lines=_lines(report))


def _statement(purposes: list[str] | None, evidence: str | None) -> Assertion | None:
    if not purposes and evidence is None:
        return None
    if not purposes or not evidence or len(evidence) > MAX_EVIDENCE:
        raise StatementMissing(
            "A consent statement needs both a purpose and its evidence, of 200 characters at most."
        )
    return Assertion(tuple(purposes), evidence)


def _check_purposes(edge: Edge, statement: Assertion | None) -> None:
    rules = edge.bound().rules
    known = [key for key in rules.numbers if key != rules.ruleset.signals.age.parental]
    if statement and any(purpose not in known for purpose in statement.purposes):
        raise PurposeUnknown(f"A purpose cannot be stated; these can: {', '.join(known)}.")


def _source(edge: Edge, name: str) -> int:
    with transaction(edge.store_engine) as connection:
        row = sources.named(connection, name) or sources.add(connection, name, name)
        row = row or sources.named(connection, name)
    if row is None:
        raise SourceMissing(f"there is no source {name}; needed one that exists")
    return row.id


@contextmanager
def _bar(file: Path) -> Iterator[Callable[[int], None]]:
    """Show rows done on stderr."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("rows"),
        TimeElapsedColumn(),
    )
    console = Console(file=sys.stderr)
    with Progress(*columns, console=console, disable=not console.is_terminal) as shown:
        task = shown.add_task("importing", total=files.count(file))
        yield lambda done: shown.update(task, completed=done)


def _lines(report: Report) -> list[str]:
    lines = [
        f"received    {report.received}",
        f"stored      {report.stored}",
        f"duplicates  {report.duplicates}",
    ]
    lines += [f"refused     {count}  {reason}" for reason, count in report.refused.items()]
    if Reason.CONSENT_MISSING in report.refused:
        lines.append("State the consent with --assert-consent and --evidence, or --consent-file.")
    return lines
