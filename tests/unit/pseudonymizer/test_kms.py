"""What only AWS KMS promises; moto answers in its place, with Ed25519 added (``kms_server``)."""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from gateway.rights.receipt import ErasureOutcome, check, sign
from pseudonymizer.errors import (
    EnvelopeInvalid,
    KeyDestroyed,
    KeyServiceInvalid,
    KeyUnavailable,
    KeyUnknown,
)
from pseudonymizer.key_opening import KeysAt, open_keys, open_service
from pseudonymizer.key_port import USES
from pseudonymizer.key_service import ServiceKeys
from pseudonymizer.kms import answers
from pseudonymizer.kms.address import KmsAddress
from pseudonymizer.seal import Envelope
from tests.support.kms import KmsKeys
from tests.support.liar import in_front_of


@pytest.fixture
def made(kms: KmsKeys) -> Iterator[ServiceKeys]:
    with contextlib.closing(kms.made()) as provider:
        yield provider


@pytest.fixture
def other(kms: KmsKeys, made: ServiceKeys) -> Iterator[ServiceKeys]:
    """Another process: it read the keys before anything was changed."""
    del made
    with contextlib.closing(kms.open()) as provider:
        for name in USES:
            provider.versions(name)
        yield provider


# -- what the keys are ----------------------------------------------------------------------------


def test_keys_are_made_for_their_use_and_once(kms: KmsKeys, made: ServiceKeys) -> None:
    before = made.mac("idx", 1, b"a")
    assert made.missing() == []
    made.make_missing()
    assert made.versions("idx").live == (1,)
    assert made.mac("idx", 1, b"a") == before
    described = kms.kms.admin.describe_key(KeyId=kms.key("idx/1"))["KeyMetadata"]
    assert (described["KeySpec"], described["Description"]) == ("HMAC_256", f"{kms.prefix}/idx/1")
    tags = kms.kms.admin.list_resource_tags(KeyId=kms.key("idx/1"))["Tags"]
    assert tags == [{"TagKey": "paravent", "TagValue": kms.prefix}]


def test_what_a_person_is_called_by_is_not_sent(kms: KmsKeys, made: ServiceKeys) -> None:
    data = b"user_id\x00ada@example.org"
    known = kms.kms.admin.generate_mac(
        KeyId=kms.key("idx/1"), MacAlgorithm="HMAC_SHA_256", Message=hashlib.sha512(data).digest()
    )
    assert made.mac("idx", 1, data) == known["Mac"]


def test_what_is_wrapped_lies_in_an_envelope_of_ours(made: ServiceKeys) -> None:
    envelope = Envelope.from_bytes(made.wrap("kek", 1, b"k" * 32, b"row"))
    assert (envelope.algorithm, envelope.key_id, envelope.key_version) == (4, "kek", 1)


def test_an_empty_key_and_an_empty_context_are_ones_like_any_other(made: ServiceKeys) -> None:
    wrapped = made.wrap("kek", 1, b"", b"")
    assert made.unwrap("kek", 1, wrapped, b"") == b""
    with pytest.raises(EnvelopeInvalid):
        made.unwrap("kek", 1, wrapped, b"row")


def test_two_installations_share_an_account_and_no_key(kms: KmsKeys, made: ServiceKeys) -> None:
    neighbour = kms.kms.keys()
    with contextlib.closing(neighbour.made()) as theirs:
        assert theirs.mac("idx", 1, b"a") != made.mac("idx", 1, b"a")
        theirs.new_version("idx")
        made.reload()
        assert made.versions("idx").live == (1,)


def test_a_key_that_was_not_made_gets_no_version(kms: KmsKeys) -> None:
    with contextlib.closing(kms.open()) as provider:
        with pytest.raises(KeyUnknown, match="keys make"):
            provider.new_version("idx")
        with pytest.raises(KeyUnknown):
            provider.check()
        assert provider.missing() == list(USES)
        assert provider.attest()["keys"] == {}


def test_what_is_longer_than_aws_signs_is_refused_as_that(made: ServiceKeys) -> None:
    with pytest.raises(KeyUnavailable, match="4096"):
        made.sign("sign-receipt", b"r" * 4097)


