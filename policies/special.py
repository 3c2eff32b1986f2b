"""Does a text touch a special category of data, by the words of the rulebook (R-08, R-73)?

Accents, capitals and the underscores of keys do not count, and neither does how a text was packed
for a URL or a page.  A word may be several.  Names of rules are held against broad words, since a
person who writes a rule can choose another; events against narrow ones, since they are lost.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from html import unescape
from typing import Final
from urllib.parse import unquote_plus

from policies.ruleset import SpecialCategoryRule
from policies.vocabulary import SpecialCategory

_TOKEN: Final = re.compile(r"[^\W_]+")
_UNPACKED: Final = 3  # times that a percent sign may have been packed again
Phrase = tuple[str, ...]


class Lexicon:
    """Words of special categories, ready to be looked for."""

    def __init__(self, words: Iterable[tuple[SpecialCategory, str]]) -> None:
        self._words: dict[str, SpecialCategory] = {}
        self._begun: dict[str, SpecialCategory] = {}
        self._phrases: dict[str, list[tuple[Phrase, bool, SpecialCategory]]] = {}
        for key, word in words:
            self._add(word, key)
        self._beginnings = tuple(self._begun)

    def _add(self, word: str, key: SpecialCategory) -> None:
        phrase, open_ended = _phrase(word)
        if len(phrase) > 1:
            self._phrases.setdefault(phrase[0], []).append((phrase, open_ended, key))
        else:
            (self._begun if open_ended else self._words).setdefault(phrase[0], key)

    def touched(self, text: str) -> SpecialCategory | None:
        """Give the category of the first word in *text* that belongs to one."""
        tokens = _tokens(text)
        for position, token in enumerate(tokens):
            if token in self._words:
                return self._words[token]
            if token.startswith(self._beginnings):
                return next(self._begun[each] for each in self._begun if token.startswith(each))
            for phrase, open_ended, key in self._phrases.get(token, ()):
                if _stands(phrase, open_ended, tokens, position):
                    return key
        return None


def names_lexicon(rules: Mapping[str, SpecialCategoryRule]) -> Lexicon:
    """Give the words that nothing of a rulebook may be named by."""
    return Lexicon(
        (rule.key, word) for rule in rules.values() for word in (*rule.words_fr, *rule.words_en)
    )


def guard_lexicon(rules: Mapping[str, SpecialCategoryRule]) -> Lexicon:
    """Give the words that no text of a stored event may have."""
    return Lexicon(
        (rule.key, word)
        for rule in rules.values()
        for word in (*(rule.guard_fr or ()), *(rule.guard_en or ()))
    )


def _tokens(text: str) -> list[str]:
    for _ in range(_UNPACKED):
        if "%" not in text:
            break
        unpacked = unquote_plus(text)
        text = unquote_plus(text, "latin-1") if "\ufffd" in unpacked else unpacked
    return _TOKEN.findall(_plain(unescape(text) if "&" in text else text))


def _plain(text: str) -> str:
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    # Accents, and what has no width: a soft hyphen divides no word.
    return "".join(
        each
        for each in decomposed
        if not unicodedata.combining(each) and unicodedata.category(each) != "Cf"
    )


def _phrase(word: str) -> tuple[Phrase, bool]:
    return tuple(_TOKEN.findall(_plain(word))), word.endswith("*")


def _stands(phrase: Phrase, open_ended: bool, tokens: list[str], position: int) -> bool:  # noqa: FBT001
    *first, last = phrase
    end = position + len(first)
    if end >= len(tokens) or tokens[position:end] != first:
        return False
    return tokens[end].startswith(last) if open_ended else tokens[end] == last
