"""By which words special categories are recognised: all of them, each with one word at least."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from policies.reading.entry import Entry
from policies.ruleset import SpecialCategoryRule
from policies.vocabulary import SpecialCategory

# Letters, digits, blanks, hyphens and apostrophes; three of them, or it would be in every text.
_WORD: Final = re.compile(r"[^\W_][\w '\u2019-]+[^\W_]\*?")
Both = tuple[tuple[str, ...], tuple[str, ...]]


def read_special_categories(file: Entry) -> Mapping[str, SpecialCategoryRule]:
    """Give the words of each category; none of them may be missing."""
    given = dict(file.entries("special_categories"))
    for key in SpecialCategory:
        if key not in given:
            file.fault("special_categories", f"`{key}` is missing", "Take it from the shipped one.")
    file.done()
    rules = {str(key): _rule(key, given[key]) for key in SpecialCategory}
    return MappingProxyType(rules)


def _rule(key: SpecialCategory, entry: Entry) -> SpecialCategoryRule:
    label_fr, label_en = entry.labels()
    words = _words(entry.entry("words"), needed=True)
    guard = _words(entry.entry("guard"), needed=False) if entry.has("guard") else (None, None)
    entry.done()
    return SpecialCategoryRule(key, label_fr, label_en, *words, *guard)


def _words(entry: Entry, *, needed: bool) -> Both:
    both = entry.texts("fr"), entry.texts("en")
    for language, said in zip(("fr", "en"), both, strict=True):
        if needed and not said:
            entry.fault(language, "the category has no word", "Write one, or it forbids nothing.")
        for word in said:
            if not _WORD.fullmatch(word):
                advice = "Write three letters at least, with `*` at the end for whatever begins so."
                entry.fault(language, "this is no word to look for", advice)
    entry.done()
    return both
