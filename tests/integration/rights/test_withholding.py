"""What a visitor made a page's source say about somebody else opens nobody's report (R-17)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tests.support.builders import ADA, ALAN, GRACE, Person, identify, track
from tests.support.rights import RightsDesk, canaries, seed_everywhere

MALLORY = replace(ALAN, user_id="cust-mallory", anonymous_id="anon-mallory")


def now(desk: RightsDesk) -> datetime:
    return datetime.fromtimestamp(desk.edge.now_us / 1_000_000, UTC)


def browse(desk: RightsDesk, person: Person, ago: timedelta, **names: str | None) -> None:
    event = track("Product Viewed", person, at=now(desk) - ago, sentAt=None)
    event["properties"] = {"product_id": "SKU-42", "category": "books"}
    desk.edge.send({**event, **names})


def claim_to_be(desk: RightsDesk, victim: Person, **names: str | None) -> None:
    """Send what anybody with the public write key can: "I am the one with this address"."""
    at = now(desk) - timedelta(minutes=5)
    said = identify(MALLORY, at=at, sentAt=None, traits={"email": victim.email, "phone": ""})
    assert desk.edge.send({**said, **names}) == {"noted": 1}


def test_a_cookie_said_to_be_somebodys_does_not_open_their_report(desk: RightsDesk) -> None:
    seed_everywhere(desk, ADA)
    claim_to_be(desk, ADA, userId=None)
    report = desk.report(("anonymous_id", MALLORY.anonymous_id))
    assert canaries(ADA, json.dumps(report)) == ()
    assert report["held"]["vault.subject"] == 1  # the cookie itself, and nothing was stored of it
    assert report["held"]["store.event"] == 0
    assert "user_id" in report["withheld"]


def test_a_link_from_ones_own_number_to_somebodys_address_is_withheld(desk: RightsDesk) -> None:
    """Grace is known by her address alone; Mallory has an account, and says it is hers."""
    at = now(desk) - timedelta(hours=5)
    subscribed = identify(GRACE, at=at, sentAt=None, traits={"phone": ""})
    desk.edge.send({**subscribed, "userId": None})
    browse(desk, GRACE, timedelta(hours=4), userId=None, anonymousId=GRACE.anonymous_id)
    browse(desk, MALLORY, timedelta(hours=3))
    claim_to_be(desk, GRACE, anonymousId=None)
    report = desk.report(("user_id", MALLORY.user_id))
    assert canaries(GRACE, json.dumps(report)) == ()
    assert report["held"]["vault.subject"] == 1
    assert "email" in report["withheld"]
    both = desk.report(("user_id", MALLORY.user_id), ("email", GRACE.email))
    assert both["held"]["vault.subject"] == 3  # and the browser she subscribed in
    assert both["withheld"] is None


def test_the_browser_of_a_visitor_who_signed_in_is_theirs(desk: RightsDesk) -> None:
    browse(desk, ADA, timedelta(hours=5), userId=None, anonymousId=ADA.anonymous_id)
    browse(desk, ADA, timedelta(hours=4))
    at = now(desk) - timedelta(hours=3)
    desk.edge.send(identify(ADA, at=at, sentAt=None, traits={"email": "", "phone": ""}))
    report = desk.report(("user_id", ADA.user_id))
    assert report["held"]["vault.subject"] == 2
    assert report["held"]["store.event"] == 4
    assert report["withheld"] is None


def test_a_browser_two_people_were_linked_with_is_nobodys(desk: RightsDesk) -> None:
    """Grace subscribes, by her address alone, on the tablet that Ada has signed in on (R-17)."""
    browse(desk, ADA, timedelta(hours=5), userId=None, anonymousId=ADA.anonymous_id)
    browse(desk, ADA, timedelta(hours=4))
    at = now(desk) - timedelta(hours=3)
    desk.edge.send(identify(ADA, at=at, sentAt=None, traits={"email": "", "phone": ""}))
    on_it = replace(GRACE, anonymous_id=ADA.anonymous_id)
    desk.edge.send({**identify(on_it, at=at, sentAt=None, traits={"phone": ""}), "userId": None})
    for claimed in (("email", GRACE.email), ("user_id", ADA.user_id)):
        report = desk.report(claimed)
        assert report["held"]["vault.subject"] == 1
        assert "anonymous_id" in report["withheld"]
    both = desk.report(("email", GRACE.email), ("user_id", ADA.user_id))
    assert both["held"]["vault.subject"] == 3
    assert both["withheld"] is None


def test_a_cookie_nobody_signed_in_with_opens_what_it_did(desk: RightsDesk) -> None:
    browse(desk, ADA, timedelta(hours=5), userId=None, anonymousId=ADA.anonymous_id)
    report = desk.report(("anonymous_id", ADA.anonymous_id))
    assert report["held"]["store.event"] == 2
