"""What only a PKCS#11 token promises, against a real SoftHSM."""

from __future__ import annotations

import contextlib
import hmac
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pkcs11 import Attribute, KeyType, ObjectClass

from pseudonymizer.errors import (
    EnvelopeInvalid,
    KeyDestroyed,
    KeyUnavailable,
    KeyUnknown,
)
from pseudonymizer.hsm import objects, register
from pseudonymizer.key_port import USES
from pseudonymizer.key_service import KeyAt, ServiceKeys
from pseudonymizer.seal import Envelope
from tests.support.hsm import (
    TestToken,
    elsewhere,
    labelled,
    needs_softhsm,
    secret_key,
)

pytestmark = needs_softhsm


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
