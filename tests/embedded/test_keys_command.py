"""`paravent keys` on an installation whose keys are in a key service."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gateway.cli import audit, keys, rights
from gateway.cli.children import keys_of
from gateway.cli.opened import opened
from gateway.installation import Installation
from gateway.rights import signer_life
from pseudonymizer.key_opening import open_keys
from pseudonymizer.key_port import USES
from pseudonymizer.key_providers import FileKeyProvider
from pseudonymizer.keyring import Keyring
from pseudonymizer.vault.transactions import connect
from tests.support.hsm import TestToken
from tests.support.lints import ROOT
from tests.support.transit import Mount
from tests.support.vault import Vault


@pytest.fixture
def installed(data: Path, mount: Mount, monkeypatch: pytest.MonkeyPatch) -> Path:
    Installation.open(data, create=True)
    monkeypatch.setenv("PARAVENT_KEYS", mount.address)
    monkeypatch.setenv("PARAVENT_KEYS_TOKEN_FILE", str(mount.token_file("operator")))
    return data


@pytest.fixture(params=["pkcs11", "awskms"])
def elsewhere(request: pytest.FixtureRequest, data: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation whose keys are in a token, or in AWS KMS."""
    Installation.open(data, create=True)
    if request.param == "pkcs11":
        token = request.getfixturevalue("hsm")
        monkeypatch.setenv("PARAVENT_KEYS", token.uri)
        monkeypatch.setenv("PARAVENT_KEYS_TOKEN_FILE", str(token.pin_file))
    else:
        monkeypatch.setenv("PARAVENT_KEYS", request.getfixturevalue("kms").address())
    return data


def say(app: Any, *words: str, data: Path, code: int = 0) -> Any:
    said = CliRunner().invoke(app, [*words, "--data", str(data), "--json"])
    assert said.exit_code == code, said.output
    return json.loads(said.stdout) if code == 0 else said.exception


def meet_somebody(data: Path, mount: Mount) -> None:
    with opened(data) as home:
        engine = connect(home.addresses.vault, pool_size=1)
        provider = mount.open()
        Vault(engine, Keyring(provider)).mint(("user_id", "ada"))
        provider.close()
        engine.dispose()


