"""The French social-security number (NIR): thirteen characters and a key of two digits.

Sex, year, month (real, or one of the ranges for incomplete birth records), department (with 2A and
2B for Corsica), commune, order, key = 97 - n mod 97.  The card shows the key apart, so that people
write it apart, or leave it out; without it nothing tells the number from a barcode but a word.
"""

from __future__ import annotations

from typing import Final

from pseudonymizer.scrub.beside import SightRecognizer, alone, bare, beside
from pseudonymizer.scrub.finding import NIR

_WORDS: Final = (
    r"n\.?i\.?r\.?|s[ée]cu|s[ée]cu(?:rit[ée])? sociale|social security|ssn|insee|ameli"
    r"|assur[ée]e? sociale?s?|assurance maladie|immatriculation sociale|(?:carte )?vitale|cpam"
)
_BETWEEN: Final = "[-\\s=./_|,:;\u00b7\u2022\u2010-\u2015\u2212]"  # blanks, points, dashes
_GAP: Final = f"{_BETWEEN}{{0,3}}"
_MONTH: Final = "(?:0[1-9]|1[0-2]|[23][0-9]|4[0-2]|[5-9][0-9])"
_THIRTEEN: Final = _GAP.join(
    ("(?<![0-9])[123478]", "[0-9]{2}", _MONTH, "(?:[0-9]{2}|2[AB])", "[0-9]{3}", "[0-9]{3}")
)
_KEY: Final = rf"{_GAP}[(\[{{]?\s{{0,2}}(?:(?:la )?(?:cl[ée]f?|key|k){_GAP})?[0-9]{{2}}(?![0-9])"
_SIGNS: Final = 13  # of the number, without its key


class NirRecognizer(SightRecognizer):
    """Finds it with its key wherever it stands, and without where a word for it stands beside."""

    def __init__(self, language: str) -> None:
        sights = [alone(_THIRTEEN + _KEY), *beside(_WORDS, _THIRTEEN + "(?![0-9])")]
        super().__init__(NIR, sights, language=language)

    def validate_result(self, pattern_text: str) -> bool | None:
        """Say whether the key is right, or ``None`` where there is none."""
        signs = bare(pattern_text)
        department = {"2A": "19", "2B": "18"}.get(signs[5:7], signs[5:7])
        number = f"{signs[:5]}{department}{signs[7:_SIGNS]}"
        if len(signs) == _SIGNS:
            return None
        return number.isdecimal() and 97 - int(number) % 97 == int(signs[-2:])