def test_the_receipt_of_somebody_with_a_thousand_identities_is_signed(made: ServiceKeys) -> None:
    now = datetime(2026, 11, 30, tzinfo=UTC)
    keys = [f"bucket:{number}:v2" for number in range(1000)]
    outcome = ErasureOutcome(UUID(int=1), UUID(int=2), "Example", now, "all", {}, keys, "ab", "cd")
    public = made.public_keys()["sign-receipt"]
    check(sign(outcome, partial(made.sign, "sign-receipt"), public), public)


# -- versions -------------------------------------------------------------------------------------


def test_a_version_another_process_destroyed_is_destroyed_here(
    made: ServiceKeys, other: ServiceKeys
) -> None:
    wrapped = other.wrap("kek", 1, b"k" * 32, b"row")
    for name in ("kek", "idx"):
        made.new_version(name)
        made.destroy_version(name, 1)
    other.reload()
    with pytest.raises(KeyDestroyed):
        other.unwrap("kek", 1, wrapped, b"row")
    with pytest.raises(KeyDestroyed):
        other.mac("idx", 1, b"a")
    assert other.versions("kek").live == (2,)


def test_a_destruction_is_the_shortest_wait_aws_knows(kms: KmsKeys, made: ServiceKeys) -> None:
    made.new_version("kek")
    made.destroy_version("kek", 1)
    assert kms.state("kek/1") == "PendingDeletion"
    described = kms.kms.admin.describe_key(KeyId=kms.key("kek/1"))["KeyMetadata"]
    wait = described["DeletionDate"] - described["CreationDate"]
    assert 6.9 < wait.total_seconds() / 86_400 < 7.1


def test_a_deletion_that_is_taken_back_shows(kms: KmsKeys, made: ServiceKeys) -> None:
    made.new_version("kek")
    made.destroy_version("kek", 1)
    kms.kms.admin.cancel_key_deletion(KeyId=kms.key("kek/1"))
    keys: Any = made.attest()["keys"]
    assert keys["kek"]["versions"]["1"]["destroyed"] is False
    made.reload()
    assert made.versions("kek").live == (2,), "and nobody computes with it"
    made.destroy_version("kek", 1)
    assert kms.state("kek/1") == "PendingDeletion"


def test_a_version_that_aws_has_deleted_stays_destroyed(kms: KmsKeys, made: ServiceKeys) -> None:
    made.new_version("kek")
    kms.kms.admin.delete_alias(AliasName=f"alias/{kms.prefix}/kek/1")  # as it goes with its key
    made.reload()
    assert made.versions("kek").live == (2,)
    with pytest.raises(KeyDestroyed):
        made.wrap("kek", 1, b"k" * 32, b"row")
    keys: Any = made.attest()["keys"]
    assert keys["kek"]["versions"]["1"] == {"made_at": "", "destroyed": True}


def test_the_newest_version_does_not_vanish(kms: KmsKeys, made: ServiceKeys) -> None:
    """Another key would get its number, and nobody who is indexed under it would be found."""
    made.mac("idx", made.new_version("idx"), b"a")  # who has used a version knows that it was
    kms.kms.admin.delete_alias(AliasName=f"alias/{kms.prefix}/idx/2")
    made.reload()
    with pytest.raises(KeyServiceInvalid, match="newest"):
        made.versions("idx")
    with pytest.raises(KeyServiceInvalid, match="newest"):
        made.new_version("idx")


def test_a_key_that_is_disabled_is_withheld_and_not_destroyed(
    kms: KmsKeys, made: ServiceKeys
) -> None:
    kms.kms.admin.disable_key(KeyId=kms.key("idx/1"))
    made.reload()
    with pytest.raises(KeyUnavailable, match="withheld"):
        made.mac("idx", 1, b"a")
    keys: Any = made.attest()["keys"]
    assert keys["idx"]["versions"]["1"]["destroyed"] is False
    kms.kms.admin.enable_key(KeyId=kms.key("idx/1"))
    made.reload()
    assert len(made.mac("idx", 1, b"a")) == 32


