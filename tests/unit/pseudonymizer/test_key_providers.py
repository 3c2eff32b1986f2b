"""One contract for every driver (R-126); what only the file driver promises comes after it."""

from __future__ import annotations

import hmac
import json
import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from pseudonymizer import key_file
from pseudonymizer.errors import (
    DevelopmentKeysRefused,
    EnvelopeInvalid,
    KeyDestroyed,
    KeyFileInsecure,
    KeyFileInvalid,
    KeyInUse,
    KeyUnknown,
)
from pseudonymizer.key_providers import USES, FileKeyProvider, KeyProvider


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


SERVICES = {
    "transit": "mount",  # a real OpenBao
    "pkcs11": "hsm",  # a real SoftHSM
    "awskms": "kms",  # moto, with Ed25519 added
}


@pytest.fixture(params=["file", *SERVICES])
def provider(request: pytest.FixtureRequest, path: Path) -> Iterator[KeyProvider]:
    made: KeyProvider
    if request.param == "file":
        made = FileKeyProvider.create(path, mode="development")
    else:
        made = request.getfixturevalue(SERVICES[request.param]).made()
    yield made
    made.close()


def test_a_mac_depends_on_key_version_and_data(provider: KeyProvider) -> None:
    provider.new_version("idx")
    macs = {
        provider.mac(name, version, data)
        for name, version in (("idx", 1), ("idx", 2), ("sup", 1))
        for data in (b"a", b"b")
    }
    assert len(macs) == 6
    assert {len(mac) for mac in macs} == {32}


def test_many_macs_at_once_are_the_same_as_one_by_one(provider: KeyProvider) -> None:
    data = [b"a", b"", b"b"]
    assert provider.mac_many("idx", 1, data) == [provider.mac("idx", 1, d) for d in data]


def test_a_wrapped_key_unwraps_only_in_its_context(provider: KeyProvider) -> None:
    wrapped = provider.wrap("kek", 1, b"k" * 32, b"bucket 1")
    assert provider.unwrap("kek", 1, wrapped, b"bucket 1") == b"k" * 32
    with pytest.raises(EnvelopeInvalid):
        provider.unwrap("kek", 1, wrapped, b"bucket 2")


def test_rewrapping_moves_a_key_to_the_primary_version(provider: KeyProvider) -> None:
    wrapped = provider.wrap("kek", 1, b"k" * 32, b"row")
    provider.new_version("kek")
    version, rewrapped = provider.rewrap("kek", 1, wrapped, b"row")
    assert version == 2
    assert provider.unwrap("kek", 2, rewrapped, b"row") == b"k" * 32
    with pytest.raises(EnvelopeInvalid):
        provider.unwrap("kek", 1, rewrapped, b"row")


def test_a_signature_verifies_under_the_published_key(provider: KeyProvider) -> None:
    signature = provider.sign("sign-receipt", b"receipt")
    public = provider.public_keys()
    Ed25519PublicKey.from_public_bytes(public["sign-receipt"]).verify(signature, b"receipt")
    assert set(public) == {"sign-receipt", "sign-audit", "sign-callback"}
    assert len(set(public.values())) == 3


def test_an_older_version_of_a_signer_still_signs_until_it_is_destroyed(
    provider: KeyProvider,
) -> None:
    older = provider.public_key("sign-audit", 1)
    assert older == provider.public_keys()["sign-audit"]
    assert provider.new_version("sign-audit") == 2
    newer = provider.public_key("sign-audit", 2)
    assert newer == provider.public_keys()["sign-audit"] != older
    for public, version in ((older, 1), (newer, 2), (newer, None)):
        signature = provider.sign("sign-audit", b"head", version)
        Ed25519PublicKey.from_public_bytes(public).verify(signature, b"head")
    provider.destroy_version("sign-audit", 1)
    with pytest.raises(KeyDestroyed):
        provider.sign("sign-audit", b"head", 1)
    with pytest.raises(KeyDestroyed):
        provider.public_key("sign-audit", 1)


def test_a_new_version_is_primary_and_the_old_one_still_works(provider: KeyProvider) -> None:
    before = provider.mac("idx", 1, b"a")
    assert provider.new_version("idx") == 2
    assert provider.versions("idx").primary == 2
    assert provider.versions("idx").live == (1, 2)
    assert provider.mac("idx", 1, b"a") == before


def test_a_destroyed_version_is_gone_for_good(provider: KeyProvider) -> None:
    wrapped = provider.wrap("kek", 1, b"k" * 32, b"row")
    provider.new_version("kek")
    provider.destroy_version("kek", 1)
    assert provider.versions("kek").live == (2,)
    with pytest.raises(KeyDestroyed):
        provider.unwrap("kek", 1, wrapped, b"row")


