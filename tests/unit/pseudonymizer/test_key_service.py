"""What only the key service promises, against a real OpenBao with the policies we ship."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pseudonymizer.errors import (
    DevelopmentKeysRefused,
    EnvelopeInvalid,
    KeyDestroyed,
    KeyFileInsecure,
    KeyFileInvalid,
    KeyOlderLeft,
    KeyServiceInvalid,
    KeyUnavailable,
    KeyUnknown,
)
from pseudonymizer.key_names import ours, theirs
from pseudonymizer.key_opening import KeysAt, open_keys, open_service
from pseudonymizer.key_port import USES
from pseudonymizer.key_providers import FileKeyProvider
from pseudonymizer.seal import Envelope
from pseudonymizer.transit import TransitKeyProvider
from pseudonymizer.transit.address import ServiceAddress
from tests.support.transit import Mount, served


@pytest.fixture
def operator(mount: Mount) -> Iterator[TransitKeyProvider]:
    provider = mount.made()
    yield provider
    provider.close()


@pytest.fixture
def gateway(mount: Mount, operator: TransitKeyProvider) -> Iterator[TransitKeyProvider]:
    del operator  # it made the keys
    provider = mount.open("gateway")
    yield provider
    provider.close()


# -- what the keys are ----------------------------------------------------------------------------


def test_no_key_can_leave_the_service(mount: Mount, operator: TransitKeyProvider) -> None:
    operator.new_version("rec:letterhouse")
    for name in [*USES, "rec-letterhouse"]:
        key = mount.read(f"keys/{name}")
        assert (key["exportable"], key["allow_plaintext_backup"]) == (False, False)
        assert key["deletion_allowed"] is False
    assert mount.read("config/keys")["disable_upsert"] is True


def test_keys_are_made_once(operator: TransitKeyProvider) -> None:
    before = operator.mac("idx", 1, b"a")
    assert operator.missing() == []
    operator.make_missing()
    assert operator.versions("idx").live == (1,)
    assert operator.mac("idx", 1, b"a") == before


def test_a_key_that_was_not_made_gets_no_version(mount: Mount) -> None:
    provider = mount.open("operator")
    with pytest.raises(KeyUnknown, match="keys make"):
        provider.new_version("idx")
    with pytest.raises(KeyUnknown):
        provider.check()
    assert provider.missing() == list(USES)
    assert provider.attest()["keys"] == {}
    provider.close()


def test_a_mac_is_plain_hmac_under_the_key(mount: Mount) -> None:
    """Held against a key we know, brought in the way the engine takes keys from outside."""
    material = bytes(range(32))
    mount.write("keys/rec-known/import", {
        "type": "hmac", "hash_function": "SHA256", "ciphertext": imported(mount, material),
    })  # fmt: skip
    provider = mount.open()
    data = b"user_id\x00ada"
    assert provider.mac("rec:known", 1, data) == hmac.digest(material, data, "sha256")
    provider.close()


def imported(mount: Mount, material: bytes) -> str:
    """Wrap *material* for the engine's import (RSA-OAEP of an AES key, then AES-KWP)."""
    from cryptography.hazmat.primitives import hashes, keywrap, serialization
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    public = serialization.load_pem_public_key(mount.read("wrapping_key")["public_key"].encode())
    assert isinstance(public, rsa.RSAPublicKey)
    ephemeral = hashlib.sha256(b"ephemeral").digest()
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    wrapped = public.encrypt(ephemeral, oaep)
    wrapped += keywrap.aes_key_wrap_with_padding(ephemeral, material)
    return base64.b64encode(wrapped).decode()


def test_what_is_wrapped_lies_in_an_envelope_of_ours(gateway: TransitKeyProvider) -> None:
    envelope = Envelope.from_bytes(gateway.wrap("kek", 1, b"k" * 32, b"row"))
    assert (envelope.algorithm, envelope.key_id, envelope.key_version) == (2, "kek", 1)
    assert len(envelope.ciphertext) == 48


def test_what_the_file_wrapped_is_not_tried(gateway: TransitKeyProvider, tmp_path: Path) -> None:
    file = FileKeyProvider.create(tmp_path / "keys.json", mode="development")
    with pytest.raises(EnvelopeInvalid, match="another key"):
        gateway.unwrap("kek", 1, file.wrap("kek", 1, b"k" * 32, b"row"), b"row")


