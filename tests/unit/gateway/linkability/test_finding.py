"""Looking for many people at once finds what looking for each of them does."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.linkability.finding import HEAD, Finder
from gateway.rights.needles import Needle, finds, identifier_needles, pseudonym_needles

ADA, GRACE, PHONE = "ada.lovelace@example.org", "grace.hopper@example.com", "+33199000001"
PID = uuid.UUID("3f2b8c1e-8d5a-8e6f-9a01-0123456789ab").bytes
NEEDLES: dict[str, tuple[Needle, ...]] = {
    "ada": (*identifier_needles("email", [ADA]), *identifier_needles("phone", [PHONE])),
    "grace": (*identifier_needles("email", [GRACE]), *pseudonym_needles([PID])),
}
FINDER = Finder((owner, needle) for owner, some in NEEDLES.items() for needle in some)
FORMS = sorted(
    {needle.text for some in NEEDLES.values() for needle in some if needle.text is not None}
)


def one_by_one(text: str) -> set[tuple[str, str]]:
    return {
        (owner, form)
        for owner, some in NEEDLES.items()
        for needle in some
        if needle.text is not None and not needle.ambiguous and len(needle.text) >= HEAD
        for form in finds([needle], text)
    }


@given(
    before=st.text(max_size=12),
    form=st.sampled_from(FORMS),
    after=st.text(max_size=12),
    upper=st.booleans(),
)
def test_all_at_once_finds_what_one_by_one_does(
    before: str, form: str, after: str, *, upper: bool
) -> None:
    text = before + (form.upper() if upper else form) + after
    text = "".join(letter for letter in text if len(letter.lower()) == 1)
    assert {tuple(find) for find in FINDER.in_text(text)} == one_by_one(text)


@given(text=st.text(alphabet="adlovecgrhp.@xmn%2540+-0139", max_size=80))
def test_nothing_is_found_in_what_only_looks_alike(text: str) -> None:
    assert {tuple(find) for find in FINDER.in_text(text)} == one_by_one(text)


@pytest.mark.parametrize(
    ("value", "owners"),
    [
        (f"mail={ADA}", {"ada"}),
        ("q=ada.lovelace%40example.org", {"ada"}),
        (b"\x00\x01" + GRACE.encode() + b"\x02", {"grace"}),
        (b"\xff" + PID, {"grace"}),
        ([1, "x", [PID.hex()]], {"grace"}),
        (33199000001, {"ada"}),
        (f"x{ADA}", set()),
        (None, set()),
        (True, set()),
        (0.5, set()),
        (uuid.UUID(bytes=PID), {"grace"}),
    ],
)
def test_values_of_every_type_are_looked_at(value: object, owners: set[str]) -> None:
    assert {find.owner for find in FINDER.in_value(value)} == owners


def test_a_letter_without_a_single_small_one_moves_nothing() -> None:
    assert {find.owner for find in FINDER.in_text(f"İİİ {ADA}")} == {"ada"}


def test_what_proves_nothing_is_not_looked_for() -> None:
    finder = Finder(("bob", needle) for needle in identifier_needles("user_id", ["u-7"]))
    assert set(finder.in_text("u-7")) == set()


def test_the_finder_and_what_it_found_show_no_value() -> None:
    shown = repr(FINDER) + repr(sorted(FINDER.in_text(ADA)))
    assert ADA not in shown
