"""Identifiers to pseudonyms, against a real PostgreSQL as the role ``paravent_vault``."""

from __future__ import annotations

from functools import partial
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import Engine

from pseudonymizer.errors import EnvelopeInvalid, VaultContended, VaultUnavailable
from pseudonymizer.lookup import Lookup, Resolved, Said
from pseudonymizer.vault import remember, rotate, store
from pseudonymizer.vault.driver import run
from pseudonymizer.vault.remember import Resolver
from pseudonymizer.vault.transactions import connect, transaction
from tests.support.at_once import at_once
from tests.support.postgres import Database
from tests.support.vault import DOMAINS, Vault

ADA, GRACE = ("user_id", "ada"), ("user_id", "grace")
LAPTOP, PHONE = ("anonymous_id", "laptop"), ("anonymous_id", "phone")
MAIL = ("email", "ada.lovelace@example.org")


def test_somebody_new_gets_one_pseudonym_per_domain_and_keeps_it(vault: Vault) -> None:
    minted = vault.mint(ADA)
    assert minted.status == "minted"
    assert minted.pids is not None
    assert set(minted.pids) == set(DOMAINS)
    assert len(set(minted.pids.values())) == 2
    assert {UUID(bytes=pid).version for pid in minted.pids.values()} == {8}
    assert vault.find(ADA) == Resolved("known", minted.pids)


def test_two_people_share_no_pseudonym(vault: Vault) -> None:
    ada, grace = vault.mint(ADA), vault.mint(GRACE)
    assert ada.pids is not None
    assert grace.pids is not None
    assert set(ada.pids.values()).isdisjoint(grace.pids.values())


def test_the_same_text_under_two_kinds_is_two_people(vault: Vault) -> None:
    assert vault.mint(("user_id", "7")).pids != vault.mint(("anonymous_id", "7")).pids


def test_nobody_is_written_when_nothing_may_be_minted(vault: Vault) -> None:
    assert vault.find(ADA, LAPTOP).status == "unknown"
    assert vault.ask(Lookup((ADA, LAPTOP), link=True))[0].status == "unknown"
    assert vault.count("vault.subject") == 0
    assert vault.count("vault.identifier") == 0


def test_a_batch_of_many_people_and_repeats_comes_back_in_order(vault: Vault) -> None:
    wanted = [Lookup((("user_id", f"visitor-{n % 70}"),), mint=True) for n in range(200)]
    answers = vault.ask(*wanted)
    assert vault.count("vault.subject") == 70
    assert [a.pids for a in answers] == [answers[n % 70].pids for n in range(200)]
    assert len({bytes(a.pids["marketing"]) for a in answers if a.pids}) == 70
    again = vault.ask(*reversed(wanted))
    assert [a.pids for a in again] == [a.pids for a in reversed(answers)]


def test_identifiers_asserted_together_lead_to_one_person_and_their_device(vault: Vault) -> None:
    minted = vault.mint(ADA, LAPTOP, MAIL)
    assert vault.find(ADA).pids == vault.find(MAIL).pids == minted.pids
    device = vault.find(LAPTOP).pids
    assert device is not None
    assert minted.pids is not None
    assert set(device.values()).isdisjoint(minted.pids.values())
    assert vault.count("vault.link") == 1


def test_a_login_leaves_the_pseudonym_of_the_visit_before_it_to_the_device(vault: Vault) -> None:
    visitor = vault.mint(LAPTOP)
    login = vault.ask(Lookup((ADA, LAPTOP), mint=True, link=True))[0]
    assert (login.status, login.linked) == ("minted", "joined")
    assert vault.find(ADA).pids == login.pids
    assert vault.find(LAPTOP).pids == visitor.pids


def test_a_shared_device_does_not_make_one_person_of_two(vault: Vault) -> None:
    ada, device = vault.mint(ADA, LAPTOP), vault.find(LAPTOP)
    grace = vault.ask(Lookup((GRACE, LAPTOP), mint=True, link=True))[0]
    assert (grace.status, grace.linked) == ("minted", "conflict")
    assert grace.pids != ada.pids
    assert vault.find(LAPTOP).pids == device.pids
    assert vault.count("vault.link") == 1


def test_two_known_subjects_of_one_person_are_linked_and_stay_themselves(vault: Vault) -> None:
    ada, visitor = vault.mint(ADA), vault.mint(PHONE)
    joined = vault.resolver().resolve(
        [Lookup((ADA, PHONE), mint=True, link=True, said=Said(7, "identify"))], domains=DOMAINS
    )[0]
    assert joined == Resolved("known", ada.pids, "joined")
    assert vault.find(PHONE).pids == visitor.pids
    links = vault.rows("SELECT subject, other, source, asserted FROM vault.link")
    assert [tuple(row.values()) for row in links] == [(1, 2, 7, "identify")]
    assert vault.ask(Lookup((ADA, PHONE), link=True))[0].linked == "joined"
    assert vault.count("vault.link") == 1