def test_an_empty_context_is_one_like_any_other(gateway: TransitKeyProvider) -> None:
    wrapped = gateway.wrap("kek", 1, b"", b"")
    assert gateway.unwrap("kek", 1, wrapped, b"") == b""
    with pytest.raises(EnvelopeInvalid):
        gateway.unwrap("kek", 1, wrapped, b"row")


# -- who may do what ------------------------------------------------------------------------------


def test_the_gateway_s_token_computes_and_changes_nothing(
    mount: Mount, gateway: TransitKeyProvider
) -> None:
    wrapped = gateway.wrap("kek", 1, b"k" * 32, b"row")
    assert gateway.unwrap("kek", 1, wrapped, b"row") == b"k" * 32
    assert gateway.rewrap("kek", 1, wrapped, b"row")[0] == 1
    assert len(gateway.sign("sign-audit", b"checkpoint")) == 64
    assert set(gateway.attest()["keys"]) == set(USES)  # type: ignore[call-overload]
    mount.write("keys/kek/rotate", {})
    for change in (
        lambda: gateway.new_version("idx"),
        lambda: gateway.new_version("rec:letterhouse"),
        lambda: gateway.destroy_version("kek", 1),
        gateway.make_missing,
    ):
        with pytest.raises(KeyUnavailable, match="refuses the token"):
            change()
    gateway.reload()
    assert gateway.versions("kek").live == (1, 2)


def test_a_key_that_was_deleted_does_not_come_back_as_another(
    mount: Mount, gateway: TransitKeyProvider, operator: TransitKeyProvider
) -> None:
    gateway.wrap("kek", 1, b"k" * 32, b"row")
    operator.versions("kek")
    mount.write("keys/kek/config", {"deletion_allowed": True})
    mount.service.admin("DELETE", f"{mount.name}/keys/kek")
    for provider in (gateway, operator):
        with pytest.raises((KeyUnknown, KeyUnavailable)):
            provider.wrap("kek", 1, b"k" * 32, b"row")
    assert operator.missing() == ["kek"]


def test_a_token_that_was_renewed_is_read_from_the_file(
    mount: Mount, gateway: TransitKeyProvider
) -> None:
    before = gateway.mac("idx", 1, b"a")
    old = mount.token_file("gateway").read_text().strip()
    mount.service.admin("POST", "auth/token/revoke", {"token": old})
    mount.token_file("gateway").write_text("")  # the new one is being written
    for _ in range(2):
        with pytest.raises(KeyUnavailable, match="refuses the token"):
            gateway.mac("idx", 1, b"a")
        mount.token_file("gateway").unlink(missing_ok=True)
    mount.issue("gateway.token", "gateway")
    assert gateway.mac("idx", 1, b"a") == before


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_token_open_to_others_is_refused(mount: Mount, mode: int) -> None:
    mount.token_file("gateway").chmod(mode)
    with pytest.raises(KeyFileInsecure, match=r"token file.*0600"):
        mount.open("gateway")


def test_a_token_that_is_missing_is_said_to_be(mount: Mount) -> None:
    with pytest.raises(KeyFileInvalid, match="token file is missing"):
        mount.open("nobody")


@pytest.mark.parametrize(
    "raw",
    [b"", b"\n", b"s.ada\nlovelace\n", b"s.ada lovelace", "s.adaé".encode(), b"s\x00", b"s\r"],
)
def test_what_is_no_token_is_refused_and_not_quoted(mount: Mount, raw: bytes) -> None:
    mount.token_file("gateway").write_bytes(raw)
    with pytest.raises(KeyServiceInvalid) as refused:
        mount.open("gateway")
    assert "ada" not in str(refused.value)


def test_nothing_shows_the_token(mount: Mount, gateway: TransitKeyProvider) -> None:
    token = mount.token_file("gateway").read_text().strip()
    for each in (gateway, gateway._client, gateway._client._address):
        assert token not in repr(each)
        assert str(mount.folder) not in repr(each)


# -- versions -------------------------------------------------------------------------------------


def test_another_process_s_version_is_seen_after_reload(
    gateway: TransitKeyProvider, operator: TransitKeyProvider
) -> None:
    assert gateway.versions("idx").primary == 1
    operator.new_version("idx")
    assert gateway.versions("idx").primary == 1
    with pytest.raises(KeyUnknown):
        gateway.mac("idx", 2, b"a")
    gateway.reload()
    assert gateway.versions("idx").primary == 2


