"""Names behind a title: ``Mme Curie``, ``M. Jean Dupont``, ``Dr Alan Turing``.

No pattern knows a name; a title announces one.  The name must be written with a capital, since
"pour monsieur et madame" is about nobody, and shops sell things with a title: they are listed.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from pseudonymizer.scrub.beside import Sight, SightRecognizer
from pseudonymizer.scrub.edges import BEGIN, EDGE, END

PERSON: Final = "PERSON"

_EXACT: Final = re.DOTALL | re.MULTILINE
_TITLES: Final = (
    r"(?i:mmes?|mlles?|mrs?|mister|ms|miss|dr|dre|prof|madame|mademoiselle|monsieur|messieurs"
    r"|docteure?|doctor|professeure?|professor)"
)
# "Pr" and "MM" are typed in many other ways for many other things.  A size M needs no full stop,
# but may stand at the end of a sentence.
_SHORT: Final = (
    r"(?<!(?i:taille|tailles|size|en|au|le|du|(?:taille|size) ?:|\b[slx][,/]) )(?:M\.|MM\.|Pr\.?)"
)
_PARTICLE: Final = (
    r"(?:(?:[Dd]e [Ll]a|[Dd]e|[Dd]u|[Dd]es|[Ll]e|[Ll]a|[Vv]on|van der|van den|van|di|da|el|al|ben) "
    r"|[dl]['\u2019])"
)
_LONG: Final = (  # two letters at least, and no size
    r"(?!X*(?:S|M|L|XL)\b)\p{Lu}(?:['\u2019](?=\p{L}))?[\p{L}\p{M}]{1,30}"
    r"(?:['\u2019-]\p{L}[\p{L}\p{M}]{0,30}){0,3}"
)
_WORD: Final = rf"(?:\p{{Lu}}\.-?(?:\p{{Lu}}\.)?|{_LONG})"
_NAME: Final = rf"(?:{_WORD} ){{0,2}}{_PARTICLE}{{0,2}}{_LONG}{END}"
_TITLED: Final = (
    rf"{BEGIN}(?:{_TITLES}\.?|{_SHORT})[ \u00a0\u202f]{{1,2}}(?:et (?:Mme|Madame) )?{_NAME}"
)
_SHAPE: Final = rf"{EDGE}(?:{_TITLES}\.?|MM?\.|Pr\.?)\s{{1,2}}\w"

# What stands behind a title on shelves: makers, heroes, books.  In small letters without accents.
_SHELF: Final = (
    "bean beauty blanche boho bovary bricolage bronner browns captain chat clean coco cuisine darcy"
    " dior doubtfire dre fantastic freeze hauschka hinch incredible jart kitty lapin madame magic"
    " magoo malin marvel marvis martens maestro men moneypenny moustache muscle octopus oetker"
    " papillon patate patisserie peel pepper perfect poesie potato proper propre pawpaw robot"
    " scholl schaer selfridge sherlock sixty sporty strange tussauds universe who wonderful world"
)
_SOLD: Final = frozenset(_SHELF.split())


class TitleRecognizer(SightRecognizer):
    """Finds a title with the name behind it; the name of a product is let be."""

    def __init__(self, language: str) -> None:
        super().__init__(PERSON, [Sight(_TITLED, _SHAPE)], language=language, flags=_EXACT)

    def invalidate_result(self, pattern_text: str) -> bool:
        """Say that the first word behind the title is one that things are sold under."""
        plain = unicodedata.normalize("NFKD", pattern_text.casefold())
        words = re.findall(r"[a-z]+", "".join(c for c in plain if not unicodedata.combining(c)))
        return len(words) > 1 and words[1] in _SOLD
