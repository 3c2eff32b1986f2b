"""Putting an ordering on: new people, their acts, one ordering of the statements, the verdict."""

from __future__ import annotations

from collections.abc import Sequence

from tests.interleavings.acts import ACTS, History, Scene, scene
from tests.interleavings.conductor import Choose
from tests.interleavings.theatre import Theatre
from tests.interleavings.verdict import judge


class PromiseBroken(AssertionError):
    """Something is left, lost or wrong after an ordering; the message says which."""


def perform(
    theatre: Theatre, acts: Sequence[str], choose: Choose, history: History = History.EVENTS
) -> Scene:
    """Let *acts* run in the ordering that *choose* decides, and judge what they leave."""
    found = scene(theatre, history, backlog="drain" in map(kind, acts))
    seats = {name: theatre.seat(name) for name in acts}
    for seat in seats.values():
        seat.edge.now_us = found.now_us
    parts = {name: ACTS[kind(name)](found, seat) for name, seat in seats.items()}
    failures = theatre.conductor.play(theatre.loop, parts, choose)
    for name, failure in failures.items():
        raise PromiseBroken(f"{name} failed; {history.value}: {choose}") from failure
    try:
        judge(found, acts)
    except AssertionError as broken:
        raise PromiseBroken(f"{broken}; {history.value}: {choose}") from broken
    theatre.clear()
    theatre.performed += 1
    return found


def rehearse(theatre: Theatre, acts: Sequence[str]) -> None:
    """Run acts once: what a process does the first time only is no part of an ordering."""
    theatre.clear()
    for name in acts:
        if name not in theatre.rehearsed:
            theatre.rehearsed.add(name)
            for history in History:
                perform(theatre, (name,), lambda point: min(point.ready), history)


def kind(name: str) -> str:
    """Give what the actor *name* does: two who do the same are numbered."""
    return name.partition(":")[0]
