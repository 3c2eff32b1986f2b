"""Columns of events become histories, each as if its events had been read one by one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from policies.ruleset import RuleSet
from workers.features.state import NO_STEP
from workers.store.facts import Facts
from workers.store.roles import Roles

RULES = cast(
    "RuleSet",
    SimpleNamespace(
        steps=("view", "purchase"),
        events={
            "seen": SimpleNamespace(step="view", click=True),
            "read": SimpleNamespace(step=None, click=False),
            "sold": SimpleNamespace(step="purchase", click=False),
        },
    ),
)
NAMES = {"seen": 7, "read": 30, "sold": 2}
facts = st.lists(
    st.tuples(
        st.integers(-3, 3), st.integers(0, 9), st.integers(), st.integers(0, 31), st.integers(0, 99)
    ).map(lambda row: (*row[:2], row[2] % 1000, *row[3:])),
    max_size=30,
)


@given(facts)
def test_a_history_is_what_its_events_are_one_by_one(rows: list[tuple[Any, ...]]) -> None:
    rows.sort()
    roles = Roles(RULES, NAMES)
    columns = zip(*rows, strict=True) if rows else [()] * 5
    found = roles.histories(Facts(*(np.array(column, np.int64) for column in columns)))
    wanted: dict[int, list[tuple[Any, ...]]] = {}
    for subject, at_us, mid, name, amount in rows:
        wanted.setdefault(subject, []).append((at_us, mid, *roles.of(name), amount, name))
    assert found == wanted


def test_a_name_the_rulebook_does_not_know_has_no_step() -> None:
    one = np.array([1])
    facts_ = Facts(one, one, one, np.array([31]), one)
    for names in (NAMES, {}):
        rules = RULES if names else cast("RuleSet", SimpleNamespace(steps=(), events={}))
        assert Roles(rules, names).histories(facts_) == {1: [(1, 1, NO_STEP, False, 1, 31)]}
