"""What only a PKCS#11 token promises, against a real SoftHSM."""

from __future__ import annotations

import contextlib
import hmac
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from pkcs11 import Attribute, KeyType, Mechanism, MechanismFlag, ObjectClass

from pseudonymizer.errors import (
    EnvelopeInvalid,
    KeyDestroyed,
    KeyFileInsecure,
    KeyServiceInvalid,
    KeyUnavailable,
    KeyUnknown,
)
from pseudonymizer.hsm import objects, register
from pseudonymizer.hsm.address import TokenAddress
from pseudonymizer.hsm.register import Record
from pseudonymizer.key_opening import KeysAt, open_keys
from pseudonymizer.key_port import USES
from pseudonymizer.key_service import KeyAt, ServiceKeys
from pseudonymizer.seal import Envelope
from tests.support.hsm import MODULE, PIN, SO_PIN, TestToken, needs_softhsm, secret_key
from tests.support.lints import ROOT

pytestmark = needs_softhsm


@pytest.fixture
def made(hsm: TestToken) -> Iterator[ServiceKeys]:
    with contextlib.closing(hsm.made()) as provider:
        yield provider


@pytest.fixture
def other(hsm: TestToken, made: ServiceKeys) -> Iterator[ServiceKeys]:
    """Another opening of the same token."""
    del made
    with contextlib.closing(hsm.open()) as provider:
        yield provider


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


# -- what the keys are ----------------------------------------------------------------------------


def test_no_key_can_leave_the_token(hsm: TestToken, made: ServiceKeys) -> None:
    made.new_version("rec:letterhouse")

    def all_keys(session: Any) -> list[dict[Any, Any]]:
        kinds = ObjectClass.SECRET_KEY, ObjectClass.PRIVATE_KEY
        found = [one for kind in kinds for one in session.get_objects({Attribute.CLASS: kind})]
        asked = [Attribute.EXTRACTABLE, Attribute.NEVER_EXTRACTABLE, Attribute.ALWAYS_SENSITIVE]
        return [one.get_attributes([*asked, Attribute.LOCAL]) for one in found]

    keys = hsm.by_hand(made, all_keys)
    assert len(keys) == len(USES) + 1
    for key in keys:
        assert key == {
            Attribute.EXTRACTABLE: False,
            Attribute.NEVER_EXTRACTABLE: True,
            Attribute.ALWAYS_SENSITIVE: True,
            Attribute.LOCAL: True,
        }


def test_a_mac_is_plain_hmac_under_the_key(hsm: TestToken, made: ServiceKeys) -> None:
    material, data = bytes(range(32)), b"user_id\x00ada"

    def bring_in(session: Any) -> None:
        session.create_object({
            Attribute.CLASS: ObjectClass.SECRET_KEY,
            Attribute.KEY_TYPE: KeyType.GENERIC_SECRET,
            Attribute.TOKEN: True,
            Attribute.SIGN: True,
            Attribute.LABEL: register.label("rec:known", 1),
            Attribute.VALUE: material,
        })  # fmt: skip

    hsm.by_hand(made, bring_in)
    macs = made._service.macs(KeyAt("rec:known", 1, ""), [data, b""])
    assert macs == [hmac.digest(material, each, "sha256") for each in (data, b"")]


def test_what_is_wrapped_lies_in_an_envelope_of_ours(made: ServiceKeys) -> None:
    envelope = Envelope.from_bytes(made.wrap("kek", 1, b"k" * 32, b"row"))
    assert (envelope.algorithm, envelope.key_id, envelope.key_version) == (3, "kek", 1)
    assert len(envelope.ciphertext) == 48


def test_an_empty_context_is_one_like_any_other(made: ServiceKeys) -> None:
    wrapped = made.wrap("kek", 1, b"", b"")
    assert made.unwrap("kek", 1, wrapped, b"") == b""
    with pytest.raises(EnvelopeInvalid):
        made.unwrap("kek", 1, wrapped, b"row")


def test_keys_are_made_once(made: ServiceKeys) -> None:
    before = made.mac("idx", 1, b"a")
    assert made.missing() == []
    made.make_missing()
    assert made.versions("idx").live == (1,)
    assert made.mac("idx", 1, b"a") == before


def test_a_key_that_was_not_made_gets_no_version(hsm: TestToken) -> None:
    with contextlib.closing(hsm.open()) as provider:
        with pytest.raises(KeyUnknown, match="keys make"):
            provider.new_version("idx")
        with pytest.raises(KeyUnknown):
            provider.check()
        assert provider.missing() == list(USES)
        assert provider.attest()["keys"] == {}


