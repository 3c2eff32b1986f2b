"""A rulebook of one's own to change: the shipped one, copied."""

from __future__ import annotations

from pathlib import Path

from policies.load import SHIPPED, load_rulebook, texts_of
from policies.ruleset import RuleSet

TEXTS = texts_of(SHIPPED)
# One more name for an event: whoever adopts it stores more.
LOOSER = TEXTS | {"events.yaml": TEXTS["events.yaml"].replace("[compare]", "[compare, gaze]")}

_PARENTAL_PURPOSE = """
  parental_authority:
    label: {fr: Accord parental, en: Parental consent}
    legal_basis: consent
    eprivacy: false
    retention: behaviour
    consent_validity: choice
    feature_retention: computed
    notice: cookies_2026_fr
"""
# Under 15 a parent consents, to a purpose of its own.
PARENTAL = (
    ("purposes.yaml", "\n  audience_measurement:", f"{_PARENTAL_PURPOSE}\n  audience_measurement:"),
    (
        "domains.yaml",
        "email_marketing, advertising]",
        "email_marketing, advertising, parental_authority]",
    ),
    (
        "consent.yaml",
        "adults: [advertising]",
        "adults: [advertising]\n  parental: parental_authority",
    ),
)


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
