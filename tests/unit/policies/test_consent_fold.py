"""What the fold over the consent ledger promises, for any history."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from policies.consent import EXPLICIT, ConsentRecord, covers, decide, fold, in_force
from policies.decisions import ALLOWED, ARTICLES, Reason, Refused, refused
from policies.vocabulary import ConsentMethod, ConsentStatus

MAIL, ADS = "email_marketing", "advertising"
GIVEN, WITHDRAWN = ConsentStatus.GIVEN, ConsentStatus.WITHDRAWN
LONG = 10_000

instants = st.integers(0, 60)
records = st.builds(
    ConsentRecord,
    purpose=st.sampled_from([MAIL, ADS]),
    status=st.sampled_from(list(ConsentStatus)),
    method=st.sampled_from(list(ConsentMethod)),
    at_us=instants,
    valid_until_us=st.integers(0, 120),
    seq=st.integers(0, 5),
)
histories = st.lists(records, max_size=12)


def record(
    at_us: int,
    status: ConsentStatus = GIVEN,
    method: ConsentMethod = ConsentMethod.API,
    until: int = LONG,
) -> ConsentRecord:
    return ConsentRecord(MAIL, status, method, at_us, until)


def test_no_record_means_no_consent() -> None:
    assert fold([]) == {}
    assert not covers(None, 5, 5)


def test_consent_begins_with_its_instant_and_ends_before_its_last() -> None:
    interval = fold([record(10, until=20)])[MAIL]
    assert [covers(interval, at, 19) for at in (9, 10, 19, 20)] == [False, True, True, False]
    assert not covers(interval, 15, 20)
    assert not covers(interval, 15, 9)


def test_the_instant_of_withdrawal_already_counts_as_withdrawn() -> None:
    assert fold([record(10), record(30, WITHDRAWN)]) == {MAIL: (30, 30)}


def test_consent_given_again_while_open_extends_it() -> None:
    assert fold([record(10, until=50), record(40, until=90)]) == {MAIL: (10, 90)}
    assert fold([record(10, until=90), record(40, until=50)]) == {MAIL: (10, 90)}


def test_consent_given_after_it_lapsed_leaves_the_gap_uncovered() -> None:
    assert fold([record(10, until=20), record(30, until=40)]) == {MAIL: (30, 40)}
    assert fold([record(10, until=20), record(20, until=40)]) == {MAIL: (20, 40)}


def test_a_consent_that_ends_before_it_begins_counts_for_nothing() -> None:
    assert fold([record(10, until=10)]) == {}
    assert fold([record(5, WITHDRAWN), record(10, until=9)]) == {MAIL: (5, 5)}


@pytest.mark.parametrize("method", [ConsentMethod.SIGNAL, ConsentMethod.ASSERTED])
def test_a_signal_never_reopens_what_was_withdrawn(method: ConsentMethod) -> None:
    history = [record(10), record(20, WITHDRAWN), record(30, method=method)]
    assert fold(history) == {MAIL: (20, 20)}


@pytest.mark.parametrize("method", sorted(EXPLICIT))
def test_an_explicit_act_after_the_withdrawal_reopens(method: ConsentMethod) -> None:
    history = [record(20, WITHDRAWN), record(30, method=method, until=60)]
    assert fold(history) == {MAIL: (30, 60)}


def test_a_signal_after_an_explicit_reopening_extends_nothing() -> None:
    history = [
        record(20, WITHDRAWN),
        record(30, until=60),
        record(40, method=ConsentMethod.SIGNAL, until=90),
    ]
    assert fold(history) == {MAIL: (30, 60)}


def test_at_one_instant_the_restriction_wins() -> None:
    assert fold([record(10), record(10, ConsentStatus.REFUSED)]) == {MAIL: (10, 10)}


@given(histories, st.randoms(use_true_random=False))
def test_the_order_of_the_records_does_not_matter(history: list[ConsentRecord], random) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    shuffled = list(history)
    random.shuffle(shuffled)
    assert fold(shuffled) == fold(history)


@given(histories, st.integers(0, 5))
def test_the_sequence_number_never_decides(history: list[ConsentRecord], seq: int) -> None:
    assert fold([replace(each, seq=seq) for each in history]) == fold(history)


@given(histories, instants, instants)
def test_once_withdrawn_no_plain_signal_reopens(
    history: list[ConsentRecord], withdrawn_at: int, later: int
) -> None:
    assume(not any(each.at_us > withdrawn_at and each.method in EXPLICIT for each in history))
    signal = record(withdrawn_at + later, method=ConsentMethod.SIGNAL)
    state = fold([*history, record(withdrawn_at, WITHDRAWN), signal])
    since, until = state[MAIL]
    assert since == until


@given(histories, records.filter(lambda each: each.status is not GIVEN), instants, instants)
def test_a_restriction_never_permits_what_was_refused_without_it(
    history: list[ConsentRecord], restriction: ConsentRecord, at_us: int, now_us: int
) -> None:
    before = fold(history).get(restriction.purpose)
    after = fold([*history, restriction]).get(restriction.purpose)
    if at_us >= restriction.at_us and now_us >= restriction.at_us:
        assert covers(before, at_us, now_us) or not covers(after, at_us, now_us)


@given(histories, instants, instants)
def test_whatever_is_covered_lies_inside_a_consent_really_given(
    history: list[ConsentRecord], at_us: int, now_us: int
) -> None:
    for purpose, interval in fold(history).items():
        if not covers(interval, at_us, now_us):
            continue
        given_ = [each for each in history if each.purpose == purpose and each.status is GIVEN]
        restrictions = [
            each.at_us for each in history if each.purpose == purpose and each.status is not GIVEN
        ]
        assert any(each.at_us <= at_us < each.valid_until_us for each in given_)
        assert any(each.at_us <= now_us < each.valid_until_us for each in given_)
        assert all(at < interval[0] for at in restrictions)


@given(histories)
def test_purposes_never_touch_each_other(history: list[ConsentRecord]) -> None:
    alone = {}
    for purpose in (MAIL, ADS):
        alone.update(fold(each for each in history if each.purpose == purpose))
    assert fold(history) == alone


@given(histories, instants, instants)
def test_the_decision_and_the_question_agree(
    history: list[ConsentRecord], at_us: int, now_us: int
) -> None:
    interval = fold(history).get(MAIL)
    assert (decide(interval, at_us, now_us) is ALLOWED) == covers(interval, at_us, now_us)


@pytest.mark.parametrize(
    ("interval", "at_us", "now_us", "reason"),
    [
        (None, 5, 5, Reason.CONSENT_MISSING),
        ((4, 4), 5, 5, Reason.CONSENT_WITHDRAWN),
        ((6, 9), 5, 7, Reason.CONSENT_NOT_YET),
        ((6, 9), 7, 5, Reason.CONSENT_NOT_YET),
        ((1, 5), 5, 5, Reason.CONSENT_EXPIRED),
        ((1, 5), 3, 5, Reason.CONSENT_EXPIRED),
    ],
)
def test_a_refusal_names_its_reason_and_its_article(
    interval: tuple[int, int] | None, at_us: int, now_us: int, reason: Reason
) -> None:
    assert decide(interval, at_us, now_us) == Refused(reason, ARTICLES[reason])


def test_a_consent_in_force_then_and_now_allows() -> None:
    assert decide((1, 9), 5, 6) is ALLOWED


def test_every_reason_has_an_article() -> None:
    assert {refused(reason).article[:5] for reason in Reason} == {"GDPR "}


def test_the_purposes_in_force_are_those_that_cover_now() -> None:
    state = {MAIL: (1, 10), ADS: (5, 5)}
    assert in_force(state, 9) == {MAIL}
    assert in_force(state, 10) == frozenset()
