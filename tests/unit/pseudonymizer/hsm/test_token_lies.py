"""What stands in a token and was not made by us, or not as it says, is no answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pkcs11 import Attribute, KeyType, Mechanism, MechanismFlag, ObjectClass

from pseudonymizer.errors import (
    KeyServiceInvalid,
    KeyUnavailable,
)
from pseudonymizer.hsm import register
from pseudonymizer.hsm.register import Record
from pseudonymizer.key_service import ServiceKeys
from tests.support.hsm import (
    TestToken,
    labelled,
    needs_softhsm,
    secret_key,
)

pytestmark = needs_softhsm


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
