"""Whatever signals come together, the most restrictive wins, from the wire on."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.consent.tcf import Flaw
from gateway.ingest.dialects import segment
from gateway.ingest.signals import BELIEVED, MAX_REMEMBERED, SignalReader
from policies.load import load_rulebook
from tests.support.truth import (
    LEFT_OUT,
    NO,
    NOTHING,
    NOW_US,
    PURPOSE,
    WAYS,
    YES,
    heard,
    reader,
    rulebook,
    sent,
    together,
    verdict,
)

RULES = rulebook()
READ = reader(RULES)
SIGNALS = ("categories", "RudderStack", "Google", "TCF", "GPC")
OF = {name: [(c, of) for signal, _, c, of in WAYS if signal in {name, "any"}] for name in SIGNALS}


@pytest.mark.parametrize(("signal", "how", "context", "of"), WAYS)
def test_what_a_signal_says(signal: str, how: str, context: dict[str, Any], of: str) -> None:
    assert heard(READ, sent(context)) == of, f"{signal}: {how}"


def test_of_any_two_signals_the_more_restrictive_wins() -> None:
    for one, other in product(SIGNALS, SIGNALS):
        if one == other:
            continue
        for (first, of), (second, beside) in product(OF[one], OF[other]):
            assert heard(READ, sent(first, second)) == together(of, beside), (one, other)


@given(said=st.tuples(*(st.sampled_from(OF[name]) for name in SIGNALS)), objects=st.booleans())
def test_of_all_signals_the_most_restrictive_wins(
    said: tuple[tuple[dict[str, Any], str], ...], *, objects: bool
) -> None:
    strictest = NO if objects else NOTHING
    for _, of in said:
        strictest = together(strictest, of)
    body = sent(*(context for context, _ in said))
    assert heard(READ, body, objects=objects) == strictest


def test_a_batch_and_its_event_both_count() -> None:
    (grants,) = [context for context, of in OF["Google"] if of == YES]
    (refuses, *_) = [context for context, of in OF["Google"] if of == NO]
    for inner, outer, of in ((grants, {}, YES), ({}, grants, YES), (grants, refuses, NO),
                             (refuses, grants, NO)):  # fmt: skip
        event = {"type": "track", "userId": "u1", "event": "x", "context": inner}
        body = json.dumps({"batch": [event], "context": outer}).encode()
        (found,) = segment.decode("batch", body, NOW_US).events
        signals = READ.heard(found.categories, found.said, NOW_US)
        assert verdict(signals, READ.mask([PURPOSE])) == of


def test_privacy_control_in_the_header_counts_for_each_event_of_a_batch() -> None:
    event = {"type": "track", "userId": "u1", "event": "x"}
    body = json.dumps({"batch": [event, event]}).encode()
    for objects, of in ((True, NO), (False, NOTHING)):
        for found in segment.decode("batch", body, NOW_US, objects=objects).events:
            signals = READ.heard(found.categories, found.said, NOW_US)
            assert verdict(signals, READ.mask([PURPOSE])) == of


def test_a_signal_says_nothing_of_other_purposes() -> None:
    """Only who asks by categories asks for all: of the rest the ledger still counts."""
    for name in ("Google", "TCF", "GPC"):
        for context, _ in OF[name]:
            (event,) = segment.decode("track", sent(context), NOW_US).events
            signals = READ.heard(event.categories, event.said, NOW_US)
            assert not signals.spoken & READ.mask(["email_marketing"])


def test_where_the_rulebook_does_not_listen_nothing_is_said() -> None:
    deaf = replace(RULES, signals=replace(RULES.signals, google={}, gpc=(), tcf=None))
    for name in ("Google", "TCF", "GPC"):
        for context, _ in OF[name]:
            assert heard(reader(deaf), sent(context)) == NOTHING


def test_a_string_is_believed_for_no_longer_than_a_choice_counts() -> None:
    (context,) = [context for context, of in OF["TCF"] if of == YES]
    (event,) = segment.decode("track", sent(context), NOW_US).events
    read = reader(RULES)
    validity_us = RULES.purposes[PURPOSE].consent_validity // timedelta(microseconds=1)
    made_us = NOW_US // 86_400_000_000 * 86_400_000_000
    for at_us, of in (
        (made_us, YES),
        (made_us + validity_us, YES),
        (made_us + validity_us + 100_000, LEFT_OUT),
    ):
        signals = read.heard(None, event.said, at_us)
        assert verdict(signals, read.mask([PURPOSE])) == of


def test_of_each_string_it_is_told_that_it_was_believed_or_why_not() -> None:
    told: list[str] = []
    read = SignalReader(RULES, lambda _keys: 1, told.append)
    (context,) = [context for context, of in OF["TCF"] if of == YES]
    (event,) = segment.decode("track", sent(context), NOW_US).events
    for now_us in (NOW_US, NOW_US, NOW_US + 400 * 86_400_000_000):
        read.heard(None, event.said, now_us)
    for text in ("", "CX", "not a string"):
        (odd,) = segment.decode("track", sent({"consent": {"tcString": text}}), NOW_US).events
        read.heard(None, odd.said, NOW_US)
    assert told[:3] == [BELIEVED, BELIEVED, Flaw.EXPIRED]
    assert len(told) == 6
    assert set(told[3:]) <= set(Flaw)


def test_no_string_is_kept_and_no_more_than_so_many_are_remembered() -> None:
    read = reader(RULES)
    for number in range(MAX_REMEMBERED + 10):
        (event,) = segment.decode(
            "track", sent({"consent": {"tcString": f"C{number}"}}), NOW_US
        ).events
        read.heard(None, event.said, NOW_US)
    assert len(read._tcf._known) <= MAX_REMEMBERED
    assert all(len(digest) == 16 for digest in read._tcf._known)


def test_nothing_is_remembered_that_the_rulebook_does_not_know() -> None:
    read = reader(RULES)
    for name in (f"mail-{number}@example.org" for number in range(5)):
        managed = {"allowedConsentIds": [name, "advertising"], "deniedConsentIds": []}
        google = {name: "granted", "ad_storage": name}
        consent = {
            "googleConsentMode": google,
            "categoryPreferences": {name: True, "advertising": True},
        }
        context = {"consent": consent, "consentManagement": managed}
        (event,) = segment.decode("track", sent(context), NOW_US).events
        read.heard(event.categories, event.said, NOW_US)
    assert "mail" not in repr((read._others, read._categories))
    assert len(read._others) == 2


def test_the_shipped_rulebook_listens_to_google_and_to_privacy_control() -> None:
    rules = load_rulebook()
    assert rules.signals.google
    assert rules.signals.gpc == ("advertising",)
