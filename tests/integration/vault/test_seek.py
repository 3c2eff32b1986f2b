"""Whose a pseudonym is, found by going through the vault; and look-ups that tell nobody apart."""

from __future__ import annotations

from collections.abc import Mapping
from secrets import token_bytes
from uuid import uuid4

import pytest

from pseudonymizer.derive import aref, pid_bytes
from pseudonymizer.errors import KeyDestroyed
from pseudonymizer.keyring import Identifier
from pseudonymizer.vault.alike import Alike
from pseudonymizer.vault.buckets import BUCKETS, new_bucket, wrap_subject
from pseudonymizer.vault.seek import PORTION, Behind, seek
from pseudonymizer.vault.store import (
    SubjectKeyRow,
    insert_buckets,
    insert_subjects,
    reserve_subjects,
)
from pseudonymizer.vault.transactions import transaction
from tests.support.vault import DOMAINS, Vault

ADA, GRACE, NEVER = ("user_id", "ada"), ("user_id", "grace"), ("user_id", "nobody")


def pids(vault: Vault, who: Identifier) -> dict[str, bytes]:
    found = vault.mint(who).pids
    assert found is not None
    return dict(found)


def sought(vault: Vault, pid: bytes, domain: str) -> Behind | None:
    return seek(vault.engine, vault.keyring, pid=pid, domain=domain)


def test_everybody_is_found_by_each_of_their_pseudonyms(vault: Vault) -> None:
    people = {number: pids(vault, ("user_id", f"person-{number}")) for number in range(40)}
    owners = {}
    for number, theirs in people.items():
        found = {sought(vault, theirs[domain], domain) for domain in DOMAINS}
        (behind,) = found
        assert behind is not None
        owners[number] = behind
    assert len(set(owners.values())) == len(people)
    subjects = {row["id"] for row in vault.rows("SELECT id FROM vault.subject")}
    assert {behind.subject for behind in owners.values()} == subjects


def test_in_another_domain_and_as_a_random_number_it_is_nobodys(vault: Vault) -> None:
    theirs = pids(vault, ADA)
    assert sought(vault, theirs[DOMAINS[0]], DOMAINS[1]) is None
    assert sought(vault, uuid4().bytes, DOMAINS[0]) is None


@pytest.mark.parametrize("destroyed", [False, True])
def test_whoever_is_erased_or_being_erased_is_not_found(vault: Vault, *, destroyed: bool) -> None:
    theirs, others = pids(vault, ADA), pids(vault, GRACE)
    case = vault.begin(ADA).case_id
    if destroyed:
        vault.destroy(case)
    assert sought(vault, theirs[DOMAINS[0]], DOMAINS[0]) is None
    assert sought(vault, others[DOMAINS[0]], DOMAINS[0]) is not None


def test_it_goes_to_the_end_whether_or_not_it_finds(vault: Vault) -> None:
    theirs = pids(vault, ADA)
    for pid in (theirs[DOMAINS[0]], uuid4().bytes):
        told: list[int] = []
        seek(
            vault.engine, vault.keyring, pid=pid, domain=DOMAINS[0],
            progress=lambda done, _of, told=told: told.append(done),
        )  # fmt: skip
        assert told[-1] == BUCKETS
        assert len(told) == BUCKETS // PORTION


def settled(vault: Vault, bucket: int) -> tuple[int, bytes]:
    """Put a new subject in *bucket*; give its number and key."""
    row, key = new_bucket(vault.keyring, bucket, 1)
    subject_key = token_bytes(32)
    with transaction(vault.engine) as connection:
        (subject,) = reserve_subjects(connection, 1)
        insert_buckets(connection, [row])
        wrapped = wrap_subject(key, subject, subject_key)
        insert_subjects(connection, [SubjectKeyRow(subject, bucket, wrapped)])
    return subject, subject_key


def test_no_bucket_falls_between_two_portions(vault: Vault) -> None:
    edges = (0, PORTION - 1, PORTION, BUCKETS - 1)
    for subject, key in [settled(vault, bucket) for bucket in edges]:
        found = sought(vault, pid_bytes(key, DOMAINS[:1])[0], DOMAINS[0])
        assert found == Behind(subject, aref(key))


# Look-ups


def alike(vault: Vault) -> Alike:
    return Alike(vault.engine, vault.keyring)


def called(looking: Alike, identifier: Identifier) -> Mapping[str, bytes]:
    return looking.called(identifier, DOMAINS).pids or {}


def test_somebody_known_has_their_own_pseudonyms(vault: Vault) -> None:
    theirs = pids(vault, ADA)
    assert called(alike(vault), ADA) == theirs


def test_nobody_has_pseudonyms_that_nobody_else_has(vault: Vault) -> None:
    theirs, looking = pids(vault, ADA), alike(vault)
    nobody = called(looking, NEVER)
    assert nobody.keys() == theirs.keys()
    assert not set(nobody.values()) & set(theirs.values())
    assert nobody == called(looking, ("user_id", "nobody else"))
    assert nobody != called(alike(vault), NEVER), "of another process, another nobody"


@pytest.mark.parametrize("destroyed", [False, True])
def test_whoever_is_erased_is_nobody(vault: Vault, *, destroyed: bool) -> None:
    theirs, looking = pids(vault, ADA), alike(vault)
    case = vault.begin(ADA).case_id
    if destroyed:
        vault.destroy(case)
    found = called(looking, ADA)
    assert found == called(looking, NEVER)
    assert found != theirs


def test_after_rotations_everybody_is_found_and_nobody_is_not_in_the_way(vault: Vault) -> None:
    theirs, looking = pids(vault, ADA), alike(vault)
    nobody = called(looking, NEVER)
    for name in ("idx", "kek"):
        vault.keyring.provider.new_version(name)
    assert called(looking, ADA) == theirs
    assert called(looking, NEVER) != nobody


def test_a_key_that_is_gone_hides_nobody_behind_an_answer(vault: Vault) -> None:
    """An outage of somebody's key is an error of ours, never the answer that they are unknown."""
    pids(vault, ADA)
    looking = alike(vault)
    vault.keyring.provider.new_version("kek")
    vault.keyring.provider.destroy_version("kek", 1)
    with pytest.raises(KeyDestroyed):
        called(looking, ADA)
    assert called(looking, NEVER)
