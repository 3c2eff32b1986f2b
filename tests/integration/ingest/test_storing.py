"""What becomes of events between the front door and the row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.builders import ADA, ALL_CATEGORIES, GRACE, call, consent
from tests.support.edge import TestEdge

NO = {"consent": consent(refused=ALL_CATEGORIES)}


def at(edge: TestEdge, **ago: float) -> datetime:
    return datetime.fromtimestamp(edge.now_us / 1e6, UTC) - timedelta(**ago)


def track(edge: TestEdge, event: str = "Product Viewed", **members: Any) -> dict[str, Any]:
    members.setdefault("at", at(edge, minutes=5))
    properties = members.pop("properties", {"product_id": "lampe-arc", "category": "luminaires"})
    return call("track", event=event, properties=properties, sentAt=None, **members)


def test_a_consented_event_is_stored_once_in_each_domain_it_serves(edge: TestEdge) -> None:
    assert edge.send(track(edge)) == {"stored": 1}
    assert edge.count("event") == 2
    assert edge.count("subject") == 2


def test_an_event_without_any_consent_leaves_nothing_behind(edge: TestEdge) -> None:
    bare = track(edge)
    bare["context"] = {}
    assert edge.send(bare) == {"consent-missing": 1}
    assert [edge.count(t) for t in ("event", "subject", "consent_record", "dictionary")][:3] == [
        0,
        0,
        0,
    ]
    with edge.vault.connect() as vault:
        assert vault.exec_driver_sql("select count(*) from vault.subject").scalar_one() == 0


def test_a_refusal_in_the_event_is_obeyed(edge: TestEdge) -> None:
    said_no = track(edge, context=NO)
    assert edge.send(said_no) == {"consent-refused": 1}
    assert edge.count("event") == 0


def test_only_the_granted_domain_gets_the_event(edge: TestEdge) -> None:
    partly = track(edge, context={"consent": consent("analytics")})
    assert edge.send(partly) == {"stored": 1}
    assert edge.count("event") == 1
    assert edge.count("subject") == 1


def test_amounts_that_add_up_to_more_than_a_state_can_hold_are_left_out(edge: TestEdge) -> None:
    # Each fits its column, two of them no sum: nothing of this person could be folded any more.
    for amount in ("92233720368547758.07", 6e16, -9e16):
        orders = [track(edge, "Order Completed", properties={"total": amount}) for _ in range(3)]
        assert edge.send(*orders) == {"stored": 3}
    large = [track(edge, "Order Completed", properties={"total": 1e10}) for _ in range(60)]
    assert edge.send(*large) == {"stored": 60}
    assert edge.rows("select distinct amount from store.event") == [(None,), (10**12,)]


def test_the_same_message_is_stored_once_however_often_it_comes(edge: TestEdge) -> None:
    event = track(edge)
    assert edge.send(event) == {"stored": 1}
    assert edge.send(event) == {"duplicate": 1}
    assert edge.send(event, event) == {"duplicate": 2}
    assert edge.count("event") == 2


def test_a_duplicate_inside_one_batch_is_counted_as_such(edge: TestEdge) -> None:
    event = track(edge)
    assert edge.send(event, event) == {"stored": 1, "duplicate": 1}


def test_consent_once_given_covers_later_events_that_say_nothing(edge: TestEdge) -> None:
    edge.send(track(edge, at=at(edge, hours=2)))
    silent = track(edge)
    silent["context"] = {}
    assert edge.send(silent) == {"stored": 1}


def test_an_event_from_before_the_consent_is_refused(edge: TestEdge) -> None:
    edge.send(track(edge, at=at(edge, hours=2)))
    early = track(edge, at=at(edge, hours=5))
    early["context"] = {}
    assert edge.send(early) == {"consent-not-yet": 1}


def test_a_no_after_a_yes_closes_and_a_plain_yes_does_not_reopen(edge: TestEdge) -> None:
    edge.send(track(edge, at=at(edge, hours=3)))
    edge.send(track(edge, at=at(edge, hours=2), context=NO))
    assert edge.send(track(edge, at=at(edge, hours=1))) == {"consent-withdrawn": 1}


def test_a_saved_preference_reopens_what_was_closed(edge: TestEdge) -> None:
    edge.send(track(edge, at=at(edge, hours=3)))
    edge.send(track(edge, at=at(edge, hours=2), context=NO))
    edge.send(track(edge, "Segment Consent Preference Updated", at=at(edge, hours=1)))
    assert edge.send(track(edge)) == {"stored": 1}


def test_neighbours_of_a_bad_event_are_stored(edge: TestEdge) -> None:
    bad: list[Any] = [
        {"type": "track", "userId": ["no"]},
        7,
        {"type": "nonsense"},
        {"type": "track"},
    ]
    outcomes = edge.send(track(edge), *bad, track(edge, person=GRACE))
    assert outcomes == {
        "stored": 2,
        "event-invalid": 2,
        "type-unknown": 1,
        "identifier-missing": 1,
    }


def test_an_unknown_event_is_refused_and_counted_without_its_name(edge: TestEdge) -> None:
    assert edge.send(track(edge, "ada.lovelace@example.org bought")) == {"event-unknown": 1}
    counted = edge.rows("select event, outcome from store.decision_count")
    assert [tuple(row) for row in counted] == [("(unknown)", "event-unknown")]


def test_an_event_past_its_retention_is_refused(edge: TestEdge) -> None:
    old = track(edge, at=at(edge, days=1000))
    assert edge.send(old) == {"retention-expired": 1}


def test_an_event_from_the_future_is_refused(edge: TestEdge) -> None:
    assert edge.send(track(edge, at=at(edge, days=-2))) == {"clock-future": 1}


def test_a_large_batch_goes_to_the_bulk_lane_and_leaves_an_outbox_row(edge: TestEdge) -> None:
    many = [track(edge, at=at(edge, minutes=90 - n)) for n in range(60)]
    assert edge.send(*many) == {"stored": 60}
    assert edge.count("state") == 0
    assert edge.count("dirty") == 2
    assert edge.count("outbox") == 1


def test_a_live_event_is_in_the_state_when_it_is_answered(edge: TestEdge) -> None:
    edge.send(track(edge))
    assert edge.count("state") == 2


def test_a_search_for_somebody_leaves_no_somebody(edge: TestEdge) -> None:
    edge.send(track(edge, "Products Searched", properties={"query": "grace.hopper@example.com"}))
    kept = edge.rows("select text from store.event where text is not null")
    assert [row[0] for row in kept] == ["<EMAIL_ADDRESS>"]


def test_no_name_of_the_sender_stays_in_what_is_kept(edge: TestEdge) -> None:
    zuse = {"traits": {"name": "Konrad Zuse"}}
    edge.send(
        track(
            edge, "Products Searched", properties={"query": "liste de konrad zuse"}, context=zuse
        ),
        track(edge, properties={"category": ADA.anonymous_id}, anonymousId=ADA.anonymous_id),
        track(edge, context={"campaign": {"name": f"pour-{ADA.user_id}"}}),
        track(edge, context={"page": {"referrer": f"https://{ADA.user_id}.fr/"}}),
        track(edge, properties={"price": 33_199_001_815, "quantity": "0199001815"}),
    )
    assert {row[0] for row in edge.rows("select text from store.event")} == {None, "<IDENTIFIER>"}
    assert (
        edge.rows("select from store.event where amount is not null or quantity is not null") == []
    )
    words = {row[0] for row in edge.rows("select value from store.dictionary where kind > 1")}
    assert words == {"lampe-arc", "luminaires"}


def test_identify_joins_the_names_of_one_person_and_leaves_their_browser_itself(
    edge: TestEdge,
) -> None:
    anonymous = track(edge, at=at(edge, hours=1))
    del anonymous["userId"]
    anonymous["anonymousId"] = ADA.anonymous_id
    edge.send(anonymous)
    known = call(
        "identify", at=at(edge, minutes=30), anonymousId=ADA.anonymous_id,
        traits={"email": ADA.email}, sentAt=None,
    )  # fmt: skip
    assert edge.send(known) == {"noted": 1}
    assert edge.send(track(edge)) == {"stored": 1}
    with edge.vault.connect() as vault:
        found = vault.exec_driver_sql(
            "select array_agg(kind order by kind) from vault.identifier group by subject order by 1"
        ).scalars()
        assert list(found) == [["anonymous_id"], ["email", "user_id"]]
        assert vault.exec_driver_sql("select count(*) from vault.link").scalar_one() == 1


def test_an_amount_in_another_currency_is_left_out(edge: TestEdge) -> None:
    edge.send(track(edge, "Order Completed", properties={"total": 20, "currency": "USD"}))
    edge.send(track(edge, "Order Completed", properties={"total": 30, "currency": "eur"}))
    kept = edge.rows("select distinct amount from store.event where amount is not null")
    assert [row[0] for row in kept] == [3000]
