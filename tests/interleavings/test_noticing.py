"""The harness notices what it is there for: locks that are missing, deadlocks that are met."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from sqlalchemy import Connection, Engine, text

from pseudonymizer.vault import store as vault_store
from tests.interleavings.acts import History
from tests.interleavings.conductor import Choose
from tests.interleavings.orderings import orderings, recited
from tests.interleavings.playing import PromiseBroken, rehearse
from tests.interleavings.test_orderings import explored
from tests.interleavings.theatre import Theatre
from workers.store import registry, state
from workers.store.errors import StoreBusy
from workers.store.state import StateRow
from workers.store.transactions import transaction

Sabotage = Callable[[pytest.MonkeyPatch], None]


def no_fence_for_writers(patch: pytest.MonkeyPatch) -> None:
    for key, statement in registry._LOCK.items():
        patch.setitem(registry._LOCK, key, statement.replace("for share", ""))


def no_lock_on_states(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(state, "_LOCK", state._READ)


def no_look_who_moved(patch: pytest.MonkeyPatch) -> None:
    held = state.hold

    def hold(connection: Connection, subjects: Sequence[int]) -> dict[int, None]:
        return dict.fromkeys(held(connection, subjects))

    patch.setattr(state, "hold", hold)
    patch.setattr(state, "version", lambda _row: None)


def no_wait_for_first_sights(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(vault_store, "keep_erasures_out", lambda _connection: None)


def no_look_who_was_faster(patch: pytest.MonkeyPatch) -> None:
    written = state.insert

    def insert(connection: Connection, rows: Sequence[StateRow]) -> set[int]:
        written(connection, rows)
        return set()

    patch.setattr(state, "insert", insert)


@pytest.mark.parametrize(
    ("sabotage", "cast", "history"),
    [
        (no_fence_for_writers, ("bulk", "erasure"), History.EVENTS),
        (no_lock_on_states, ("live", "live:2"), History.EVENTS),
        (no_wait_for_first_sights, ("live", "erasure"), History.NONE),
        (no_look_who_moved, ("drain", "live"), History.EVENTS),
        (no_look_who_was_faster, ("live", "live:2"), History.CONSENT),
    ],
    ids=lambda each: getattr(each, "__name__", None),
)
def test_a_lock_that_is_missing_is_missed(
    sabotage: Sabotage, cast: tuple[str, ...], history: History, theatre: Theatre,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    rehearse(theatre, cast)
    sabotage(monkeypatch)
    with pytest.raises(PromiseBroken):
        explored(theatre, cast, 1, history)


def locking(engine: Engine, *keys: int) -> Callable[[], None]:
    def run() -> None:
        with transaction(engine) as store:
            for key in keys:
                store.execute(text("select pg_advisory_xact_lock(1, :key)"), {"key": key})

    return run


def test_a_deadlock_is_met_and_met_again(theatre: Theatre) -> None:
    """Two take two locks in different orders: whoever closes the circle loses, every time."""
    one, other = (theatre.seat(name).edge.store for name in ("bulk", "live"))
    losers: dict[str, list[str]] = {}

    def perform(choose: Choose) -> None:
        acts = {"bulk": locking(one, 1, 2), "live": locking(other, 2, 1)}
        failures = theatre.conductor.play(theatre.loop, acts, choose)
        assert all(isinstance(failure, StoreBusy) for failure in failures.values())
        losers[str(choose)] = sorted(failures)

    for _ in orderings(perform, 1):
        pass
    met = {description: who for description, who in losers.items() if who}
    assert sorted(met.values()) == [["bulk"], ["live"]]
    for description, who in met.items():
        losers.clear()
        perform(recited(description))
        assert list(losers.values()) == [who]
