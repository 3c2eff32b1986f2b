"""What was answered 200 has to be folded too: does it come to what a fold of everything gives?"""

from __future__ import annotations

from gateway.ingest.binding import bind
from policies.load import load_rulebook
from tests.support.consistency import divergent, refreshed_otherwise
from tests.support.front import Front
from workers.jobs.clock import now_us
from workers.jobs.drain import drain_all


def unsettled(front: Front, *, refreshed: bool = False) -> list[str]:
    """Fold what waits; name what does not come to what the stored events give.

    *refreshed* asks for features and memberships of a full refresh, too.
    """
    ctx = bind(front.store, load_rulebook()).computation
    drain_all(front.store, ctx, clock=now_us)
    wrong = [f"{kind} of subject {each}" for kind, subjects in divergent(front.store, ctx).items()
             for each in subjects]  # fmt: skip
    if refreshed:
        wrong += [f"refreshed otherwise: {each}" for each in refreshed_otherwise(front.store, ctx)]
    return wrong
