"""Examples of a rulebook are computed with the workers' own code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.features.compute import values
from workers.features.local_hours import LocalHours
from workers.features.state import NO_STEP, FoldEvent, fold

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from policies.examples import ExampleEvent
    from policies.ruleset import RuleSet


def computed(
    rules: RuleSet, history: Sequence[ExampleEvent], as_of_us: int
) -> Mapping[str, float | None]:
    """Compute the features of an example's history with the workers' own code."""
    if not history:
        return {}
    events = [
        FoldEvent(
            at_us=event.at_us,
            mid=number,
            step=rules.steps.index(event.rule.step) if event.rule.step else NO_STEP,
            click=event.rule.click,
            amount=event.amount,
            name=0,
        )
        for number, event in enumerate(history)
    ]
    events.sort()
    state = fold(None, events, LocalHours(rules.timezone), rules.steps)
    found = values(state, tuple(rules.features.values()), rules.steps, as_of_us)
    return dict(zip(rules.features, found, strict=True))
