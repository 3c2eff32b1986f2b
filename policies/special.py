"""Does a text touch a special category of data, by the words of the rulebook (R-08)?

Accents, capitals and the underscores of keys do not count.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from policies.ruleset import SpecialCategoryRule
from policies.vocabulary import SpecialCategory


class Lexicon:
    """The words of the special categories, ready to be looked for."""

    def __init__(self, rules: Mapping[str, SpecialCategoryRule]) -> None:
        words = (
            f"(?P<{key}>{'|'.join(_pattern(word) for word in (*rule.words_fr, *rule.words_en))})"
            for key, rule in rules.items()
        )
        self._words = re.compile(rf"\b(?:{'|'.join(words)})")

    def touched(self, text: str) -> SpecialCategory | None:
        """Give the category of the first word in *text* that belongs to one."""
        found = self._words.search(_plain(text))
        return SpecialCategory(found.lastgroup) if found and found.lastgroup else None


def _pattern(word: str) -> str:
    whole = not word.endswith("*")
    return re.escape(_plain(word.rstrip("*"))) + (r"\b" if whole else "")


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.replace("_", " ").casefold())
    return "".join(each for each in decomposed if not unicodedata.combining(each))