def test_what_is_signed_may_be_as_long_as_a_receipt(provider: KeyProvider) -> None:
    public = Ed25519PublicKey.from_public_bytes(provider.public_keys()["sign-receipt"])
    public.verify(provider.sign("sign-receipt", b"r" * 4096), b"r" * 4096)


def test_the_primary_version_cannot_be_destroyed(provider: KeyProvider) -> None:
    with pytest.raises(KeyInUse):
        provider.destroy_version("kek", 1)


def test_every_recipient_gets_a_key_of_its_own(provider: KeyProvider) -> None:
    assert provider.new_version("rec:letterhouse") == 1
    assert provider.new_version("rec:adhouse") == 1
    macs = {provider.mac(name, 1, b"pid") for name in ("rec:letterhouse", "rec:adhouse", "idx")}
    assert len(macs) == 3


@pytest.mark.parametrize(
    "ask",
    [
        lambda p: p.mac("nobody", 1, b""),
        lambda p: p.mac("idx", 9, b""),
        lambda p: p.mac("kek", 1, b""),
        lambda p: p.wrap("idx", 1, b"", b""),
        lambda p: p.sign("idx", b""),
        lambda p: p.sign("sign-audit", b"", 9),
        lambda p: p.public_key("idx", 1),
        lambda p: p.versions("nobody"),
        lambda p: p.new_version("nobody"),
        lambda p: p.destroy_version("idx", 9),
    ],
)
def test_a_key_is_used_for_what_it_was_made_for_only(provider: KeyProvider, ask: object) -> None:
    with pytest.raises(KeyUnknown):
        ask(provider)  # type: ignore[operator]


def test_an_attestation_names_every_version_and_what_became_of_it(provider: KeyProvider) -> None:
    provider.new_version("kek")
    provider.new_version("rec:letterhouse")
    provider.destroy_version("kek", 1)
    keys: Any = provider.attest()["keys"]
    assert set(keys) == {*USES, "rec:letterhouse"}
    assert {name: key["use"] for name, key in keys.items() if name in USES} == USES
    destroyed = {number: made["destroyed"] for number, made in keys["kek"]["versions"].items()}
    assert (keys["kek"]["primary"], destroyed) == (2, {"1": True, "2": False})


def test_a_version_that_is_destroyed_already_stays_so(provider: KeyProvider) -> None:
    provider.new_version("idx")
    provider.destroy_version("idx", 1)
    provider.destroy_version("idx", 1)
    assert provider.versions("idx").live == (2,)
    with pytest.raises(KeyDestroyed):
        provider.mac("idx", 1, b"a")


def test_what_is_no_envelope_of_ours_does_not_open(provider: KeyProvider) -> None:
    wrapped = provider.wrap("kek", 1, b"k" * 32, b"row")
    altered = wrapped[:-1] + bytes([wrapped[-1] ^ 1])
    for raw in (b"", wrapped[:-1], wrapped[:9], altered, b"vault:v1:" + wrapped):
        with pytest.raises(EnvelopeInvalid):
            provider.unwrap("kek", 1, raw, b"row")


def test_a_check_says_nothing_while_keys_can_be_computed_with(provider: KeyProvider) -> None:
    provider.check()


# -- the file driver alone ---------------------------------------------------------------------


def test_an_attestation_holds_no_material(path: Path) -> None:
    shown = json.dumps(FileKeyProvider.create(path, mode="development").attest())
    for key in json.loads(path.read_text())["keys"].values():
        assert key["versions"]["1"]["material"] not in shown


def test_the_file_is_mode_0600_whatever_the_umask(path: Path) -> None:
    old = os.umask(0)
    try:
        provider = FileKeyProvider.create(path, mode="development")
        provider.new_version("idx")
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_second_opening_reads_the_same_keys(path: Path) -> None:
    made = FileKeyProvider.create(path, mode="development")
    opened = FileKeyProvider.open(path, mode="development")
    assert opened.mac("idx", 1, b"a") == made.mac("idx", 1, b"a")


def test_production_mode_refuses_a_key_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DevelopmentKeysRefused):
        FileKeyProvider.create(path, mode="production")
    assert not path.exists()
    FileKeyProvider.create(path, mode="development")
    with pytest.raises(DevelopmentKeysRefused):
        FileKeyProvider.open(path, mode="production")
    monkeypatch.setenv("PARAVENT_MODE", "production")
    with pytest.raises(DevelopmentKeysRefused):
        FileKeyProvider.open(path)


def test_a_mode_nobody_declared_counts_as_production(path: Path) -> None:
    with pytest.raises(DevelopmentKeysRefused):
        FileKeyProvider.create(path, mode="staging")


