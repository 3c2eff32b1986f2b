"""What is said about consent, spoiled: never more is granted than a careful reader would."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, Final

from gateway.errors import BodyInvalid, BodyTooLarge
from gateway.ingest.dialects import segment
from gateway.ingest.signals import SignalReader
from policies.ruleset import RuleSet
from tests.support.truth import NOW_US, WAYS, YES, reader, rulebook, sent

_OTHERS: Final = ("googleConsentMode", "tcString", "gpc", "ageBand")


@cache
def _rules() -> tuple[RuleSet, SignalReader]:
    rules = rulebook()
    return rules, reader(rules)


def consent(data: bytes) -> None:
    """A context of any bytes grants no purpose that each signal in it does not plainly grant."""
    rules, read = _rules()
    body = b'{"userId":"u1","event":"x","context":' + data + b"}"
    try:
        events = segment.decode("track", body, NOW_US).events
    except (BodyInvalid, BodyTooLarge):
        return
    for event in events:
        signals = read.heard(event.categories, event.said, NOW_US)
        assert not signals.granted & signals.withdrawn
        for purpose in rules.purposes:
            if signals.granted & read.mask([purpose]):
                # What stands in a member nobody reads may be no UTF-8; the parser skips it.
                whole = json.loads(body.decode("utf-8", "surrogateescape"))
                said = list(_readings(rules, whole["context"], purpose))
                assert said, f"{purpose} is granted, and nobody says so"
                assert all(said), f"{purpose} is granted, and somebody does not say so"


def consent_seeds() -> list[bytes]:
    """Give every way of saying anything, alone and beside a yes of each other kind."""
    alone = [context for _, _, context, _ in WAYS]
    yes = [context for _, _, context, of in WAYS if of == YES]
    pairs = [sent(one, other) for one in alone for other in yes]
    contexts = [*alone, *(json.loads(body)["context"] for body in pairs)]
    return [json.dumps(context).encode() for context in contexts]


def _readings(rules: RuleSet, context: Any, purpose: str) -> Iterator[bool]:
    """Say of each signal that speaks about *purpose* whether it plainly grants it.

    Read by another parser and from the documentation, not by the code under test.
    """
    consent = context.get("consent")
    members = consent if isinstance(consent, dict) else {}
    asked = [key for key, fed in rules.categories.items() if purpose in fed]
    if consent is not None and ("categoryPreferences" in members or not _known(members)):
        preferences = members.get("categoryPreferences")
        yield isinstance(preferences, dict) and _all(asked, preferences, True)
    if context.get("consentManagement") is not None:
        yield _managed(context["consentManagement"], asked)
    google = [str(key) for key, fed in rules.signals.google.items() if purpose in fed]
    if google and members.get("googleConsentMode") is not None:
        said = members["googleConsentMode"]
        yield isinstance(said, dict) and _all(google, said, "granted")
    tcf = {} if rules.signals.tcf is None else rules.signals.tcf.purposes
    text = members.get("tcString")
    if text is not None and any(purpose in fed for fed in tcf.values()):
        # What a sound string says, the IAB's own decoder judges: ``make oracles``.
        yield isinstance(text, str) and text.startswith("C")
    if purpose in rules.signals.gpc and members.get("gpc") not in (None, False, 0, "0"):
        yield False
    band = members.get("ageBand")
    if band not in (None, "18+", "unknown") and (
        band != "15-17" or purpose in rules.signals.age.adults
    ):
        yield False


def _known(members: dict[str, Any]) -> bool:
    return any(member in members for member in _OTHERS)


def _all(asked: Iterable[str], said: dict[str, Any], word: object) -> bool:
    found = [said.get(key) for key in asked]
    return bool(found) and all(type(each) is type(word) and each == word for each in found)


def _managed(managed: Any, asked: list[str]) -> bool:
    if not isinstance(managed, dict):
        return False
    allowed, denied = managed.get("allowedConsentIds"), managed.get("deniedConsentIds")
    if not isinstance(allowed, list) or not asked:
        return False
    barred = denied if isinstance(denied, list) else []
    return all(key in allowed and key not in barred for key in asked)
