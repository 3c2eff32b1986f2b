"""A rulebook of one's own to change: the shipped one, copied."""

from __future__ import annotations

from pathlib import Path

from policies.load import SHIPPED, load_rulebook, texts_of
from policies.ruleset import RuleSet

TEXTS = texts_of(SHIPPED)
# One more name for an event: whoever adopts it stores more.
LOOSER = TEXTS | {"events.yaml": TEXTS["events.yaml"].replace("[compare]", "[compare, gaze]")}


def copied(folder: Path) -> Path:
    """Copy the shipped rulebook, its examples too, into *folder*; give it back."""
    for path in SHIPPED.rglob("*.yaml"):
        target = folder / path.relative_to(SHIPPED)
        target.parent.mkdir(exist_ok=True, parents=True)
        target.write_bytes(path.read_bytes())
    return folder


def edited(folder: Path, *edits: tuple[str, str, str]) -> RuleSet:
    """Give the shipped rulebook with each (file, text, other text) replaced once."""
    copied(folder)
    for file, before, after in edits:
        text = (folder / file).read_text(encoding="utf-8")
        assert before in text, "the edit changes nothing"
        (folder / file).write_text(text.replace(before, after, 1), encoding="utf-8")
    return load_rulebook(folder)
