from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pseudonymizer.errors import IdentifierInvalid
from pseudonymizer.normalise import CANON_VERSION, KINDS, canonical, erasure_candidates
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


def test_an_erasure_also_looks_at_the_provider_s_variants() -> None:
    assert erasure_candidates("email", "ada.l+shop@gmail.com") == (
        "ada.l@gmail.com",
        "adal@gmail.com",
        "adal@googlemail.com",
    )
    assert erasure_candidates("email", "ada@example.org") == ()
    assert erasure_candidates("user_id", "a+b") == ()


@pytest.mark.parametrize("text", ["NULL", " undefined ", "[object Object]", "-1", "None", "guest"])
def test_placeholders_for_nobody_are_no_identifiers(text: str) -> None:
    with pytest.raises(IdentifierInvalid, match="placeholder"):
        canonical("user_id", text)