def test_a_device_linked_to_one_person_is_shared_once_another_logs_in(vault: Vault) -> None:
    vault.mint(ADA)
    vault.mint(LAPTOP)
    vault.ask(Lookup((ADA, LAPTOP), mint=True, link=True))
    grace = vault.mint(GRACE, LAPTOP)
    assert (grace.status, grace.linked) == ("minted", "conflict")
    assert vault.count("vault.link") == 1


def test_one_batch_tells_a_person_s_whole_story_in_order(vault: Vault) -> None:
    answers = vault.ask(
        Lookup((LAPTOP,), mint=True),
        Lookup((ADA, LAPTOP), mint=True, link=True),
        Lookup((GRACE, LAPTOP), mint=True, link=True),
        Lookup((PHONE,), mint=True),
        Lookup((ADA, PHONE), mint=True, link=True),
    )
    assert [(a.status, a.linked) for a in answers] == [
        ("minted", "none"),
        ("minted", "joined"),
        ("minted", "conflict"),
        ("minted", "none"),
        ("known", "joined"),
    ]
    assert answers[1].pids == answers[4].pids
    assert len({str(answer.pids) for answer in answers}) == 4
    assert vault.count("vault.link") == 2


def test_64_parallel_first_events_make_one_subject(vault_database: Database, vault: Vault) -> None:
    engine = connect(vault_database.dsn("paravent_vault"), pool_size=16)
    answers: list[Resolved] = []

    def arrive() -> None:
        resolver = Resolver(engine, vault.keyring)
        answers.extend(resolver.resolve([Lookup((ADA,), mint=True)], domains=DOMAINS))

    assert at_once(*[arrive] * 64) == []
    engine.dispose()
    assert len(answers) == 64
    assert [a.status for a in answers].count("minted") == 1
    assert len({a.pids["marketing"] for a in answers if a.pids}) == 1
    assert len({a.pids["measurement"] for a in answers if a.pids}) == 1
    assert vault.count("vault.subject") == 1


def test_batches_that_overlap_in_any_order_neither_deadlock_nor_double(
    vault_database: Database, vault: Vault
) -> None:
    engine = connect(vault_database.dsn("paravent_vault"), pool_size=8)
    people = [(("user_id", f"u{n}"), ("anonymous_id", f"a{n}")) for n in range(40)]

    def arrive(turn: int) -> None:
        order = people[turn * 5 :] + people[: turn * 5]
        lookups = [Lookup(p if turn % 2 else p[::-1], mint=True, link=True) for p in order]
        Resolver(engine, vault.keyring).resolve(lookups, domains=DOMAINS)

    assert at_once(*(partial(arrive, turn) for turn in range(8))) == []
    engine.dispose()
    assert vault.count("vault.subject") == vault.count("vault.identifier") == 80
    assert vault.count("vault.link") == 40


