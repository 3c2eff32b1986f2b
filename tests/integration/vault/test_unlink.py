"""Undoing that two were said to be one person: exact, for good, and never a way back."""

from __future__ import annotations

import threading
from uuid import uuid4

import pytest

from pseudonymizer.errors import EnvelopeInvalid
from pseudonymizer.lookup import Lookup, Said
from pseudonymizer.vault.forget import ErasureRequest, begin_nameless
from pseudonymizer.vault.mint import open_identifier, open_mark
from pseudonymizer.vault.store import keep_erasures_out
from pseudonymizer.vault.subjects import subject_keys
from pseudonymizer.vault.transactions import connect, transaction
from pseudonymizer.vault.unlink import mint_aside, number_aside
from tests.support.postgres import Database
from tests.support.vault import DOMAINS, NOON, Vault

ADA, GRACE = ("user_id", "ada"), ("user_id", "grace")
LAPTOP, PHONE = ("anonymous_id", "laptop"), ("anonymous_id", "phone")
MAIL = ("email", "ada.lovelace@example.org")


def said(*identifiers: tuple[str, str], source: int = 3) -> Lookup:
    return Lookup(identifiers, mint=True, link=True, said=Said(source, "identify"))


def test_from_then_on_the_two_are_separate_and_keep_what_they_were_called(vault: Vault) -> None:
    vault.ask(said(ADA, LAPTOP))
    before = vault.find(ADA).pids, vault.find(LAPTOP).pids
    assert vault.circle(ADA) == vault.circle(LAPTOP)
    done = vault.unlink(ADA, LAPTOP)
    assert (done.verdict, done.apart, done.source, done.asserted) == ("undone", True, 3, "identify")
    assert vault.circle(ADA).isdisjoint(vault.circle(LAPTOP))
    assert (vault.find(ADA).pids, vault.find(LAPTOP).pids) == before


def test_a_second_time_changes_nothing_and_says_the_same(vault: Vault) -> None:
    vault.ask(said(ADA, LAPTOP))
    case = uuid4()
    done = vault.unlink(ADA, LAPTOP, case)
    assert vault.unlink(LAPTOP, ADA, case) == vault.unlink(ADA, LAPTOP) == done
    (row,) = vault.rows("SELECT undone_at, undone_case FROM vault.link")
    assert dict(row) == {"undone_at": NOON, "undone_case": case}


def test_who_asserted_what_and_when_is_on_record(vault: Vault) -> None:
    vault.ask(said(ADA, MAIL, LAPTOP))
    (link,) = vault.rows("SELECT source, asserted, linked_at FROM vault.link")
    assert (link["source"], link["asserted"]) == (3, "identify")
    assert link["linked_at"].tzinfo is not None
    rows = vault.rows("SELECT kind, source FROM vault.identifier")
    sources = {row["kind"]: row["source"] for row in rows}
    # The address became the account's because a source said so; the others came by themselves.
    assert sources == {"user_id": None, "email": 3, "anonymous_id": None}


def test_what_was_undone_is_not_asserted_back_directly_or_through_a_third(vault: Vault) -> None:
    vault.ask(said(ADA, LAPTOP))
    vault.unlink(ADA, LAPTOP)
    assert vault.ask(said(ADA, LAPTOP))[0].linked == "conflict"
    vault.mint(PHONE)
    assert vault.ask(said(PHONE, LAPTOP))[0].linked == "joined"
    assert vault.ask(said(ADA, PHONE))[0].linked == "conflict"
    assert vault.circle(ADA).isdisjoint(vault.circle(LAPTOP))
    # Whoever else signs in on it may be linked with it.
    assert vault.ask(said(GRACE, LAPTOP))[0].linked == "joined"


def test_one_batch_that_asserts_both_halves_of_a_way_round_is_refused_too(vault: Vault) -> None:
    vault.ask(said(ADA, LAPTOP))
    vault.unlink(ADA, LAPTOP)
    answers = vault.ask(said(PHONE, LAPTOP), said(ADA, PHONE))
    assert [answer.linked for answer in answers] == ["attached", "conflict"]
    assert vault.circle(ADA).isdisjoint(vault.circle(LAPTOP))


def test_an_erasure_of_one_leaves_the_other_alone(vault: Vault) -> None:
    vault.ask(said(ADA, LAPTOP))
    device = vault.find(LAPTOP).pids
    vault.unlink(ADA, LAPTOP)
    vault.destroy(vault.begin(ADA).case_id)
    assert vault.find(ADA).status == "suppressed"
    assert vault.find(LAPTOP).pids == device
    assert vault.count("vault.link") == 0  # its history goes with who is erased


def test_nobody_erased_comes_back_by_it(vault: Vault) -> None:
    vault.ask(said(ADA, LAPTOP))
    begun = vault.begin(ADA)
    assert vault.unlink(ADA, LAPTOP).verdict == "unknown"
    vault.destroy(begun.case_id)
    assert vault.unlink(ADA, LAPTOP).verdict == "unknown"
    for identifier in (ADA, LAPTOP):
        assert vault.mint(identifier).status == "suppressed"


def test_two_that_are_linked_through_a_third_are_told_so(vault: Vault) -> None:
    vault.ask(said(ADA, LAPTOP))
    vault.ask(said(ADA, PHONE))
    assert vault.unlink(LAPTOP, PHONE).verdict == "linked-through-others"
    assert vault.circle(LAPTOP) == vault.circle(PHONE)


