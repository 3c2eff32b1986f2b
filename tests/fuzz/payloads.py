"""What do trackers really send?  Calls of every type, which a mutator then spoils.

The calls of servers are made by the unmodified client libraries of Segment and RudderStack,
which are
told not to send.  Those of browsers and phones are written down here as analytics.js and the mobile
libraries form them (published source and API description): the same members, in the same order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from rudderstack.analytics.client import Client as RudderClient
from segment.analytics.client import Client as SegmentClient

from tests.support.builders import ALL_CATEGORIES, consent
from tests.support.canaries import Canary

Call = dict[str, Any]

SAFARI: Final = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
)
PRODUCT: Final = {
    "product_id": "engine-1842",
    "sku": "DE-2",
    "category": "Calculating machines",
    "name": "Difference Engine No. 2",
    "brand": "Babbage",
    "price": 18.15,
    "quantity": 1,
    "currency": "EUR",
    "coupon": "ANALYTICAL",
    "position": 3,
    "url": "https://shop.example.com/machines/difference-engine",
}


def instant(at: datetime) -> str:
    """Write *at* as a browser does."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def calls(person: Canary, now: datetime) -> list[Call]:
    """Give calls of every type, by every sort of sender, about *person*, shortly before *now*."""
    found = [*_browser(person), *_phone(person), *_servers(person, now)]
    for number, call in enumerate(found):
        if "originalTimestamp" not in call:
            call["timestamp"] = instant(now - timedelta(minutes=number))
        call["messageId"] = f"fuzz-{number:03}-{call['messageId']}"
    return found


def _browser(person: Canary) -> Iterator[Call]:
    """Give what analytics.js 2 sends."""
    path = f"/compte/{person.user_id}?utm_source=lettre&email={person.email}"
    page = {
        "path": "/machines",
        "referrer": f"https://search.example.org/?q={person.email}",
        "search": f"?utm_source=lettre&email={person.email}",
        "title": "Machines",
        "url": f"https://shop.example.com{path}",
    }
    context = {
        "page": page,
        "userAgent": SAFARI,
        "userAgentData": {
            "brands": [{"brand": "Chromium", "version": "126"}],
            "mobile": True,
            "platform": "iOS",
        },
        "locale": "fr-FR",
        "library": {"name": "analytics.js", "version": "npm:next-1.84.3"},
        "timezone": "Europe/Paris",
        "campaign": {"name": "rentree", "source": "lettre", "medium": "email"},
        "consent": consent(*ALL_CATEGORIES),
        "ip": person.ip,
    }
    outer = {
        "anonymousId": person.anonymous_id,
        "integrations": {"All": True, "Segment.io": {"unbundled": []}},
        "userId": person.user_id,
        "context": context,
        "messageId": "ajs-next-1842-a1b2c3",
        "writeKey": "k:***",
        "_metadata": {"bundled": ["Segment.io"], "unbundled": [], "bundledIds": []},
    }
    yield {"type": "page", "name": "Machines", "category": "Shop", "properties": page, **outer}
    yield {"type": "track", "event": "Product Added", "properties": PRODUCT, **outer}
    order = {"order_id": "o-1842", "total": 36.3, "currency": "EUR", "products": [PRODUCT, PRODUCT]}
    yield {"type": "track", "event": "Order Completed", "properties": order, **outer}
    yield {
        "type": "track",
        "event": "Segment Consent Preference Updated",
        "properties": {},
        **outer,
    }
    yield {"type": "identify", "traits": traits(person), **outer}
    yield {"type": "alias", "previousId": person.anonymous_id, **outer}
    yield {"type": "group", "groupId": "society-7", "traits": {"name": "Royal Society"}, **outer}


def _phone(person: Canary) -> Iterator[Call]:
    """Give what the libraries of phones send."""
    context = {
        "app": {
            "name": "Paravent",
            "version": "1.2",
            "build": "7",
            "namespace": "com.example.shop",
        },
        "device": {
            "id": "6F0D9D1C-6F5A-4D0C-9D3C-0F2F4B7A1E55",
            "advertisingId": "7A3CBEA0-BDF5-11E4-8DFC-AA07A5B093DB",
            "adTrackingEnabled": True,
            "manufacturer": "Apple",
            "model": "iPhone15,2",
            "name": f"{person.name}'s phone",
            "type": "ios",
            "token": "ff15bc0c20c4aa6cd50854ff165fd265c838e5405bfeb9571066395b8c9da449",
        },
        "library": {"name": "analytics-ios", "version": "4.1.8"},
        "network": {"bluetooth": False, "carrier": "Orange F", "cellular": True, "wifi": False},
        "os": {"name": "iOS", "version": "17.5"},
        "screen": {"density": 3, "height": 852, "width": 393},
        "traits": traits(person),
        "locale": "fr-FR",
        "timezone": "Europe/Paris",
        "consent": consent("analytics", refused=("marketing", "advertising")),
    }
    outer = {
        "anonymousId": person.anonymous_id,
        "userId": None,
        "context": context,
        "integrations": {},
        "messageId": "ios-7A3CBEA0",
        "channel": "mobile",
    }
    yield {"type": "screen", "name": "Basket", "properties": {"revenue": "19,90"}, **outer}
    yield {
        "type": "track",
        "event": "Products Searched",
        "properties": {"query": "abaque"},
        **outer,
    }


def traits(person: Canary) -> dict[str, Any]:
    """Give the traits by which a shop knows somebody."""
    return {
        "email": person.email,
        "phone": person.phone,
        "name": person.name,
        "createdAt": "2024-02-29T12:00:00.000Z",
        "address": {"city": "Berlin", "postalCode": "10115", "country": "DE"},
        "age": 32,
        "plan": "premium",
    }


def _servers(person: Canary, now: datetime) -> Iterator[Call]:
    """Give what the libraries of servers would have sent."""
    for made in (SegmentClient, RudderClient):
        client = made("pk_nobody_nothing", send=False)
        for send, arguments in _asked(client, person):
            context = {"consent": consent(*ALL_CATEGORIES), "ip": person.ip}
            sent, call = send(context=context, timestamp=now, **arguments)
            assert sent
            yield call


def _asked(client: Any, person: Canary) -> list[tuple[Callable[..., Any], dict[str, Any]]]:
    whose = {"user_id": person.user_id, "anonymous_id": person.anonymous_id}
    return [
        (client.track, {**whose, "event": "Checkout Started", "properties": {"value": 36.3}}),
        (client.identify, {**whose, "traits": traits(person)}),
        (
            client.page,
            {**whose, "name": "Home", "properties": {"url": "https://shop.example.com/"}},
        ),
        (client.screen, {**whose, "name": "Basket"}),
        (client.group, {**whose, "group_id": "society-7", "traits": {"industry": "computing"}}),
        (client.alias, {"previous_id": person.anonymous_id, "user_id": person.user_id}),
    ]
