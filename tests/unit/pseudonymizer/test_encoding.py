from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pseudonymizer.encoding import enc, enc_head, enc_text

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
PART = st.one_of(TEXT, st.binary(max_size=8), st.integers(-(2**63), 2**63 - 1))
PARTS = st.lists(PART, max_size=5)


@given(PARTS, PARTS)
def test_different_lists_never_encode_alike(one: list[object], other: list[object]) -> None:
    # Types too: 1 == 1.0 in Python, but no list here holds floats or booleans.
    assert (enc(*one) == enc(*other)) == (one == other)  # type: ignore[arg-type]


@given(TEXT, st.integers(0, 8), st.integers(0, 8))
def test_moving_the_border_between_two_fields_changes_the_encoding(
    text: str, at: int, elsewhere: int
) -> None:
    same = text[:at] == text[:elsewhere]
    one, other = enc(text[:at], text[at:]), enc(text[:elsewhere], text[elsewhere:])
    assert (one == other) == same


@given(PARTS, PARTS)
def test_no_encoding_begins_another(one: list[object], other: list[object]) -> None:
    if one != other:
        assert not enc(*one).startswith(enc(*other))  # type: ignore[arg-type]


@given(TEXT, TEXT)
def test_the_pieces_for_hot_paths_give_the_same_encoding(one: str, other: str) -> None:
    assert enc_head(2) + enc_text(one) + enc_text(other) == enc(one, other)


@pytest.mark.parametrize("part", [True, None, 1.5, ("a",)])
def test_other_types_are_refused(part: object) -> None:
    with pytest.raises(TypeError):
        enc(part)  # type: ignore[arg-type]


@pytest.mark.parametrize("part", [2**63, -(2**63) - 1, "\ud800"])
def test_what_does_not_fit_is_refused(part: int | str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 -- UnicodeEncodeError is one, with its own text
        enc(part)
