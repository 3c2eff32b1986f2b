"""Words of special categories are found however they are spelled and packed; nothing else is."""

from __future__ import annotations

import re
import time
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.load import load_rulebook
from policies.special import guard_lexicon, names_lexicon
from policies.vocabulary import SpecialCategory
from tests.support.rulebooks import copied

RULES = load_rulebook().special_categories
GUARD = guard_lexicon(RULES)

TOUCHED = [
    ("/rayons/tests-de-grossesse", SpecialCategory.HEALTH),
    ("/s?q=test%20de%20grossesse", SpecialCategory.HEALTH),
    ("diab%C3%A9tiques", SpecialCategory.HEALTH),
    ("diab%25C3%25A9tiques", SpecialCategory.HEALTH),
    ("diab%E9tiques", SpecialCategory.HEALTH),
    ("gros\u00adsesse", SpecialCategory.HEALTH),
    ("gros\u200bsesse", SpecialCategory.HEALTH),
    ("diab&eacute;tiques", SpecialCategory.HEALTH),
    ("robe femme enceinte", SpecialCategory.HEALTH),
    ("Pregnancy pillows", SpecialCategory.HEALTH),
    ("viande HALAL", SpecialCategory.BELIEF),
    ("vin casher", SpecialCategory.BELIEF),
    ("kosher-wine", SpecialCategory.BELIEF),
    ("T-shirts militants", SpecialCategory.POLITICS),
    ("carte d'électorat", SpecialCategory.POLITICS),
    ("cotisation syndicale", SpecialCategory.UNION),
    ("trade union membership card", SpecialCategory.UNION),
    ("gay pride flag", SpecialCategory.SEX_LIFE),
    ("TRANSGENRE", SpecialCategory.SEX_LIFE),
    ("origine ethnique", SpecialCategory.ORIGIN),
    ("données biométriques", SpecialCategory.BIOMETRICS),
    ("test ADN", SpecialCategory.GENETICS),
    ("extrait de casier judiciaire", SpecialCategory.OFFENCES),
]
CLEAN = [
    "/politique-de-confidentialite", "/politique-rse", "/politique-livraison",
    "/politique-des-donnees-personnelles", "Enceinte Bluetooth portable", "/audio/enceintes/jbl",
    "Enceinte JBL Flip 6", "Enceinte colonne", "Christian Louboutin", "Christian Bobin",
    "Chrétien de Troyes", "Religieuse au chocolat", "Marvin Gaye", "Prix Médicis", "Bol healthy",
    "Croquettes Hill's Medical", "Chaussures enfant du 24 au 35", "Road race helmets", "Race King",
    "Chien de race", "Pièce à conviction", "Cadenas biométrique", "Beauté & Santé",
    "Product 123-ABC, 39,90 €", "Difference engine no. 2", "Footrace", "Analytical Engine",
    "", "100%", "%%%", "%zz%c3", "&;&#;&#x;",
]  # fmt: skip


@pytest.mark.parametrize(("text", "category"), TOUCHED)
def test_a_word_is_found(text: str, category: SpecialCategory) -> None:
    assert GUARD.touched(text) is category


@pytest.mark.parametrize("text", CLEAN)
def test_what_a_shop_says_every_day_is_not_one(text: str) -> None:
    assert GUARD.touched(text) is None


def test_names_are_held_against_broader_words() -> None:
    for name in ("Enfants", "Surendettement", "Santé", "Enceintes", "Politique"):
        assert GUARD.touched(name) is None
        assert names_lexicon(RULES).touched(name) is not None


def test_a_rulebook_that_says_nothing_of_events_goes_by_the_shipped_words(tmp_path: Path) -> None:
    copied(tmp_path)
    file = tmp_path / "special_categories.yaml"
    text = file.read_text(encoding="utf-8")
    stripped = re.sub(r"    guard:\n(?:      .*\n|         .*\n)+", "", text)
    assert "guard:" not in re.sub(r"(?m)^#.*$", "", stripped)
    file.write_text(stripped, encoding="utf-8")
    rules = load_rulebook(tmp_path).special_categories
    assert guard_lexicon(rules).touched("tests de grossesse") is SpecialCategory.HEALTH


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
