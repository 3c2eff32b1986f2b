"""Every way in which a signal can speak about one purpose, and what two of them come to."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import product
from types import MappingProxyType
from typing import Any, Final

from gateway.consent.tcf import TcString, Vendors
from gateway.ingest.decide import Signals
from gateway.ingest.dialects import segment
from gateway.ingest.signals import SignalReader
from policies.load import load_rulebook
from policies.ruleset import RuleSet, TcfRule
from tests.support.tc_strings import encoded

NOW_US: Final = 1_784_372_400_000_000  # 2026-07-18
PURPOSE: Final = "advertising"
VENDOR: Final = 880
YES, NO, LEFT_OUT, NOTHING = "yes", "no", "left out", "nothing"

_TODAY = NOW_US // 86_400_000_000 * 864_000
_STRING = TcString(
    created=_TODAY, updated=_TODAY, cmp=7, cmp_version=1, screen=1, language="FR", vendor_list=120,
    policy=5, service_specific=True, other_texts=False, special_features=frozenset(),
    purposes=frozenset({1, 4}), legitimate_interests=frozenset(), purpose_one_undisclosed=False,
    country="FR", vendors=Vendors(VENDOR, ranges=((VENDOR, VENDOR),)),
    vendors_legitimate_interest=Vendors(0), disclosed=Vendors(VENDOR, ranges=((1, VENDOR),)),
)  # fmt: skip
_GOOGLE = ("ad_storage", "ad_user_data", "ad_personalization")


def _consent(**members: Any) -> dict[str, Any]:
    return {"consent": members}


def _google(*words: str) -> dict[str, Any]:
    return _consent(googleConsentMode=dict(zip(_GOOGLE, words, strict=False)))


def _tcf(**changes: Any) -> dict[str, Any]:
    return _consent(tcString=encoded(replace(_STRING, **changes)))


def _managed(allowed: list[str], denied: list[str]) -> dict[str, Any]:
    return {"consentManagement": {"allowedConsentIds": allowed, "deniedConsentIds": denied}}


# Signal, how it is said, what is sent, and what that says of a purpose the signal is asked for.
WAYS: Final[list[tuple[str, str, dict[str, Any], str]]] = [
    ("categories", "`true`", _consent(categoryPreferences={"advertising": True}), YES),
    ("categories", "`false`", _consent(categoryPreferences={"advertising": False}), NO),
    ("categories", "absent", _consent(categoryPreferences={}), LEFT_OUT),
    ("categories", '`"true"`', _consent(categoryPreferences={"advertising": "true"}), LEFT_OUT),
    ("categories", "no object", _consent(categoryPreferences=["advertising"]), LEFT_OUT),
    ("RudderStack", "allowed", _managed(["advertising"], []), YES),
    ("RudderStack", "denied", _managed([], ["advertising"]), NO),
    ("RudderStack", "both", _managed(["advertising"], ["advertising"]), NO),
    ("RudderStack", "neither", _managed([], []), LEFT_OUT),
    ("RudderStack", "no object", {"consentManagement": ["advertising"]}, LEFT_OUT),
    ("Google", "all `granted`", _google("granted", "granted", "granted"), YES),
    ("Google", "one `denied`", _google("granted", "denied", "granted"), NO),
    ("Google", "one absent", _google("granted", "granted"), LEFT_OUT),
    ("Google", "another word", _google("granted", "granted", "GRANTED"), LEFT_OUT),
    ("Google", "no object", _consent(googleConsentMode="granted"), LEFT_OUT),
    ("TCF", "purposes and vendor", _tcf(), YES),
    ("TCF", "one purpose not", _tcf(purposes=frozenset({1})), NO),
    ("TCF", "the vendor not", _tcf(vendors=Vendors(0)), NO),
    ("TCF", "with a flaw", _tcf(policy=3), LEFT_OUT),
    ("TCF", "older than a choice counts", _tcf(created=_TODAY - 200 * 864_000,
                                               updated=_TODAY - 200 * 864_000), LEFT_OUT),
    ("TCF", "no text", _consent(tcString=7), LEFT_OUT),
    ("GPC", "on", _consent(gpc=True), NO),
    ("GPC", "another word", _consent(gpc="yes"), NO),
    ("GPC", "off", _consent(gpc=False), NOTHING),
    ("age band", "`18+`, `unknown`", _consent(ageBand="18+"), NOTHING),
    ("age band", "`15-17`", _consent(ageBand="15-17"), NO),
    ("age band", "`<15`", _consent(ageBand="<15"), NO),
    ("age band", "another word", _consent(ageBand="14"), NO),
    ("any", "not sent", {}, NOTHING),
]  # fmt: skip


def rulebook() -> RuleSet:
    """Give the shipped rulebook, with a vendor number."""
    rules = load_rulebook()
    tcf = TcfRule(VENDOR, 5, MappingProxyType({1: (PURPOSE,), 4: (PURPOSE,)}))
    return replace(rules, signals=replace(rules.signals, tcf=tcf))


def reader(rules: RuleSet) -> SignalReader:
    bits = {key: 1 << number for number, key in enumerate(rules.purposes)}
    return SignalReader(rules, lambda keys: sum(bits[key] for key in keys))


def sent(*contexts: dict[str, Any]) -> bytes:
    """Put what several signals say into one event."""
    context: dict[str, Any] = {}
    for each in contexts:
        for member, said in each.items():
            known = context.get(member)
            context[member] = known | said if isinstance(known, dict) else said
    return json.dumps(
        {"userId": "cust-1815", "event": "Product Viewed", "context": context}
    ).encode()


def heard(read: SignalReader, body: bytes, *, objects: bool = False) -> str:
    """Say what an event says of the purpose."""
    (event,) = segment.decode("track", body, NOW_US, objects=objects).events
    return verdict(read.heard(event.categories, event.said, NOW_US), read.mask([PURPOSE]))


def verdict(signals: Signals, purpose: int) -> str:
    if signals.withdrawn & purpose:
        return NO
    if signals.granted & purpose:
        return YES
    return LEFT_OUT if signals.spoken & purpose else NOTHING


def together(one: str, other: str) -> str:
    """Give the more restrictive of two."""
    return next(each for each in (NO, LEFT_OUT, YES, NOTHING) if each in (one, other))


def signals_table() -> str:
    """Give, for the page, what each signal says."""
    read = reader(rulebook())
    head = ["| signal | said | of the purpose |", "|---|---|---|"]
    return "\n".join(
        head
        + [
            f"| {signal} | {how} | {heard(read, sent(context))} |"
            for signal, how, context, _ in WAYS
        ]
    )


def together_table() -> str:
    """Give, for the page, what two signals come to."""
    read = reader(rulebook())
    spoken = {of: context for signal, _, context, of in WAYS if signal in {"TCF", "any"}}
    beside = {of: context for signal, _, context, of in WAYS if signal in {"Google", "any"}}
    order = (YES, NO, LEFT_OUT, NOTHING)
    lines = ["| | " + " | ".join(f"and {each}" for each in order) + " |", "|---|---|---|---|---|"]
    found = {
        (one, other): heard(read, sent(spoken[one], beside[other]))
        for one, other in product(order, order)
    }
    return "\n".join(
        lines
        + [
            f"| **{one}** | " + " | ".join(found[one, other] for other in order) + " |"
            for one in order
        ]
    )
