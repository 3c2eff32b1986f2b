"""Which names does the sender of an event go by, and does a text hold one of them?

No pattern knows a customer number or a surname, but the event itself says which are its sender's.
Compared are letters and digits alone: ``Konrad Zuse`` is met again in ``konrad-zuse`` and, with
its accents gone, in ``KONRADZUSE``.  A name that is one plain word has to stand as a word, so that
a Mme Blanc can still be shown white shirts (*blanches*).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from pseudonymizer.scrub.decode import readings

SHORTEST_OWN: Final = 5  # a customer number such as "42" names nobody outside its field
SHORTEST_WORD: Final = 3  # where it is all that somebody is called: Luc
SHORTEST_PART: Final = 4  # of several words; *van*, *der* and *des* name nobody by themselves
_SAME_NUMBER: Final = 9  # last digits by which a telephone number is one, however it begins
_LETTERS: Final = re.compile(r"[^\W\d_]+")
_PUNCTUATION: Final = bytes(code for code in range(128) if not chr(code).isalnum())
_SMALL: Final = bytes(range(256)).lower()

Own = tuple[str, ...]
"""What to look for: bare letters and digits, or a word between two blanks."""


def own_names(names: Iterable[str]) -> Own:
    """Give what to look for, so that *names* are found; those too short to tell are left out."""
    found: list[str] = []
    for name in names:
        letters = bare(name)
        if name.isalpha():
            if len(letters) < SHORTEST_WORD:
                continue
            letters = f" {letters} "
        elif len(letters) < SHORTEST_OWN:
            continue
        elif letters.isdecimal():
            letters = letters[-_SAME_NUMBER:]
        elif " " in name:
            found += (each for each in _parts(name) if each not in found)
        if letters not in found:  # a handful at most: a dictionary would take longer
            found.append(letters)
    return tuple(found)


def _parts(name: str) -> Iterator[str]:
    """Give the words of a name of several, each as one that has to stand as a word."""
    words = _LETTERS.findall(_folded(name))
    if sum(map(len, words)) == len(bare(name)):  # a text with digits in it is no name
        yield from (f" {word} " for word in words if len(word) >= SHORTEST_PART)


def names_one(own: Own, text: str, *, wrapped: bool = False) -> bool:
    """Say whether *text* holds one of the names; see ``naming``."""
    return naming([own], [text], [wrapped])[0]


def naming(
    own: Sequence[Own], texts: Sequence[str], wrapped: Sequence[int] | None = None
) -> list[bool]:
    """Say of each text whether it holds one of its sender's names.

    Args:
        own: for each text, what ``own_names`` gave.
        texts: what may name its sender.
        wrapped: for each text, whether it shows a sign of an encoding; its readings are searched,
            too, and one that has too many of them is taken to hold a name.
    """
    letters: dict[str, str] = {}  # texts repeat, within a batch above all
    found = []
    for position, (names, text) in enumerate(zip(own, texts, strict=True)):
        if text not in letters:
            letters[text] = bare(text)
        held = bool(names) and _holds(names, text, letters[text])
        if not held and names and wrapped is not None and wrapped[position]:
            held = _hides(names, text)
        found.append(held)
    return found


def _hides(own: Own, text: str) -> bool:
    try:
        return any(_holds(own, reading, bare(reading)) for reading in readings(text))
    except ValueError:
        return True


def could_hold(own: Own, letters: str) -> bool:
    """Say whether a text of which ``bare`` gave *letters* may hold one of the names.

    A no is certain; after a yes, ``naming`` knows: a word among others is not yet a name.
    """
    for name in own:  # noqa: SIM110  # a generator takes three times as long
        if name.strip() in letters:
            return True
    return False


def _holds(own: Own, text: str, letters: str) -> bool:
    for name in own:
        if name in letters or (name[0] == " " and name.strip() in letters and name in _words(text)):
            return True
    return False


def bare(text: str) -> str:
    """Give the letters and digits of *text* in small letters, without accents."""
    if text.isascii():
        return text.encode().translate(_SMALL, _PUNCTUATION).decode()
    return "".join(filter(str.isalnum, _folded(text)))


def _words(text: str) -> str:
    """Give the words of *text*, each between blanks."""
    return f" {' '.join(_LETTERS.findall(_folded(text)))} "


def _folded(text: str) -> str:
    """Give *text* in small letters, decomposed; an accent is then no letter, and is left out."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(each for each in plain if not unicodedata.combining(each))