# -- versions -------------------------------------------------------------------------------------


def test_another_process_s_version_is_seen_after_reload(hsm: TestToken, made: ServiceKeys) -> None:
    assert made.versions("idx").primary == 1
    number, mac = elsewhere(
        hsm, "print(keys.new_version('idx'), keys.mac('idx', 2, b'a').hex())"
    ).split()
    assert number == "2"
    with pytest.raises(KeyUnknown):
        made.mac("idx", 2, b"a")
    made.reload()
    assert made.versions("idx").live == (1, 2)
    assert made.mac("idx", 2, b"a").hex() == mac


def test_a_version_another_process_destroyed_is_destroyed_here(
    hsm: TestToken, made: ServiceKeys
) -> None:
    wrapped = made.wrap("kek", 1, b"k" * 32, b"row")
    made.mac("idx", 1, b"a")
    code = "[(keys.new_version(n), keys.destroy_version(n, 1)) for n in ('kek', 'idx')]"
    elsewhere(hsm, code)
    with pytest.raises(KeyDestroyed):
        made.unwrap("kek", 1, wrapped, b"row")
    with pytest.raises(KeyDestroyed):
        made.mac("idx", 1, b"a")


def test_any_old_version_may_end_first(made: ServiceKeys) -> None:
    made.new_version("kek")
    made.new_version("kek")
    made.destroy_version("kek", 2)
    assert made.versions("kek").live == (1, 3)


def test_a_destruction_takes_the_material(hsm: TestToken, made: ServiceKeys) -> None:
    made.new_version("kek")
    made.destroy_version("kek", 1)
    assert hsm.by_hand(made, lambda session: labelled(session, "kek", 1)) == []
    assert len(hsm.by_hand(made, lambda session: labelled(session, "kek", 2))) == 1


def test_a_destruction_that_was_stopped_half_way_is_ended_by_the_next(
    hsm: TestToken, made: ServiceKeys
) -> None:
    made.new_version("kek")
    hsm.by_hand(made, lambda session: register.strike(session, "kek", 1))
    made.reload()
    assert made.versions("kek").live == (2,)
    with pytest.raises(KeyDestroyed):
        made.wrap("kek", 1, b"k" * 32, b"row")
    keys: Any = made.attest()["keys"]
    assert keys["kek"]["versions"]["1"]["destroyed"] is False
    made.destroy_version("kek", 1)
    keys = made.attest()["keys"]
    assert keys["kek"]["versions"]["1"]["destroyed"] is True


def test_a_key_that_was_lost_is_not_taken_for_one_that_was_destroyed(
    hsm: TestToken, made: ServiceKeys
) -> None:
    made.new_version("idx")
    hsm.by_hand(made, lambda session: labelled(session, "idx", 1)[0].destroy())
    made.reload()
    assert made.versions("idx").live == (2,)
    with pytest.raises(KeyUnavailable, match="withheld"):
        made.mac("idx", 1, b"a")
    keys: Any = made.attest()["keys"]
    assert keys["idx"]["versions"]["1"]["destroyed"] is False


def test_what_was_left_by_a_making_that_was_stopped_is_in_nobody_s_way(
    hsm: TestToken, made: ServiceKeys
) -> None:
    hsm.by_hand(made, secret_key(register.label("idx", 2), id=b"left"))
    made.reload()
    assert made.versions("idx").live == (1,)
    assert made.new_version("idx") == 2
    assert len(made.mac("idx", 2, b"a")) == 32
    # It may as well be of one who has not come to write it down, so it goes with the version only.
    assert len(hsm.by_hand(made, lambda session: labelled(session, "idx", 2))) == 2
    made.new_version("idx")
    made.destroy_version("idx", 2)
    assert hsm.by_hand(made, lambda session: labelled(session, "idx", 2)) == []


def test_who_comes_late_to_make_a_version_takes_nothing_from_it(
    hsm: TestToken, made: ServiceKeys
) -> None:
    assert made.new_version("idx") == 2
    before = made.mac("idx", 2, b"a")
    with pytest.raises(KeyUnavailable, match="another process"):
        hsm.by_hand(made, lambda session: objects.make(session, "idx", 2))
    made.reload()
    assert made.versions("idx").live == (1, 2)
    assert made.mac("idx", 2, b"a") == before


