"""Opening seals: the audit entry first, or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import uuid4

import pytest
from sqlalchemy import Engine

from policies.errors import AuditUnavailable
from pseudonymizer.errors import EnvelopeInvalid
from pseudonymizer.vault.driver import run
from pseudonymizer.vault.reveal import HeldIdentifier, reveal
from pseudonymizer.vault.subjects import lookup_closure
from pseudonymizer.vault.transactions import transaction
from pseudonymizer.warrant import Warrant
from tests.support.vault import Vault

ADA, LAPTOP, MAIL = ("user_id", "ada"), ("anonymous_id", "laptop"), ("email", "ada@example.org")
WARRANT = Warrant(uuid4(), by="cli")


class Entries:
    """An audit sink that keeps its entries in memory."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, str | None, Mapping[str, str]]] = []

    def append(self, action: str, subject_ref: str | None, fields: Mapping[str, str]) -> int:
        self.entries.append((action, subject_ref, fields))
        return len(self.entries) - 1


class Broken(Entries):
    """An audit sink that cannot write."""

    def append(self, action: str, subject_ref: str | None, fields: Mapping[str, str]) -> int:
        del action, subject_ref, fields
        raise AuditUnavailable("the log is away; it was needed")


def revealed(vault: Vault, audit: Entries) -> list[HeldIdentifier]:
    with transaction(vault.engine) as connection:
        subjects = [row.id for row in lookup_closure(connection, vault.keyring, [ADA])]
        return reveal(connection, vault.keyring, audit, subjects=subjects, warrant=WARRANT)


def test_what_was_kept_is_revealed_and_the_rest_is_named_by_kind(vault: Vault) -> None:
    vault.mint(ADA, LAPTOP, MAIL, seal=frozenset({"email", "user_id"}))
    held = revealed(vault, Entries())
    assert {h.kind: h.identifier and h.identifier.reveal() for h in held} == {
        "user_id": "ada",
        "email": "ada@example.org",
        "anonymous_id": None,
    }
    assert "ada@" not in repr(held)


def test_every_reveal_leaves_an_entry_that_names_no_person(vault: Vault) -> None:
    vault.mint(ADA, MAIL, seal=frozenset({"email"}))
    audit = Entries()
    revealed(vault, audit)
    ((action, reference, fields),) = audit.entries
    assert action == "identity:reveal"
    assert reference is not None
    assert len(reference) == 64
    assert fields == {"by": "cli", "request": str(WARRANT.request)}


def test_nothing_is_revealed_when_the_audit_log_cannot_be_written(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault.mint(ADA, MAIL, seal=frozenset({"email"}))
    opened: list[object] = []
    monkeypatch.setattr("pseudonymizer.vault.reveal.open_identifier", opened.append)
    with pytest.raises(AuditUnavailable):
        revealed(vault, Broken())
    assert opened == []


def test_a_seal_moved_to_another_identifier_s_row_does_not_open(
    vault: Vault, vault_owner: Engine
) -> None:
    vault.mint(ADA, MAIL, seal=frozenset({"email", "user_id"}))
    with transaction(vault_owner) as connection:
        run(
            connection,
            "UPDATE vault.identifier AS i SET sealed = o.sealed FROM vault.identifier AS o"
            " WHERE o.blind_index <> i.blind_index",
        )
    with pytest.raises(EnvelopeInvalid):
        revealed(vault, Entries())


def test_an_erased_person_cannot_be_revealed(vault: Vault) -> None:
    vault.mint(ADA, MAIL, seal=frozenset({"email"}))
    with transaction(vault.engine) as connection:
        subjects = [row.id for row in lookup_closure(connection, vault.keyring, [ADA])]
    vault.destroy(vault.begin(ADA).case_id)
    audit = Entries()
    with transaction(vault.engine) as connection:
        assert reveal(connection, vault.keyring, audit, subjects=subjects, warrant=WARRANT) == []
    assert audit.entries == []


def test_a_second_approver_is_named_too() -> None:
    warrant = Warrant(uuid4(), by="dpo", approved_by="controller")
    assert warrant.fields()["approved_by"] == "controller"
