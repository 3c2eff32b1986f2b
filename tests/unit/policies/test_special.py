"""Words of special categories are found however they are spelled and packed; nothing else is."""

from __future__ import annotations

import time
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.load import load_rulebook
from policies.special import GUARDED, Lexicon
from policies.vocabulary import SpecialCategory

RULES = load_rulebook().special_categories
GUARD = Lexicon(RULES, GUARDED)

TOUCHED = [
    ("https://shop.example/rayons/sante/tests-de-grossesse", SpecialCategory.HEALTH),
    ("https://shop.example/s?q=test%20de%20grossesse", SpecialCategory.HEALTH),
    ("https://shop.example/s?q=m%C3%A9dicaments", SpecialCategory.HEALTH),
    ("https://shop.example/s?q=m%25C3%25A9dicaments", SpecialCategory.HEALTH),
    ("robe femme enceinte", SpecialCategory.HEALTH),
    ("Pregnancy pillows", SpecialCategory.HEALTH),
    ("viande HALAL", SpecialCategory.BELIEF),
    ("Bible et livres religieux", SpecialCategory.BELIEF),
    ("kosher-wine", SpecialCategory.BELIEF),
    ("T-shirts militants", SpecialCategory.POLITICS),
    ("carte d'électeur", SpecialCategory.POLITICS),
    ("cotisation syndicale", SpecialCategory.UNION),
    ("trade union membership card", SpecialCategory.UNION),
    ("gay pride flag", SpecialCategory.SEX_LIFE),
    ("TRANSGENRE", SpecialCategory.SEX_LIFE),
    ("origine ethnique", SpecialCategory.ORIGIN),
    ("lecteur biométrique", SpecialCategory.BIOMETRICS),
    ("test génétique", SpecialCategory.GENETICS),
    ("extrait de casier judiciaire", SpecialCategory.OFFENCES),
]
CLEAN = [
    "https://shop.example/politique-de-confidentialite",
    "https://shop.example/politique-confidentialite.html",
    "Enceinte Bluetooth portable",
    "/audio/enceintes-connectees",
    "Christian Louboutin",
    "Chaussures enfant du 24 au 35",
    "Road race helmets",
    "Product 123-ABC, 39,90 €",
    "Difference engine no. 2",
    "Footrace",
    "Analytical Engine",
    "",
    "100%",
    "%%%",
    "%zz%c3",
]


@pytest.mark.parametrize(("text", "category"), TOUCHED)
def test_a_word_is_found(text: str, category: SpecialCategory) -> None:
    assert GUARD.touched(text) is category


@pytest.mark.parametrize("text", CLEAN)
def test_what_a_shop_says_every_day_is_not_one(text: str) -> None:
    assert GUARD.touched(text) is None


def test_children_and_debts_are_for_names_of_rules_only() -> None:
    assert GUARD.touched("Surendettement, enfants") is None
    assert Lexicon(RULES).touched("Enfants") is SpecialCategory.MINORS


@given(st.sampled_from(TOUCHED), st.integers(0, 2), st.sampled_from(["", "-", "_", "/", " "]))
def test_packing_and_neighbours_hide_nothing(
    case: tuple[str, SpecialCategory], packed: int, joined: str
) -> None:
    text, category = case
    for _ in range(packed):
        text = quote(text)
    assert GUARD.touched(f"shop{joined or ' '}{text}") is category


@given(st.text(max_size=200))
def test_any_text_may_be_looked_at(text: str) -> None:
    GUARD.touched(text)


def test_a_long_text_costs_its_length() -> None:
    """A megabyte of what comes close takes at most thirty times what a thirtieth of it takes."""

    def took(repeated: int) -> float:
        text = "%2525 politique de confidential trade unio casier judiciair " * repeated
        began = time.process_time()
        GUARD.touched(text)
        return time.process_time() - began

    took(100)
    assert took(18_000) < 30 * 3 * max(took(600), 0.001)
