"""Where a token is, and by which PIN it opens."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from pseudonymizer.errors import (
    KeyFileInsecure,
    KeyServiceInvalid,
    KeyUnavailable,
)
from pseudonymizer.hsm.address import TokenAddress
from pseudonymizer.key_opening import KeysAt, open_keys
from pseudonymizer.key_service import ServiceKeys
from tests.support.hsm import (
    MODULE,
    TestToken,
    needs_softhsm,
)

pytestmark = needs_softhsm


def test_a_uri_names_token_and_module(tmp_path: Path) -> None:
    read = TokenAddress.read(
        f"pkcs11:token=shop%20keys;serial=1815?module-path={MODULE}", pin_file=tmp_path / "pin"
    )
    assert (read.label, read.serial, read.module) == ("shop keys", "1815", MODULE)


URI = f"pkcs11:token=shop?module-path={MODULE}"


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("pkcs11:", "names no token"),
        ("pkcs11:token=shop", "names no module"),
        ("pkcs11:token=", "not used"),
        ("pkcs11:shop", "not used"),
        (f"pkcs11:?module-path={MODULE}", "names no token"),
        (f"pkcs11:object=shop?module-path={MODULE}", "not used"),
        (f"pkcs11:token=shop;token=shop?module-path={MODULE}", "not used"),
        (f"pkcs11:token=%ff?module-path={MODULE}", "cannot be read"),
        ("pkcs11:token=shop?module-path=softhsm.so", "by its path"),
        ("pkcs11:token=shop?module-path=/nowhere/softhsm.so", "cannot be opened"),
        ("pkcs11:token=shop?module-path=/usr/lib", "plain file"),
        ("pkcs11:token=shop?module-name=softhsm", "not used"),
        (f"{URI}&pin-value=1815-1852", "holds a PIN"),
        (f"{URI}&pin-source=file:/run/pin", "holds a PIN"),
        ("pkcs11://token/transit", "not used"),
    ],
)
def test_a_uri_that_is_none_is_refused_and_not_repeated(
    uri: str, said: str, tmp_path: Path
) -> None:
    with pytest.raises(KeyServiceInvalid, match=said) as refused:
        open_keys(KeysAt(uri, tmp_path / "pin"))
    for part in ("shop", "softhsm", "1815"):
        assert part not in str(refused.value)


def test_a_module_that_others_may_replace_is_refused(hsm: TestToken) -> None:
    module = hsm.folder / "module.so"
    module.touch(mode=0o600)
    module.chmod(0o664)
    with pytest.raises(KeyServiceInvalid, match="owner alone"):
        open_keys(KeysAt(f"pkcs11:token=shop?module-path={module}", hsm.pin_file))


def test_what_is_no_module_is_away(hsm: TestToken) -> None:
    module = hsm.folder / "module.so"
    module.touch(mode=0o600)
    with contextlib.closing(
        open_keys(KeysAt(f"pkcs11:token=shop?module-path={module}", hsm.pin_file))
    ) as provider:
        with pytest.raises(KeyUnavailable) as refused:
            provider.check()
        assert str(module) not in str(refused.value)


def test_a_token_of_another_name_is_away(hsm: TestToken) -> None:
    uri = f"pkcs11:token=nobody?module-path={MODULE}"
    with (
        contextlib.closing(open_keys(KeysAt(uri, hsm.pin_file))) as provider,
        pytest.raises(KeyUnavailable, match="exactly one"),
    ):
        provider.check()


def test_a_pin_file_has_to_be_there_ours_and_a_pin(hsm: TestToken) -> None:
    with pytest.raises(KeyServiceInvalid, match="no file"):
        open_keys(KeysAt(hsm.uri))
    for raw in (b"", b"\n", b"18\n15\n", b"\xff", b"1815\x00"):
        hsm.pin_file.write_bytes(raw)
        with pytest.raises(KeyServiceInvalid, match="holds no PIN"):
            hsm.open()
    hsm.pin_file.chmod(0o640)
    with pytest.raises(KeyFileInsecure, match="PIN file"):
        hsm.open()


def test_production_takes_a_token(hsm: TestToken, made: ServiceKeys) -> None:
    del made
    with contextlib.closing(
        open_keys(KeysAt(hsm.uri, hsm.pin_file), mode="production")
    ) as provider:
        assert provider.attest()["driver"] == "pkcs11"
        provider.check()
