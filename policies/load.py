"""How a rulebook folder becomes a ``RuleSet``."""

from __future__ import annotations

from pathlib import Path

from policies.ruleset import RuleSet


def load_rulebook(folder: Path | None = None) -> RuleSet:
    """Read the rulebook in *folder*, or the one shipped with the package."""
    raise NotImplementedError(folder)