def test_versions_made_at_once_by_many_are_all_kept(hsm: TestToken, made: ServiceKeys) -> None:
    code = (
        "for _ in range(60):\n"
        "    with contextlib.suppress(ParaventError):\n"
        "        print(keys.new_version('idx')); break\n"
        "    time.sleep(0.02)\n"
    )
    with ThreadPoolExecutor(3) as makers:
        numbers = sorted(int(said) for said in makers.map(lambda _: elsewhere(hsm, code), range(3)))
    assert len(set(numbers)) == 3
    made.reload()
    # One whose maker was told that it failed may be left too; a number is never given twice.
    assert set(made.versions("idx").live) >= {1, *numbers}
    assert len({made.mac("idx", number, b"a") for number in (1, *numbers)}) == 4


# -- keys that are not as they must be ------------------------------------------------------------


def of_other_make(**attributes: Any) -> Callable[[Any], Any]:
    """Make a key by hand under the first name of a recipient, and write it down as ours."""

    def do(session: Any) -> None:
        secret_key(register.label("rec:letterhouse", 1), **attributes)(session)
        record = Record((attributes.get("id") or b"").hex(), "2026-11-30T12:00:00+00:00")
        register.write(session, "rec:letterhouse", 1, record)

    return do


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        ({"template": {Attribute.EXTRACTABLE: True, Attribute.SENSITIVE: True}}, "could leave"),
        ({"template": {Attribute.EXTRACTABLE: False, Attribute.SENSITIVE: False}}, "could leave"),
        ({"bits": 128}, "another length"),
    ],
)
def test_a_key_made_another_way_is_refused(
    hsm: TestToken, made: ServiceKeys, attributes: dict[str, Any], said: str
) -> None:
    hsm.by_hand(made, of_other_make(id=b"hand", **attributes))
    with pytest.raises(KeyServiceInvalid, match=said):
        made.mac("rec:letterhouse", 1, b"pid")


def test_a_key_that_takes_another_s_place_is_refused(hsm: TestToken, made: ServiceKeys) -> None:
    def swap(session: Any) -> None:
        labelled(session, "idx", 1)[0].destroy()
        secret_key(register.label("idx", 1), id=b"another")(session)

    before = made.mac("idx", 1, b"a")
    hsm.by_hand(made, swap)
    made.reload()
    with pytest.raises(KeyUnavailable, match="withheld"):
        made.mac("idx", 1, b"a")
    assert len(before) == 32


def test_a_key_of_another_type_is_refused(hsm: TestToken, made: ServiceKeys) -> None:
    def do(session: Any) -> None:
        session.generate_key(
            KeyType.AES, 256, id=b"aes", label=register.label("rec:adhouse", 1), store=True,
            mechanism=Mechanism.AES_KEY_GEN, capabilities=MechanismFlag.ENCRYPT,
        )  # fmt: skip
        at = "2026-11-30T12:00:00+00:00"
        register.write(session, "rec:adhouse", 1, Record(b"aes".hex(), at))

    hsm.by_hand(made, do)
    with pytest.raises(KeyServiceInvalid, match="another type"):
        made.mac("rec:adhouse", 1, b"pid")


@pytest.mark.parametrize("value", [b"", b"{}", b"[]", b'{"made_at":"x","id":"","public":""}'])
def test_a_record_that_makes_no_sense_is_no_answer(
    hsm: TestToken, made: ServiceKeys, value: bytes
) -> None:
    def do(session: Any) -> None:
        session.create_object({
            Attribute.CLASS: ObjectClass.DATA, Attribute.TOKEN: True, Attribute.PRIVATE: True,
            Attribute.APPLICATION: register.APPLICATION,
            Attribute.LABEL: register.label("rec:letterhouse", 1), Attribute.VALUE: value,
        })  # fmt: skip

    hsm.by_hand(made, do)
    with pytest.raises(KeyUnavailable, match="no sense"):
        made.versions("rec:letterhouse")


def test_a_version_that_is_written_down_twice_is_no_answer(
    hsm: TestToken, made: ServiceKeys
) -> None:
    record = Record("00", "2026-11-30T12:00:00+00:00")
    hsm.by_hand(made, lambda session: register.write(session, "idx", 1, record))
    made.reload()
    with pytest.raises(KeyUnavailable, match="twice"):
        made.mac("idx", 1, b"a")


# -- away, locked, slow ---------------------------------------------------------------------------


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
