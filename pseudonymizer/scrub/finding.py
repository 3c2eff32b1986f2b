"""What was seen in a text, and what is left of the text afterwards."""

from __future__ import annotations

from typing import Final, NamedTuple

UNREADABLE: Final = (
    "UNREADABLE"  # the kind of a text that could not be looked at, and so was dropped
)
UNREAD: Final = "UNREAD"  # the kind of one that was, and that no model has read for names in time
NIR: Final = "FR_NIR"  # a French social-security number: its text is dropped whole
IDENTIFIER: Final = "IDENTIFIER"  # the kind of a text that names the event's own subject


class Finding(NamedTuple):
    """Characters ``start`` to ``end`` look like a value of *kind*; a higher score is surer."""

    start: int
    end: int
    kind: str
    score: float


class Scrubbed(NamedTuple):
    """A text without what was found in it, and the kinds that were found, sorted."""

    text: str
    kinds: tuple[str, ...]


class Plain(Scrubbed):
    """A text in which the first look saw nothing at all, not even a sign of an encoding.

    So it is clean whoever sent it, unless it holds their own name in so many letters.
    """

    __slots__ = ()


def placeholder(kind: str) -> str:
    """Give what stands where a value of *kind* stood."""
    return f"<{kind}>"


def dropped(*kinds: str) -> Scrubbed:
    """Give the result for a text of which nothing may stay; the first kind names the reason."""
    return Scrubbed(placeholder(kinds[0]), tuple(sorted(set(kinds))))


def masked(text: str, findings: tuple[Finding, ...]) -> Scrubbed:
    """Put a placeholder for every found span; overlapping ones become one, of the surest kind."""
    pieces: list[str] = []
    reached = 0
    for start, end, kind in _merged(findings):
        pieces += (text[reached:start], placeholder(kind))
        reached = end
    pieces.append(text[reached:])
    return Scrubbed("".join(pieces), tuple(sorted({finding.kind for finding in findings})))


def _merged(findings: tuple[Finding, ...]) -> list[tuple[int, int, str]]:
    spans: list[tuple[int, int, str]] = []
    surest = 0.0
    for start, end, kind, score in sorted(findings):
        if spans and start < spans[-1][1]:
            first, last, known = spans[-1]
            spans[-1] = (first, max(last, end), kind if score > surest else known)
            surest = max(surest, score)
        else:
            spans.append((start, end, kind))
            surest = score
    return spans