def test_a_version_another_process_destroyed_is_destroyed_here(
    gateway: TransitKeyProvider, operator: TransitKeyProvider
) -> None:
    wrapped = gateway.wrap("kek", 1, b"k" * 32, b"row")
    gateway.mac("idx", 1, b"a")
    for name in ("kek", "idx"):
        operator.new_version(name)
        operator.destroy_version(name, 1)
    with pytest.raises(KeyDestroyed):
        gateway.unwrap("kek", 1, wrapped, b"row")
    with pytest.raises(KeyDestroyed):
        gateway.mac("idx", 1, b"a")


def test_versions_end_from_the_oldest_on(operator: TransitKeyProvider) -> None:
    wrapped = operator.wrap("kek", 1, b"k" * 32, b"row")
    operator.new_version("kek")
    operator.new_version("kek")
    with pytest.raises(KeyOlderLeft, match="version 1 is left"):
        operator.destroy_version("kek", 2)
    assert operator.unwrap("kek", 1, wrapped, b"row") == b"k" * 32
    operator.destroy_version("kek", 1)
    operator.destroy_version("kek", 2)
    assert operator.versions("kek").live == (3,)


def test_a_destruction_takes_the_material(mount: Mount, operator: TransitKeyProvider) -> None:
    operator.new_version("kek")
    operator.destroy_version("kek", 1)
    key = mount.read("keys/kek")
    assert (key["min_available_version"], key["min_decryption_version"]) == (2, 2)
    # Not even whoever may do everything gets it back.
    with pytest.raises(Exception, match="400"):
        mount.write("keys/kek/config", {"min_decryption_version": 1})


def test_a_destruction_that_was_stopped_half_way_is_ended_by_the_next(
    mount: Mount, operator: TransitKeyProvider
) -> None:
    operator.new_version("kek")
    mount.write("keys/kek/config", {"min_decryption_version": 2, "min_encryption_version": 2})
    operator.reload()
    assert operator.versions("kek").live == (2,)
    keys: Any = operator.attest()["keys"]
    assert keys["kek"]["versions"]["1"]["destroyed"] is False
    operator.destroy_version("kek", 1)
    assert mount.read("keys/kek")["min_available_version"] == 2


def test_versions_made_at_once_by_many_are_all_kept(mount: Mount) -> None:
    mount.made().close()

    def rotate() -> None:
        provider = mount.open("operator")
        for _ in range(30):  # the service gives up one of two changes that cross, and says so
            with contextlib.suppress(KeyUnavailable):
                provider.new_version("idx")
                break
        provider.close()

    threads = [threading.Thread(target=rotate) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    provider = mount.open()
    live = provider.versions("idx").live
    # One whose maker heard no answer in time may be left too; none was given twice or lost.
    assert live == tuple(range(1, len(live) + 1))
    assert len(live) >= 7
    provider.close()


# -- keys that are not as they must be ------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("idx", {"type": "aes256-gcm96"}),
        ("idx", {"type": "hmac", "key_size": 32, "exportable": True}),
        ("idx", {"type": "hmac", "key_size": 64}),
        ("idx", {"type": "hmac", "key_size": 32, "auto_rotate_period": "24h"}),
        ("kek", {"type": "aes256-gcm96"}),
        ("kek", {"type": "aes128-gcm96", "derived": True}),
        ("kek", {"type": "aes256-gcm96", "derived": True, "allow_plaintext_backup": True}),
        ("sign-audit", {"type": "ecdsa-p256"}),
        ("sign-audit", {"type": "ed25519", "derived": True}),
    ],
)
def test_a_key_made_another_way_is_refused(
    mount: Mount, name: str, made: dict[str, object]
) -> None:
    mount.write(f"keys/{name}", made)
    provider = mount.open()
    with pytest.raises(KeyServiceInvalid):
        provider.versions(name)
    provider.close()


# -- names and addresses --------------------------------------------------------------------------


def test_names_go_there_and_back() -> None:
    for name in [*USES, "rec:letterhouse", "rec:a", "rec:ad_house_2", "rec:" + "a" * 40]:
        assert ours(theirs(name)) == name
    assert theirs("rec:idx") == "rec-idx"
    assert [ours(name) for name in ("other", "rec-", "rec-../kek", "REC-a", "rec:a")] == [None] * 5


@pytest.mark.parametrize(
    "name",
    ["rec:", "rec:../kek", "rec:a/b", "rec:A", "rec:a?b", "rec:" + "a" * 41, "x", "", "idx/"],
)
def test_a_name_that_could_lead_elsewhere_is_unknown(name: str) -> None:
    with pytest.raises(KeyUnknown):
        theirs(name)