def test_keys_are_made_rotated_and_destroyed_in_the_service(
    installed: Path, mount: Mount, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert say(keys.app, "make", data=installed) == {"made": list(USES)}
    assert say(keys.app, "make", data=installed) == {"made": []}
    assert say(keys.app, "rotate", "kek", data=installed)["version"] == 2
    assert say(keys.app, "destroy", "kek", "1", data=installed)["destroyed"] == 1
    states = {
        (each["key"], each["version"]): (each["state"], each["made"] == "-")
        for each in say(keys.app, "status", data=installed)
    }
    assert states["kek", 1] == ("destroyed", True)
    assert states["kek", 2] == ("in use", False)
    assert states["idx", 1] == ("in use", True), "the service does not say when it made this one"
    assert mount.read("keys/kek")["min_available_version"] == 2
    monkeypatch.setenv("PARAVENT_KEYS_TOKEN_FILE", str(mount.token_file("gateway")))
    refused = say(keys.app, "rotate", "idx", data=installed, code=1)
    assert refused.code == "key-unavailable"


def test_every_key_is_rotated_in_the_service(installed: Path, mount: Mount) -> None:
    say(keys.app, "make", data=installed)
    meet_somebody(installed, mount)
    for name in USES:
        assert say(keys.app, "rotate", name, data=installed)["version"] == 2
        assert say(keys.app, "move", name, data=installed)["moved"] == 0
    for name in ("sign-receipt", "sign-audit", "sign-callback", "idx", "kek"):
        say(keys.app, "destroy", name, "1", data=installed, code=int(name == "idx"))
    states = {
        (each["key"], each["version"]): each["state"]
        for each in say(keys.app, "status", data=installed)
    }
    assert {states[name, 2] for name in USES} == {"in use"}
    assert {name for name in USES if states[name, 1] == "destroyed"} == {
        "kek", "sign-receipt", "sign-audit", "sign-callback",
    }  # fmt: skip


def test_a_signer_that_the_log_does_not_name_is_shown_and_announced(data: Path) -> None:
    FileKeyProvider.create(Installation.open(data, create=True).keys)
    with opened(data) as home:
        engine = connect(home.addresses.vault, pool_size=1)
        provider = open_keys(keys_of(home.installation))
        signer_life.rotate(engine, Keyring(provider), "sign-audit")  # and stopped here
        engine.dispose()
        provider.close()

    def state() -> str:
        every = say(keys.app, "status", data=data)
        return next(
            each["state"] for each in every if (each["key"], each["version"]) == ("sign-audit", 2)
        )

    assert state() == "in use, not announced"
    done = say(keys.app, "ratchet", data=data)["done"]
    assert done[0] == "the log says who took over from sign-audit"
    assert state() == "in use"


def test_what_the_service_signed_holds(installed: Path) -> None:
    say(keys.app, "make", data=installed)
    words = ["access", "--kind", "user_id", "--value-stdin", "--data", str(installed)]
    asked = CliRunner().invoke(rights.app, words, input="ada\n")
    assert asked.exit_code == 1, "nobody is known by it, and that is on record"
    verified = say(audit.app, "verify", data=installed)
    assert (verified["holds"], verified["checkpoints"]) == (True, 1)


def test_a_lost_key_is_not_replaced_once_somebody_is_in(installed: Path, mount: Mount) -> None:
    say(keys.app, "make", data=installed)
    meet_somebody(installed, mount)
    mount.write("keys/kek/config", {"deletion_allowed": True})
    mount.service.admin("DELETE", f"{mount.name}/keys/kek")
    refused = say(keys.app, "make", data=installed, code=1)
    assert refused.code == "key-unavailable"
    assert str(refused) == "the key service has no kek; its backup was needed"


def test_keys_live_and_end_in_a_token_and_in_aws(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert say(keys.app, "make", data=elsewhere) == {"made": list(USES)}
    assert say(keys.app, "make", data=elsewhere) == {"made": []}
    assert say(keys.app, "rotate", "kek", data=elsewhere)["version"] == 2
    assert say(keys.app, "destroy", "kek", "1", data=elsewhere)["destroyed"] == 1
    assert say(keys.app, "rotate", "kek", data=elsewhere)["version"] == 3
    monkeypatch.setenv("PARAVENT_KEK_WINDOW_DAYS", "0")
    done = say(keys.app, "ratchet", data=elsewhere)
    assert done == {"done": ["version 2 of kek is destroyed"], "scheduled": True}
    states = {
        (each["key"], each["version"]): (each["state"], each["made"] == "-")
        for each in say(keys.app, "status", data=elsewhere)
    }
    assert [states["kek", version][0] for version in (1, 2, 3)] == [
        "destroyed", "destroyed", "in use",
    ]  # fmt: skip
    assert states["idx", 1] == ("in use", False)
    words = ["access", "--kind", "user_id", "--value-stdin", "--data", str(elsewhere)]
    assert CliRunner().invoke(rights.app, words, input="ada\n").exit_code == 1, "nobody is known"
    verified = say(audit.app, "verify", data=elsewhere)
    assert (verified["holds"], verified["checkpoints"]) == (True, 1)


# Each of these starts a database; every form of a bad address is in the drivers' own tests.
BAD: dict[str, tuple[str, str, str]] = {
    "a module that is none": (
        "status", "pkcs11:token=shop?module-path=/nowhere/shop.so", "cannot be opened",
    ),
    "a PIN in the URI": ("make", "pkcs11:token=shop?pin-value=1815", "PARAVENT_KEYS_TOKEN_FILE"),
    "no region": ("make", "awskms:shop", "awskms:REGION/PREFIX was needed"),
    "in the clear": ("status", "awskms:eu-west-3/shop?endpoint=http://kms.example.org", "https"),
}  # fmt: skip


@pytest.mark.parametrize(("command", "keys_at", "said"), BAD.values(), ids=BAD.keys())
def test_an_address_that_cannot_be_used_is_said_to_be_and_not_repeated(
    data: Path, monkeypatch: pytest.MonkeyPatch, command: str, keys_at: str, said: str
) -> None:
    Installation.open(data, create=True)
    monkeypatch.setenv("PARAVENT_KEYS", keys_at)
    refused = say(keys.app, command, data=data, code=1)
    assert (refused.code, said in str(refused)) == ("key-service-invalid", True), str(refused)
    for part in ("shop", "1815", "example.org"):
        assert part not in str(refused)


def test_a_pin_that_others_may_read_is_refused(
    data: Path, hsm: TestToken, monkeypatch: pytest.MonkeyPatch
) -> None:
    Installation.open(data, create=True)
    monkeypatch.setenv("PARAVENT_KEYS", hsm.uri)
    assert "no file with the token's PIN" in str(say(keys.app, "status", data=data, code=1))
    monkeypatch.setenv("PARAVENT_KEYS_TOKEN_FILE", str(hsm.pin_file))
    hsm.pin_file.chmod(0o644)
    assert say(keys.app, "status", data=data, code=1).code == "key-file-insecure"


@pytest.mark.parametrize(
    ("scheme", "library", "extra"),
    [("pkcs11:token=shop", "pkcs11", "pkcs11"), ("awskms:eu-west-3/shop", "botocore", "aws")],
)
def test_a_library_that_is_not_installed_is_named(scheme: str, library: str, extra: str) -> None:
    code = (
        f"import sys; sys.modules[{library!r}] = None\n"
        "from pseudonymizer.errors import KeyServiceInvalid\n"
        "from pseudonymizer.key_opening import KeysAt, open_service\n"
        f"try: open_service(KeysAt({scheme!r}))\nexcept KeyServiceInvalid as error: print(error)"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert f"paravent[{extra}] was needed" in said.stdout
