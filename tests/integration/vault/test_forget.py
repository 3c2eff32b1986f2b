"""Erasure on the identified side: the door shut first, then no way back."""

from __future__ import annotations

import random
import threading
from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from pseudonymizer import tombstones
from pseudonymizer.derive import aref
from pseudonymizer.errors import ErasureUnbegun, KeyDestroyed
from pseudonymizer.lookup import Lookup
from pseudonymizer.vault import journal, rotate
from pseudonymizer.vault.forget import complete_erasure, destroy_keys
from pseudonymizer.vault.remember import Resolver
from pseudonymizer.vault.subjects import lookup_closure, names_of, subject_keys
from pseudonymizer.vault.transactions import connect, transaction
from tests.support.postgres import Database
from tests.support.vault import DOMAINS, NOON, Vault

ADA, GRACE = ("user_id", "ada"), ("user_id", "grace")
LAPTOP, PHONE = ("anonymous_id", "laptop"), ("anonymous_id", "phone")
MAIL = ("email", "ada.lovelace@example.org")


def test_the_door_is_shut_for_every_identifier_before_anything_is_deleted(vault: Vault) -> None:
    ada = vault.mint(ADA, LAPTOP, MAIL)
    grace = vault.mint(GRACE)
    device = vault.find(LAPTOP)
    begun = vault.begin(MAIL)
    assert ada.pids is not None
    assert device.pids is not None
    assert set(begun.pids) == {*ada.pids.values(), *device.pids.values()}
    for identifier in (ADA, LAPTOP, MAIL):
        assert vault.find(identifier).status == "suppressed"
        assert vault.mint(identifier).status == "suppressed"
    assert vault.find(GRACE).pids == grace.pids


def test_identifiers_whose_text_was_never_kept_are_tombstoned_too(vault: Vault) -> None:
    vault.mint(ADA, LAPTOP, MAIL)  # nothing sealed: the vault has blind indexes alone
    case = vault.begin(MAIL).case_id
    vault.destroy(case)
    assert vault.count("vault.identifier") == 0
    for identifier in (ADA, LAPTOP, MAIL):
        assert vault.mint(identifier).status == "suppressed"
    assert vault.count("tombstone.mark") == 3


def test_an_erasure_closes_over_everything_linked(vault: Vault) -> None:
    people = vault.mint(ADA, LAPTOP), vault.mint(PHONE), vault.find(LAPTOP)
    vault.ask(Lookup((ADA, PHONE), mint=True, link=True))
    begun = vault.begin(LAPTOP)
    assert len(begun.subjects) == 3
    assert set(begun.pids) == {pid for each in people for pid in (each.pids or {}).values()}
    vault.destroy(begun.case_id)
    assert vault.count("vault.link") == 0
    for identifier in (ADA, LAPTOP, PHONE):
        assert vault.mint(identifier).status == "suppressed"


def test_a_person_who_shared_a_device_is_not_erased_with_the_other(vault: Vault) -> None:
    vault.mint(ADA, LAPTOP)
    grace = vault.mint(GRACE, LAPTOP)
    vault.destroy(vault.begin(ADA).case_id)
    assert vault.find(GRACE).pids == grace.pids
    assert vault.find(LAPTOP).status == "suppressed"


def test_both_steps_may_be_taken_twice_and_say_the_same(vault: Vault) -> None:
    vault.mint(ADA, LAPTOP)
    begun = vault.begin(ADA)
    assert vault.begin(ADA, case=begun.case_id) == begun
    assert vault.rows("SELECT generation FROM vault.subject")[0]["generation"] == 1
    done = vault.destroy(begun.case_id)
    assert vault.destroy(begun.case_id) == done
    assert vault.begin(ADA, case=begun.case_id) == done
    assert vault.rows("SELECT generation FROM vault.subject")[0]["generation"] == 2
    assert done.destroyed_at == NOON
    assert len(done.key_ids) == 1
    assert done.key_ids[0].startswith("bucket:")


def test_two_cases_about_one_person_both_come_to_an_end(vault: Vault) -> None:
    vault.mint(ADA, LAPTOP)
    first, second = vault.begin(ADA), vault.begin(LAPTOP)
    assert first.subjects == second.subjects
    assert first.pids == second.pids
    vault.destroy(first.case_id)
    assert vault.destroy(second.case_id).key_ids == ()
    third = vault.begin(ADA)
    assert third.subjects == ()
    assert vault.destroy(third.case_id).destroyed_at == NOON


