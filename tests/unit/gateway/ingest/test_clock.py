"""When an event happened, given clocks nobody can trust."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ingest.clock import FORWARD_US, corrected_us, instant_us

NOON_US = 1_782_043_200_000_000


@pytest.mark.parametrize(
    ("said", "us"),
    [
        ("2026-06-21T12:00:00Z", NOON_US),
        ("2026-06-21T14:00:00+02:00", NOON_US),
        ("2026-06-21T12:00:00", NOON_US),
        ("2026-06-21 12:00:00.000001", NOON_US + 1),
        (NOON_US // 1000, NOON_US),
    ],
)
def test_an_instant_is_read_in_every_form_the_clients_send(said: str | int, us: int) -> None:
    assert instant_us(said) == us


@pytest.mark.parametrize(
    "said",
    [
        None, True, "", "yesterday", "2026-13-01T00:00:00Z", "12:00", float("nan"), float("inf"),
        -1, 12, 1e300, "9" * 400, "0001-01-01T00:00:00+14:00x", "2026-06-21T12:00:00Z\x00",
    ],
)  # fmt: skip
def test_what_is_no_instant_is_none(said: str | float | None) -> None:
    assert instant_us(said) is None


@given(said=st.one_of(st.text(max_size=40), st.floats(), st.integers()))
def test_no_input_at_all_makes_the_clock_raise(said: str | float) -> None:
    instant_us(said)


def test_a_clock_an_hour_slow_is_corrected_by_the_moment_of_sending() -> None:
    hour = 3_600_000_000
    happened = NOON_US - hour - 10
    assert corrected_us(happened, NOON_US - hour, NOON_US) == NOON_US - 10


def test_without_a_moment_of_sending_the_event_is_believed() -> None:
    assert corrected_us(NOON_US - 5, None, NOON_US) == NOON_US - 5


def test_an_event_a_moment_ahead_is_set_to_its_receipt_and_a_later_one_is_left_to_be_refused() -> (
    None
):
    assert corrected_us(NOON_US + FORWARD_US, None, NOON_US) == NOON_US
    assert corrected_us(NOON_US + FORWARD_US + 1, None, NOON_US) == NOON_US + FORWARD_US + 1