def test_versions_made_at_once_by_many_are_all_kept(kms: KmsKeys, made: ServiceKeys) -> None:
    def rotate() -> None:
        with contextlib.closing(kms.open()) as provider:
            for _ in range(30):  # the second of two that cross is refused, and comes again
                with contextlib.suppress(KeyUnavailable):
                    provider.new_version("idx")
                    break

    threads = [threading.Thread(target=rotate) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    made.reload()
    assert made.versions("idx").live == (1, 2, 3, 4, 5)
    assert len({made.mac("idx", number, b"a") for number in range(1, 6)}) == 5
    mine = {kms.key(f"idx/{number}") for number in range(1, 6)}
    for key in kms.kms.admin.list_keys()["Keys"]:
        said = kms.kms.admin.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
        if said["Description"].startswith(f"{kms.prefix}/idx/") and key["KeyId"] not in mine:
            assert said["KeyState"] == "PendingDeletion", (
                "a key without an alias costs and does nothing"
            )


# -- keys that are not as they must be ------------------------------------------------------------


def test_an_alias_that_leads_elsewhere_is_refused(kms: KmsKeys, made: ServiceKeys) -> None:
    before = made.mac("idx", 1, b"a")
    kms.kms.admin.update_alias(AliasName=f"alias/{kms.prefix}/idx/1", TargetKeyId=kms.key("sup/1"))
    assert made.mac("idx", 1, b"a") == before, "keys are asked for by what they are"
    made.reload()
    with pytest.raises(KeyServiceInvalid, match="alias"):
        made.mac("idx", 1, b"a")


def test_a_key_that_takes_another_s_place_is_refused(kms: KmsKeys, made: ServiceKeys) -> None:
    made.mac("idx", 1, b"a")
    admin = kms.kms.admin
    admin.delete_alias(AliasName=f"alias/{kms.prefix}/idx/1")
    another = admin.create_key(
        KeySpec="HMAC_256",
        KeyUsage="GENERATE_VERIFY_MAC",
        Description=f"{kms.prefix}/idx/1",
        MultiRegion=False,
    )["KeyMetadata"]["KeyId"]
    admin.create_alias(AliasName=f"alias/{kms.prefix}/idx/1", TargetKeyId=another)
    made.reload()
    with pytest.raises(KeyServiceInvalid, match="place"):
        made.mac("idx", 1, b"a")


METADATA = {
    "KeyId": "1815",
    "KeyState": "Enabled",
    "KeySpec": "HMAC_256",
    "KeyUsage": "GENERATE_VERIFY_MAC",
    "Origin": "AWS_KMS",
    "MultiRegion": False,
    "KeyManager": "CUSTOMER",
    "Description": "shop/idx/1",
}


@pytest.mark.parametrize(
    ("members", "error"),
    [
        ({"KeySpec": "HMAC_512"}, KeyServiceInvalid),
        ({"KeyUsage": "SIGN_VERIFY"}, KeyServiceInvalid),
        ({"Origin": "EXTERNAL"}, KeyServiceInvalid),
        ({"Origin": "EXTERNAL_KEY_STORE"}, KeyServiceInvalid),
        ({"Origin": None}, KeyServiceInvalid),
        ({"MultiRegion": True}, KeyServiceInvalid),
        ({"MultiRegion": None}, KeyServiceInvalid),
        ({"KeyManager": "AWS"}, KeyServiceInvalid),
        ({"Description": "shop/sup/1"}, KeyServiceInvalid),
        ({"KeyState": None}, KeyUnavailable),
        ({"KeyId": ""}, KeyUnavailable),
        ({"CreationDate": 7}, KeyUnavailable),
        ({"CreationDate": None}, KeyUnavailable),
    ],
)
def test_a_key_that_is_not_as_it_must_is_refused(
    members: dict[str, Any], error: type[Exception]
) -> None:
    from datetime import UTC, datetime

    said = METADATA | {"CreationDate": datetime(2026, 11, 30, tzinfo=UTC)}
    assert answers.version({"KeyMetadata": said}, "mac", "shop/idx/1", b"").state == "live"
    with pytest.raises(error):
        answers.version({"KeyMetadata": said | members}, "mac", "shop/idx/1", b"")


# -- who vouches for us, and whom is asked --------------------------------------------------------


def test_no_variable_of_the_environment_leads_elsewhere(
    kms: KmsKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    with in_front_of(kms.kms.url) as stranger:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, stranger.url)
        monkeypatch.setenv("AWS_ENDPOINT_URL", stranger.url)
        monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", stranger.url)
        with contextlib.closing(kms.made()) as provider:
            assert provider.versions("idx").primary == 1
        at = KmsAddress.read("awskms:eu-west-3/shop", ca_file=None)
        from pseudonymizer.kms.client import Client

        client = Client(at)
        assert client._kms.meta.endpoint_url == "https://kms.eu-west-3.amazonaws.com"
        client.close()
        assert stranger.asked == []


def test_credentials_come_from_files_and_from_the_machine_only_where_that_is_said(
    kms: KmsKeys, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ada")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "lovelace")
    with in_front_of(kms.kms.url) as machine:
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", machine.url)
        with contextlib.closing(kms.open()) as provider:
            with pytest.raises(KeyUnavailable, match="no credentials"):
                provider.check()
            assert machine.asked == []
        address = kms.address() + "&credentials=instance"
        with contextlib.closing(open_service(KeysAt(address))) as provider:
            assert provider.missing() == list(USES), "moto also stands in for the machine"
            assert machine.asked != []


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("awskms:eu-west-3/paravent", None),
        ("awskms:us-gov-west-1/shop_2", None),
        ("awskms:eu-west-3/shop?endpoint=https://kms.example.org", "https://kms.example.org"),
        ("awskms:eu-west-3/shop?endpoint=http://127.0.0.1:4566", "http://127.0.0.1:4566"),
        ("awskms:eu-west-3/shop?endpoint=http://[::1]:4566", "http://[::1]:4566"),
    ],
)
def test_an_address_names_region_and_prefix(text: str, endpoint: str | None) -> None:
    read = KmsAddress.read(text, ca_file=None)
    assert (f"{read.region}/{read.prefix}" in text, read.endpoint) == (True, endpoint)
    assert read.instance is False


