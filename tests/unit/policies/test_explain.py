"""The rulebook in sentences, and the page about it: both say what the rules say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from policies.conditions import All, Any_, Compare, InSegment, Not
from policies.explain import explain, known, sentence
from policies.load import SHIPPED, build, load_rulebook, read_folder
from policies.reading.entry import Entry
from policies.reading.kinds import Each, Form, Inside
from policies.reading.schema import FORMS
from policies.reading.source import Value, parse
from policies.vocabulary import (
    Aggregate,
    Column,
    Comparison,
    DecisionEffect,
    EventKind,
    IdentifierKind,
    LegalBasis,
    Precision,
    PropertyType,
    SpecialCategory,
    Unit,
)
from tests.support.rulebooks import edited

RULES = load_rulebook()
PAGE = (Path(__file__).parents[3] / "docs/rulebook.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("word", known(RULES))
def test_every_word_of_the_rulebook_is_explained(word: str) -> None:
    assert explain(RULES, word)


def test_a_word_nobody_declared_is_not() -> None:
    assert explain(RULES, "astrology") == []


def test_a_segment_is_explained_by_its_condition() -> None:
    lines = explain(RULES, "cart_abandoners")
    assert (
        "Someone is in it when “Additions to the cart in 30 days” is at least 1 and it is not so "
        "that “Purchases in 30 days” is at least 1." in lines
    )


def test_what_only_one_purpose_gets_is_said() -> None:
    assert "  query (search, scanned, for personalisation only)" in explain(RULES, "search")


def test_what_is_read_for_names_says_so(tmp_path: Path) -> None:
    rules = edited(tmp_path, ("properties.yaml", "scan: true", "scan: true\n    free_text: drop"))
    assert "(search, scanned, read for names, for" in "\n".join(explain(rules, "search"))


def test_nested_conditions_keep_their_brackets() -> None:
    few = Compare("views", Comparison.LESS_THAN, 3)
    tree = Any_((All((few, InSegment("newcomers"))), Not(Any_((few, few)))))
    assert sentence(RULES, tree) == (
        "(“Product pages seen” is less than 3 and they are in newcomers) or it is not so that "
        "(“Product pages seen” is less than 3 or “Product pages seen” is less than 3)"
    )


def sections() -> dict[str, str]:
    parts = PAGE.split("\n## ")[1:]
    return {part.split("\n", 1)[0]: part for part in parts}


WORDS = [
    ("purposes.yaml", LegalBasis),
    ("identifiers.yaml", IdentifierKind),
    ("properties.yaml", Column),
    ("properties.yaml", PropertyType),
    ("events.yaml", EventKind),
    ("features.yaml", Aggregate),
    ("features.yaml", Unit),
    ("segments/*.yaml", Comparison),
    ("segments/*.yaml", DecisionEffect),
    ("special_categories.yaml", SpecialCategory),
]


@pytest.mark.parametrize(("file", "words"), WORDS, ids=[words.__name__ for _, words in WORDS])
def test_the_page_lists_every_word_of_a_closed_list(file: str, words: type) -> None:
    section = sections()[file]
    assert [word for word in words if f"`{word}`" not in section] == []  # type: ignore[attr-defined]


def test_the_page_lists_every_precision_a_property_may_have() -> None:
    listed = {word for word in Precision if f"`{word}`" in sections()["properties.yaml"]}
    assert listed == set(Precision)


def keys(form: Form, path: str = "") -> Iterator[str]:
    for name, key in form.items():
        yield f"{path}{name}"
        if isinstance(key.holds, Inside):
            yield from keys(key.holds.keys, f"{path}{name}.")
        elif isinstance(key.holds, Each):
            yield from keys(key.holds.keys, f"{path}{name}.*.")


def test_a_reader_asks_for_every_key_of_the_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    """And for no other: reading what the schema does not have is a fault of the program."""
    asked: set[str] = set()
    take = Entry.maybe

    def remember(self: Entry, key: str) -> Value | None:
        asked.add(f"{self.value.file.split('/')[0]} {self.value.path}.{key}")
        return take(self, key)

    monkeypatch.setattr(Entry, "maybe", remember)
    said = {
        "recipients.yaml": "recipients: {a: {name: A, country: FR, purposes: []}}",
        "consent.yaml": "categories: {}\ntcf: {vendor: 1, purposes: {1: [advertising]}}\n"
        "google: {}\ngpc: []\nproof: proof\nage: {adults: [], parental: email_marketing}",
    }
    values = read_folder(SHIPPED)
    build({**values, **{file: parse(text, file) for file, text in said.items()}})
    told = {f"{file.split('/')[0]} {key}" for file, form in FORMS.items() for key in keys(form)}
    assert len(told) > 80
    unasked = [each for each in told if not any(_is(each, one) for one in asked)]
    assert unasked == []


def _is(told: str, asked: str) -> bool:
    file, path = told.split(" ")
    pattern = "[.]?" + re.escape(path).replace(r"\*", r"[^.]+")
    return re.fullmatch(f"{re.escape(file)} {pattern}", asked) is not None


def test_what_the_schema_does_not_have_cannot_be_asked_for() -> None:
    entry = Entry(parse("controller: {name: A}", "controller.yaml"), FORMS["controller.yaml"])
    with pytest.raises(LookupError):
        entry.maybe("colour")
    with pytest.raises(TypeError):
        entry.flag("controller")