@pytest.mark.parametrize(
    ("text", "base"),
    [
        ("https://keys.example.org:8200/transit", "https://keys.example.org:8200/v1/transit/"),
        ("https://keys.example.org/shop/transit/", "https://keys.example.org/v1/shop/transit/"),
        ("http://127.0.0.1:8200/transit", "http://127.0.0.1:8200/v1/transit/"),
        ("http://[::1]:8200/transit", "http://[::1]:8200/v1/transit/"),
        ("http://localhost/transit", "http://localhost/v1/transit/"),
    ],
)
def test_an_address_names_service_and_mount(text: str, base: str, tmp_path: Path) -> None:
    address = ServiceAddress.read(text, token_file=tmp_path / "token", ca_file=None)
    assert address.base == base


@pytest.mark.parametrize(
    "text",
    [
        "http://keys.example.org/transit",
        "http://10.0.0.1:8200/transit",
        "http://127.0.0.1.example.org/transit",
        "ftp://127.0.0.1/transit",
        "pkcs11://token/transit",
        "https://keys.example.org",
        "https://keys.example.org/",
        "https://keys.example.org/v1/transit",
        "https://keys.example.org/transit/../sys",
        "https://keys.example.org/tran%73it",
        "https://keys.example.org//transit",
        "https://keys.example.org/transit?list=true",
        "https://keys.example.org/transit#key",
        "https://ada:secret@keys.example.org/transit",
        "https://keys.example.org:port/transit",
        "https:///transit",
        "https://[::1/transit",
    ],
)
def test_an_address_that_is_none_is_refused_and_not_repeated(text: str, tmp_path: Path) -> None:
    with pytest.raises(KeyServiceInvalid) as refused:
        open_keys(KeysAt(text, tmp_path / "token"))
    assert "example.org" not in str(refused.value)
    assert "secret" not in str(refused.value)


def test_a_service_without_a_token_file_is_refused() -> None:
    with pytest.raises(KeyServiceInvalid, match="no file"):
        open_keys(KeysAt("https://keys.example.org/transit"))


# -- which driver ---------------------------------------------------------------------------------


def test_production_takes_a_service_and_no_file(mount: Mount, tmp_path: Path) -> None:
    mount.made().close()
    provider = open_keys(KeysAt(mount.address, mount.token_file("gateway")), mode="production")
    assert provider.attest()["driver"] == "transit"
    provider.close()
    FileKeyProvider.create(tmp_path / "keys.json", mode="development")
    with pytest.raises(DevelopmentKeysRefused):
        open_keys(KeysAt(str(tmp_path / "keys.json")), mode="production")
    assert open_keys(KeysAt(str(tmp_path / "keys.json")), mode="development").versions("idx")


def test_a_file_is_no_service(tmp_path: Path) -> None:
    with pytest.raises(KeyServiceInvalid, match="in a file"):
        open_service(KeysAt(str(tmp_path / "keys.json")))


# -- the way there --------------------------------------------------------------------------------


def test_a_sealed_service_is_away(tmp_path: Path) -> None:
    (tmp_path / "bao").mkdir()
    with served(tmp_path / "bao") as service:
        mount = service.mount(tmp_path)
        provider = mount.made()
        provider.versions("idx")
        service.admin("PUT", "sys/seal")
        for ask in (lambda: provider.mac("idx", 1, b"a"), provider.check, provider.attest):
            with pytest.raises(KeyUnavailable, match="sealed"):
                ask()
        provider.close()


def test_a_certificate_counts_if_the_named_authority_signed_it(tmp_path: Path) -> None:
    (tmp_path / "bao").mkdir()
    with served(tmp_path / "bao", tls=True) as service:
        mount = service.mount(tmp_path)
        provider = mount.made()
        assert len(provider.mac("idx", 1, b"a")) == 32
        provider.close()
        stranger = TransitKeyProvider.open(mount.address, token_file=mount.token_file("gateway"))
        with pytest.raises(KeyUnavailable, match="cannot be reached"):
            stranger.mac("idx", 1, b"a")
        stranger.close()


def test_a_ca_file_that_is_none_is_refused(mount: Mount, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("none")
    for name in ("ca.pem", "missing.pem"):
        with pytest.raises(KeyServiceInvalid, match="CA file"):
            TransitKeyProvider.open(
                mount.address, token_file=mount.token_file("gateway"), ca_file=tmp_path / name
            )
