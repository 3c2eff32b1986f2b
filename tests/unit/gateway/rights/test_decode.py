"""Stored numbers become words a person can read; nothing is left out."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime

from gateway.rights.decode import Reference, consent_in_force, instant_of_us, readable
from workers.features.local_hours import LocalHours
from workers.features.state import FoldEvent, fold
from workers.store.computation import WAY_BYTES

REFERENCE = Reference(
    words={1: "Product Viewed", 2: "/catalogue/:id"},
    purposes={1: "personalisation", 2: "email_marketing"},
    domains={1: "marketing"},
    rulebooks={1: "ab" * 32},
    sources={1: "The shop"},
    segments={5: "loyal_buyers@2"},
    feature_keys={3: ["recency", "spent"]},
    steps=("view", "cart"),
    way=bytes(WAY_BYTES),
)
EVENT = {
    "subject": 7,
    "mid": -5,
    "at": datetime(2026, 3, 2, 12, tzinfo=UTC),
    "name": 1,
    "page": 2,
    "product": None,
    "category": None,
    "label": None,
    "campaign": None,
    "referrer": None,
    "device": None,
    "purposes": 3,
    "source": 1,
    "kind": 0,
    "text": None,
}


def test_an_event_reads_as_what_happened() -> None:
    said = readable("store.event", EVENT, REFERENCE)
    assert said["name"] == "Product Viewed"
    assert said["page"] == "/catalogue/:id"
    assert said["purposes"] == ["personalisation", "email_marketing"]
    assert said["kind"] == "track"
    assert said["at"] == "2026-03-02T12:00:00Z"
    assert set(said) == set(EVENT)


def test_the_registry_row_says_which_consent_is_on_record() -> None:
    record = {"id": 7, "pid": uuid.UUID(int=1), "domain": 1, "state": 1, "objected": 2,
              "consent": [1, 0, 86_400_000_000]}  # fmt: skip
    said = readable("store.subject", record, REFERENCE)
    assert (said["domain"], said["state"]) == ("marketing", "restricted")
    assert said["objected"] == ["email_marketing"]
    assert said["consent"][0] == {
        "purpose": "personalisation",
        "since": "1970-01-01T00:00:00Z",
        "until": "1970-01-02T00:00:00Z",
    }


def test_consent_is_in_force_from_since_until_just_before_until() -> None:
    for now_us, in_force in ((9, False), (10, True), (19, True), (20, False)):
        assert consent_in_force([1, 10, 20], REFERENCE.purposes, now_us)[0]["in_force"] is in_force


def test_a_refusal_is_never_in_force() -> None:
    assert not consent_in_force([1, 10, 10], REFERENCE.purposes, 10)[0]["in_force"]


def test_daily_partials_have_their_day_and_what_they_count() -> None:
    record = {
        "last_step": 1,
        "steps": [2, 1],
        "dwell": [0, 5],
        "days": [20_000, 0, 3, 20_000, 11, 1],
        "recent": bytes(WAY_BYTES),
    }
    said = readable("store.state", record, REFERENCE)
    assert said["last_step"] == "cart"
    assert said["steps"] == {"view": 2, "cart": 1}
    day = date(2024, 10, 4).isoformat()
    assert said["days"] == [
        {"day": day, "what": "events", "value": 3},
        {"day": day, "what": "cart", "value": 1},
    ]


def test_what_was_counted_by_other_rules_is_given_under_numbers_and_as_it_is() -> None:
    record = {"last_step": 1, "steps": [3, 4], "dwell": [0, 5], "days": [], "recent": b"\x07other"}
    said = readable("store.state", record, REFERENCE)
    assert (said["steps"], said["last_step"]) == ({"0": 3, "1": 4}, "1")
    assert said["recent"] == b"\x07other".hex()


def test_the_events_folded_last_are_put_into_words() -> None:
    state = fold(None, [FoldEvent(0, 7, 0, True, 0, 1)], LocalHours("Europe/Paris"), ("view",))
    said = []
    for at_us in (90_000_000, 91_000_000):
        state = fold(state, [FoldEvent(at_us, 8, -1, False, 5, 1)], LocalHours("UTC"), ("view",))
        packed = bytes(WAY_BYTES) + state.recent
        record = {"last_step": -1, "steps": [1], "dwell": [0], "days": [], "recent": packed}
        said.append(readable("store.state", record, REFERENCE)["recent"])
    late, later = ({"at": f"1970-01-01T00:01:3{second}Z", "message": 8, "step": None,
                    "click": False, "amount": 5} for second in (0, 1))  # fmt: skip
    assert [each["events"] for each in said] == [[late], [late, later]]
    before = said[0]["before"]
    assert (before["events"], before["last_step"], before["session_clicks"]) == (1, "view", 1)
    assert (before["last_at_us"], before["last_purchase_at_us"]) == ("1970-01-01T00:00:00Z", None)


def test_snapshots_and_memberships_have_names() -> None:
    snapshot = {"feature_set": 3, "values": [1.5, None]}
    assert readable("store.feature_snapshot", snapshot, REFERENCE)["values"] == {
        "recency": 1.5,
        "spent": None,
    }
    assert readable("store.membership", {"segment": 5}, REFERENCE)["segment"] == "loyal_buyers@2"


def test_bytes_become_hex_and_unknown_tables_stay_as_they_are() -> None:
    record = {"mark": b"\x01\x02", "expires_on": date(2026, 3, 2)}
    said = readable("tombstone.mark", record, REFERENCE)
    assert said == {"mark": "0102", "expires_on": "2026-03-02"}


def test_a_link_says_who_asserted_it_and_whether_it_stands() -> None:
    link = {"source": 1, "asserted": "identify", "undone_at": None}
    said = readable("vault.link", link, REFERENCE)
    assert (said["source"], said["standing"]) == (REFERENCE.sources[1], "in force")
    undone = link | {"undone_at": datetime(2026, 3, 2, tzinfo=UTC)}
    assert readable("vault.link", undone, REFERENCE)["standing"] == "undone"
    assert readable("vault.identifier", {"source": None}, REFERENCE)["source"] is None


def test_instants_keep_their_microseconds() -> None:
    assert instant_of_us(1_500_001) == "1970-01-01T00:00:01.500001Z"
    assert instant_of_us(-1) == "1969-12-31T23:59:59.999999Z"
