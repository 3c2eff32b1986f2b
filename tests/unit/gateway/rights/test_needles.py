"""Every form in which a person could still be lying about is recognised."""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.rights.needles import (
    finds,
    identifier_needles,
    index_needles,
    is_short,
    pseudonym_needles,
)

ADA = "ada.lovelace@example.org"
FORMS = {
    "clear": ADA,
    "upper": ADA.upper(),
    "percent": quote(ADA, safe=""),
    "percent twice": quote(quote(ADA, safe=""), safe=""),
    "json": json.dumps({"q": ADA}),
    "hex": ADA.encode().hex(),
    "upper hex": ADA.encode().hex().upper(),
    "base64": base64.b64encode(ADA.encode()).decode(),
    "base64 inside": base64.b64encode(b"q=" + ADA.encode() + b"&x=1").decode(),
    "base64 inside, other offset": base64.b64encode(b"mail: " + ADA.encode()).decode(),
    "md5": hashlib.md5(ADA.encode(), usedforsecurity=False).hexdigest(),
    "sha1": hashlib.sha1(ADA.encode(), usedforsecurity=False).hexdigest(),
    "sha256": hashlib.sha256(ADA.encode()).hexdigest(),
    "in a query": f"/search?q%3D{quote(ADA)}",
}


@pytest.mark.parametrize("form", list(FORMS))
def test_an_address_is_found_in_every_form(form: str) -> None:
    assert finds(identifier_needles("email", [ADA]), f"x {FORMS[form]} y")


@pytest.mark.parametrize("text", ["u-10010", "xu-1001", "product 77", ""])
def test_another_customers_longer_number_is_not_a_find(text: str) -> None:
    assert finds(identifier_needles("user_id", ["u-1001"]), text) == ()


def test_a_phone_is_found_with_and_without_its_plus() -> None:
    needles = identifier_needles("phone", ["+33612345678"])
    assert finds(needles, "call 33612345678")
    assert finds(needles, "call 0033612345678")


@pytest.mark.parametrize(("value", "short"), [("42", True), ("12345678", True), ("u-1001", False)])
def test_a_value_anyone_could_have_proves_nothing(value: str, *, short: bool) -> None:
    assert is_short(value) is short
    clear = next(n for n in identifier_needles("user_id", [value]) if n.form == "user_id:clear")
    assert clear.ambiguous is short


def test_a_pseudonym_is_found_as_uuid_hex_and_base64() -> None:
    pid = uuid.UUID("0190163d-8694-8b8f-8a3b-0123456789ab").bytes
    needles = pseudonym_needles([pid])
    for text in (str(uuid.UUID(bytes=pid)), pid.hex().upper(), base64.b64encode(pid).decode()):
        assert finds(needles, text)


def test_a_needle_never_shows_its_value() -> None:
    needles = (*identifier_needles("email", [ADA]), *index_needles([bytes(range(32))]))
    assert ADA not in repr(needles)
    assert bytes(range(32)).hex() not in repr(needles)


@given(st.text(min_size=6, max_size=40).filter(lambda t: t.strip() == t and t.isprintable()))
def test_any_identifier_is_found_in_clear_between_spaces(value: str) -> None:
    assert finds(identifier_needles("user_id", [value]), f"before {value} after")
