"""The key of tombstones is rotated without anybody's identifier, and nobody comes back (R-60)."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Final
from uuid import uuid4

import pytest

from pseudonymizer import tombstones
from pseudonymizer.errors import KeyInUse, KeyUnknown
from pseudonymizer.journal_file import JournalFile, Line
from pseudonymizer.key_providers import FileKeyProvider
from pseudonymizer.keyring import Identifier, Keyring
from pseudonymizer.vault import rotate
from pseudonymizer.vault.forget import marks_of
from pseudonymizer.vault.transactions import connect, transaction
from tests.support.at_once import at_once
from tests.support.postgres import Database
from tests.support.vault import NOON, Vault

GONE: Final = [("user_id", f"gone{n}") for n in range(12)]
DEVICES: Final = [("anonymous_id", f"browser{n}") for n in range(12)]
HERE: Final = [("user_id", f"here{n}") for n in range(6)]


@pytest.fixture
def erased(vault: Vault) -> Vault:
    """People who were erased, their browsers with them, beside some who were not."""
    for person, device in zip(GONE, DEVICES, strict=True):
        vault.mint(person, device)
        vault.destroy(vault.begin(person, device).case_id)
    for person in HERE:
        vault.mint(person)
    return vault


@pytest.fixture
def elsewhere(erased: Vault, tmp_path: Path) -> Vault:
    """Another process: it read the keys before anything was rotated."""
    return Vault(erased.engine, _opened(tmp_path))


def _opened(folder: Path) -> Keyring:
    return Keyring(FileKeyProvider.open(folder / "keys.json", mode="development"))


def _turn(vault: Vault) -> int:
    version = rotate.rotate(vault.engine, vault.keyring, "sup")
    rotate.move(vault.engine, vault.keyring, "sup")
    return version


def _marks(vault: Vault) -> set[bytes]:
    return {bytes(row["mark"]) for row in vault.rows("SELECT mark FROM tombstone.mark")}


def _suppressed(vault: Vault, *people: Identifier) -> list[str]:
    return [each[1] for each in people if vault.mint(each).status != "suppressed"]


def test_after_two_rotations_every_tombstone_matches(erased: Vault, elsewhere: Vault) -> None:
    assert (_turn(erased), _turn(erased)) == (2, 3)
    assert rotate.rows_under(erased.engine, "sup") == {3: 24}
    # The other process has not looked at the keys since before both.
    assert _suppressed(elsewhere, *GONE, *DEVICES) == []
    assert _suppressed(erased, *GONE, *DEVICES) == []
    assert [erased.find(person).status for person in HERE] == ["known"] * len(HERE)


def test_the_table_and_an_old_key_are_not_enough_to_try_an_address(
    erased: Vault, tmp_path: Path
) -> None:
    stolen = _opened(tmp_path)  # a copy of the keys of before
    tried = set(stolen.tombstone_marks(GONE))
    assert tried <= _marks(erased)
    _turn(erased)
    assert tried.isdisjoint(_marks(erased))
    newest = erased.keyring.provider
    alone = {newest.mac("sup", 2, each) for each in tried}  # without our label, it is another MAC
    assert alone.isdisjoint(_marks(erased))
    assert set(erased.keyring.nest(2, sorted(tried))) <= _marks(erased)


def test_while_marks_are_being_nested_nobody_comes_back(
    erased: Vault, elsewhere: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tombstones, "SOME", 7)
    told: list[int] = []
    rotate.rotate(erased.engine, erased.keyring, "sup")
    assert _suppressed(elsewhere, *GONE, *DEVICES) == []
    rotate.move(
        erased.engine, erased.keyring, "sup", progress=told.append, until=lambda: len(told) == 2
    )
    assert rotate.rows_under(erased.engine, "sup") == {1: 10, 2: 14}
    assert _suppressed(elsewhere, *GONE, *DEVICES) == []
    assert rotate.move(erased.engine, erased.keyring, "sup") == 10
    assert _suppressed(elsewhere, *GONE, *DEVICES) == []


def test_a_process_that_knows_nothing_of_it_erases_by_the_version_in_use(
    erased: Vault, elsewhere: Vault
) -> None:
    device = ("anonymous_id", "kept by its index alone")
    elsewhere.mint(HERE[0], device)  # its mark is kept under the first version
    _turn(erased)
    elsewhere.destroy(elsewhere.begin(HERE[0]).case_id)
    assert rotate.rows_under(erased.engine, "sup") == {2: 26}
    assert _suppressed(erased, HERE[0], device) == []


def test_a_mark_from_the_journal_is_nested_when_it_is_placed(erased: Vault) -> None:
    with transaction(erased.engine) as connection:
        line = marks_of(connection, erased.keyring, [HERE[1]], [])
    assert [version for version, _ in line] == [1]
    _turn(erased)
    stone = tombstones.Stone("all", "erasure", NOON)
    with transaction(erased.engine) as connection:
        tombstones.place(connection, erased.keyring, line, stone)
        made = erased.keyring.tombstone_marks([HERE[1]])
        assert tombstones.in_force(connection, made, on=NOON.date()) == {"all"}
    assert set(rotate.rows_under(erased.engine, "sup")) == {2}
    assert _suppressed(erased, HERE[1]) == []


def test_a_vault_older_than_the_journal_goes_on_with_the_version_of_its_marks(
    erased: Vault, elsewhere: Vault
) -> None:
    """Restored from before a rotation, it is told of somebody erased after it."""
    newer = erased.keyring.provider.new_version("sup")
    made = [(newer, mark) for mark in erased.keyring.tombstone_marks([HERE[2]])]
    with transaction(erased.engine) as connection:
        tombstones.place(connection, erased.keyring, made, tombstones.Stone("all", "e", NOON))
    assert rotate.in_use(erased.engine, "sup") == 2
    assert _suppressed(elsewhere, HERE[2], *GONE) == []


def test_somebody_marked_under_two_versions_has_one_mark_in_the_end(erased: Vault) -> None:
    old = [(1, mark) for mark in erased.keyring.tombstone_marks([GONE[0]])]
    rotate.rotate(erased.engine, erased.keyring, "sup")
    stone = tombstones.Stone("all", "erasure", NOON, kept=timedelta(days=4000))
    with transaction(erased.engine) as connection:
        tombstones.place(connection, erased.keyring, old, stone)
    assert rotate.rows_under(erased.engine, "sup") == {1: 24, 2: 1}
    rotate.move(erased.engine, erased.keyring, "sup")
    assert rotate.rows_under(erased.engine, "sup") == {2: 24}
    (row,) = erased.rows("SELECT max(expires_on) - :noon AS kept FROM tombstone.mark",
                         noon=NOON.date())  # fmt: skip
    assert row["kept"] == 4000


def test_the_marks_in_the_journal_are_nested_with_the_others(erased: Vault, tmp_path: Path) -> None:
    file = JournalFile(tmp_path / "erasures.jsonl")
    file.make()
    old = [tuple((1, mark) for mark in erased.keyring.tombstone_marks([each])) for each in GONE]
    lines = [Line(uuid4(), uuid4(), NOON, "erasure", (1,), (), marks) for marks in old]
    file.append(*lines[:6])
    file.finish(lines[0].id)
    _turn(erased)
    waiting = threading.Thread(target=lambda: file.append(*lines[6:]))

    def nest(marks: Iterable[tombstones.Mark]) -> dict[tombstones.Mark, tombstones.Mark]:
        waiting.start()  # it has to open the file that takes the place of this one
        waiting.join(0.2)
        return tombstones.nested_to(erased.keyring, marks, 2)

    assert file.renest(nest) == 6
    waiting.join(10)
    found = file.lines()
    assert [line.id for line in found] == [line.id for line in lines]
    assert [line.done for line in found] == [True] + [False] * 11
    new = erased.keyring.tombstone_marks(GONE)
    assert [line.marks for line in found[:6]] == [((2, mark),) for mark in new[:6]]
    assert [line.marks for line in found[6:]] == old[6:]
    assert file.renest(lambda marks: tombstones.nested_to(erased.keyring, marks, 2)) == 6


def test_an_old_version_stays_for_as_long_as_a_mark_is_nested_through_it(erased: Vault) -> None:
    _turn(erased)
    with pytest.raises(KeyInUse, match="24 tombstones are nested through the version, and 6"):
        rotate.destroy(erased.engine, erased.keyring, "sup", 1)
    assert _suppressed(erased, *GONE) == []


def test_with_nobody_left_an_old_version_ends_and_new_marks_begin_above_it(
    vault: Vault, tmp_path: Path
) -> None:
    elsewhere = Vault(vault.engine, _opened(tmp_path))
    _turn(vault)
    rotate.destroy(vault.engine, vault.keyring, "sup", 1)
    for each in (elsewhere, vault):  # one of them still holds the first version in memory
        each.mint(GONE[0])
        each.destroy(each.begin(GONE[0]).case_id)
        assert _suppressed(vault, GONE[0]) == _suppressed(elsewhere, GONE[0]) == []
        with transaction(vault.engine) as connection:
            tombstones.lift(connection, vault.keyring.tombstone_marks([GONE[0]]))


def test_where_a_version_that_marks_need_is_gone_nobody_is_let_in(
    erased: Vault, tmp_path: Path
) -> None:
    _turn(erased)
    erased.keyring.provider.destroy_version("sup", 1)  # by hand, past every check
    with pytest.raises(KeyUnknown):
        Vault(erased.engine, _opened(tmp_path)).mint(("user_id", "somebody new"))


def test_rotating_while_people_are_erased_and_try_to_come_back(
    erased: Vault, vault_database: Database, tmp_path: Path
) -> None:
    engine = connect(vault_database.dsn("paravent_vault"), pool_size=8)
    failures: list[BaseException | str] = []

    def come_back() -> None:
        vault = Vault(engine, _opened(tmp_path))
        for _ in range(4):
            failures.extend(_suppressed(vault, *GONE, *DEVICES))

    def leave() -> None:
        vault = Vault(engine, _opened(tmp_path))
        for number in range(10):
            person = ("user_id", f"leaving{number}")
            vault.mint(person)
            vault.destroy(vault.begin(person).case_id)
            failures.extend(_suppressed(vault, person))

    def turn_over() -> None:
        vault = Vault(engine, _opened(tmp_path))
        for _ in range(3):
            _turn(vault)

    failures.extend(at_once(come_back, come_back, leave, turn_over))
    engine.dispose()
    assert failures == []
    rotate.move(erased.engine, erased.keyring, "sup")
    assert rotate.rows_under(erased.engine, "sup") == {4: 34}
