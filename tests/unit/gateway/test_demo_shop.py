"""The made-up shop is the same every time, and holds the people the story needs."""

from __future__ import annotations

from datetime import UTC, datetime

from gateway.demo.shop import ALL, Visitor, visitors

NOW = datetime(2026, 6, 21, 12, tzinfo=UTC)


def cohort(seed: int = 1843) -> list[Visitor]:
    return visitors(400, seed=seed, now=NOW, cast="test")


def test_the_same_seed_gives_the_same_visitors_to_the_last_event() -> None:
    assert cohort() == cohort()
    assert cohort() != cohort(seed=1)


def test_some_refuse_some_say_nothing_and_some_change_their_mind() -> None:
    people = cohort()
    assert sum(each.choices is None for each in people) > 5
    assert sum(each.choices == dict.fromkeys(ALL, False) for each in people) > 5
    assert any(each.changes_mind for each in people)


def test_somebody_types_an_address_into_the_search_box() -> None:
    typed = [
        visit.properties["query"]
        for visitor in cohort()
        for visit in visitor.visits
        if visit.event == "Products Searched"
    ]
    assert any("@" in query for query in typed)
    assert sum("@" in query for query in typed) < len(typed) / 10


def test_nothing_happens_in_the_future_or_twice_at_once() -> None:
    for visitor in cohort():
        instants = [visit.at for visit in visitor.visits]
        assert instants == sorted(instants)
        assert all(at < NOW for at in instants)
