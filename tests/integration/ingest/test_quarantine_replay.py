"""What is replayed goes in by the front door, once, and is judged by what holds now."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Engine, text

from gateway.quarantine.errors import (
    FieldNeeded,
    FieldUnknown,
    OfficerKeyWrong,
    QuarantineAltered,
    QuarantineRestricted,
    QuarantineSettled,
    QuarantineUnknown,
    TakenInvalid,
)
from gateway.quarantine.taken import opened, read_released, read_taken, released
from gateway.rights import message_life
from policies.decisions import Reason
from pseudonymizer.key_providers import FileKeyProvider
from pseudonymizer.keyring import Keyring
from pseudonymizer.lookup import Lookup
from pseudonymizer.public_seal import PublicSeal
from tests.support.builders import ADA, ALL_CATEGORIES, GRACE, consent, identify, page
from tests.support.edge import TestEdge, make_edge
from tests.support.quarantine import HEALTH, NIR, Officer, review_of, search
from workers.store import quarantine, registry
from workers.store.audit_log import AuditLog
from workers.store.transactions import transaction

QUERY = ("properties.query",)
DOMAINS = 2  # in which a search is stored


@pytest.fixture
def officer(tmp_path: Path) -> Officer:
    return Officer.hired(tmp_path)


@pytest.fixture
def watched(
    store_gateway: Engine, vault_engine: Engine, tmp_path: Path, officer: Officer
) -> TestEdge:
    return make_edge(store_gateway, vault_engine, tmp_path, officer.rulebook(tmp_path / "rules"))


def replayed(edge: TestEdge, officer: Officer, *drop: str) -> str:
    (row,) = review_of(edge).listed()
    return review_of(edge).replay(edge.ingest, row.id, officer.private, drop)


def test_an_event_without_its_field_is_stored_as_the_message_it_was(
    watched: TestEdge, officer: Officer
) -> None:
    call = search(NIR)
    watched.send(call)
    (row,) = review_of(watched).listed()
    assert replayed(watched, officer, *QUERY) == "stored"
    found = watched.rows("select subject, mid, source, text from store.event")
    assert (row.subject, row.mid, row.source, None) in found
    assert len(found) == len({each.subject for each in found}) == DOMAINS
    (settled,) = review_of(watched).listed()
    assert (settled.outcome, settled.bytes) == ("replayed", 0)
    with pytest.raises(QuarantineSettled):
        replayed(watched, officer, *QUERY)
    assert watched.send(call) == {"duplicate": 1}
    assert watched.count("event") == DOMAINS


def test_a_replay_that_was_interrupted_stores_nothing_twice(
    watched: TestEdge, officer: Officer, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = search(NIR)
    del call["messageId"]  # nobody could tell by its name
    watched.send(call)

    def die(*_given: object) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("workers.store.quarantine.settle", die)
        with pytest.raises(KeyboardInterrupt):
            replayed(watched, officer, *QUERY)
    assert replayed(watched, officer, *QUERY) == "duplicate"
    assert watched.count("event") == DOMAINS
    assert review_of(watched).listed()[0].outcome == "replayed"


def test_a_social_security_number_is_never_replayed(watched: TestEdge, officer: Officer) -> None:
    call = search(NIR, context={"page": {"url": "https://shop.example.com/lamps"}})
    watched.send(call)
    with pytest.raises(FieldNeeded):
        replayed(watched, officer)
    assert replayed(watched, officer, "context.page.url") == Reason.SOCIAL_SECURITY_NUMBER
    with pytest.raises(FieldUnknown):
        replayed(watched, officer, "properties.note")
    with pytest.raises(FieldUnknown):
        replayed(watched, officer, "properties.query.deeper")
    assert watched.count("event") == 0
    assert review_of(watched).listed()[0].outcome is None
    assert replayed(watched, officer, *QUERY, "context.page.url") == "stored"


def test_it_stays_refused_when_the_rulebook_sets_nothing_aside_any_more(
    watched: TestEdge, officer: Officer
) -> None:
    call = search(NIR, context={"page": {"url": "https://shop.example.com/lamps"}})
    watched.send(call)
    rules = watched.ingest.bound.rules
    off = replace(rules.ruleset.quarantine, reasons=())
    rules.ruleset = replace(rules.ruleset, quarantine=off)
    assert replayed(watched, officer, "context.page.url") == Reason.SOCIAL_SECURITY_NUMBER


def test_a_special_category_is_refused_until_the_rulebook_says_otherwise(
    watched: TestEdge, officer: Officer, store_gateway: Engine, vault_engine: Engine, tmp_path: Path
) -> None:
    watched.send(search(HEALTH))
    assert replayed(watched, officer) == Reason.SPECIAL_CATEGORY
    categories = {
        key: replace(rule, guard_fr=(), guard_en=())
        for key, rule in watched.ingest.bound.rules.ruleset.special_categories.items()
    }
    rules = replace(watched.ingest.bound.rules.ruleset, special_categories=categories)
    later = make_edge(store_gateway, vault_engine, tmp_path, rules)
    assert replayed(later, officer) == "stored"
    assert (HEALTH,) in later.rows("select text from store.event")


def test_its_senders_name_is_found_in_its_texts_all_the_same(
    watched: TestEdge, officer: Officer
) -> None:
    call = search(NIR, context={"campaign": {"name": "for augusta"}})
    call["traits"] = {"firstName": "Augusta", "colour": "red"}
    watched.send(call)
    (row,) = review_of(watched).listed()
    document = review_of(watched).open(row.id, officer.private).document
    assert document.parts["traits"] == {"firstName": "Augusta"}
    assert replayed(watched, officer, *QUERY) == "stored"
    assert "augusta" not in str(watched.rows("select value from store.dictionary")).lower()


def test_who_is_restricted_is_not_replayed(watched: TestEdge, officer: Officer) -> None:
    watched.send(search(NIR))
    (row,) = review_of(watched).listed()
    with transaction(watched.store) as connection:
        registry.set_state(connection, [row.subject], registry.RESTRICTED)
    with pytest.raises(QuarantineRestricted):
        replayed(watched, officer, *QUERY)


def test_consent_is_asked_anew(watched: TestEdge, officer: Officer) -> None:
    """It was withdrawn in a way that left the row: by whoever wrote to the database."""
    watched.send(search(NIR, context={"consent": consent("personalisation")}))
    (row,) = review_of(watched).listed()
    with watched.store.begin() as connection:
        connection.execute(
            text(
                "update store.subject set consent ="
                " array(select case when i % 3 = 0 then consent[i - 1] else consent[i] end"
                " from generate_subscripts(consent, 1) i order by i)"
            )
        )
    assert replayed(watched, officer, *QUERY) == Reason.CONSENT_WITHDRAWN
    assert watched.count("event") == 0
    assert row.id == review_of(watched).listed()[0].id


def test_a_withdrawal_in_between_leaves_nothing_to_replay(
    watched: TestEdge, officer: Officer
) -> None:
    watched.send(search(NIR))
    (row,) = review_of(watched).listed()
    watched.send(search("lamps", context={"consent": consent(refused=ALL_CATEGORIES)}))
    with pytest.raises(QuarantineUnknown):
        review_of(watched).replay(watched.ingest, row.id, officer.private, QUERY)


def test_what_every_signal_said_is_heard_again(watched: TestEdge, officer: Officer) -> None:
    said = consent(*ALL_CATEGORIES) | {
        "googleConsentMode": dict.fromkeys(
            ("personalization_storage", "analytics_storage"), "granted"
        ),
        "ageBand": "18+",
    }
    watched.send(identify(), search(NIR, context={"consent": said}))
    ledger = watched.count("consent_record")
    (row,) = review_of(watched).listed()
    document = review_of(watched).open(row.id, officer.private).document
    assert {kind for kind, _ in document.said} == {"GOOGLE", "AGE"}
    assert replayed(watched, officer, *QUERY) == "stored"
    assert watched.count("consent_record") == ledger  # nothing of it is news


def test_a_page_can_be_replayed_without_its_address(watched: TestEdge, officer: Officer) -> None:
    call = page("/rayons/tests-de-grossesse", ADA)
    call["timestamp"] = call["sentAt"] = None
    watched.send(call)
    assert replayed(watched, officer, "properties.url") == "stored"
    assert set(watched.rows("select page from store.event")) == {(None,)}


def test_what_was_released_elsewhere_is_replayed_without_the_key(
    watched: TestEdge, officer: Officer
) -> None:
    """The private key is never where the store is."""
    watched.send(search(NIR), search(f"{NIR} again"))
    first, second = review_of(watched).listed()
    file = msgspec.json.encode(review_of(watched).take(first.id).document())
    assert NIR.encode() not in file
    taken = read_taken(file)
    document = opened(*taken, officer.private)
    assert document.parts["properties"] == {"query": NIR}
    with pytest.raises(FieldNeeded):
        released(taken.binding.reason, document, ())
    out = msgspec.json.encode(released(taken.binding.reason, document, QUERY))
    with pytest.raises(TakenInvalid):
        review_of(watched).replay_released(watched.ingest, second.id, read_released(out))
    again = review_of(watched).replay_released(watched.ingest, first.id, read_released(out))
    assert again == "stored"
    assert [row.outcome for row in review_of(watched).listed()] == ["replayed", None]
    with pytest.raises(QuarantineSettled):
        review_of(watched).take(first.id)


def test_a_released_event_of_another_message_or_person_settles_nothing(
    watched: TestEdge, officer: Officer
) -> None:
    """Neither a message that is stored already, nor somebody nobody has met."""
    stored = search("lamps")
    watched.send(search(NIR), stored, search("lamps", GRACE))
    (row,) = review_of(watched).listed()
    document = review_of(watched).open(row.id, officer.private).document
    del document.parts["properties"]["query"]
    stranger = (("user_id", "konrad-zuse"),)
    before = watched.count("event")
    for forged in (
        {"message_id": stored["messageId"]},
        {"message_id": f"quarantine:{document.message_id}"},
        {"identifiers": (("user_id", GRACE.user_id),)},
        {"identifiers": stranger},
    ):
        other = msgspec.structs.replace(document, **forged)
        with pytest.raises(TakenInvalid):
            review_of(watched).replay_released(watched.ingest, row.id, other)
    assert watched.lookup([Lookup(stranger)])[0].status == "unknown"
    assert watched.count("event") == before
    assert review_of(watched).listed()[0].outcome is None
    assert review_of(watched).replay_released(watched.ingest, row.id, document) == "stored"


def test_a_message_is_known_again_when_its_key_was_rotated(
    watched: TestEdge, officer: Officer, tmp_path: Path
) -> None:
    call = search(NIR)
    del call["messageId"]
    watched.send(call)
    theirs = Keyring(FileKeyProvider.open(tmp_path / "keys.json", mode="development"))
    assert message_life.rotate(watched.store, theirs) == 2
    assert replayed(watched, officer, *QUERY) == "stored"


def test_a_seal_of_somebody_elses_event_is_not_replayed(
    watched: TestEdge, officer: Officer, store_owner: Engine
) -> None:
    """Anybody may seal for the officer; only the keys tell whose the row is."""
    watched.send(search(NIR))
    (row,) = review_of(watched).listed()
    document = review_of(watched).open(row.id, officer.private).document
    forged = msgspec.structs.replace(document, identifiers=(("user_id", GRACE.user_id),))
    taken = review_of(watched).take(row.id)
    seal = PublicSeal(officer.public).seal(msgspec.json.encode(forged), taken.binding.to_bytes())
    with store_owner.begin() as connection:
        connection.execute(text("update store.quarantine set sealed = :seal"), {"seal": seal})
    with pytest.raises(QuarantineAltered):
        replayed(watched, officer, *QUERY)
    assert watched.count("event") == 0


def test_a_row_is_held_before_the_log_as_expiry_does(watched: TestEdge) -> None:
    """The other way round, each would wait for what the other has."""
    watched.send(search(NIR))
    (row,) = review_of(watched).listed()
    with ThreadPoolExecutor(1) as pool:
        with transaction(watched.store) as connection:
            quarantine.hold(connection, row.id)
            discarding = pool.submit(review_of(watched).discard, row.id)
            waits = "select 1 from pg_locks where not granted and locktype = 'transactionid'"
            while not watched.rows(waits):
                assert not discarding.done()
            connection.execute(text("set local lock_timeout = '2s'"))
            AuditLog(connection).append("event:quarantine-expired", None, {"count": 0})
        discarding.result(timeout=10)
    assert review_of(watched).listed()[0].outcome == "discarded"


def test_a_taken_file_that_was_changed_opens_for_nobody(
    watched: TestEdge, officer: Officer, tmp_path: Path
) -> None:
    watched.send(search(NIR))
    (row,) = review_of(watched).listed()
    taken = review_of(watched).take(row.id)
    with pytest.raises(QuarantineAltered):
        opened(taken.binding._replace(reason="unreadable-text"), taken.sealed, officer.private)
    with pytest.raises(OfficerKeyWrong):
        opened(*taken, Officer.hired(tmp_path, "other").private)
    for content in (b"", b"[]", b"{}", b'{"format": "x", "binding": [], "sealed": ""}', b"\xff"):
        with pytest.raises(TakenInvalid):
            read_taken(content)
        with pytest.raises(TakenInvalid):
            read_released(content)
