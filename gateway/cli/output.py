"""How do commands speak?  One JSON document or plain lines on stdout, progress on stderr."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="DIR",
        envvar="PARAVENT_DATA",
        show_envvar=False,
        help="The installation's folder."
        " Default: /var/lib/paravent for root, ~/.local/share/paravent for everybody else.",
        file_okay=False,
    ),
]
Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON document on stdout, progress on stderr.")
]
Policies = Annotated[
    Path | None,
    typer.Option(
        "--policies",
        metavar="DIR",
        envvar="PARAVENT_POLICIES",
        show_envvar=False,
        help="The rulebook's folder. Default: the web shop's that comes with Paravent.",
        exists=True,
        file_okay=False,
        resolve_path=True,
    ),
]


def progress(line: str) -> None:
    """Say how things go, on stderr."""
    print(line, file=sys.stderr, flush=True)


def answer(
    document: Mapping[str, Any] | Sequence[Any], *, as_json: bool, lines: Iterable[str]
) -> None:
    """Give the result of a command: *document* with ``--json``, otherwise *lines*."""
    if as_json:
        print(json.dumps(document, ensure_ascii=False), flush=True)
        return
    for line in lines:
        print(line, flush=True)


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Give the lines of a plain table, columns padded to their widest cell."""
    cells = [list(heads), *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(heads))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]
