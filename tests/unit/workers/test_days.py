"""Daily partials come back as they were packed, whole or cut at a day."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from workers.features.days import NO_DAY, closed, packed, place_of, records, reopened, without
from workers.features.state import DAY_US, State
from workers.features.windows import Windows

int8 = st.integers(-(2**63), 2**63 - 1).filter(bool)
partials = st.dictionaries(
    st.tuples(st.integers(-5, 20), st.integers(0, 14)), int8, max_size=40
).map(lambda found: [(day, code, found[day, code]) for day, code in sorted(found)])


@given(partials, st.integers(-9, 25))
def test_partials_read_back_unchanged_and_from_any_day(
    found: list[tuple[int, int, int]], day: int
) -> None:
    assert list(records(packed(found))) == found
    tail = packed(found)[place_of(packed(found), day) :]
    assert list(records(tail)) == [each for each in found if each[0] >= day]


@given(partials)
def test_the_newest_day_taken_off_and_put_back_changes_nothing(
    found: list[tuple[int, int, int]],
) -> None:
    rest, newest, today = reopened(packed(found))
    assert newest == (found[-1][0] if found else NO_DAY)
    assert today == {code: value for day, code, value in found if day == newest}
    assert rest + closed(newest, today) == packed(found)


@given(partials, st.dictionaries(st.integers(0, 14), st.integers(1, 9)), st.integers(-5, 20))
def test_what_is_taken_off_is_gone_and_nothing_else(
    found: list[tuple[int, int, int]], counted: dict[int, int], day: int
) -> None:
    small = {(each, code): value % 1_000 + 1 for each, code, value in found}
    days = packed([(*key, small[key]) for key in sorted(small)])
    both = {(day, code): counted[code] for code in counted}
    added = {key: small.get(key, 0) + both.get(key, 0) for key in {*small, *both}}
    whole = packed([(*key, added[key]) for key in sorted(added)])
    assert without(whole, closed(day, counted)) == days


def test_partials_are_packed_as_the_elements_of_a_bigint_array() -> None:
    assert packed([(3, 0, -1)]) == struct.pack(">iqiqiq", 8, 3, 8, 0, 8, -1)


@given(partials, st.lists(st.integers(1, 28), min_size=1, max_size=4))
def test_a_window_holds_the_days_behind_its_edge_in_whatever_order_they_are_asked(
    found: list[tuple[int, int, int]], asked: list[int]
) -> None:
    state = State(-9 * DAY_US, 4)  # known before any of them, so that nothing is taken as a whole
    state.days = packed(found)
    windows = Windows(state, 20 * DAY_US)
    for window in asked:
        inside = [each for each in found if each[0] > 20 - window]
        wanted: dict[int, int] = {}
        for _, code, value in inside:
            wanted[code] = wanted.get(code, 0) + value
        assert windows.sums(window) == wanted
        assert windows.days_with(0, window) == [day for day, code, _ in inside if code == 0]
