"""Lists of phrases and names, in text files: one a line, under headings in brackets."""

from __future__ import annotations

import re
from pathlib import Path

_HEADING = re.compile(r"\[([\w ]+)\]")


def sections(name: str) -> dict[str, list[str]]:
    """Give the lines under each heading of a list; control and blank characters are escaped."""
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in (Path(__file__).parent / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if heading := _HEADING.fullmatch(line):
            lines = found.setdefault(heading[1], [])
        elif line:
            lines.append(re.sub(r"\\(u[0-9a-f]{4}|[nt])", _character, line))
    return found


def _character(escape: re.Match[str]) -> str:
    return {"n": "\n", "t": "\t"}.get(escape[1]) or chr(int(escape[1][1:], 16))
