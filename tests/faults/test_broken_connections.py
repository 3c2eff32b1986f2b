"""A connection that breaks at any statement of a request costs an error, and no event.

The scissors walk through a request: its first statement is cut, then, in another request just like
it, the second, and so on until one passes whole.  The walk goes through both transactions, the
vault's and the store's, and the links that come after them.  Whatever was cut, the client hears
either that all is well or that it should come again; once it has come again each event is there
once, and everything computed from the events is what a computation from the beginning gives.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from pseudonymizer.lookup import Lookup
from tests.faults.bench import Bench, Call
from tests.support.builders import ALL_CATEGORIES, Person, consent, identify
from tests.support.clock import instant
from tests.support.scissors import Cut

LARGE = 60  # events of a batch that takes the bulk lane
LEAST = 8  # statements that the shortest of the requests takes
MOST = 200

Walk = Callable[[Bench], list[Call]]


def a_newcomers_event(bench: Bench) -> list[Call]:
    return [bench.order(bench.somebody())]


def the_first_event_on_new_connections(bench: Bench) -> list[Call]:
    bench.forget_connections()
    return [bench.order(bench.somebody())]


def an_event_of_somebody_known(bench: Bench) -> list[Call]:
    person = bench.somebody()
    bench.deliver_until_answered([bench.order(person)])
    return [bench.order(person)]


def a_late_event(bench: Bench) -> list[Call]:
    person = bench.somebody()
    bench.deliver_until_answered([bench.order(person)])
    return [bench.order(person, age_s=600)]


def a_large_batch(bench: Bench) -> list[Call]:
    people = [bench.somebody() for _ in range(3)]
    return [bench.order(person) for person in itertools.islice(itertools.cycle(people), LARGE)]


def a_delivery_again(bench: Bench) -> list[Call]:
    calls = [bench.order(bench.somebody())]
    bench.deliver_until_answered(calls)
    return calls


def a_change_of_mind(bench: Bench) -> list[Call]:
    person = bench.somebody()
    bench.deliver_until_answered([bench.order(person, age_s=60)])
    granted = tuple(each for each in ALL_CATEGORIES if each != "advertising")
    said = consent(*granted, refused=("advertising",))
    return [bench.order(person, context={"consent": said})]


WALKS: tuple[Walk, ...] = (
    a_newcomers_event,
    the_first_event_on_new_connections,
    an_event_of_somebody_known,
    a_late_event,
    a_large_batch,
    a_delivery_again,
    a_change_of_mind,
)


def walked(bench: Bench, walk: Walk, cut: Cut) -> int:
    """Cut one statement after the other; give how many a request takes."""
    for number in range(1, MOST):
        calls = walk(bench)
        bench.scissors.set(number, cut)
        failed = bench.deliver(calls)
        if not bench.scissors.put_away():
            assert failed is None, f"nothing was cut, and {failed!r}"
            return number - 1
        if failed is not None:  # who was told that all is well does not come again
            bench.deliver_until_answered(calls)
    raise AssertionError("the walk does not end")


# Half a statement is no other statement to the server than none; two walks show that it is so.
WALKED = [
    *itertools.product(WALKS, (Cut.BEFORE, Cut.AFTER)),
    *itertools.product((the_first_event_on_new_connections, a_large_batch), (Cut.TORN,)),
]


@pytest.mark.parametrize(
    ("walk", "cut"), WALKED, ids=[f"{walk.__name__}-{cut.value}" for walk, cut in WALKED]
)
def test_a_line_cut_at_any_statement_costs_an_error_and_no_event(
    bench: Bench, walk: Walk, cut: Cut
) -> None:
    assert walked(bench, walk, cut) >= LEAST
    bench.assert_kept()


@pytest.mark.parametrize("cut", [Cut.BEFORE, Cut.AFTER], ids=lambda cut: cut.value)
def test_a_line_cut_at_any_statement_leaves_no_link_undone(bench: Bench, cut: Cut) -> None:
    met: list[Person] = []

    def a_greeting(bench: Bench) -> list[Call]:
        met.append(bench.somebody())
        at = instant(bench.edge.now_us)
        greeting = identify(met[-1], at=at, messageId=f"greeting-{len(met)}", sentAt=None)
        return [greeting, bench.order(met[-1])]

    assert walked(bench, a_greeting, cut) >= LEAST
    for person in met:
        names = (("user_id", person.user_id), ("email", person.email))
        by_user_id, by_email = bench.edge.lookup([Lookup(identifiers=(name,)) for name in names])
        assert by_user_id.pids == by_email.pids != None  # noqa: E711  the same, and something
    bench.assert_kept()
