"""What was chosen in an account and what holds on a device that others use, too (R-100).

Conflicts of the two in every combination: neither ever decides about the other, whatever order they
come in, however they are said, and whether or not the two are known to belong together.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any
from uuid import UUID

import pytest

from gateway.consent.service import Choice
from policies.vocabulary import ConsentStatus
from pseudonymizer.lookup import Lookup
from tests.support.builders import ADA, ALL_CATEGORIES, GRACE, call, consent, identify
from tests.support.edge import TestEdge

SAID = {
    "nothing": [],
    "yes": [True],
    "no": [False],
    "yes, then no": [True, False],
    "no, then yes": [False, True],
}
LEFT = {"nothing": False, "yes": True, "no": False, "yes, then no": False, "no, then yes": True}
GRANTED, REFUSED = consent(*ALL_CATEGORIES), consent(refused=ALL_CATEGORIES)


@dataclass(frozen=True)
class Browser:
    """A browser, and who is signed in there; nobody if *user* is ``None``."""

    device: str
    user: str | None = None

    def sent(self, edge: TestEdge, ago: timedelta, **members: Any) -> dict[str, int]:
        at = datetime.fromtimestamp(edge.now_us / 1e6, UTC) - ago
        members = {"event": "Product Viewed", "properties": {"product_id": "lampe-arc"}, **members}
        names = {"userId": self.user, "anonymousId": self.device}
        return edge.send({**call("track", at=at, sentAt=None), **names, **members})

    def is_heard(self, edge: TestEdge) -> bool:
        """Say whether an event is stored that says nothing about consent itself."""
        return self.sent(edge, timedelta(minutes=1), context={}) == {"stored": 1}

    def prefers(self, edge: TestEdge, ago: timedelta, *, yes: bool) -> None:
        event = "Segment Consent Preference Updated"
        said = {"consent": GRANTED if yes else REFUSED}
        self.sent(edge, ago, event=event, properties={}, context=said)

    def chooses(self, edge: TestEdge, ago: timedelta, *, yes: bool) -> None:
        rules = edge.ingest.bound.rules
        status = ConsentStatus.GIVEN if yes else ConsentStatus.WITHDRAWN
        said = {key: status for key in rules.numbers if key != rules.ruleset.signals.age.parental}
        at_us = edge.now_us - ago // timedelta(microseconds=1)
        named = ("anonymous_id", self.device) if self.user is None else ("user_id", self.user)
        edge.consent.record(Choice(*named, said, at_us))


WAYS = {"preference": Browser.prefers, "interface": Browser.chooses}


@pytest.mark.parametrize("linked", [False, True])
@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("account_first", [False, True])
def test_no_choice_of_an_account_reaches_the_device_nor_the_other_way(
    edge: TestEdge, how: str, *, account_first: bool, linked: bool
) -> None:
    wrong = []
    for number, (device, account) in enumerate(product(SAID, SAID)):
        out = Browser(f"anon-{number}")
        in_ = Browser(out.device, f"cust-{number}")
        if linked:
            pair = (("user_id", f"cust-{number}"), ("anonymous_id", out.device))
            edge.lookup([Lookup(pair, mint=True, link=True)])
        for browser, said, first in (
            (out, device, not account_first),
            (in_, account, account_first),
        ):
            for place, yes in enumerate(SAID[said]):
                ago = timedelta(hours=3 if first else 2) - timedelta(minutes=5 * place)
                WAYS[how](browser, edge, ago, yes=yes)
        found = (out.is_heard(edge), in_.is_heard(edge))
        if found != (LEFT[device], LEFT[account]):
            wrong.append((device, account, found))
    assert wrong == []


def test_whoever_signs_in_next_on_a_shared_device_decides_for_themselves_alone(
    edge: TestEdge,
) -> None:
    device, ada, grace = (
        Browser("anon-family", user) for user in (None, ADA.user_id, GRACE.user_id)
    )
    device.prefers(edge, timedelta(hours=5), yes=True)
    ada.prefers(edge, timedelta(hours=4), yes=True)
    grace.prefers(edge, timedelta(hours=3), yes=True)
    ada.prefers(edge, timedelta(hours=2), yes=False)
    assert [each.is_heard(edge) for each in (device, ada, grace)] == [True, False, True]


def test_an_account_is_heard_on_every_device_and_refuses_on_every_device(edge: TestEdge) -> None:
    laptop, phone = Browser("anon-laptop", ADA.user_id), Browser("anon-phone", ADA.user_id)
    laptop.prefers(edge, timedelta(hours=3), yes=True)
    assert phone.is_heard(edge)
    phone.prefers(edge, timedelta(seconds=30), yes=False)
    assert not laptop.is_heard(edge)


def test_the_ledger_says_how_far_each_choice_reaches(edge: TestEdge) -> None:
    for ago, user in ((5, None), (4, ADA.user_id)):
        for browser in (Browser("anon-family", user), Browser("anon-other", user)):
            browser.prefers(edge, timedelta(hours=ago), yes=True)
            browser.chooses(edge, timedelta(hours=ago - 2), yes=False)
    people = edge.rows(
        "select scope, count(distinct subject), count(distinct method) from store.consent_record"
        " group by scope order by scope"
    )
    assert [tuple(row) for row in people] == [("account", 2, 2), ("device", 4, 2)]


@pytest.mark.parametrize("everything_granted", [False, True])
def test_what_was_done_before_a_sign_in_is_never_the_account_s(
    edge: TestEdge, *, everything_granted: bool
) -> None:
    """Pre-login events stay with the browser, whatever it or the account consents to (R-49)."""
    signed_out = Browser(ADA.anonymous_id)
    for hours in (5, 4):
        assert signed_out.sent(edge, timedelta(hours=hours)) == {"stored": 1}
    before = events_of(edge, "anonymous_id", ADA.anonymous_id)
    said = GRANTED if everything_granted else consent("analytics")
    at = datetime.fromtimestamp(edge.now_us / 1e6, UTC) - timedelta(hours=3)
    edge.send(identify(ADA, at=at, sentAt=None, context={"consent": said}))
    signed_in = Browser(ADA.anonymous_id, ADA.user_id)
    assert signed_in.sent(edge, timedelta(hours=2)) == {"stored": 1}
    assert events_of(edge, "anonymous_id", ADA.anonymous_id) == before
    theirs = events_of(edge, "user_id", ADA.user_id)
    assert theirs
    assert theirs.isdisjoint(before)
    assert min(instant for _, instant in theirs) > max(instant for _, instant in before)


def events_of(edge: TestEdge, kind: str, value: str) -> set[tuple[int, Any]]:
    """Give row number of the pseudonym and instant of every event of an identifier's subject."""
    (found,) = edge.lookup([Lookup(((kind, value),))])
    pids = [UUID(bytes=pid) for pid in (found.pids or {}).values()]
    return {
        (row.subject, row.at)
        for row in edge.rows(
            "select e.subject, e.at from store.event e join store.subject s on s.id = e.subject"
            " where s.pid = any(:pids)",
            pids=pids,
        )
    }
