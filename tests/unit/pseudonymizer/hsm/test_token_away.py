"""A token that is gone, does not answer or is opened by the wrong PIN."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from pseudonymizer.errors import (
    KeyServiceInvalid,
    KeyUnavailable,
    KeyUnknown,
)
from pseudonymizer.key_service import ServiceKeys
from tests.support.hsm import (
    PIN,
    SO_PIN,
    TestToken,
    elsewhere,
    needs_softhsm,
)

pytestmark = needs_softhsm


ASKED: dict[str, Callable[[ServiceKeys], object]] = {
    "mac": lambda provider: provider.mac_many("idx", 1, [b"a", b"b"]),
    "wrap": lambda provider: provider.wrap("kek", 1, b"k" * 32, b"row"),
    "sign": lambda provider: provider.sign("sign-audit", b"checkpoint"),
    "check": lambda provider: provider.check(),
    "attest": lambda provider: provider.attest(),
}


def test_a_token_that_is_gone_is_away_and_back_when_it_is_back(
    hsm: TestToken, made: ServiceKeys
) -> None:
    before = made.mac("idx", 1, b"a")
    wrapped = made.wrap("kek", 1, b"k" * 32, b"row")
    here = hsm.objects
    gone = hsm.folder / "gone"
    here.rename(gone)
    made.close()  # logged out, as by a device that was pulled out
    for ask in (*ASKED.values(), lambda provider: provider.unwrap("kek", 1, wrapped, b"row")):
        with pytest.raises(KeyUnavailable):
            ask(made)
    gone.rename(here)
    assert made.mac("idx", 1, b"a") == before
    assert made.unwrap("kek", 1, wrapped, b"row") == b"k" * 32


def test_a_session_that_was_ended_is_opened_again(made: ServiceKeys, other: ServiceKeys) -> None:
    before = made.mac("idx", 1, b"a")
    assert other.mac("idx", 1, b"a") == before
    made.close()  # it logs the whole process out
    assert other.mac("idx", 1, b"a") == before
    for ask in ASKED.values():
        ask(other)


def test_a_pin_that_is_wrong_is_tried_once(hsm: TestToken, made: ServiceKeys) -> None:
    made.close()
    hsm.pin_file.write_text("9999\n")
    with contextlib.closing(hsm.open()) as provider:
        with pytest.raises(KeyUnavailable, match="refuses the PIN"):
            provider.check()
        for _ in range(12):  # a balancer that looks; the token would lock itself
            with pytest.raises(KeyUnavailable, match="refused this PIN before"):
                provider.check()
        hsm.pin_file.write_text(PIN + "\n")
        provider.check()


def test_a_pin_that_was_changed_is_read_from_the_file(hsm: TestToken, made: ServiceKeys) -> None:
    before = made.mac("idx", 1, b"a")
    code = f"keys._service._token.ask(lambda s: s.set_pin({PIN!r}, 'new-pin'))"
    elsewhere(hsm, code)
    assert made.mac("idx", 1, b"a") == before, "who is logged in stays so"
    made.close()
    with pytest.raises(KeyUnavailable, match="refuses the PIN"):
        made.mac("idx", 1, b"a")
    hsm.pin_file.write_text("new-pin\n")
    assert made.mac("idx", 1, b"a") == before


def test_a_token_that_was_emptied_is_not_filled_again(hsm: TestToken, made: ServiceKeys) -> None:
    made.versions("idx")
    made.close()
    words = ["--init-token", "--token", hsm.label, "--label", hsm.label]
    hsm.softhsm.util(*words, "--pin", PIN, "--so-pin", SO_PIN)
    made.reload()
    for ask in (made.check, lambda: made.versions("idx"), lambda: made.new_version("idx")):
        with pytest.raises((KeyServiceInvalid, KeyUnknown)):
            ask()


def test_a_token_that_does_not_answer_is_not_waited_for(hsm: TestToken, made: ServiceKeys) -> None:
    """SoftHSM locks its files; whoever holds the lock makes it wait, and it waits for ever."""
    made.versions("idx")
    hold = (
        "import fcntl, sys, pathlib\n"
        f"files = [open(f, 'r+b') for f in pathlib.Path({str(hsm.objects)!r}).iterdir()]\n"
        "[fcntl.lockf(f, fcntl.LOCK_EX) for f in files]\nprint('held', flush=True)\n"
        "sys.stdin.read()\n"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    calls = made._service._token._module.calls  # type: ignore[attr-defined]
    patience, calls.patience_s = calls.patience_s, 0.5
    try:
        for name in ("attest", "mac", "wrap"):
            began = time.monotonic()
            with pytest.raises(KeyUnavailable, match="too long"):
                ASKED[name](made)
            assert time.monotonic() - began < 2
    finally:
        calls.patience_s = patience
        holder.communicate()
    assert len(made.mac("idx", 1, b"a")) == 32


def test_no_number_of_values_shares_the_patience_of_one(made: ServiceKeys) -> None:
    data = [b"%d" % number for number in range(1200)]
    macs = made.mac_many("idx", 1, data)
    assert len(set(macs)) == 1200
    assert macs[1199] == made.mac("idx", 1, b"1199")
    assert made.mac_many("idx", 1, []) == []


def test_nothing_shows_the_pin(hsm: TestToken, made: ServiceKeys) -> None:
    token = made._service._token  # type: ignore[attr-defined]
    for each in (made, token, token._address):
        assert PIN not in repr(each)
    assert str(hsm.pin_file) not in repr(token._address)


# -- what is named --------------------------------------------------------------------------------
