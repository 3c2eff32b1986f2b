"""`paravent evidence`: what a DPO shows, written from what runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.opened import opened
from gateway.cli.output import Data, Json, answer, progress
from gateway.cli.rights import rights_service
from gateway.governance.evidence import Evidence
from workers.jobs.clock import now_us
from workers.store.computation import Computation
from workers.store.transactions import transaction

app = typer.Typer()

BY = "command"


@app.command("evidence")
def evidence(
    out: Annotated[Path, typer.Argument(metavar="FOLDER", help="Made if it does not exist.")],
    *,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Write the evidence to a folder: record of processing, impact assessment, grants, retention.

    The record opens in a spreadsheet. Everything is from the rulebook, the schema and the
    databases as they are now, in French and in English; the export is an entry of the audit log.
    """
    with opened(data, announce=progress) as home, rights_service(home) as service:
        with transaction(service.ports.store) as store:
            ctx = Computation.build(store, service.ports.rules)
        found = Evidence(service.ports, lambda: ctx, now_us).files(BY)
    out.mkdir(parents=True, exist_ok=True)
    for name, text in found.items():
        (out / name).write_text(text, encoding="utf-8", newline="")
    document = {"folder": str(out), "files": sorted(found), "rulebook": ctx.rules.hash}
    answer(document, as_json=as_json, lines=[f"{out / name}" for name in sorted(found)])
