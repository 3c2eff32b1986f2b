"""A value met before is judged as if it were met for the first time, whoever sends it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.ingest.dialects import segment
from gateway.ingest.drafts import Draft, Tally
from gateway.ingest.known import GONE, MOST, KnownValues
from gateway.ingest.minimise import Minimiser
from gateway.ingest.prepare import Intake, prepare
from gateway.ingest.rules import CompiledRules
from tests.support.clock import NOON, us
from tests.support.edge import shop_rules, warm_scrubber

RULES = CompiledRules(
    shop_rules(),
    {key: number for number, key in enumerate(shop_rules().purposes, 1)},
    {key: number for number, key in enumerate(shop_rules().domains, 1)},
)
NOON_US = us(NOON)
SENDERS = ("konrad-zuse", "cust-ada-1815", "0199000001", "blanc")
WORDS = (
    "konrad-zuse", "KONRAD ZUSE", "robes", "chemises blanches", "blanc", "ref-0001815",
    "a@b.example", "a%40b.example", "06 39 98 00 01", "", "robe longue",
)  # fmt: skip
PAGES = (
    "https://shop.example/robes?x=1", "/konrad-zuse/robes", "/client/ada", "/robes/konrad/zuse",
    "no page", "https://shop.example/blanc", "/chemises-blanches",
)  # fmt: skip
NUMBERS = (1, 1.0, True, "1", 0.1, 19.99, 199000001, -1, 1e300, None, [1], {"a": 1})

value = st.sampled_from(WORDS) | st.sampled_from(NUMBERS)
call = st.fixed_dictionaries(
    {
        "userId": st.sampled_from(SENDERS),
        "properties": st.fixed_dictionaries(
            {},
            optional={
                "product_id": value, "category": value, "price": value, "quantity": value,
                "currency": st.sampled_from(["EUR", "USD", "eur"]), "query": value, "other": value,
            },
        ),
        "context": st.fixed_dictionaries(
            {},
            optional={
                "page": st.fixed_dictionaries({"url": st.sampled_from(PAGES)}),
                "userAgent": st.sampled_from(["Mozilla/5.0 (X11; Linux) Firefox/130.0", "zuse"]),
                "campaign": st.fixed_dictionaries({"name": value}),
                "traits": st.sampled_from([{"name": "Konrad Zuse"}, {"name": "Blanc"}]),
            },
        ),
    }
)  # fmt: skip


def drafts_of(calls: list[dict[str, Any]]) -> list[Draft]:
    kinds = {"type": "track", "event": "Product Added"}
    body = msgspec.json.encode({"batch": [kinds | call for call in calls]})
    intake = Intake(RULES, 1, NOON_US)
    return prepare(intake, segment.decode("batch", body, NOON_US).events, Tally())


def judged(minimise: Minimiser, calls: list[dict[str, Any]]) -> tuple[list[Any], dict[Any, int]]:
    drafts, tally = drafts_of(calls), Tally()
    minimise(drafts, tally)
    found = [
        sorted((str(f.column), repr(f.value), f.purposes) for f in draft.found) for draft in drafts
    ]
    return found, tally.dropped


@given(st.lists(call, min_size=1, max_size=6), st.lists(call, min_size=1, max_size=4))
@settings(deadline=None)
def test_what_came_before_changes_no_judgement(
    before: list[dict[str, Any]], calls: list[dict[str, Any]]
) -> None:
    seasoned = Minimiser(warm_scrubber())
    judged(seasoned, before)
    judged(seasoned, calls)
    assert judged(seasoned, calls) == judged(Minimiser(warm_scrubber()), calls)


def test_a_value_kept_for_one_person_is_not_kept_for_whom_it_names() -> None:
    minimise = Minimiser(warm_scrubber())
    added = {"properties": {"category": "konrad-zuse"}}
    (kept,), _ = judged(minimise, [{"userId": "cust-ada-1815", **added}])
    assert [entry[1] for entry in kept] == ["'konrad-zuse'"]
    (own,), dropped = judged(minimise, [{"userId": "konrad-zuse", **added}])
    assert own == []
    assert [name for _, _, name in dropped] == ["category:scrubbed"]


def test_a_campaign_is_looked_at_once_and_still_kept_from_whom_it_names() -> None:
    minimise = Minimiser(warm_scrubber())
    context = {"campaign": {"name": "Robes-Konrad-Zuse"}}
    (kept,), _ = judged(minimise, [{"userId": "cust-ada-1815", "context": context}])
    assert ("campaign", "'robes-konrad-zuse'") in [entry[:2] for entry in kept]
    (again,), _ = judged(minimise, [{"userId": "cust-ada-1815", "context": context}])
    assert again == kept
    (own,), dropped = judged(minimise, [{"userId": "konrad-zuse", "context": context}])
    assert own == []
    assert sum(dropped.values()) == 1


def test_what_nothing_is_left_of_is_remembered_and_counted_each_time() -> None:
    minimise = Minimiser(warm_scrubber())
    context = {"page": {"referrer": "https://search.example/q"}}
    for _ in range(3):
        (kept,), dropped = judged(minimise, [{"userId": "ada-1815", "context": context}])
        assert kept == []
        assert [(key[2], count) for key, count in dropped.items()] == [("referrer:invalid", 1)]
    assert any(
        known is GONE for each in minimise._known._memories.values() for known in each.values()
    )


def test_an_empty_text_says_nothing_and_nothing_is_counted() -> None:
    context = {"page": {"url": "", "referrer": ""}, "campaign": {"name": ""}, "userAgent": ""}
    call = {"userId": "ada-1815", "context": context, "properties": {"category": "", "price": ""}}
    assert judged(Minimiser(warm_scrubber()), [call]) == ([[]], {})


@pytest.mark.parametrize("text", ["192.0.2.7", "/client/ada?mail=a%40b.example", "a@b.example"])
def test_no_text_is_remembered_that_is_not_kept_as_it_came(text: str) -> None:
    minimise = Minimiser(warm_scrubber())
    named = {"name": text}
    context = {"page": {"url": text}, "ip": text, "userAgent": text, "campaign": named}
    judged(minimise, [{"userId": "ada", "properties": {"category": text}, "context": context}])
    known = minimise._known
    assert not [key for memory in known._memories.values() for key in memory if text in str(key)]


def test_memory_ends_after_minutes_and_after_a_number_of_values() -> None:
    now = [0.0]
    known = KnownValues(clock=lambda: now[0])
    plan = RULES.plan("track", "Product Added")
    assert plan is not None
    first = known._of(plan)
    known.turn()
    assert known._of(plan) is first
    now[0] = 600.0
    known.turn()
    second = known._of(plan)
    assert second is not first
    known._left = 0
    known.turn()
    assert known._of(plan) is not second
    assert MOST > 0
