"""Dates of birth: a date, written out or in numbers, beside a word for being born.

A shop's texts are full of dates, so that a date alone means nothing.
"""

from __future__ import annotations

from typing import Final

from pseudonymizer.scrub.beside import SightRecognizer, after, before

BIRTH_DATE: Final = "BIRTH_DATE"

# "naissance" is also a list of presents ("liste de naissance"), "birthday" a sale, and
# shoes are born to run: the first two need "le", "on" or a colon right before the date.
_WORDS: Final = (
    r"n[ée](?:e|s|es)?(?:[(.]e[).]?)? le|n[ée](?:e|\(e\))? en|n[ée](?:e|\(e\))? [àa]|n[ée]e?s? ?:"
    r"|dates?[\s_-]{1,2}(?:de|of)[\s_-]{1,2}(?:naissance|birth)|birth[\s_-]?dates?|date_naissance"
    r"|ddn|d\.?o\.?b\.?|born(?! to)"
    r"|(?<!liste de )(?<!cadeau de )(?<!carte de )naissance(?= ?(?:le|:|=)|\W{0,3}[0-9])"
    r"|birthday(?= ?(?:is|on|:|=)|\W{0,3}[0-9])"
)
_REACH: Final = 25  # " (jj/mm/aaaa) du client : "
_YEAR: Final = r"(?:1[89]|20)[0-9]{2}"
_DAY: Final = r"(?:0?[1-9]|[12][0-9]|3[01])"
_MONTH: Final = r"(?:0?[1-9]|1[0-2])"
_SIGN: Final = r" ?[-/. ] ?"
_NAME: Final = (
    r"(?:janv?(?:ier|uary)?|f[ée]v(?:r(?:ier)?)?|feb(?:ruary)?|mar(?:s|ch)?|avr(?:il)?|apr(?:il)?"
    r"|ma[iy]|juin|june?|juil(?:let)?|july?|ao[ûu]t|aug(?:ust)?|sept?(?:emb(?:re|er))?"
    r"|octo?(?:bre|ber)?|nov(?:emb(?:re|er))?|d[ée]c(?:emb(?:re|er))?)\.?"
)
_BOTH_WAYS: Final = rf"(?:{_DAY}{_SIGN}{_MONTH}|{_MONTH}{_SIGN}{_DAY})"
_DATES: Final = (
    rf"{_BOTH_WAYS}{_SIGN}(?:{_YEAR}|[0-9]{{2}})",
    rf"{_YEAR}{_SIGN}{_MONTH}{_SIGN}{_DAY}",
    rf"{_DAY}(?:er|st|nd|rd|th)?[ -](?:of )?{_NAME},?[ -](?:{_YEAR}|[0-9]{{2}})",
    rf"{_NAME} {_DAY}(?:st|nd|rd|th)?,? {_YEAR}",
    rf"(?:{_YEAR}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])|(?:0[1-9]|[12][0-9]|3[01])(?:0[1-9]|1[0-2]){_YEAR})",
)
# The look at the first sign alone makes the worst text three times cheaper.
_DATE: Final = rf"(?=[0-9jfmasond])(?<![0-9])(?:{'|'.join(_DATES)})(?![0-9])"


def births(language: str) -> SightRecognizer:
    """Build the recogniser of birth dates, for texts in *language*."""
    sights = [after(_WORDS, _DATE, reach=_REACH), before(_DATE, "date de naissance|date of birth")]
    return SightRecognizer(BIRTH_DATE, sights, language=language)
