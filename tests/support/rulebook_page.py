"""The reference of the rulebook: a table for every mapping of every file, from the schema."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import PurePath

from policies.reading.kinds import Each, Form, Inside, Key
from policies.reading.schema import FORMS, SEGMENT

HEAD = ["| Key | Holds | Left out | What it says |", "|---|---|---|---|"]


def name_of(file: str) -> str:
    """Give the name of the file's block on the page."""
    return "rulebook_segment" if file == SEGMENT else f"rulebook_{PurePath(file).stem}"


def tables(file: str) -> str:
    """Give the tables of *file*: of the file itself, and of every mapping in it."""
    return "\n\n".join(_tables(FORMS[file], ""))


def blocks() -> dict[str, Callable[[], str]]:
    """Give how the block of each file is written, by the block's name."""

    def writing(file: str) -> Callable[[], str]:
        return lambda: tables(file)

    return {name_of(file): writing(file) for file in FORMS}


def _tables(form: Form, path: str) -> Iterator[str]:
    lead = f"`{path}`:\n\n" if path else ""
    yield lead + "\n".join([*HEAD, *(_row(name, key) for name, key in form.items())])
    for name, key in form.items():
        holds, here = key.holds, f"{path}.{name}".lstrip(".")
        if isinstance(holds, Inside):
            yield from _tables(holds.keys, here)
        elif isinstance(holds, Each):
            yield from _tables(holds.keys, f"{here}.{holds.name.upper()}")


def _row(name: str, key: Key) -> str:
    cells = (f"`{name}`", key.holds.told(), key.otherwise or "no", key.says)
    return f"| {' | '.join(cells)} |"