def test_keys_are_not_destroyed_before_the_door_is_shut(vault: Vault) -> None:
    vault.mint(ADA)
    with pytest.raises(ErasureUnbegun):
        vault.destroy(uuid4())
    assert vault.find(ADA).status == "known"


def test_somebody_nobody_knows_is_kept_out_from_then_on(vault: Vault) -> None:
    begun = vault.begin(ADA)
    assert begun.subjects == ()
    assert begun.pids == ()
    assert begun.tombstones == 1
    assert vault.mint(ADA).status == "suppressed"
    assert vault.count("vault.subject") == 0


def test_destroying_keys_leaves_everybody_else_in_the_bucket_whole(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pseudonymizer.vault.mint.some_buckets", lambda count: [17] * count)
    people = [("user_id", f"visitor-{n}") for n in range(20)]
    before = vault.ask(*(Lookup((p,), mint=True) for p in people))
    old = vault.rows("SELECT version, wrapped_key FROM vault.bucket")[0]
    done = vault.destroy(vault.begin(people[3]).case_id)
    assert done.key_ids == ("bucket:17:v1",)
    after = vault.ask(*(Lookup((p,)) for p in people))
    assert [a.status for a in after].count("suppressed") == 1
    assert [a.pids for n, a in enumerate(after) if n != 3] == [
        b.pids for n, b in enumerate(before) if n != 3
    ]
    new = vault.rows("SELECT version, wrapped_key FROM vault.bucket")[0]
    assert new["version"] == old["version"] + 1
    assert new["wrapped_key"] != old["wrapped_key"]


def test_a_resolver_that_unwrapped_the_old_bucket_key_uses_the_new_one(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pseudonymizer.vault.mint.some_buckets", lambda count: [17] * count)
    resolver = vault.resolver(cache_ttl_s=0)
    ada, grace = resolver.resolve(
        [Lookup((ADA,), mint=True), Lookup((GRACE,), mint=True)], domains=DOMAINS
    )
    vault.destroy(vault.begin(ADA).case_id)
    again = resolver.resolve([Lookup((GRACE,)), Lookup((PHONE,), mint=True)], domains=DOMAINS)
    assert again[0].pids == grace.pids
    assert again[1].status == "minted"
    assert vault.find(PHONE).pids == again[1].pids
    assert ada.pids != again[1].pids


def test_a_backup_opens_no_more_once_the_old_key_version_is_destroyed(vault: Vault) -> None:
    vault.mint(ADA)
    row = vault.rows("SELECT b.id, b.version, b.kek_version, b.wrapped_key FROM vault.bucket AS b")[
        0
    ]
    vault.keyring.provider.new_version("kek")
    vault.destroy(vault.begin(ADA).case_id)
    vault.keyring.provider.destroy_version("kek", row["kek_version"])
    with pytest.raises(KeyDestroyed):
        vault.keyring.unwrap(
            "vault.bucket", f"{row['id']}:{row['version']}", row["kek_version"], row["wrapped_key"]
        )


def test_the_journal_holds_what_a_restored_database_must_be_told(vault: Vault) -> None:
    ada = vault.mint(ADA)
    with transaction(vault.engine) as connection:
        (subject,) = (row.id for row in lookup_closure(connection, vault.keyring, [ADA]))
        key = subject_keys(connection, vault.keyring, [subject])[subject]
    begun = vault.begin(ADA)
    case = begun.case_id
    vault.destroy(case)
    with transaction(vault.engine) as connection:
        complete_erasure(connection, case_id=case, at=NOON + timedelta(minutes=1))
        complete_erasure(connection, case_id=case, at=NOON + timedelta(minutes=9))
        (entry,) = journal.erasures(connection)
    assert ada.pids is not None
    assert set(entry.pids) == set(ada.pids.values())
    assert begun.arefs == (aref(key),)
    assert entry.arefs == ()
    assert entry.completed_at == NOON + timedelta(minutes=1)


def test_a_closure_names_kinds_and_states_and_no_identifier(vault: Vault) -> None:
    ada = vault.mint(ADA, MAIL)
    with transaction(vault.engine) as connection:
        (row,) = lookup_closure(connection, vault.keyring, [MAIL, LAPTOP])
        (names,) = names_of(connection, vault.keyring, [row.id], domains=DOMAINS)
        assert lookup_closure(connection, vault.keyring, [LAPTOP]) == []
    assert (row.state, row.generation, row.kinds) == ("alive", 0, ("email", "user_id"))
    assert names.pids == ada.pids
    assert len(names.aref) == 64


def test_an_erased_person_who_consents_anew_is_somebody_else(vault: Vault) -> None:
    before = vault.mint(ADA)
    vault.destroy(vault.begin(ADA).case_id)
    with transaction(vault.engine) as connection:
        marks = vault.keyring.tombstone_marks([ADA])
        assert tombstones.in_force(connection, marks, on=NOON.date()) == {"all"}
        assert tombstones.lift(connection, marks) == 1
        assert tombstones.in_force(connection, marks, on=NOON.date()) == set()
    after = vault.mint(ADA)
    assert after.status == "minted"
    assert before.pids is not None
    assert after.pids is not None
    assert set(before.pids.values()).isdisjoint(after.pids.values())


def test_a_tombstone_matches_across_versions_of_its_key(vault: Vault) -> None:
    vault.mint(ADA, LAPTOP)
    rotate.rotate(vault.engine, vault.keyring, "sup")
    vault.destroy(vault.begin(ADA).case_id)
    rotate.rotate(vault.engine, vault.keyring, "sup")
    assert vault.mint(ADA).status == "suppressed"
    assert vault.mint(LAPTOP).status == "suppressed"


def test_a_tombstone_of_another_scope_suppresses_nobody(vault: Vault) -> None:
    stone = tombstones.Stone("marketing", "objection", NOON)
    with transaction(vault.engine) as connection:
        marks = [(1, mark) for mark in vault.keyring.tombstone_marks([ADA])]
        tombstones.place(connection, vault.keyring, marks, stone)
    assert vault.mint(ADA).status == "minted"


def test_tombstones_expire_and_are_renewed_for_the_longer_period(vault: Vault) -> None:
    marks = [(1, mark) for mark in vault.keyring.tombstone_marks([ADA])]
    with transaction(vault.engine) as connection:
        long = tombstones.Stone("all", "erasure", NOON, kept=timedelta(days=400))
        short = tombstones.Stone("all", "erasure", NOON, kept=timedelta(days=4))
        tombstones.place(connection, vault.keyring, marks, long)
        tombstones.place(connection, vault.keyring, marks, short)
        assert tombstones.expire(connection, on=NOON.date() + timedelta(days=399)) == 0
        row = vault.rows("SELECT 1 AS one")
        assert row
        assert tombstones.expire(connection, on=NOON.date() + timedelta(days=400)) == 1


def test_a_tombstone_says_no_more_than_the_month(vault: Vault) -> None:
    vault.begin(ADA)
    (row,) = vault.rows("SELECT * FROM tombstone.mark")
    assert set(row) == {"mark", "scope", "reason", "created_month", "expires_on", "key_version"}
    assert row["created_month"].day == 1
    assert row["mark"] != vault.keyring.blind_index(*ADA)


def test_an_erasure_waits_for_who_is_being_minted_and_finds_them(
    vault: Vault, vault_database: Database
) -> None:
    """The look-up saw no tombstone, the commit is still to come: the erasure must not overtake."""
    minted, go_on = threading.Event(), threading.Event()
    resolver = vault.resolver()
    write = resolver._minter.write

    def slow_write(*given: object, **named: object) -> object:
        done = write(*given, **named)  # type: ignore[arg-type]
        minted.set()
        go_on.wait(20)
        return done

    resolver._minter.write = slow_write  # type: ignore[method-assign,assignment]
    ingest = threading.Thread(
        target=lambda: resolver.resolve([Lookup((ADA,), mint=True)], domains=DOMAINS)
    )
    ingest.start()
    minted.wait(20)
    other = connect(vault_database.dsn("paravent_vault"))
    begun: list[tuple[int, ...]] = []
    erase = threading.Thread(
        target=lambda: begun.append(Vault(other, vault.keyring).begin(ADA).subjects)
    )
    erase.start()
    erase.join(0.3)
    assert erase.is_alive()
    go_on.set()
    ingest.join(20)
    erase.join(20)
    other.dispose()
    assert [len(subjects) for subjects in begun] == [1]
    assert vault.mint(ADA).status == "suppressed"


def test_nobody_who_was_erased_is_alive_after_any_interleaving(
    vault_database: Database, vault: Vault
) -> None:
    """Threads mint, link and erase the same few people; whoever was erased is found by nothing."""
    engine = connect(vault_database.dsn("paravent_vault"), pool_size=6)
    people = [(("user_id", f"u{n}"), ("anonymous_id", f"a{n}")) for n in range(12)]
    failures: list[Exception] = []

    def work(seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311 -- an order of steps, not a secret
        mine = Vault(engine, vault.keyring)
        resolver = Resolver(engine, vault.keyring, cache_ttl_s=0)
        try:
            for person in chance.sample(people, len(people)):
                lookups = [
                    Lookup(person[:1], mint=True),
                    Lookup(person[1:], mint=True),
                    Lookup(person, mint=True, link=True),
                ]
                resolver.resolve(chance.sample(lookups, 2), domains=DOMAINS)
                if seed % 3 == 0:
                    begun = mine.begin(chance.choice(person))
                    mine.destroy(begun.case_id)
        except Exception as failure:  # noqa: BLE001 -- shown by the assertion below
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    engine.dispose()
    assert failures == []
    erased = vault.rows("SELECT id FROM vault.subject WHERE state <> 'alive'")
    assert erased
    held = vault.rows(
        "SELECT count(*) FROM vault.identifier AS i JOIN vault.subject AS s ON s.id = i.subject"
        " WHERE s.state <> 'alive'"
    )
    assert held[0]["count"] == 0
    marks = {row["mark"] for row in vault.rows("SELECT mark FROM tombstone.mark")}
    for person in people:
        for identifier in person:
            suppressed = vault.find(identifier).status == "suppressed"
            assert suppressed == (vault.keyring.tombstone_mark(*identifier) in marks)
        assert all(
            vault.find(identifier).status in {"suppressed", "known"} for identifier in person
        )


IDENTIFIERS = [("user_id", "u1"), ("user_id", "u2"), ("anonymous_id", "a1"),
               ("anonymous_id", "a2"), ("email", "ada@example.org")]  # fmt: skip
STEPS = st.lists(
    st.tuples(
        st.lists(st.sampled_from(IDENTIFIERS), min_size=1, max_size=3, unique=True),
        st.booleans(),
    ),
    max_size=8,
)


@settings(max_examples=12)
@given(STEPS, st.sampled_from(IDENTIFIERS), st.booleans())
def test_after_erasing_any_linked_identifier_none_of_the_closure_resolves(
    vault: Vault, vault_owner: Engine, steps: object, chosen: tuple[str, str], again: object
) -> None:
    _empty(vault_owner)
    for identifiers, linked in steps:  # type: ignore[attr-defined]
        vault.ask(Lookup(tuple(identifiers), mint=True, link=linked))
    with transaction(vault.engine) as connection:
        before = {row.id for row in lookup_closure(connection, vault.keyring, [chosen])}
        every = {
            identifier: {r.id for r in lookup_closure(connection, vault.keyring, [identifier])}
            for identifier in IDENTIFIERS
        }
    begun = vault.begin(chosen)
    vault.destroy(begun.case_id)
    if again:
        vault.begin(chosen, case=begun.case_id)
        vault.destroy(begun.case_id)
    assert set(begun.subjects) == before
    for identifier in IDENTIFIERS:
        gone = identifier == chosen or bool(every[identifier] & before)
        assert (vault.find(identifier).status == "suppressed") == gone


def _empty(owner: Engine) -> None:
    with transaction(owner) as connection:
        for table in ("vault.identifier", "vault.link", "vault.subject", "tombstone.mark"):
            connection.exec_driver_sql(f"DELETE FROM {table}")


def test_an_erasure_interrupted_between_its_steps_is_finished_by_the_next_run(
    vault: Vault,
) -> None:
    vault.mint(ADA)
    case = vault.begin(ADA).case_id

    def killed_before_the_commit() -> None:
        with transaction(vault.engine) as connection:
            destroy_keys(connection, vault.keyring, case_id=case, at=NOON)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        killed_before_the_commit()
    assert vault.rows("SELECT state FROM vault.subject")[0]["state"] == "erasing"
    assert vault.mint(ADA).status == "suppressed"
    vault.destroy(case)
    assert vault.rows("SELECT state, wrapped_sk FROM vault.subject")[0] == {
        "state": "erased",
        "wrapped_sk": None,
    }


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM vault.erasure_journal",
        "UPDATE vault.erasure_journal SET pids = '{}'",
        "UPDATE vault.erasure_journal SET started_at = now()",
        "DELETE FROM vault.subject",
        "UPDATE vault.subject SET bucket = 0",
        "UPDATE vault.identifier SET subject = 1",
        "UPDATE tombstone.mark SET scope = 'none'",
    ],
)
def test_the_run_time_role_cannot_rewrite_what_happened(
    vault: Vault, vault_database: Database, statement: str
) -> None:
    vault.begin(ADA)
    with (
        psycopg.connect(vault_database.dsn("paravent_vault")) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement.encode())
