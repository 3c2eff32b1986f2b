"""From stacks that a profiler saw to a picture: wide is what takes long, above is who called.

The callee stands below its caller, and neighbours by the alphabet.  A frame that is narrower than
half a percent is left out, so that the picture stays readable and its file small.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html import escape
from typing import Final

WIDTH: Final = 1_200
HEIGHT: Final = 17  # of a frame
HEAD: Final = 28
LEAST: Final = 0.005  # of the whole
_LETTER: Final = 6.4
_FRAME: Final = re.compile(r"(?P<function>.+) \((?P<file>[^():]+)(?::\d+)?\)$")
_ABOVE: Final = re.compile(
    r".*(?:site-packages|lib/python3\.\d+)/|.*/(?=(?:gateway|workers|pseudonymizer|policies)/)"
)
# Ours are warm; the store's side, the identified side and what is other people's can be told apart.
_COLOURS: Final = {
    "gateway": "#f2a65a", "workers": "#e4572e", "pseudonymizer": "#f7d08a", "policies": "#f3b6a0",
    "psycopg": "#8fb8de", "sqlalchemy": "#a7c6da", "uvicorn": "#b8d8ba", "asyncio": "#b8d8ba",
}  # fmt: skip
_OTHERS: Final = "#d9d9d9"

Stacks = dict[tuple[str, ...], int]
"""How often each stack was seen, outermost frame first."""


def read(lines: Iterable[str]) -> Stacks:
    """Read what py-spy writes as ``raw``: frames by ``;``, then how often."""
    stacks: Stacks = {}
    for line in lines:
        said, _, count = line.strip().rpartition(" ")
        frames = tuple(
            _named(frame) for frame in said.split(";") if not frame.startswith("process ")
        )
        if frames:
            stacks[frames] = stacks.get(frames, 0) + int(count)
    return stacks


def _named(frame: str) -> str:
    """Name a frame by module and function, without the folder it is installed in."""
    found = _FRAME.match(frame)
    if found is None:
        return frame
    module = _ABOVE.sub("", found["file"]).removesuffix(".py").replace("/", ".")
    return f"{module}.{found['function']}"


@dataclass(slots=True)
class _Node:
    name: str
    samples: int = 0
    below: dict[str, _Node] = field(default_factory=dict)

    def add(self, stack: tuple[str, ...], count: int) -> None:
        self.samples += count
        node = self
        for frame in stack:
            node = node.below.setdefault(frame, _Node(frame))
            node.samples += count


def drawn(title: str, stacks: Stacks) -> str:
    """Draw *stacks* as an SVG without scripts; a browser shows a frame's name and share on hover.

    Raises:
        ValueError: there is no stack.
    """
    if not stacks:
        raise ValueError("no sample was taken; a process that works was needed")
    root = _Node("all")
    for stack, count in stacks.items():
        root.add(stack, count)
    frames = list(_frames(root, 0.0, 0, root.samples))
    height = HEAD + (1 + max(depth for _, _, depth in frames)) * HEIGHT
    size = f'width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="monospace" font-size="11">',
        f"<title>{escape(title)}</title>",
        f'<text x="4" y="18" font-size="14">{escape(title)}: {root.samples:,} samples</text>',
        *(_frame(node, at, depth, root.samples) for node, at, depth in frames),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _frames(node: _Node, at: float, depth: int, whole: int) -> Iterator[tuple[_Node, float, int]]:
    """Give every frame wide enough to be seen, with where it begins (a share) and how deep."""
    yield node, at, depth
    for _, below in sorted(node.below.items()):
        if below.samples >= whole * LEAST:
            yield from _frames(below, at, depth + 1, whole)
        at += below.samples / whole


def _frame(node: _Node, at: float, depth: int, whole: int) -> str:
    share = node.samples / whole
    x, y, width = at * WIDTH, HEAD + depth * HEIGHT, share * WIDTH
    colour = _COLOURS.get(node.name.partition(".")[0], _OTHERS)
    shown = node.name.rpartition(".")[2][: int((width - 6) / _LETTER)] if width > 20 else ""
    text = f'<text x="{x + 3:.1f}" y="{y + 12}">{escape(shown)}</text>' if shown else ""
    return (
        f"<g><title>{escape(node.name)} {share:.1%}</title>"
        f'<rect x="{x:.1f}" y="{y}" width="{max(width - 0.5, 0.5):.1f}" height="{HEIGHT - 1}"'
        f' fill="{colour}"/>{text}</g>'
    )