@pytest.mark.parametrize(
    "text",
    [
        "awskms:",
        "awskms:eu-west-3",
        "awskms:eu-west-3/",
        "awskms:example.org/shop",
        "awskms:eu-west-3/aws",
        "awskms:eu-west-3/shop/keys",
        "awskms:eu-west-3/shop:keys",
        "awskms://eu-west-3/shop",
        "awskms:eu-west-3/shop?endpoint",
        "awskms:eu-west-3/shop?endpoint=",
        "awskms:eu-west-3/shop?endpoint=http://kms.example.org",
        "awskms:eu-west-3/shop?endpoint=http://127.0.0.1.example.org",
        "awskms:eu-west-3/shop?endpoint=ftp://127.0.0.1",
        "awskms:eu-west-3/shop?endpoint=https://ada:secret@kms.example.org",
        "awskms:eu-west-3/shop?endpoint=https://kms.example.org:port",
        "awskms:eu-west-3/shop?endpoint=https://[::1",
        "awskms:eu-west-3/shop?credentials=environment",
        "awskms:eu-west-3/shop?secret=lovelace",
        "awskms:eu-west-3/shop#key",
    ],
)
def test_an_address_that_is_none_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(KeyServiceInvalid) as refused:
        open_keys(KeysAt(text))
    for part in ("example.org", "secret", "lovelace", "shop", "4566"):
        assert part not in str(refused.value)


def test_a_ca_file_that_is_none_is_refused(kms: KmsKeys, tmp_path: Path) -> None:
    with pytest.raises(KeyServiceInvalid, match="CA file"):
        open_keys(KeysAt(kms.address(), ca_file=tmp_path / "missing.pem"))
    (tmp_path / "ca.pem").write_text("none")
    address = kms.address().replace("http://", "https://")
    with pytest.raises(KeyServiceInvalid, match="CA file"):
        open_keys(KeysAt(address, ca_file=tmp_path / "ca.pem"))


def test_configuration_that_cannot_be_read_is_said_to_be(
    kms: KmsKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(KeyServiceInvalid, match="SDK"):
        kms.open()


def test_production_takes_aws(kms: KmsKeys, made: ServiceKeys) -> None:
    del made
    with contextlib.closing(open_keys(KeysAt(kms.address()), mode="production")) as provider:
        assert provider.attest()["driver"] == "awskms"
        provider.check()
