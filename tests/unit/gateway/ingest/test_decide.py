"""Consent decisions: closed by default, the most restrictive statement wins."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.ingest.decide import (
    ALL,
    ASSERTED,
    EXPLICIT,
    PLAIN,
    SILENT,
    Instants,
    Signals,
    covered,
    known_since,
    no,
    refusal,
    yes,
)
from gateway.ingest.ledger import Standing, triplets
from policies.consent import covers
from policies.decisions import Reason
from policies.vocabulary import ConsentStatus

OPEN, CLOSED = (100, 500), (200, 200)
GIVEN = ConsentStatus.GIVEN


def test_a_first_yes_is_news() -> None:
    assert yes(None, 100, 500, PLAIN) is GIVEN


def test_a_repeated_plain_yes_is_no_news_and_prolongs_nothing() -> None:
    assert yes(OPEN, 300, 700, PLAIN) is None


def test_a_plain_yes_from_before_the_first_one_extends_backwards() -> None:
    assert yes(OPEN, 50, 450, PLAIN) is GIVEN


def test_after_a_no_only_the_persons_own_later_act_reopens() -> None:
    assert yes(CLOSED, 900, 1300, PLAIN) is None
    assert yes(CLOSED, 900, 1300, ASSERTED) is None
    assert yes(CLOSED, 900, 1300, EXPLICIT) is GIVEN
    assert yes(CLOSED, 200, 600, EXPLICIT) is None


def test_a_plain_no_about_nothing_is_not_kept() -> None:
    assert no(None, 100, PLAIN) is None
    assert no(None, 100, EXPLICIT) is ConsentStatus.REFUSED


def test_a_no_closes_what_is_open() -> None:
    assert no(OPEN, 100, PLAIN) is ConsentStatus.WITHDRAWN
    assert no(OPEN, 99, PLAIN) is None


def test_coverage_needs_both_instants() -> None:
    assert covered({1: OPEN, 3: OPEN}, 100, 499) == 0b101
    assert covered({1: OPEN}, 99, 300) == 0
    assert covered({1: OPEN}, 300, 500) == 0
    assert covered({1: CLOSED}, 200, 200) == 0
    assert covered({}, 0, 0) == 0


@given(
    since=st.integers(0, 20),
    length=st.integers(0, 20),
    at=st.integers(0, 50),
    now=st.integers(0, 50),
)
def test_coverage_is_what_the_rulebooks_own_rule_says(
    since: int, length: int, at: int, now: int
) -> None:
    interval = (since, since + length)
    assert bool(covered({7: interval}, at, now)) == covers(interval, at, now)


def test_every_refusal_says_why() -> None:
    when = Instants(300, 400)
    said_no = Signals(ALL, granted=0, withdrawn=1)
    assert refusal(1, {1: OPEN}, said_no, when) is Reason.CONSENT_REFUSED
    assert refusal(1, {1: CLOSED}, SILENT, when) is Reason.CONSENT_WITHDRAWN
    assert refusal(1, {1: (350, 900)}, SILENT, when) is Reason.CONSENT_NOT_YET
    assert refusal(1, {1: (100, 320)}, SILENT, when) is Reason.CONSENT_EXPIRED
    assert refusal(1, {2: OPEN}, SILENT, when) is Reason.CONSENT_MISSING


@given(
    interval=st.none() | st.tuples(st.integers(0, 50), st.integers(0, 50)).map(sorted).map(tuple),
    at=st.integers(0, 60),
    until=st.integers(0, 120),
)
def test_a_plain_yes_never_makes_a_closed_purpose_news(
    interval: tuple[int, int] | None, at: int, until: int
) -> None:
    if interval is not None and interval[0] == interval[1]:
        assert yes(interval, at, until, PLAIN) is None


intervals = st.dictionaries(
    st.integers(1, 4),
    st.tuples(st.integers(0, 50), st.integers(0, 50)).map(lambda pair: (min(pair), max(pair))),
)


@given(intervals=intervals, granted=st.integers(0, 15), at=st.integers(0, 60))
def test_what_is_known_since_then_is_just_what_is_no_news(
    intervals: dict[int, tuple[int, int]], granted: int, at: int
) -> None:
    numbers = [number for number in range(1, 5) if granted & 1 << (number - 1)]
    news = [yes(intervals.get(number), at, at + 99, PLAIN) for number in numbers]
    since = known_since(intervals, granted)
    assert (since is not None and since <= at) == (not any(news))


@given(
    intervals=intervals,
    later=intervals,
    asked=st.lists(
        st.tuples(st.integers(0, 15), st.integers(0, 60), st.integers(0, 60)), min_size=1
    ),
)
def test_what_is_seen_of_a_standing_at_once_is_what_is_asked_one_by_one(
    intervals: dict[int, tuple[int, int]],
    later: dict[int, tuple[int, int]],
    asked: list[tuple[int, int, int]],
) -> None:
    standing = Standing(1, 0, 0, triplets(intervals), fresh=False)
    for consent in (intervals, later):
        standing.become(consent)
        for granted, at, now in asked:
            when = Instants(at, now)
            assert standing.covered(when) == covered(consent, at, now)
            since = known_since(consent, granted)
            assert standing.knows(granted, when) == (since is not None and since <= at)


masks = st.integers(0, 63)
signals = st.builds(
    lambda spoken, granted, withdrawn: Signals(
        spoken, granted & spoken, withdrawn & spoken & ~granted
    ),
    st.one_of(masks, st.just(ALL)), masks, masks,
)  # fmt: skip


@given(signals, signals, signals)
def test_the_most_restrictive_signal_wins_in_any_order(
    one: Signals, two: Signals, three: Signals
) -> None:
    together = one.beside(two)
    assert together == two.beside(one)
    assert together.beside(three) == one.beside(two.beside(three))
    assert one.beside(one) == one.beside(SILENT) == one
    for purpose in (1 << number for number in range(6)):
        said = [each for each in (one, two) if each.spoken & purpose]
        granted = bool(said) and all(each.granted & purpose for each in said)
        assert bool(together.granted & purpose) is granted
        assert bool(together.withdrawn & purpose) is any(each.withdrawn & purpose for each in said)
        assert bool(together.spoken & purpose) is bool(said)
