"""A message has another number in each domain, and is known again across rotations of the key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from gateway.rights import message_life
from pseudonymizer.errors import KeyInUse, KeyUnknown
from pseudonymizer.key_providers import FileKeyProvider
from pseudonymizer.keyring import Keyring
from tests.support.at_once import at_once
from tests.support.builders import ADA, GRACE, consent, identify, track
from tests.support.clock import instant
from tests.support.edge import TestEdge, make_edge
from tests.support.messages import named_in
from workers.store.message_key import RESENT_FOR
from workers.store.transactions import transaction

WEEK_US = int(RESENT_FOR.total_seconds()) * 1_000_000


@pytest.fixture
def elsewhere(edge: TestEdge, tmp_path: Path) -> TestEdge:
    """Another gateway: it read the keys before anything was rotated."""
    other = make_edge(edge.store, edge.vault, tmp_path)
    assert other.send(viewed(other)) == {"stored": 1}
    return other


def viewed(edge: TestEdge, **members: Any) -> dict[str, Any]:
    at = instant(edge.now_us)
    return track("Product Viewed", at=at, sentAt=None, properties={"product_id": "lamp"}, **members)


def rotate(edge: TestEdge, folder: Path) -> int:
    """Rotate as a command does: another process."""
    theirs = Keyring(FileKeyProvider.open(folder / "keys.json", mode="development"))
    return message_life.rotate(edge.store, theirs)


def mids(edge: TestEdge) -> list[int]:
    return [row.mid for row in edge.rows("select mid from store.event")]


def test_the_rows_of_one_message_share_no_number(edge: TestEdge) -> None:
    event = viewed(edge)
    assert edge.send(event) == {"stored": 1}
    domains = edge.ingest.bound.rules.domain_masks
    named = named_in(domains, edge.keyring, 1)(event["messageId"])
    assert len(set(named)) == len(domains) == 2
    assert sorted(mids(edge)) == sorted(named)
    hashes = edge.rows(
        "select array_agg(distinct s.domain) from store.consent_record c"
        " join store.subject s on s.id = c.subject group by c.signal_hash"
    )
    assert {len(row[0]) for row in hashes} == {1}


def test_an_event_nobody_named_has_another_number_in_each_domain_too(edge: TestEdge) -> None:
    event = viewed(edge) | {"messageId": None}
    assert edge.send(event, event) == {"stored": 2}
    assert len(set(mids(edge))) == 4


def test_a_message_sent_again_across_a_rotation_is_stored_once(
    edge: TestEdge, elsewhere: TestEdge, tmp_path: Path
) -> None:
    before = viewed(edge)
    assert edge.send(before) == {"stored": 1}
    assert rotate(edge, tmp_path) == 2
    between = viewed(edge)
    assert edge.send(before, between) == {"duplicate": 1, "stored": 1}
    # The other gateway knows nothing of it yet, and numbers by the new version all the same.
    assert elsewhere.send(between, before) == {"duplicate": 2}
    assert rotate(edge, tmp_path) == 3
    assert elsewhere.send(before, between, viewed(edge)) == {"duplicate": 2, "stored": 1}
    assert edge.send(before, before) == {"duplicate": 2}
    assert len(mids(edge)) == 2 * 4


def test_two_gateways_that_store_one_message_during_a_rotation_store_it_once(
    edge: TestEdge, elsewhere: TestEdge, tmp_path: Path
) -> None:
    sent = [[viewed(edge) for _ in range(20)] for _ in range(6)]
    stored = len(mids(edge))

    def arrive(gateway: TestEdge) -> None:
        for calls in sent:
            gateway.send(*calls)

    def turn_over() -> None:
        for _ in range(3):
            rotate(edge, tmp_path)

    assert at_once(lambda: arrive(edge), lambda: arrive(elsewhere), turn_over) == []
    assert len(mids(edge)) - stored == 2 * 120
    assert edge.send(*sent[0]) == {"duplicate": 20}


def test_a_yes_sent_again_across_a_rotation_undoes_no_withdrawal(
    edge: TestEdge, tmp_path: Path
) -> None:
    yes = identify(ADA, at=instant(edge.now_us), sentAt=None, timestamp=None)
    edge.send(yes)
    edge.now_us += 60_000_000
    refused = {"consent": consent(refused=("analytics", "marketing"))}
    edge.send(identify(ADA, at=instant(edge.now_us), sentAt=None, context=refused))
    kept = edge.count("consent_record")
    rotate(edge, tmp_path)
    edge.send(yes)
    assert edge.count("consent_record") == kept


def test_what_was_numbered_before_there_were_domains_is_known_for_a_week(
    edge: TestEdge, store_owner: Engine
) -> None:
    event = viewed(edge)
    edge.send(event)
    plain = edge.keyring.message_ids(1, by_domain=False)(1, "", event["messageId"])
    with transaction(store_owner) as owner:
        owner.execute(text("update store.event set mid = :mid"), {"mid": plain})
        until = "update store.message_key set plain_until = now() + interval '7 days'"
        owner.execute(text(until))
    assert edge.send(event, viewed(edge)) == {"duplicate": 1, "stored": 1}
    edge.now_us += WEEK_US + 60_000_000
    late = track("Product Viewed", GRACE, at=instant(edge.now_us), sentAt=None,
                 messageId=event["messageId"], properties={"product_id": "lamp"})  # fmt: skip
    assert edge.send(late) == {"stored": 1}


def test_a_version_ends_when_nothing_numbered_by_it_may_be_sent_again(
    edge: TestEdge, store_owner: Engine, tmp_path: Path
) -> None:
    with pytest.raises(KeyInUse, match="in use"):
        message_life.destroy(edge.store, edge.keyring, 1)
    rotate(edge, tmp_path)
    with pytest.raises(KeyInUse, match="sent again until"):
        message_life.destroy(edge.store, edge.keyring, 1)
    with transaction(store_owner) as owner:
        owner.execute(text("update store.message_key set since = now() - interval '8 days'"))
    message_life.destroy(edge.store, edge.keyring, 1)
    assert edge.send(viewed(edge)) == {"stored": 1}
    with pytest.raises(KeyUnknown):
        message_life.destroy(edge.store, edge.keyring, 1)
