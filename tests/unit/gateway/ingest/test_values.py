"""A value becomes what its column holds, or nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ingest import values

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=50),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@pytest.mark.parametrize(
    ("said", "minor"),
    [(19.99, 1999), ("19.99", 1999), (0, 0), (-5, -500), ("1e3", 100_000), (0.1 + 0.2, 30)],
)
def test_money_is_kept_in_cents(said: object, minor: int) -> None:
    assert values.money(said) == minor


@pytest.mark.parametrize("said", [1e10, "10000000000.00", -10_000_000_000])
def test_the_largest_amount_is_ten_billion(said: Any) -> None:
    assert abs(values.money(said) or 0) == values.MAX_MINOR
    for more in (float(said) * 1.01, str(float(said) * 1.01), "92233720368547758.07", 6e16):
        assert values.money(more) is None


@given(
    st.floats(-1e13, 1e13)
    | st.decimals(-(10**10), 10**10, places=2).map(float)
    | st.decimals(-(10**6), 10**6, places=3).map(float)
)
def test_the_quick_way_to_cents_gives_what_the_decimal_as_written_gives(said: float) -> None:
    assert values.money(said) == values.money(repr(said))


@pytest.mark.parametrize("said", ["", "abc", "1e999999999", "NaN", True, None, [], {}, "9" * 50])
def test_what_is_no_number_is_dropped_by_every_converter(said: object) -> None:
    assert values.money(said) is None
    assert values.integer(said) is None
    assert values.number(said) is None


def test_an_integer_fits_its_column_or_is_dropped() -> None:
    assert values.integer(2**31 - 1) == 2**31 - 1
    assert values.integer(2**31) is None
    assert values.integer(1.5) is None


def test_a_text_with_nul_or_too_many_characters_is_dropped() -> None:
    assert values.text("a\x00b", 10) is None
    assert values.text("x" * 11, 10) is None
    assert values.text(42, 10) == "42"
    assert values.text(True, 10) is None


@given(said=ANYTHING)
def test_no_json_value_makes_a_converter_raise(said: Any) -> None:
    for convert in (values.money, values.integer, values.number):
        found = convert(said)
        # A float may be rounded up to it; its column is one, too.
        assert found is None or isinstance(found, float) or abs(found) < 2**63
    values.text(said, 20)


@pytest.mark.parametrize(
    ("value", "minor", "said"),
    [
        (199_001_815, False, "199001815 +199001815 0199001815"),
        (33_199_001_815.0, False, "33199001815 +33199001815 033199001815"),
        (19_900_181_500, True, "199001815 +199001815 0199001815"),
        (99_999_999, False, None),
        (9_999_999_999, True, None),
        (4.5, False, None),
    ],
)
def test_a_number_as_long_as_a_telephone_number_is_looked_at(
    value: float, said: str | None, *, minor: bool
) -> None:
    assert values.telling(value, minor=minor) == said