def test_existing_keys_are_never_overwritten(path: Path) -> None:
    FileKeyProvider.create(path, mode="development")
    before = path.read_bytes()
    with pytest.raises(KeyFileInvalid, match="exists already"):
        FileKeyProvider.create(path, mode="development")
    assert path.read_bytes() == before
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o620, 0o611])
def test_a_file_open_to_others_is_refused(path: Path, mode: int) -> None:
    FileKeyProvider.create(path, mode="development")
    path.chmod(mode)
    with pytest.raises(KeyFileInsecure, match="0600"):
        FileKeyProvider.open(path, mode="development")


def test_a_symbolic_link_is_refused(path: Path, tmp_path: Path) -> None:
    FileKeyProvider.create(path, mode="development")
    (tmp_path / "link.json").symlink_to(path)
    with pytest.raises(KeyFileInsecure, match="plain file"):
        FileKeyProvider.open(tmp_path / "link.json", mode="development")


def test_a_folder_in_its_place_is_refused(path: Path) -> None:
    path.mkdir(mode=0o700)
    with pytest.raises(KeyFileInsecure):
        FileKeyProvider.open(path, mode="development")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_account_is_refused(path: Path) -> None:
    FileKeyProvider.create(path, mode="development")
    os.chown(path, 65534, 65534)
    with pytest.raises(KeyFileInsecure, match="another account"):
        FileKeyProvider.open(path, mode="development")


@pytest.mark.parametrize(
    "damage",
    [
        lambda d: d.update(layout=2),
        lambda d: d.update(format="other"),
        lambda d: d.pop("keys"),
        lambda d: d["keys"]["idx"].update(use="other"),
        lambda d: d["keys"]["idx"].update(primary=7),
        lambda d: d["keys"]["idx"]["versions"]["1"].update(material="c2hvcnQ="),
        lambda d: d["keys"]["idx"]["versions"]["1"].update(material="!"),
        lambda d: d["keys"]["idx"]["versions"]["1"].pop("material"),
    ],
)
def test_another_layout_is_refused_without_quoting_it(path: Path, damage: object) -> None:
    FileKeyProvider.create(path, mode="development")
    document = json.loads(path.read_text())
    damage(document)  # type: ignore[operator]
    path.write_text(json.dumps(document))
    with pytest.raises(KeyFileInvalid) as refused:
        FileKeyProvider.open(path, mode="development")
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__


@pytest.mark.parametrize("raw", [b"", b"[]", b"null", b"\xff\xfe", b"{"])
def test_a_file_that_is_no_key_file_is_refused(path: Path, raw: bytes) -> None:
    path.write_bytes(raw)
    path.chmod(0o600)
    with pytest.raises(KeyFileInvalid):
        FileKeyProvider.open(path, mode="development")


def test_a_missing_file_is_said_to_be_missing(path: Path) -> None:
    with pytest.raises(KeyFileInvalid, match="missing"):
        FileKeyProvider.open(path, mode="development")


def test_a_crash_before_the_rename_leaves_the_old_keys(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = FileKeyProvider.create(path, mode="development")
    before = path.read_bytes()

    def full_disk(_descriptor: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="no space"):
        provider.new_version("idx")
    assert path.read_bytes() == before
    assert not list(path.parent.glob(".keys*"))


def test_versions_made_at_once_by_many_are_all_kept(path: Path) -> None:
    FileKeyProvider.create(path, mode="development")
    threads = [
        threading.Thread(
            target=lambda: FileKeyProvider.open(path, mode="development").new_version("idx")
        )
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    provider = FileKeyProvider.open(path, mode="development")
    assert provider.versions("idx").live == tuple(range(1, 10))


def test_another_process_s_version_is_seen_after_reload(path: Path) -> None:
    one = FileKeyProvider.create(path, mode="development")
    FileKeyProvider.open(path, mode="development").new_version("idx")
    assert one.versions("idx").primary == 1
    one.reload()
    assert one.versions("idx").primary == 2


def test_a_blind_index_is_plain_hmac_under_the_material(path: Path) -> None:
    provider = FileKeyProvider.create(path, mode="development")
    material = key_file.read_keys(path)["idx"].versions[1].material
    assert material is not None
    assert provider.mac("idx", 1, b"data") == hmac.digest(material, b"data", "sha256")


def test_neither_provider_nor_records_show_material(path: Path) -> None:
    provider = FileKeyProvider.create(path, mode="development")
    record = key_file.read_keys(path)["idx"]
    assert repr(provider) == "FileKeyProvider(…)"
    assert repr(record.versions[1].material) not in repr(record)
