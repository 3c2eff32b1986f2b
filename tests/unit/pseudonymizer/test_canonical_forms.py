from __future__ import annotations

from unicodedata import normalize
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pseudonymizer.errors import IdentifierInvalid, IdentifierNobody
from pseudonymizer.normalise import CANON_VERSION, KINDS, canonical, common_form
from tests.vectors.identified import VECTORS
from tests.vectors.make_identified_vectors import spelled


def test_the_frozen_forms_are_of_version_1() -> None:
    assert CANON_VERSION == 1


@pytest.mark.parametrize("case", VECTORS["canonical"], ids=lambda c: f"{c['kind']}-{c['text']!a}")
def test_every_frozen_spelling_keeps_its_form(case: dict[str, str | None]) -> None:
    assert spelled(str(case["kind"]), str(case["text"]), case["region"]) == case["form"]


@given(st.sampled_from(sorted(KINDS)), st.text(max_size=40))
def test_any_text_has_a_form_that_is_its_own_form_or_is_refused(kind: str, text: str) -> None:
    try:
        form = canonical(kind, text)
    except IdentifierInvalid:
        return
    assert canonical(kind, form) == form
    assert "\0" not in form


LOCAL = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)


@given(LOCAL, st.sampled_from(["example.org", "exämple.org", "EXAMPLE.com", "例え.テスト"]))
def test_an_address_has_one_form_or_none(local: str, domain: str) -> None:
    try:
        form = canonical("email", f"{local}@{domain}")
    except IdentifierInvalid:
        return
    assert canonical("email", form) == form
    assert form.rpartition("@")[2].isascii()


@given(st.text(min_size=3))
def test_a_refusal_never_repeats_the_value(text: str) -> None:
    with pytest.raises(IdentifierInvalid) as refused:
        canonical("email", f"{text}@")
    assert text not in str(refused.value) or text in "the e-mail address has no local part"


def test_two_plus_tags_stay_two_people() -> None:
    assert canonical("email", "ada+a@example.org") != canonical("email", "ada+b@example.org")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ada.l+shop@gmail.com", "adal@googlemail.com"),
        ("ada+a@example.org", "ada+b@example.org"),
        ("ada+a@example.org", "ada@example.org"),
    ],
)
def test_variants_of_an_address_have_a_form_in_common(one: str, other: str) -> None:
    assert common_form("email", one) == common_form("email", other)
    assert canonical("email", one) != canonical("email", other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ada.l@example.org", "adal@example.org"),  # dots count everywhere but at Google
        ("ada@example.org", "ada@example.com"),
        ("+a@example.org", "+b@example.org"),  # nothing stands before the tag
        ("ada-shop@example.org", "ada@example.org"),
    ],
)
def test_what_may_well_be_two_people_has_not(one: str, other: str) -> None:
    assert common_form("email", one) != common_form("email", other)


def test_a_common_form_is_of_a_kind_of_its_own_and_only_addresses_have_one() -> None:
    found = common_form("email", "ada@example.org")
    assert found is not None
    assert found[0] not in KINDS
    assert all(common_form(kind, "a+b") is None for kind in KINDS if kind != "email")


@given(LOCAL, st.sampled_from(["gmail.com", "googlemail.com", "example.org"]), LOCAL)
def test_a_tag_never_changes_the_form_in_common(local: str, domain: str, tag: str) -> None:
    try:
        bare = canonical("email", f"{local}@{domain}")
        tagged = canonical("email", f"{local}+{tag}@{domain}")
    except IdentifierInvalid:
        return
    if not local.startswith("+"):
        assert common_form("email", bare) == common_form("email", tagged)
    assert bare != tagged


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        *(("user_id", text) for text in (
            "NULL", " undefined ", "[object Object]", "-1", "None", "guest", "anonymous", "test",
            "0", "000000", "(not set)")),
        ("anonymous_id", "00000000-0000-0000-0000-000000000000"),
        ("anonymous_id", "undefined"),
        ("device_id", "00000000-0000-0000-0000-000000000000"),
        ("device_id", "{00000000-0000-0000-0000-000000000000}"),
        ("device_id", "0" * 32),
        ("device_id", "Unknown"),
        ("email", "test@test.com"),
        ("email", "NULL@null.fr"),
        ("email", "undefined@undefined.undefined"),
        ("email", "0@0.fr"),
        ("phone", "06 00 00 00 00"),
        ("phone", "+33100000000"),
    ],
)  # fmt: skip
def test_placeholders_for_nobody_are_no_identifiers(kind: str, text: str) -> None:
    with pytest.raises(IdentifierNobody, match="placeholder"):
        canonical(kind, text)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("user_id", "10"),
        ("user_id", "00010"),
        ("user_id", "test-7"),
        ("device_id", "00000000-0000-0000-0000-000000000001"),
        ("email", "unknown@example.org"),
        ("email", "test@example.org"),
        ("phone", "+33199000001"),
    ],
)
def test_what_only_looks_like_one_is_somebody(kind: str, text: str) -> None:
    assert canonical(kind, text) == text


@pytest.mark.parametrize("kind", ["user_id", "anonymous_id", "device_id"])
@given(st.text(max_size=30), st.text(max_size=30))
def test_numbers_of_two_people_are_never_one(kind: str, one: str, other: str) -> None:
    """Only what is around a number is dropped, and of a device's the case."""
    try:
        forms = canonical(kind, one), canonical(kind, other)
    except IdentifierInvalid:
        return
    spelled = [normalize("NFC", text).strip() for text in (one, other)]
    if kind == "device_id":
        spelled = [text.lower() for text in spelled]
    assert (forms[0] == forms[1]) == (spelled[0] == spelled[1])


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_telephones_of_two_people_are_never_one(one: int, other: int) -> None:
    try:
        forms = [canonical("phone", f"0{number:09d}") for number in (one, other)]
    except IdentifierInvalid:
        return
    assert (forms[0] == forms[1]) == (one == other)


@given(st.uuids())
def test_an_advertising_id_is_one_however_a_system_spells_it(ad_id: UUID) -> None:
    """IDFA come in capitals, Android's in small letters."""
    spelled = {str(ad_id), str(ad_id).upper(), f" {ad_id}\n"}
    if ad_id.int == 0:
        return
    assert len({canonical("device_id", text) for text in spelled}) == 1


NATIONAL = {"NC": "20 12 34", "PF": "40 41 23 45", "WF": "72 12 34", "PM": "043 01 23"}


@pytest.mark.parametrize("region", sorted(NATIONAL))
def test_short_numbers_of_the_pacific_and_saint_pierre_want_their_country(region: str) -> None:
    """Most random six digits are a number in Nouméa and another in Saint-Pierre."""
    with pytest.raises(IdentifierInvalid, match="single valid reading"):
        canonical("phone", NATIONAL[region], region="FR")
    form = canonical("phone", NATIONAL[region], region=region)
    assert canonical("phone", form, region="FR") == form
