"""`paravent keys` on an installation whose keys are in a key service."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gateway.cli import audit, keys, rights
from gateway.cli.opened import opened
from gateway.installation import Installation
from pseudonymizer.key_port import USES
from pseudonymizer.keyring import Keyring
from pseudonymizer.vault.transactions import connect
from tests.support.transit import Mount
from tests.support.vault import Vault


@pytest.fixture
def installed(data: Path, mount: Mount, monkeypatch: pytest.MonkeyPatch) -> Path:
    Installation.open(data, create=True)
    monkeypatch.setenv("PARAVENT_KEYS", mount.address)
    monkeypatch.setenv("PARAVENT_KEYS_TOKEN_FILE", str(mount.token_file("operator")))
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