def test_a_crash_before_the_commit_leaves_nobody_behind(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(store, "insert_identifiers", killed)
    with pytest.raises(KeyboardInterrupt):
        vault.mint(ADA)
    monkeypatch.undo()
    assert vault.count("vault.subject") == 0
    assert vault.mint(ADA).status == "minted"


def test_one_transaction_and_one_look_up_serve_a_batch_and_none_a_remembered_one(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    real_look_up, real_transaction = store.look_up, transaction

    def counted_look_up(*given: object) -> object:
        calls.append("look-up")
        return real_look_up(*given)  # type: ignore[arg-type]

    def counted_transaction(engine: Engine) -> object:
        calls.append("transaction")
        return real_transaction(engine)

    monkeypatch.setattr(store, "look_up", counted_look_up)
    monkeypatch.setattr(remember, "transaction", counted_transaction)
    resolver = vault.resolver()
    wanted = [Lookup((("user_id", f"u{n}"), LAPTOP), mint=True) for n in range(50)]
    first = resolver.resolve(wanted, domains=DOMAINS)
    assert calls == ["transaction", "look-up"]
    second = resolver.resolve(wanted, domains=DOMAINS)
    assert calls == ["transaction", "look-up"]
    assert [a.pids for a in second] == [a.pids for a in first]
    assert {a.status for a in second} == {"known"}


def test_an_unknown_person_is_looked_for_again(vault: Vault) -> None:
    resolver = vault.resolver()
    assert resolver.resolve([Lookup((ADA,))], domains=DOMAINS)[0].status == "unknown"
    vault.mint(ADA)
    assert resolver.resolve([Lookup((ADA,))], domains=DOMAINS)[0].status == "known"


def test_a_remembered_person_is_forgotten_on_invalidation(vault: Vault) -> None:
    resolver = vault.resolver()
    known = resolver.resolve([Lookup((ADA,), mint=True)], domains=DOMAINS)[0]
    vault.begin(ADA)
    assert resolver.resolve([Lookup((ADA,))], domains=DOMAINS)[0].status == "known"
    assert known.pids is not None
    resolver.invalidate(known.pids.values())
    assert resolver.resolve([Lookup((ADA,))], domains=DOMAINS)[0].status == "suppressed"


def test_what_the_rulebook_keeps_is_sealed_and_the_rest_is_an_index(vault: Vault) -> None:
    vault.mint(ADA, LAPTOP, MAIL, seal=frozenset({"email"}))
    rows = vault.rows("SELECT kind, sealed, sealed_mark FROM vault.identifier")
    assert {row["kind"]: row["sealed"] is not None for row in rows} == {
        "user_id": False,
        "anonymous_id": False,
        "email": True,
    }
    assert all(row["sealed_mark"] for row in rows)


def test_no_clear_identifier_lies_in_any_column(vault: Vault, vault_database: Database) -> None:
    vault.mint(ADA, LAPTOP, MAIL, seal=frozenset({"email", "user_id", "anonymous_id"}))
    vault.begin(MAIL)
    with psycopg.connect(vault_database.owner_dsn) as owner:
        for table in ("bucket", "subject", "identifier", "link", "erasure_journal"):
            for (row,) in owner.execute(f"SELECT t::text FROM vault.{table} AS t"):
                assert "lovelace" not in row
                assert b"lovelace".hex() not in row
                assert b"laptop".hex() not in row


def test_a_key_moved_to_another_subject_s_row_does_not_open(
    vault: Vault, vault_owner: Engine
) -> None:
    vault.mint(ADA)
    vault.mint(GRACE)
    with transaction(vault_owner) as connection:
        run(
            connection,
            "UPDATE vault.subject AS s SET wrapped_sk = o.wrapped_sk, bucket = o.bucket"
            " FROM vault.subject AS o WHERE o.id = 3 - s.id",
        )
    with pytest.raises(EnvelopeInvalid):
        vault.find(ADA)


def test_old_blind_indexes_are_found_while_their_version_lives(vault: Vault) -> None:
    ada = vault.mint(ADA)
    for name in rotate.ROTATED:
        rotate.rotate(vault.engine, vault.keyring, name)
    vault.keyring.provider.new_version("sup")
    assert vault.find(ADA).pids == ada.pids
    assert rotate.rows_under(vault.engine, "idx") == {1: 1}
    assert vault.mint(ADA).status == "known"
    vault.mint(GRACE)
    assert rotate.rows_under(vault.engine, "idx") == {2: 2}


def test_a_vault_that_is_away_says_so_and_recovers_when_it_is_back(
    vault: Vault, vault_database: Database
) -> None:
    resolver = vault.resolver(cache_ttl_s=0)
    ada = resolver.resolve([Lookup((ADA,), mint=True)], domains=DOMAINS)[0]
    with psycopg.connect(vault_database.server.dsn("postgres"), autocommit=True) as server:
        server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = %s AND usename = 'paravent_vault'",
            (vault_database.name,),
        )
    with pytest.raises(VaultUnavailable) as away:
        resolver.resolve([Lookup((ADA,))], domains=DOMAINS)
    assert away.value.__cause__ is None
    assert resolver.resolve([Lookup((ADA,))], domains=DOMAINS)[0].pids == ada.pids


def test_a_server_that_is_not_there_is_the_vault_being_away(vault: Vault) -> None:
    nowhere = connect("postgresql://paravent_vault@127.0.0.1:1/vault")
    with pytest.raises(VaultUnavailable):
        Resolver(nowhere, vault.keyring).resolve([Lookup((ADA,))], domains=DOMAINS)


def test_remembered_people_need_no_vault(vault: Vault) -> None:
    resolver = vault.resolver()
    known = resolver.resolve([Lookup((ADA,), mint=True)], domains=DOMAINS)[0]
    nowhere = connect("postgresql://paravent_vault@127.0.0.1:1/vault")
    resolver._engine = nowhere
    assert resolver.resolve([Lookup((ADA,))], domains=DOMAINS)[0].pids == known.pids


def test_a_race_lost_for_ever_is_given_up_and_keeps_nothing(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "insert_identifiers", lambda *_: 0)
    with pytest.raises(VaultContended):
        vault.mint(ADA)
    assert vault.count("vault.subject") == 0
