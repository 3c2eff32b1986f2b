"""Calls of the Segment dialect with a canary in one field each: every field there is.

The declared properties are read off the rulebook, so that a new one is tried without being asked
for.  Every call carries full consent and its sender's own identifiers, so that as much as possible
of it is stored.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Final

from policies.ruleset import EventRule, PropertyRule, RuleSet
from policies.vocabulary import PropertyType
from tests.support.builders import ALL_CATEGORIES, consent
from tests.support.canaries import ENCODINGS, Canary

Call = dict[str, Any]
Place = Callable[[str], Call]

# Where in a text or an address a careless page puts somebody.
AROUND_TEXT: Final = ("{}", "bonjour {} merci")
AROUND_PAGE: Final = (
    "{}",
    "https://shop.example.com/{}",
    "https://shop.example.com/compte/{}/commandes.html?ref=1",
    "https://shop.example.com/recherche?q={}&email={}",
    "https://{}@shop.example.com/",
    "https://{}.example.com/robes",
    "https://{}.fr/",
    "https://shop.example.com/robes;v={}#{}",
)
NUMERIC: Final = (PropertyType.INTEGER, PropertyType.NUMBER, PropertyType.MONEY)

# Members of the published dialect that no rule of the shop reads.
CONTEXT: Final = (
    "ip", "locale", "timezone", "groupId", "page.path", "page.search", "page.title", "page.url",
    "page.referrer", "referrer.id", "referrer.link", "userAgent", "userAgentData.platform",
    "campaign.name", "campaign.source", "campaign.medium", "campaign.term", "campaign.content",
    "device.id", "device.name", "device.model", "device.manufacturer", "device.advertisingId",
    "device.token", "app.name", "library.name", "network.carrier", "os.name", "location.city",
    "screen.density", "traits.email", "traits.firstName", "traits.custom", "whatever.deep.inside",
)  # fmt: skip
PROPERTIES: Final = (
    "email", "phone", "name", "title", "url", "path", "search", "referrer", "query", "keywords",
    "order_id", "affiliation", "coupon", "brand", "variant", "image_url", "error_message",
    "share_message", "currency", "note", "customer.email", "deep.er.still",
)  # fmt: skip
MEMBERS: Final = (
    "userId", "anonymousId", "previousId", "groupId", "event", "name", "category", "messageId",
    "timestamp", "originalTimestamp", "sentAt", "channel", "version", "writeKey", "projectId",
    "_metadata.bundled", "integrations.Mixpanel",
)  # fmt: skip


class Calls:
    """Makes calls that one canary sends: its own identifiers are in each."""

    def __init__(self, canary: Canary, rules: RuleSet) -> None:
        self._canary = canary
        self._rules = rules
        self._numbers = itertools.count(1)
        self._at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def every(self) -> Iterator[Call]:
        """Give calls for every field: where something is kept, with every canary in every
        encoding; elsewhere with every canary, each in another encoding."""
        spellings = [text for _, _, text in self._canary.spellings()]
        for rule in self._rules.properties.values():
            for place in self._declared(rule):
                yield from map(place, spellings)
        # One step more than a whole kind: the next kind, in the next encoding.
        diagonal = itertools.count(0, len(ENCODINGS) + 1)
        for kind in ("track", "identify", "page", "screen", "group", "alias"):
            for place in self._everywhere(kind):
                for position in itertools.islice(diagonal, len(self._canary.kinds)):
                    yield place(spellings[position % len(spellings)])
        yield from self._numeric()

    def base(self, kind: str = "track", event: str = "Product Added") -> Call:
        """Give a call that is stored whole."""
        canary = self._canary
        made: Call = {
            "type": kind,
            "messageId": f"{canary.user_id}-{next(self._numbers)}",
            "userId": canary.user_id,
            "anonymousId": canary.anonymous_id,
            "timestamp": self._at,
            "properties": {},
            "context": {"consent": consent(*ALL_CATEGORIES)},
        }
        if kind == "track":
            made["event"] = event
        if kind == "alias":
            made["previousId"] = canary.anonymous_id
        made["context"]["traits"] = {"name": canary.name}  # no pattern knows a name
        return made

    def _declared(self, rule: PropertyRule) -> Iterator[Place]:
        """Give the ways to put a text into a declared property of an event that has it."""
        event = self._event_with(rule)
        frames = AROUND_PAGE if rule.type is PropertyType.URL else AROUND_TEXT
        for frame in frames:

            def place(text: str, frame: str = frame) -> Call:
                made = self.base(event.kind, event.name)
                _put(made, rule.path, frame.replace("{}", text))
                return made

            yield place

    def _event_with(self, rule: PropertyRule) -> EventRule:
        return next(each for each in self._rules.events.values() if rule.name in each.properties)

    def _everywhere(self, kind: str) -> Iterator[Place]:
        roots = [f"context.{path}" for path in CONTEXT] + list(MEMBERS)
        roots += [f"properties.{path}" for path in PROPERTIES]
        if kind in ("identify", "group"):
            roots += [f"traits.{path}" for path in PROPERTIES]
        for path in roots:

            def place(text: str, path: str = path) -> Call:
                made = self.base(kind)
                _put(made, path.split("."), text)
                return made

            yield place
        for path in ("properties", "traits", "context", "context.page", "context.consent",
                     "context.consent.categoryPreferences", "context.campaign", "integrations",
                     "properties.nested", ""):  # fmt: skip

            def keyed(text: str, path: str = path) -> Call:
                made = self.base(kind)
                _put(made, [*filter(None, path.split(".")), text], True)
                return made

            yield keyed
        for path in ("properties.products", "properties.product_id", "context", "context.consent",
                     "context.page", "type", "properties"):  # fmt: skip

            def odd(text: str, path: str = path) -> Call:
                made = self.base(kind)
                _put(made, path.split("."), [{"name": text, text: [text]}, text])
                return made

            yield odd

    def _numeric(self) -> Iterator[Call]:
        """Give calls in which a declared number is really the canary's phone number."""
        digits = self._canary.phone.lstrip("+")
        national = f"0{digits[2:]}"
        numbers: tuple[Any, ...] = (
            int(digits), int(digits[2:]), national, digits, float(digits[2:]), f"{digits}.00",
            f"+{digits}", f" {national} ",
        )  # fmt: skip
        for rule in self._rules.properties.values():
            if rule.type in NUMERIC:
                event = self._event_with(rule)
                for number in numbers:
                    made = self.base(event.kind, event.name)
                    _put(made, rule.path, number)
                    yield made


def _put(made: Call, path: Any, value: Any) -> None:
    *steps, last = path
    place = made
    for step in steps:
        place = place.setdefault(step, {})
    place[last] = value
