"""A key gets a new version while others work with the old one: nobody is lost, nor doubled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from functools import partial
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import Engine

from pseudonymizer.errors import KeyDestroyed, KeyInUse, KeyUnknown, VaultRefused
from pseudonymizer.key_port import KeyProvider
from pseudonymizer.key_providers import FileKeyProvider
from pseudonymizer.keyring import Identifier, Keyring
from pseudonymizer.kms import client
from pseudonymizer.lookup import Lookup
from pseudonymizer.vault import rotate
from pseudonymizer.vault.alike import Alike
from pseudonymizer.vault.buckets import Buckets
from pseudonymizer.vault.driver import run
from pseudonymizer.vault.remember import Resolver
from pseudonymizer.vault.store import BucketRow
from pseudonymizer.vault.transactions import connect, transaction
from tests.support.at_once import at_once
from tests.support.postgres import Database
from tests.support.transit import Mount
from tests.support.vault import DOMAINS, Vault

Opens = Callable[[], KeyProvider]

SEALED: Final = frozenset({"email", "user_id"})
PEOPLE: Final = [(("user_id", f"u{n}"), ("email", f"u{n}@example.org")) for n in range(30)]
DEVICES: Final = [("anonymous_id", f"a{n}") for n in range(20)]


@pytest.fixture(params=["file", "transit", "pkcs11", "awskms"])  # the last in the long run only
def opens(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Opens]:
    """Open the same keys once for each process there would be, with each driver."""
    opened: list[KeyProvider] = []
    monkeypatch.setattr(client, "PATIENCE_S", 60.0)  # and eight processes at once wait for longer

    def open_one() -> KeyProvider:
        keys = tmp_path / "keys.json"
        if request.param == "transit":
            mount: Mount = request.getfixturevalue("mount")
            opened.append(mount.open("operator") if opened else mount.made())
        elif request.param != "file":
            service = request.getfixturevalue("hsm" if request.param == "pkcs11" else "kms")
            opened.append(service.open() if opened else service.made())
        elif opened:
            opened.append(FileKeyProvider.open(keys, mode="development"))
        else:
            opened.append(FileKeyProvider.create(keys, mode="development"))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


@pytest.fixture
def vault(vault_engine: Engine, opens: Opens) -> Vault:
    return Vault(vault_engine, Keyring(opens()))


@pytest.fixture
def elsewhere(vault: Vault, opens: Opens) -> Vault:
    """Another process: it read the keys before anything was rotated."""
    keyring = Keyring(opens())
    for name in rotate.ROTATED:
        keyring.versions(name)
    return Vault(vault.engine, keyring)


def _seed(vault: Vault) -> dict[Identifier, dict[str, bytes]]:
    for pair in PEOPLE:
        vault.mint(*pair, seal=SEALED)
    for device in DEVICES:
        vault.mint(device)
    return _pids(vault)


def _pids(vault: Vault) -> dict[Identifier, dict[str, bytes]]:
    wanted = [*(each for pair in PEOPLE for each in pair), *DEVICES]
    answers = vault.ask(*(Lookup((each,)) for each in wanted))
    return {each: dict(answer.pids or {}) for each, answer in zip(wanted, answers, strict=True)}


def _under(vault: Vault, name: rotate.Rotated) -> dict[int, int]:
    return rotate.rows_under(vault.engine, name)


def test_what_is_sealed_is_indexed_anew_and_the_rest_when_it_is_sent(
    vault: Vault, elsewhere: Vault
) -> None:
    before = _seed(vault)
    assert rotate.rotate(vault.engine, vault.keyring, "idx") == 2
    assert _pids(vault) == _pids(elsewhere) == before
    assert rotate.move(vault.engine, vault.keyring, "idx") == 60
    assert _under(vault, "idx") == {1: 20, 2: 60}
    with pytest.raises(KeyInUse, match="20 rows"):
        rotate.destroy(vault.engine, vault.keyring, "idx", 1)
    elsewhere.ask(*(Lookup((device,), mint=True) for device in DEVICES))
    assert _under(vault, "idx") == {2: 80}
    rotate.destroy(vault.engine, vault.keyring, "idx", 1)
    assert _pids(vault) == before
    elsewhere.keyring.reload()
    assert _pids(elsewhere) == before
    assert vault.count("vault.subject") == 50


def test_what_was_sealed_is_shown_and_tombstoned_as_before(vault: Vault) -> None:
    _seed(vault)
    rotate.rotate(vault.engine, vault.keyring, "idx")
    rotate.move(vault.engine, vault.keyring, "idx")
    vault.ask(*(Lookup((device,), mint=True) for device in DEVICES))
    vault.destroy(vault.begin(PEOPLE[0][0]).case_id)
    vault.destroy(vault.begin(DEVICES[0]).case_id)
    for gone in (*PEOPLE[0], DEVICES[0]):
        assert vault.mint(gone).status == "suppressed"


def test_a_process_that_knows_nothing_of_it_makes_nobody_twice(
    vault: Vault, elsewhere: Vault
) -> None:
    rotate.rotate(vault.engine, vault.keyring, "idx")
    new = vault.mint(*PEOPLE[0], seal=SEALED)
    assert elsewhere.mint(*PEOPLE[0], seal=SEALED).pids == new.pids
    assert elsewhere.mint(*PEOPLE[1], seal=SEALED).status == "minted"
    assert _under(vault, "idx") == {2: 4}


def test_a_process_that_knows_nothing_of_it_erases_everybody_linked(
    vault: Vault, elsewhere: Vault
) -> None:
    _seed(vault)
    rotate.rotate(vault.engine, vault.keyring, "idx")
    rotate.move(vault.engine, vault.keyring, "idx")
    begun = elsewhere.begin(PEOPLE[0][1])
    assert len(begun.subjects) == 1
    assert elsewhere.find(PEOPLE[0][0]).status == "suppressed"


def test_no_version_ends_while_rows_are_being_moved_to_it(
    vault: Vault, vault_database: Database, opens: Opens
) -> None:
    """Somebody moves rows to the second version, slowly, while another makes the third."""
    _seed(vault)
    rotate.rotate(vault.engine, vault.keyring, "idx")
    slow = connect(vault_database.dsn("paravent_vault"), pool_size=1)
    others = Keyring(opens())
    with ThreadPoolExecutor(1) as pool:
        with transaction(slow) as moving:
            moved, _ = rotate._identifiers(moving, others, b"")  # half a move
            turned = pool.submit(rotate.rotate, vault.engine, vault.keyring, "idx")
            wait([turned], timeout=0.5)
            assert not turned.done()
        assert turned.result(timeout=30) == 3
    slow.dispose()
    assert moved == 60
    with pytest.raises(KeyInUse, match="60 rows"):
        rotate.destroy(vault.engine, vault.keyring, "idx", 2)


def test_what_somebody_held_is_moved_in_a_second_turn(
    vault: Vault, vault_database: Database
) -> None:
    _seed(vault)
    rotate.rotate(vault.engine, vault.keyring, "idx")
    other = connect(vault_database.dsn("paravent_vault"), pool_size=1)
    with transaction(other) as holding:
        run(holding, "SELECT FROM vault.identifier WHERE kind = 'email' FOR UPDATE")
        assert rotate.move(vault.engine, vault.keyring, "idx") == 30
    other.dispose()
    assert rotate.move(vault.engine, vault.keyring, "idx") == 30


def test_rotating_while_many_mint_the_same_people_doubles_nobody(
    vault_database: Database, vault: Vault, opens: Opens
) -> None:
    engine = connect(vault_database.dsn("paravent_vault"), pool_size=10)
    resolvers = [Resolver(engine, Keyring(opens()), cache_ttl_s=0) for _ in range(8)]

    def arrive(turn: int) -> None:
        for again in range(3):
            order = PEOPLE[turn + again :] + PEOPLE[: turn + again]
            lookups = [Lookup(pair, mint=True, link=True, seal=SEALED) for pair in order]
            resolvers[turn].resolve(lookups, domains=DOMAINS)

    def turn_over() -> None:
        for _ in range(3):
            rotate.rotate(engine, vault.keyring, "idx")
            rotate.move(engine, vault.keyring, "idx")

    assert at_once(*(partial(arrive, turn) for turn in range(8)), turn_over) == []
    rotate.move(engine, vault.keyring, "idx")
    engine.dispose()
    assert vault.count("vault.subject") == 30
    assert _under(vault, "idx") == {4: 60}


def test_a_move_that_was_stopped_is_gone_on_with(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _seed(vault)
    rotate.rotate(vault.engine, vault.keyring, "idx")
    monkeypatch.setattr(rotate, "IDENTIFIERS", 7)
    told: list[int] = []
    rotate.move(
        vault.engine, vault.keyring, "idx", progress=told.append, until=lambda: len(told) == 2
    )
    assert told == [7, 14]
    assert _pids(vault) == before
    assert rotate.move(vault.engine, vault.keyring, "idx") == 46
    assert _under(vault, "idx") == {1: 20, 2: 60}


def test_a_rotation_that_was_stopped_before_it_counted_is_taken_up(vault: Vault) -> None:
    vault.keyring.provider.new_version("idx")
    assert rotate.rotate(vault.engine, vault.keyring, "idx") == 2
    assert rotate.rotate(vault.engine, vault.keyring, "idx") == 3


def test_every_bucket_is_wrapped_anew_and_a_backup_opens_for_nobody(
    vault: Vault, elsewhere: Vault
) -> None:
    before = _seed(vault)
    backup = [
        BucketRow(row["id"], row["version"], row["kek_version"], bytes(row["wrapped_key"]))
        for row in vault.rows("SELECT id, version, kek_version, wrapped_key FROM vault.bucket")
    ]
    assert rotate.rotate(vault.engine, vault.keyring, "kek") == 2
    with pytest.raises(KeyInUse, match=f"{len(backup)} rows"):
        rotate.destroy(vault.engine, vault.keyring, "kek", 1)
    assert rotate.move(vault.engine, vault.keyring, "kek") == len(backup)
    assert _under(vault, "kek") == {2: len(backup)}
    assert Buckets(vault.keyring).key(backup[0])
    rotate.destroy(vault.engine, vault.keyring, "kek", 1)
    with pytest.raises(KeyDestroyed):
        Buckets(vault.keyring).key(backup[0])
    assert _pids(vault) == _pids(elsewhere) == before


def test_a_process_that_knows_nothing_of_it_wraps_by_the_version_in_use(
    vault: Vault, elsewhere: Vault
) -> None:
    rotate.rotate(vault.engine, vault.keyring, "kek")
    elsewhere.mint(*PEOPLE[0])
    elsewhere.destroy(elsewhere.begin(PEOPLE[0][0]).case_id)
    assert set(_under(vault, "kek")) == {2}


def test_the_database_itself_refuses_a_bucket_under_a_key_no_longer_in_use(vault: Vault) -> None:
    _seed(vault)
    rotate.rotate(vault.engine, vault.keyring, "kek")
    with pytest.raises(VaultRefused) as refused:
        vault.rows("UPDATE vault.bucket SET kek_version = 1 RETURNING id")
    assert refused.value.sqlstate == "PV001"


@pytest.mark.parametrize("name", rotate.ROTATED)
def test_the_version_in_use_and_one_that_never_was_are_not_destroyed(
    vault: Vault, name: rotate.Rotated
) -> None:
    with pytest.raises(KeyInUse, match="in use"):
        rotate.destroy(vault.engine, vault.keyring, name, 1)
    with pytest.raises(KeyUnknown):
        rotate.destroy(vault.engine, vault.keyring, name, 9)


def test_a_vault_of_other_keys_is_not_written_to(vault: Vault, tmp_path: Path) -> None:
    _seed(vault)
    rotate.rotate(vault.engine, vault.keyring, "idx")
    other = FileKeyProvider.create(tmp_path / "other.json", mode="development")
    strange = Vault(vault.engine, Keyring(other))
    with pytest.raises(KeyUnknown):
        strange.mint(PEOPLE[0][0])
    assert vault.count("vault.subject") == 50


def test_a_look_up_elsewhere_finds_everybody_and_nobody_after_it(
    vault: Vault, elsewhere: Vault
) -> None:
    before, never = _seed(vault), ("user_id", "never")
    looking = Alike(elsewhere.engine, elsewhere.keyring)
    assert looking.called(never, DOMAINS).pids
    for name in rotate.ROTATED:
        rotate.rotate(vault.engine, vault.keyring, name)
        rotate.move(vault.engine, vault.keyring, name)
    rotate.destroy(vault.engine, vault.keyring, "kek", 1)
    nobody = looking.called(never, DOMAINS).pids or {}
    assert nobody not in before.values()
    for identifier, pids in before.items():
        assert looking.called(identifier, DOMAINS).pids == pids
    assert (looking.called(never, DOMAINS).pids or {}).keys() == nobody.keys()


def test_nobody_is_made_anew_when_their_wrapping_key_ended_elsewhere(
    vault: Vault, elsewhere: Vault
) -> None:
    never = ("user_id", "never")
    looking = Alike(elsewhere.engine, elsewhere.keyring)
    assert looking.called(never, DOMAINS).pids
    rotate.rotate(vault.engine, vault.keyring, "kek")
    rotate.destroy(vault.engine, vault.keyring, "kek", 1)
    assert (looking.called(never, DOMAINS).pids or {}).keys() == set(DOMAINS)
