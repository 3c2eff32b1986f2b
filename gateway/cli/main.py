"""The command `paravent`."""

from __future__ import annotations

import importlib
import json
import logging
import sys
import traceback
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from gateway.logs import configure
from policies.errors import ParaventError

if TYPE_CHECKING:
    from collections.abc import Sequence

DONE, FAILED = 0, 1  # wrong usage is 2, by typer
INSTALL = "Install again with `make setup`; a package or the Python it was built for is missing."
REPORT = "Open an issue with this line, the command and its version of Python."


@dataclass(frozen=True, slots=True)
class Part:
    """One word of the command: the module under ``gateway.cli`` that carries it, and its line.

    The line repeats the module's own beginning, so that `--help` need not import them all; a test
    compares the two.
    """

    word: str
    module: str
    summary: str
    group: bool = False


PARTS = (
    Part("up", "up", "Start everything: databases, broker, gateway, workers."),
    Part("demo", "demo", "Watch the whole product work on a made-up French web shop."),
    Part("import", "importing", "Import FILE (CSV, NDJSON or Parquet)."),
    Part("refresh", "refresh", "Bring every segment up to date."),
    Part(
        "status",
        "status",
        "Say whether it runs and is ready, by which rulebook, and what it refused in seven days.",
    ),
    Part("restart", "restart", "Renew the running processes, one by one and unnoticed."),
    Part("segments", "segments", "The segments of the rulebook, and their sizes.", group=True),
    Part("sources", "sources", "The systems that send events, and their keys.", group=True),
    Part("operators", "operators", "The people who answer requests and read the log.", group=True),
    Part("keys", "keys", "The versions of the keys, and what is under each.", group=True),
    Part("restore", "restoring", "Bring restored databases back to who was erased.", group=True),
    Part("quarantine", "quarantine", "Suspect events, sealed for the officer.", group=True),
    Part("retention", "retention", "What is kept, for how long, and what has expired.", group=True),
    Part("reidentify", "reidentify", "Learn whose a pseudonym is, if two agree.", group=True),
    Part("rights", "rights", "Requests of data subjects: access and erasure.", group=True),
    Part(
        "audit",
        "audit",
        "Check and export the audit log, and what a thief could join.",
        group=True,
    ),
    Part("consent", "consent", "Prove a choice, and check a proof.", group=True),
    Part(
        "evidence",
        "evidence",
        "Write the evidence to a folder: record of processing, impact"
        " assessment, grants, retention.",
    ),
    Part("policy", "policy", "Check the rulebook, and change it.", group=True),
    Part("migrate", "migrate", "Create or update both databases, their roles and grants."),
    Part("settings", "settings", "Print every PARAVENT_* variable."),
)


def build(arguments: Sequence[str] = ()) -> typer.Typer:
    """Give the command, with the part that *arguments* begin with; for help, lines of all."""
    app = typer.Typer(
        name="paravent",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode="markdown",  # paragraphs, not the lines of the source
        # A traceback with local variables would print what must not be printed.
        pretty_exceptions_enable=False,
    )
    app.callback()(paravent)
    wanted = next((part for part in PARTS if part.word in arguments[:1]), None)
    if wanted is not None:
        _mount(app, wanted)
        return app
    for part in PARTS:
        if find_spec(f"gateway.cli.{part.module}") is not None:
            app.command(part.word, help=part.summary)(_not_run)
    return app


def paravent() -> None:
    """Paravent: customer segments without customer identities.

    Events of a shop enter over HTTP, are checked against consent and pseudonymised before anything
    is stored; segments come out. Start with `paravent demo` to watch it work, or with `paravent up`
    to send your own events.
    """


def _mount(app: typer.Typer, part: Part) -> None:
    commands = importlib.import_module(f"gateway.cli.{part.module}").app
    app.add_typer(commands, name=part.word if part.group else None)


def _not_run() -> None:
    raise AssertionError("a line of the help was run; needed the part itself")


def main() -> None:
    """Run the command; say what went wrong and what to do about it.

    An error that is not ours is named by type and place only: its message may quote a value.
    """
    configure(level=logging.WARNING)
    try:
        build(sys.argv[1:])()
    except ParaventError as failure:
        _fail(failure.code, str(failure), failure.remedy)
    except Exception as failure:  # noqa: BLE001 - the last line of defence; nothing is swallowed
        last = traceback.extract_tb(failure.__traceback__)[-1]
        place = f"{'/'.join(Path(last.filename).parts[-2:])}:{last.lineno}"
        remedy = INSTALL if isinstance(failure, ImportError) else REPORT
        _fail("internal", f"{type(failure).__name__} at {place}", remedy)


def _fail(code: str, message: str, remedy: str) -> None:
    if "--json" in sys.argv[1:]:
        print(json.dumps({"error": {"code": code, "message": message, "remedy": remedy}}))
    print(f"error: {message}\nremedy: {remedy}", file=sys.stderr)
    sys.exit(FAILED)


if __name__ == "__main__":
    main()
