"""`paravent audit linkability`: could what is kept apart be joined by a thief of the store?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.opened import opened
from gateway.cli.output import Data, Json, answer, progress
from gateway.cli.rights import rights_service
from gateway.linkability.asked import CANDIDATES, SAMPLE, Asked
from gateway.rights.linkage import measure

Sample = Annotated[
    int,
    typer.Option(
        "--sample",
        min=1,
        max=1_000,
        help="People to follow, drawn at random; more make the interval narrower.",
    ),
]
Candidates = Annotated[
    int,
    typer.Option(
        "--candidates",
        min=2,
        max=2_000,
        help="Pseudonyms of each domain to look among, drawn at random.",
    ),
]
Exports = Annotated[
    list[Path] | None,
    typer.Option(
        "--export",
        metavar="PATH",
        exists=True,
        help="A file or folder that left the installation; search it as the logs are. Repeatable.",
    ),
]
AtMost = Annotated[
    float | None,
    typer.Option(
        "--at-most",
        metavar="RATE",
        min=0.0,
        max=1.0,
        help="Exit 1 if a way that guessing does not explain is right more often, say 0.05.",
    ),
]


def linkability(  # noqa: PLR0913  # one parameter an option
    *,
    sample: Sample = SAMPLE,
    candidates: Candidates = CANDIDATES,
    export: Exports = None,
    at_most: AtMost = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Try to join people's pseudonyms across domains, and with identifiers; say how often it works.

    Everything a thief of the store has is tried: every pair of columns, the numbering of rows, the
    logs, and what you name with --export. Leaks planted for the purpose show that a leak would be
    found; if they are not, exit 1. People are drawn at random, and named nowhere in the answer.
    """
    with opened(data, announce=progress) as home, rights_service(home) as service:
        asked = Asked(
            sample=sample,
            candidates=candidates,
            logs=(home.installation.logs,),
            exports=tuple(export or ()),
            tell=progress,
        )
        report = measure(service.ports, asked)
    answer(report.document(), as_json=as_json, lines=report.lines())
    if not report.proven or (at_most is not None and report.worst > at_most):
        raise typer.Exit(1)
