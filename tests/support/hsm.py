"""A real PKCS#11 token to test with: SoftHSM, a token for each test, where this machine has it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pkcs11
import pytest
from pkcs11 import Attribute, ObjectClass

from pseudonymizer.hsm import open_token, register
from pseudonymizer.key_service import ServiceKeys
from tests.support.lints import ROOT

MODULES = (
    Path("/usr/lib/softhsm/libsofthsm2.so"),
    Path("/usr/lib64/pkcs11/libsofthsm2.so"),
    Path("/usr/lib64/softhsm/libsofthsm2.so"),
    Path("/opt/homebrew/lib/softhsm/libsofthsm2.so"),
)
MODULE = next((module for module in MODULES if module.is_file()), None)
UTIL = shutil.which("softhsm2-util")
MISSING = MODULE is None or UTIL is None
REASON = "NOT RUN: no SoftHSM on this machine; `apt-get install softhsm2`"
needs_softhsm = pytest.mark.skipif(MISSING, reason=REASON)

PIN = "1815-1852"
SO_PIN = "engine-operator"


@dataclass
class Softhsm:
    """Where SoftHSM keeps its tokens."""

    folder: Path

    @property
    def configuration(self) -> Path:
        return self.folder / "softhsm2.conf"

    def token(self, label: str, folder: Path) -> TestToken:
        """Give an empty token of its own, and a file with its PIN in *folder*."""
        self.util("--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", SO_PIN)
        token = TestToken(self, label, folder)
        token.pin_file.touch(mode=0o600)
        token.pin_file.write_text(PIN + "\n")
        return token

    def util(self, *words: str) -> str:
        done = subprocess.run([str(UTIL), *words], capture_output=True, text=True, check=True)
        return done.stdout


@dataclass
class TestToken:
    """One installation's keys in a token."""

    __test__ = False

    softhsm: Softhsm
    label: str
    folder: Path

    @property
    def pin_file(self) -> Path:
        return self.folder / "pin"

    @property
    def uri(self) -> str:
        return f"pkcs11:token={self.label}?module-path={MODULE}"

    @property
    def objects(self) -> Path:
        """Where SoftHSM keeps this token's objects."""
        for folder in (self.softhsm.folder / "tokens").iterdir():
            if self.label.encode() in (folder / "token.object").read_bytes():
                return folder
        raise FileNotFoundError("no folder of this token")

    def open(self) -> ServiceKeys:
        return open_token(self.uri, pin_file=self.pin_file)

    def made(self) -> ServiceKeys:
        """Make the keys; give the driver."""
        provider = self.open()
        provider.make_missing()
        return provider

    def by_hand(self, provider: ServiceKeys, do: Callable[[Any], Any]) -> Any:
        """Do in the token what no command of ours does."""
        return provider._service._token.ask(do)  # type: ignore[attr-defined]


def initialised_with(softhsm: Softhsm) -> None:
    """Have SoftHSM's configuration found by whoever loads it in this process, or starts from it."""
    (softhsm.folder / "tokens").mkdir()
    softhsm.configuration.write_text(
        f"directories.tokendir = {softhsm.folder / 'tokens'}\n"
        "objectstore.backend = file\nlog.level = ERROR\n"
    )
    os.environ["SOFTHSM2_CONF"] = str(softhsm.configuration)


def secret_key(label: str, **attributes: Any) -> Callable[[Any], Any]:
    """Give what makes a key by hand in a session."""

    def do(session: Any) -> None:
        session.generate_key(
            pkcs11.KeyType.GENERIC_SECRET,
            attributes.pop("bits", 256),
            label=label,
            store=True,
            mechanism=pkcs11.Mechanism.GENERIC_SECRET_KEY_GEN,
            capabilities=pkcs11.MechanismFlag.SIGN,
            **attributes,
        )

    return do


def labelled(session: Any, name: str, number: int) -> list[Any]:
    """Give the secret keys that bear a version's name, whoever made them."""
    label = register.label(name, number)
    wanted = {Attribute.CLASS: ObjectClass.SECRET_KEY, Attribute.LABEL: label}
    return list(session.get_objects(wanted))


def elsewhere(hsm: TestToken, code: str) -> str:
    """Give what *code* prints in a process of its own, where ``keys`` is the token's driver."""
    opening = (
        "import contextlib, sys, time\nfrom pathlib import Path\n"
        "from policies.errors import ParaventError\n"
        "from pseudonymizer.hsm import open_token\n"
        f"keys = open_token({hsm.uri!r}, pin_file=Path({str(hsm.pin_file)!r}))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", opening + code],
        cwd=ROOT, stdout=subprocess.PIPE, text=True, timeout=90, check=True,
    )  # fmt: skip
    return done.stdout
