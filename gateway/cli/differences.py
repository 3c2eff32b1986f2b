"""How do commands say what a change of the rulebook does?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policies.comparing import Change
    from workers.store.rulebook_changes import RulebookChange


def differences(changes: Sequence[Change]) -> list[str]:
    """Give a line for each change, and their number."""
    lines = [
        f"{'LOOSENS' if change.loosens else '       '} {change.file}: {change.key}: {change.effect}"
        f"{_from_to(change)}"
        for change in changes
    ]
    loosening = sum(change.loosens for change in changes)
    return [*lines, f"{len(changes)} changes, {loosening} of which loosen."]


def document_of(change: RulebookChange) -> dict[str, Any]:
    """Give a proposal as a command prints it; operators by their number."""
    decided = change.decided_at
    return {
        "change": change.id,
        "state": change.outcome or "proposed",
        "rulebook": change.rulebook,
        "replaces": change.replaces,
        "loosens": change.loosens,
        "proposed_at": change.proposed_at.isoformat(),
        "proposed_by": change.proposed_by and str(change.proposed_by),
        "decided_at": decided and decided.isoformat(),
        "decided_by": change.decided_by and str(change.decided_by),
    }


def _from_to(change: Change) -> str:
    if change.before and change.after:
        return f", {change.before} -> {change.after}"
    return f", {change.before or change.after}" if change.before or change.after else ""