def test_a_link_that_is_not_the_only_way_is_undone_and_the_rest_is_told(vault: Vault) -> None:
    for identifier in (ADA, LAPTOP, PHONE):
        vault.mint(identifier)
    vault.ask(said(ADA, LAPTOP))
    vault.ask(said(LAPTOP, PHONE))
    # What two gateways write that assert both at the same instant.
    vault.rows(
        "INSERT INTO vault.link (subject, other, source, linked_at)"
        " VALUES (1, 3, 3, now()) RETURNING subject"
    )
    done = vault.unlink(ADA, LAPTOP)
    assert (done.verdict, done.apart) == ("undone", False)
    assert vault.circle(ADA) == vault.circle(LAPTOP)
    assert vault.unlink(ADA, PHONE).apart
    assert vault.circle(ADA) == {1}


def test_an_address_that_was_never_theirs_gets_a_subject_of_its_own(vault: Vault) -> None:
    vault.mint(ADA, MAIL, seal=frozenset({"email"}))
    before = vault.find(ADA).pids
    done = vault.part(ADA, MAIL)
    assert (done.verdict, done.apart) == ("undone", True)
    assert vault.find(ADA).pids == before
    parted = vault.find(MAIL)
    assert parted.pids is not None
    assert before is not None
    assert set(parted.pids.values()).isdisjoint(before.values())
    assert vault.ask(said(ADA, MAIL))[0].linked == "conflict"
    assert vault.part(ADA, MAIL) == done
    assert vault.count("vault.subject") == 2


def test_what_was_sealed_of_it_opens_under_the_new_subject_s_key_alone(vault: Vault) -> None:
    vault.mint(ADA, MAIL, seal=frozenset({"email"}))
    kept = "SELECT blind_index, sealed, sealed_mark FROM vault.identifier WHERE kind = 'email'"
    (old,) = vault.rows(kept)
    vault.part(ADA, MAIL)
    (new,) = vault.rows(kept)
    with transaction(vault.engine) as connection:
        keys = subject_keys(connection, vault.keyring, [1, 2])
    assert open_identifier(keys[2], new["blind_index"], new["sealed"]) == MAIL[1]
    with pytest.raises(EnvelopeInvalid):
        open_identifier(keys[1], new["blind_index"], new["sealed"])
    assert open_mark(keys[2], new["blind_index"], new["sealed_mark"]) == open_mark(
        keys[1], old["blind_index"], old["sealed_mark"]
    )


@pytest.mark.parametrize("erased", [ADA, MAIL])
def test_an_erasure_afterwards_tombstones_what_is_theirs_and_no_more(
    vault: Vault, erased: tuple[str, str]
) -> None:
    vault.mint(ADA, MAIL)
    vault.part(ADA, MAIL)
    vault.destroy(vault.begin(erased).case_id)
    (other,) = {ADA, MAIL} - {erased}
    assert vault.mint(erased).status == "suppressed"
    assert vault.mint(other).status == "known"


def test_whose_erasure_has_begun_is_parted_from_nothing(vault: Vault) -> None:
    vault.mint(ADA, MAIL)
    aside = vault.aside(ADA, MAIL)
    assert aside is not None
    vault.begin(ADA)
    assert vault.unlink(ADA, MAIL, aside=aside).verdict == "unknown"
    assert vault.mint(MAIL).status == "suppressed"


def test_the_subject_aside_is_minted_once_and_only_while_both_name_one(vault: Vault) -> None:
    vault.mint(ADA, MAIL)
    with transaction(vault.engine) as connection:
        numbered = number_aside(connection, vault.keyring, (ADA, MAIL))
    assert numbered is not None
    assert vault.count("vault.subject") == 1
    for _ in range(2):
        with transaction(vault.engine) as connection:
            assert mint_aside(connection, vault.keyring, (ADA, MAIL), numbered)
    assert vault.count("vault.subject") == 2
    assert vault.unlink(ADA, MAIL, aside=numbered[1]).verdict == "undone"
    with transaction(vault.engine) as connection:
        assert not mint_aside(connection, vault.keyring, (ADA, MAIL), numbered)


def test_a_subject_somebody_is_known_by_is_not_erased_as_a_nameless_one(vault: Vault) -> None:
    vault.mint(ADA, MAIL)
    aside = vault.aside(ADA, MAIL)
    assert aside is not None
    request = ErasureRequest(uuid4(), (), DOMAINS, NOON)
    vault.unlink(ADA, MAIL, aside=aside)
    for subject in (1, aside, 99):
        with transaction(vault.engine) as connection:
            assert begin_nameless(connection, vault.keyring, request, subject) is None
    assert vault.mint(MAIL).status == "known"


@pytest.mark.parametrize("pair", [(ADA, GRACE), (ADA, MAIL), (ADA, ("user_id", "nobody"))])
def test_what_is_not_linked_stays_as_it_is(vault: Vault, pair: object) -> None:
    vault.mint(ADA, MAIL)
    vault.mint(GRACE)
    assert vault.unlink(*pair).verdict in {"not-linked", "one-subject", "unknown"}  # type: ignore[misc]
    assert vault.count("vault.link") == 0


def test_it_waits_for_who_is_linking(vault: Vault, vault_database: Database) -> None:
    """A look-up that saw no undone link may still write one: undoing must not overtake it."""
    vault.ask(said(ADA, LAPTOP))
    other = connect(vault_database.dsn("paravent_vault"))
    done: list[str] = []
    undo = threading.Thread(
        target=lambda: done.append(Vault(other, vault.keyring).unlink(ADA, LAPTOP).verdict)
    )
    with transaction(vault.engine) as connection:
        keep_erasures_out(connection)
        undo.start()
        undo.join(0.3)
        assert undo.is_alive()
    undo.join(20)
    other.dispose()
    assert done == ["undone"]
