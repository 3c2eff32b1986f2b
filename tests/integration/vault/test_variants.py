"""Erase wide: variants of an address are found by an index of their own, and linked by nothing."""

from __future__ import annotations

from pseudonymizer.keyring import Identifier
from pseudonymizer.vault import rotate
from pseudonymizer.vault.transactions import transaction
from pseudonymizer.vault.variants import Variant, variants_of
from tests.support.vault import Vault

SEALED = frozenset({"email"})
SHOP, NEWS = ("email", "ada+shop@example.org"), ("email", "ada+news@example.org")
BARE, OTHER = ("email", "ada@example.org"), ("email", "grace@example.org")


def variants(vault: Vault, *identifiers: Identifier) -> list[Variant]:
    with transaction(vault.engine) as connection:
        return variants_of(connection, vault.keyring, identifiers)


def test_two_plus_tags_stay_two_subjects_and_are_listed_together(vault: Vault) -> None:
    pids = [vault.mint(each, seal=SEALED).pids for each in (SHOP, NEWS, OTHER)]
    assert len({str(each) for each in pids}) == 3
    assert vault.count("vault.link") == 0
    for asked in (SHOP, NEWS, BARE):
        assert [each.subject for each in variants(vault, asked)] == [1, 2]
    assert [each.subject for each in variants(vault, OTHER)] == [3]
    assert variants(vault, ("user_id", "ada+shop@example.org")) == []


def test_dots_do_not_count_at_google_and_do_elsewhere(vault: Vault) -> None:
    for text in ("a.da@gmail.com", "ada@googlemail.com", "a.da@example.org", "ada@example.org"):
        vault.mint(("email", text))
    assert [each.subject for each in variants(vault, ("email", "ad.a+x@gmail.com"))] == [1, 2]
    assert [each.subject for each in variants(vault, ("email", "ada@example.org"))] == [4]


def test_an_address_kept_by_its_index_alone_is_listed_without_its_text(vault: Vault) -> None:
    vault.mint(SHOP)
    vault.mint(NEWS, seal=SEALED)
    assert [each.kept for each in variants(vault, BARE)] == [False, True]


def test_erasing_one_variant_leaves_the_others_and_its_own_index_goes(vault: Vault) -> None:
    for each in (SHOP, NEWS):
        vault.mint(each)
    vault.destroy(vault.begin(SHOP).case_id)
    assert [each.subject for each in variants(vault, BARE)] == [2]
    assert vault.count("vault.identifier WHERE variant_index IS NOT NULL") == 1
    assert vault.find(NEWS).status == "known"


def test_variants_are_found_while_the_key_of_the_index_changes_and_after(vault: Vault) -> None:
    for each in (SHOP, NEWS):
        vault.mint(each, seal=SEALED)
    rotate.rotate(vault.engine, vault.keyring, "idx")
    vault.mint(BARE, seal=SEALED)
    assert len(variants(vault, SHOP)) == 3
    assert rotate.move(vault.engine, vault.keyring, "idx") == 2
    assert len(variants(vault, SHOP)) == 3
    rotate.destroy(vault.engine, vault.keyring, "idx", 1)
    assert len(variants(vault, SHOP)) == 3


def test_an_address_from_before_there_was_the_index_gets_it_when_rows_are_moved(
    vault: Vault,
) -> None:
    vault.mint(SHOP, seal=SEALED)
    with transaction(vault.engine) as connection:
        connection.exec_driver_sql("UPDATE vault.identifier SET variant_index = NULL")
    assert variants(vault, BARE) == []
    assert rotate.move(vault.engine, vault.keyring, "idx") == 1
    assert len(variants(vault, BARE)) == 1
    assert rotate.move(vault.engine, vault.keyring, "idx") == 0


def test_the_index_of_variants_is_no_blind_index_of_an_address(vault: Vault) -> None:
    """Otherwise whoever holds the database could tell which row is the bare address."""
    vault.mint(BARE)
    vault.mint(SHOP)
    rows = vault.rows("SELECT blind_index, variant_index FROM vault.identifier")
    assert {row["blind_index"] for row in rows}.isdisjoint({row["variant_index"] for row in rows})
