"""The command `paravent`."""

from __future__ import annotations

import importlib
import json
import sys
import traceback
from pathlib import Path

import typer

from policies.errors import ParaventError

# Module under gateway.cli, and the name its commands stand under; None: beside the others.
PARTS: tuple[tuple[str, str | None], ...] = (
    ("up", None),
    ("demo", None),
    ("importing", None),
    ("refresh", None),
    ("status", None),
    ("sources", "sources"),
    ("operators", "operators"),
    ("segments", "segments"),
    ("consent", "consent"),
    ("rights", "rights"),
    ("audit", "audit"),
    ("policy", "policy"),
    ("keys", "keys"),
    ("migrate", None),
    ("settings", None),
)
DONE, FAILED = 0, 1  # wrong usage is 2, by typer


def build() -> typer.Typer:
    """Give the whole command, from the parts that are installed."""
    app = typer.Typer(
        name="paravent",
        help="Paravent: customer segments without customer identities.\n\n"
        "Events of a shop enter over HTTP, are checked against consent and pseudonymised before"
        " anything is stored; segments come out. Start with `paravent demo` to watch it work, or"
        " `paravent up` to send your own events.",
        no_args_is_help=True,
        add_completion=False,
        # A traceback with local variables would print what must not be printed.
        pretty_exceptions_enable=False,
    )
    for module, name in PARTS:
        part = _part(f"gateway.cli.{module}")
        if part is not None:
            app.add_typer(part, name=name)
    return app


def _part(module: str) -> typer.Typer | None:
    """Give the commands of *module*; ``None`` when this distribution leaves it out."""
    try:
        part = importlib.import_module(module).app
    except ModuleNotFoundError as missing:
        if missing.name != module:
            raise
        return None
    if not isinstance(part, typer.Typer):
        raise TypeError(f"{module}.app is no typer application; needed one")
    return part


def main() -> None:
    """Run the command; say what went wrong and what to do about it.

    An error that is not ours is named by type and place only: its message may quote a value.
    """
    try:
        build()()
    except ParaventError as failure:
        _fail(failure.code, str(failure), failure.remedy)
    except Exception as failure:  # noqa: BLE001 - the last line of defence; nothing is swallowed
        last = traceback.extract_tb(failure.__traceback__)[-1]
        place = f"{Path(last.filename).name}:{last.lineno}"
        _fail("internal", f"{type(failure).__name__} at {place}", ParaventError.remedy)


def _fail(code: str, message: str, remedy: str) -> None:
    if "--json" in sys.argv[1:]:
        print(json.dumps({"error": {"code": code, "message": message, "remedy": remedy}}))
    print(f"error: {message}\nremedy: {remedy}", file=sys.stderr)
    sys.exit(FAILED)


if __name__ == "__main__":
    main()
