"""What can change for people when a rulebook changes, and how do we judge a changed word of it?

A change *loosens* when more is stored, longer, for more purposes, with less asking, or shown to
more.  Where that cannot be told from the two words it is said to loosen: somebody has to look.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final, NamedTuple


class Effect(StrEnum):
    """What a change does."""

    STORED = "stored"
    DROPPED = "dropped"
    KEPT_LONGER = "kept longer"
    KEPT_SHORTER = "kept shorter"
    SHARED_WIDER = "shared wider"
    SHARED_LESS = "shared less"
    COMBINED = "combined"
    SEPARATED = "separated"
    ASKED_LESS = "asked less"
    ASKED_MORE = "asked more"
    COMPUTED = "computed"
    NOT_COMPUTED = "no longer computed"
    OTHERWISE = "computed otherwise"
    WORDED = "worded otherwise"
    UNLIKE = "unlike before"


class Change(NamedTuple):
    """One difference: where it stands, what it does, and from what to what."""

    file: str
    key: str
    effect: Effect
    loosens: bool
    before: str
    after: str


class Verdict(NamedTuple):
    """What a judge makes of two values: what it does, and which part of them it is about."""

    effect: Effect
    loosens: bool
    before: str = ""
    after: str = ""


Judge = Callable[[Any, Any], list[Verdict]]


def said(value: object) -> str:
    """Give *value* as a reader knows it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, timedelta):
        return f"{value.days} days"
    if isinstance(value, Collection) and not isinstance(value, str):
        return ", ".join(map(str, value)) or "none"
    return str(value)


def always(effect: Effect, *, loosens: bool) -> Judge:
    """Judge any change alike."""
    return lambda before, after: [Verdict(effect, loosens, said(before), said(after))]


worded: Final = always(Effect.WORDED, loosens=False)
otherwise: Final = always(Effect.OTHERWISE, loosens=False)
unlike: Final = always(Effect.UNLIKE, loosens=True)
harmless: Final = always(Effect.UNLIKE, loosens=False)


def silent(_before: object, _after: object) -> list[Verdict]:
    """Say nothing: what follows from it is said elsewhere."""
    return []


def growing(more: Effect, less: Effect, *, endless: bool = False) -> Judge:
    """Judge a quantity that loosens as it grows; where *endless*, ``None`` is the largest."""

    def judge(before: Any, after: Any) -> list[Verdict]:  # noqa: ANN401  # of any ordered type
        grows = after is None if None in (before, after) else after > before
        if None in (before, after) and not endless:
            return unlike(before, after)
        return [Verdict(more if grows else less, grows, said(before), said(after))]

    return judge


def shrinking(more: Effect, less: Effect) -> Judge:
    """Judge a quantity that loosens as it shrinks."""
    return lambda before, after: [
        Verdict(more if after < before else less, after < before, said(before), said(after))
    ]


def flag(if_true: Effect, if_false: Effect, *, loosens: bool) -> Judge:
    """Judge a yes or no; *loosens* says whether the yes does, the no being the opposite."""
    return lambda before, after: [
        Verdict(if_true if after else if_false, after is loosens, said(before), said(after))
    ]


def members(more: Effect, less: Effect, *, new_loosens: bool = True) -> Judge:
    """Judge a list by what is new in it and what is gone; its order says nothing.

    A list that forbids loosens where something is gone from it.
    """

    def judge(before: Collection[str], after: Collection[str]) -> list[Verdict]:
        new = [each for each in after if each not in before]
        gone = [each for each in before if each not in after]
        verdicts = [Verdict(more, new_loosens, after=said(new))] if new else []
        return verdicts + ([Verdict(less, not new_loosens, before=said(gone))] if gone else [])

    return judge
