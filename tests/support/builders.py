"""Wire events and people for tests, each with defaults that a test overrides where it matters.

The people are pioneers of computing on reserved domains (RFC 2606); the phone numbers are those
the French regulator keeps for fiction (ARCEP, 01 99 00).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.support.clock import NOON, wire

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Person:
    """Somebody whose name must never be found where it does not belong."""

    user_id: str
    email: str
    phone: str
    anonymous_id: str


ADA = Person("cust-ada-1815", "ada.lovelace@example.org", "+33199000001", "anon-ada-01")
GRACE = Person("cust-grace-1906", "grace.hopper@example.com", "+33199000002", "anon-grace-01")
ALAN = Person("cust-alan-1912", "alan.turing@example.org", "+33199000003", "anon-alan-01")
KATHERINE = Person(
    "cust-kath-1918", "katherine.johnson@example.com", "+33199000004", "anon-kath-01"
)
PEOPLE = (ADA, GRACE, ALAN, KATHERINE)

ALL_CATEGORIES = ("analytics", "personalisation", "marketing", "advertising")


def consent(*granted: str, refused: tuple[str, ...] = ()) -> dict[str, Any]:
    """Give ``context.consent``: the named categories granted or refused, the others not said."""
    return {
        "categoryPreferences": {**dict.fromkeys(granted, True), **dict.fromkeys(refused, False)}
    }


def call(kind: str, person: Person = ADA, *, at: datetime = NOON, **members: Any) -> dict[str, Any]:
    """Give one call of the Segment dialect, with every consent, unless *members* say otherwise."""
    context = {"consent": consent(*ALL_CATEGORIES), **members.pop("context", {})}
    return {
        "type": kind,
        "messageId": f"message-{next(_numbers)}",
        "userId": person.user_id,
        "timestamp": wire(at),
        "sentAt": wire(at),
        "context": context,
        **members,
    }


def track(
    event: str, person: Person = ADA, *, at: datetime = NOON, **members: Any
) -> dict[str, Any]:
    """Give one ``track`` call; *members* may hold ``properties``, ``context`` and so on."""
    return call("track", person, at=at, event=event, **members)


def identify(person: Person = ADA, *, at: datetime = NOON, **members: Any) -> dict[str, Any]:
    """Give the ``identify`` call that links a person's identifiers."""
    traits = {"email": person.email, "phone": person.phone, **members.pop("traits", {})}
    return call(
        "identify", person, at=at, anonymousId=person.anonymous_id, traits=traits, **members
    )


def page(
    path: str = "/", person: Person = ADA, *, at: datetime = NOON, **members: Any
) -> dict[str, Any]:
    """Give one ``page`` call on the shop's own host."""
    properties = {"url": f"https://shop.example.com{path}", **members.pop("properties", {})}
    return call("page", person, at=at, properties=properties, **members)


def batch(*calls: dict[str, Any], at: datetime = NOON) -> dict[str, Any]:
    """Give the body of ``POST /v1/batch``."""
    return {"batch": list(calls), "sentAt": wire(at)}
