"""What features say of a history, against the rulebook's own examples and by hand."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any

import pytest
from ruamel.yaml import YAML

from policies.load import load_rulebook
from policies.ruleset import FeatureRule
from policies.vocabulary import Aggregate, Unit
from workers.errors import FeatureNotComputable
from workers.features.compute import FeaturePlan, reading
from workers.features.local_hours import LocalHours
from workers.features.state import NO_STEP, FoldEvent, State, fold
from workers.jobs.clock import as_us

RULES = load_rulebook()
PARIS = LocalHours("Europe/Paris")
STEPS = RULES.steps
PLAN = FeaturePlan(list(RULES.features.values()), STEPS)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
EXAMPLES: list[dict[str, Any]] = YAML(typ="safe", pure=True).load(
    files("policies").joinpath("rules/features.examples.yaml").read_text("utf-8")
)["examples"]


def _event(mid: int, name: str, at: datetime, amount: int = 0) -> FoldEvent:
    rule = RULES.event_named(name, "track")
    assert rule is not None
    step = NO_STEP if rule.step is None else STEPS.index(rule.step)
    return FoldEvent(as_us(at), mid, step, rule.click, amount, 1)


def _folded(events: Iterable[FoldEvent]) -> State:
    return fold(None, sorted(events), PARIS, STEPS)


def _values(events: Iterable[FoldEvent], as_of: datetime) -> dict[str, float | None]:
    return dict(zip(PLAN.keys, PLAN.values(_folded(events), as_us(as_of)), strict=True))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["title"])
def test_the_rulebooks_examples_hold(example: dict[str, Any]) -> None:
    events = [
        _event(mid, line["event"], datetime.fromisoformat(str(line["at"])), line.get("amount", 0))
        for mid, line in enumerate(example["history"])
    ]
    found = _values(events, datetime.fromisoformat(str(example["today"])))
    wanted = {key: None if value == "none" else value for key, value in example["features"].items()}
    assert {key: found[key] for key in wanted} == wanted


def test_a_gap_of_thirty_minutes_keeps_the_session_and_a_microsecond_more_ends_it() -> None:
    gap = timedelta(minutes=30)
    assert _folded([_event(1, "home", NOON), _event(2, "home", NOON + gap)]).sessions == 1
    longer = gap + timedelta(microseconds=1)
    assert _folded([_event(1, "home", NOON), _event(2, "home", NOON + longer)]).sessions == 2


def test_clicks_are_weighted_by_the_length_of_their_session() -> None:
    """One click in a minute, then three clicks in nine: (1·60 + 3·540) / 600."""
    later = NOON + timedelta(hours=5)
    events = [
        _event(1, "add_to_cart", NOON),
        _event(2, "home", NOON + timedelta(minutes=1)),
        _event(3, "add_to_cart", later),
        _event(4, "add_to_cart", later + timedelta(minutes=4)),
        _event(5, "add_to_cart", later + timedelta(minutes=9)),
    ]
    assert _values(events, later)["weighted_clicks"] == (60 + 3 * 540) / 600


def test_sessions_of_one_instant_weigh_nothing() -> None:
    assert _values([_event(1, "add_to_cart", NOON)], NOON)["weighted_clicks"] == 0.0


def test_the_favourite_hour_is_the_shops_and_the_smallest_of_several() -> None:
    summer = datetime(2026, 7, 1, 20, 30, tzinfo=UTC)  # 22 h in Paris
    winter = datetime(2026, 1, 1, 20, 30, tzinfo=UTC)  # 21 h in Paris
    events = [_event(1, "home", summer), _event(2, "home", winter)]
    assert _values(events, summer)["favourite_hour"] == 21.0


def test_a_window_takes_the_days_after_its_first_and_the_day_itself() -> None:
    today = datetime(2026, 4, 30, 0, 0, 1, tzinfo=UTC)
    just_in = today - timedelta(days=29)
    just_out = today - timedelta(days=30)
    events = [_event(1, "purchase", just_out, 100), _event(2, "purchase", just_in, 10)]
    found = _values(events, today)
    assert (found["purchases_30d"], found["monetary_90d"]) == (1.0, 110.0)


def test_a_refund_of_another_step_does_not_change_the_value_of_purchases() -> None:
    events = [_event(1, "purchase", NOON, 4990), _event(2, "Order Refunded", NOON, 4990)]
    assert _values(events, NOON)["monetary_value"] == 4990.0


def test_a_feature_the_state_does_not_hold_is_refused_by_name() -> None:
    rule = FeatureRule(
        "odd", "", "", "marketing", Aggregate.DWELL, None, timedelta(7), Unit.SECONDS
    )
    with pytest.raises(FeatureNotComputable, match="feature odd"):
        reading(rule, STEPS)
