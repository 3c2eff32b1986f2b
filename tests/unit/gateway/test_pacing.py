"""An answer leaves at a multiple of the beat, however long its work took."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.pacing import paced


def ended_after(took: float, beat: float) -> float:
    now = [100.0]
    with paced(beat, clock=lambda: now[0], sleep=lambda more: now.__setitem__(0, now[0] + more)):
        now[0] += took
    return now[0] - 100.0


@pytest.mark.parametrize(
    ("took", "ends"), [(0.0, 0.05), (0.001, 0.05), (0.049, 0.05), (0.051, 0.1), (0.26, 0.3)]
)
def test_it_ends_at_the_next_beat(took: float, ends: float) -> None:
    assert ended_after(took, 0.05) == pytest.approx(ends)


@given(took=st.floats(0, 10), beat=st.floats(0.001, 1))
def test_it_never_ends_before_its_work_and_never_a_beat_later(took: float, beat: float) -> None:
    ended = ended_after(took, beat)
    assert took - 1e-9 <= ended <= took + beat + 1e-9
    assert ended >= beat - 1e-9


def test_what_is_refused_is_refused_at_once() -> None:
    slept: list[float] = []
    with pytest.raises(LookupError), paced(sleep=slept.append):
        raise LookupError
    assert slept == []
