"""The orderings are all of those asked for, each once; no database is needed to count them."""

from __future__ import annotations

from collections.abc import Mapping
from math import comb

import pytest

from tests.interleavings.conductor import Choose, Point
from tests.interleavings.orderings import NotRepeatable, orderings, recited, told
from tests.interleavings.touching import ADVISORY, EVERYTHING, NOTHING, Touch, touched

SHARED = Touch(changes=frozenset({"store.subject"}))


def played(acts: Mapping[str, list[Touch]], choose: Choose) -> list[str]:
    """Run make-believe acts, of nothing but touches."""
    left = {name: list(touches) for name, touches in acts.items()}
    done: list[str] = []
    while any(left.values()):
        ready = {name: touches[0] for name, touches in left.items() if touches}
        says = {name: str(len(left[name])) for name in ready}
        done.append(choose(Point(ready, done[-1] if done else None, says)))
        left[done[-1]].pop(0)
    return done


def found(acts: Mapping[str, list[Touch]], preemptions: int) -> list[str]:
    seen = [str(each) for each in orderings(lambda choose: played(acts, choose), preemptions)]
    assert len(set(seen)) == len(seen)
    return seen


def test_without_preemptions_everybody_runs_to_the_end() -> None:
    acts = {name: [SHARED] * 3 for name in ("a", "b", "c")}
    assert len(found(acts, 0)) == 6


@pytest.mark.parametrize("length", [2, 3, 4])
def test_one_preemption_is_tried_at_every_statement(length: int) -> None:
    acts = {name: [SHARED] * length for name in ("a", "b")}
    assert len(found(acts, 1)) == 2 + 2 * (length - 1)


def test_enough_preemptions_are_all_orderings() -> None:
    acts = {name: [SHARED] * 4 for name in ("a", "b")}
    assert len(found(acts, 8)) == comb(8, 4)


def test_what_nobody_minds_is_not_tried_twice() -> None:
    acts = {name: [NOTHING, SHARED, NOTHING] for name in ("a", "b")}
    # Either's one statement first, in either's place: before, between and after are the same.
    assert found(acts, 1) == ["a 3, b 3", "a 1, b 3, a 2", "b 3, a 3", "b 1, a 3, b 2"]


def test_a_description_is_the_ordering() -> None:
    acts = {name: [SHARED] * 3 for name in ("a", "b")}
    for description in found(acts, 2):
        assert told(played(acts, recited(description))) == description
    with pytest.raises(NotRepeatable):
        played(acts, recited("a 4, b 3"))


@pytest.mark.parametrize(
    ("statement", "touch"),
    [
        ("select id from store.subject where id = any($1) for share",
         Touch(looks=frozenset({"store.subject"}))),
        ("select id from store.subject for no key update",
         Touch(changes=frozenset({"store.subject"}))),
        ("insert into store.batch (id) select id from store.source",
         Touch(frozenset({"store.source"}), frozenset({"store.batch"}))),
        ("with s as (delete from pg_temp.stage returning a) insert into store.event table s",
         Touch(changes=frozenset({"pg_temp.stage", "store.event"}))),
        ("copy store.event (subject) from stdin (format binary)",
         Touch(changes=frozenset({"store.event"}))),
        ("SELECT pg_advisory_xact_lock_shared($1)", Touch(changes=frozenset({ADVISORY}))),
        ("select audit.append_entry($1)", Touch(changes=frozenset({"audit.append_entry"}))),
        ("select 1", NOTHING),
        ("vacuum", Touch(changes=frozenset({EVERYTHING}))),
    ],
)  # fmt: skip
def test_a_statement_touches_what_it_names(statement: str, touch: Touch) -> None:
    assert touched(statement) == touch


def test_two_who_look_mind_nothing_and_who_changes_minds_both() -> None:
    looks, changes = Touch(looks=frozenset({"a"})), Touch(changes=frozenset({"a"}))
    assert not looks.minds(looks)
    assert looks.minds(changes)
    assert changes.minds(looks)
    assert changes.minds(changes)
    assert Touch(changes=frozenset({EVERYTHING})).minds(NOTHING)
