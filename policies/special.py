"""Does a text touch a special category of data, by the words of the rulebook (R-08, R-73)?

Accents, capitals and the underscores of keys do not count, and neither does how a text was packed
for a URL.  A word may be several; the phrases of ``unless`` are taken out before anything counts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from typing import Final
from urllib.parse import unquote_plus

from policies.ruleset import SpecialCategoryRule
from policies.vocabulary import SpecialCategory

GUARDED: Final = frozenset(SpecialCategory) - {SpecialCategory.MINORS, SpecialCategory.DISTRESS}
"""What no event may tell of somebody: Articles 9 and 10.  A shop may sell shoes for children."""

_TOKEN: Final = re.compile(r"[^\W_]+")
_UNPACKED: Final = 3  # times that a percent sign may have been packed again
Phrase = tuple[str, ...]


class Lexicon:
    """The words of special categories, ready to be looked for.

    Args:
        rules: by category.
        categories: those that are looked for.
    """

    def __init__(
        self,
        rules: Mapping[str, SpecialCategoryRule],
        categories: Collection[SpecialCategory] = frozenset(SpecialCategory),
    ) -> None:
        self._words: dict[str, SpecialCategory] = {}
        self._begun: dict[str, SpecialCategory] = {}
        self._phrases: dict[str, list[tuple[Phrase, bool, SpecialCategory]]] = {}
        for rule in rules.values():
            if rule.key in categories:
                for word in (*rule.words_fr, *rule.words_en):
                    self._add(word, rule.key)
        self._beginnings = tuple(self._begun)
        self._unless = [_phrase(text) for rule in rules.values() for text in rule.unless]

    def _add(self, word: str, key: SpecialCategory) -> None:
        phrase, open_ended = _phrase(word)
        if len(phrase) > 1:
            self._phrases.setdefault(phrase[0], []).append((phrase, open_ended, key))
        else:
            (self._begun if open_ended else self._words).setdefault(phrase[0], key)

    def touched(self, text: str) -> SpecialCategory | None:
        """Give the category of the first word in *text* that belongs to one."""
        tokens = _tokens(text)
        found = self._found(tokens)
        if found is None or not self._unless:
            return found
        return self._found(_without(tokens, self._unless))

    def _found(self, tokens: list[str]) -> SpecialCategory | None:
        for position, token in enumerate(tokens):
            if token in self._words:
                return self._words[token]
            if token.startswith(self._beginnings):
                return next(self._begun[each] for each in self._begun if token.startswith(each))
            for phrase, open_ended, key in self._phrases.get(token, ()):
                if _stands(phrase, open_ended, tokens, position):
                    return key
        return None


def _tokens(text: str) -> list[str]:
    for _ in range(_UNPACKED):
        if "%" not in text:
            break
        text = unquote_plus(text)
    return _TOKEN.findall(_plain(text))


def _plain(text: str) -> str:
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(each for each in decomposed if not unicodedata.combining(each))


def _phrase(word: str) -> tuple[Phrase, bool]:
    return tuple(_TOKEN.findall(_plain(word))), word.endswith("*")


def _stands(phrase: Phrase, open_ended: bool, tokens: list[str], position: int) -> bool:  # noqa: FBT001
    *first, last = phrase
    end = position + len(first)
    if end >= len(tokens) or tokens[position:end] != first:
        return False
    return tokens[end].startswith(last) if open_ended else tokens[end] == last


def _without(tokens: list[str], phrases: list[tuple[Phrase, bool]]) -> list[str]:
    return list(_left(tokens, phrases))


def _left(tokens: list[str], phrases: list[tuple[Phrase, bool]]) -> Iterator[str]:
    position = 0
    while position < len(tokens):
        lengths = [len(p) for p, open_ended in phrases if _stands(p, open_ended, tokens, position)]
        if not lengths:
            yield tokens[position]
        position += max(lengths, default=1)
