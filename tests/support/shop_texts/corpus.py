"""The corpus: 10 000 French and 5 000 English texts from one seed; a third are about somebody."""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Iterator
from typing import Final, NamedTuple

from tests.support.canaries import ENCODINGS
from tests.support.shop_texts import clean
from tests.support.shop_texts.lists import sections
from tests.support.shop_texts.ways import ENGLISH, FRENCH

Dice = random.Random

SEED: Final = 1815
SIZES: Final = {"fr": 10_000, "en": 5_000}
ABOUT_SOMEBODY: Final = 0.35
ENCODED: Final = 0.5  # of e-mail addresses and phone numbers; the rest stand in the clear
OFTEN: Final = ("EMAIL_ADDRESS", "PHONE_NUMBER") * 5  # as in life, and to try every encoding
BETWEEN: Final = (" ", " ", " ", ", ", " - ", " | ", "\n", " / ", " ; ")

MORE_ENCODINGS: Final = {
    **ENCODINGS,
    "in a query": lambda text: "q=robe&u=" + text.replace("@", "%40").replace(" ", "+"),
    "in JSON in JSON": lambda text: '{\\"u\\": \\"' + text.replace("@", "\\\\u0040") + '\\"}',
    "no-break spaces": lambda text: text.replace(" ", "\u00a0"),
    "zero-width characters": "\u200b".join,
    "punycode": lambda text: re.sub("@.*", "@xn--bcher-kva.example", text),
    "named entities": lambda text: text.replace("@", "&commat;").replace("+", "&plus;"),
}


class Text(NamedTuple):
    """A text, what it holds of whom, and how that was wrapped."""

    text: str
    kinds: tuple[str, ...]
    values: tuple[str, ...]
    encoding: str
    overseas: bool
    french: bool


def held_out(*, seed: int = SEED) -> Iterator[Text]:
    """Give 3 000 texts of phrases and traps that were written last, and never tuned for."""
    lists = sections("held_out")
    traps = lists.pop("traps")
    dice = random.Random(f"{seed} held out")  # noqa: S311  # a corpus, not a key
    for number in range(3_000):
        if number % 2:
            text = _joined(dice, [dice.choice(traps) for _ in range(dice.randrange(1, 3))])
            yield Text(text, (), (), "", overseas=False, french=True)
            continue
        kind = dice.choice(sorted(lists))
        phrase = dice.choice(lists[kind])
        french = not re.search(r"\b(?:my|me|to|on|number|nr|was|company|birthdate)\b", phrase)
        value = (FRENCH if french else ENGLISH)[kind].make(dice)
        text = _among_others(dice, [phrase.replace("{}", value)], french=french)
        yield Text(text, (kind,), (value,), "", overseas=False, french=french)


def corpus(*, share: float = 1.0, seed: int = SEED) -> Iterator[Text]:
    """Give the texts, or the first *share* of each language."""
    for language, size in SIZES.items():
        dice = random.Random(f"{seed} {language}")  # noqa: S311  # no key
        for _ in range(round(size * share)):
            yield _text(dice, french=language == "fr")


def _text(dice: Dice, *, french: bool) -> Text:
    if dice.random() >= ABOUT_SOMEBODY:
        return Text(_clean(dice, french=french), (), (), "", overseas=False, french=french)
    table = FRENCH if french else ENGLISH
    drawn = dice.sample([*sorted(table), *OFTEN], 2 if dice.random() < 0.1 else 1)
    names = list(dict.fromkeys(drawn))
    pieces, values, encoding = [], [], ""
    for name in names:
        way = table[name]
        value = way.make(dice)
        phrase = dice.choice(way.phrases)
        spelled = value
        if (
            name in {"EMAIL_ADDRESS", "PHONE_NUMBER"}
            and len(names) == 1
            and dice.random() < ENCODED
        ):
            encoding = dice.choice(sorted(MORE_ENCODINGS))
            if encoding == "punycode" and name == "PHONE_NUMBER":
                encoding = "percent"
            spelled = MORE_ENCODINGS[encoding](value)
            if "base64" in encoding or encoding == "hexadecimal":
                phrase = dice.choice(("{}", "id={}", "u={}&v=2", "?c={}"))
        pieces.append(_careless(dice, phrase).replace("{}", spelled, 1))
        values.append(value)
    kinds = tuple("PHONE_NUMBER" if name == "overseas" else name for name in names)
    text = _among_others(dice, pieces, french=french)
    return Text(text, kinds, tuple(values), encoding, "overseas" in names, french)


def _clean(dice: Dice, *, french: bool) -> str:
    pieces = [
        clean.trap(dice, french=french)
        if dice.random() < 0.5
        else clean.phrase(dice, french=french)
        for _ in range(dice.randrange(1, 4))
    ]
    return _joined(dice, pieces)


def _among_others(dice: Dice, pieces: list[str], *, french: bool) -> str:
    """Put the pieces about somebody among words of the shop, sometimes hard ones."""
    others = [
        clean.trap(dice, french=french)
        if dice.random() < 0.2
        else clean.phrase(dice, french=french)
        for _ in range(dice.choice((0, 1, 1, 2)))
    ]
    everything = [*pieces, *others]
    dice.shuffle(everything)
    return _joined(dice, everything)


def _joined(dice: Dice, pieces: list[str]) -> str:
    text = pieces[0]
    for piece in pieces[1:]:
        text += dice.choice(BETWEEN) + piece
    return text


def _careless(dice: Dice, phrase: str) -> str:
    """Write the words as they come: in capitals, without accents, without blanks around a colon."""
    match dice.randrange(10):
        case 0:
            return phrase.upper()
        case 1:
            return phrase.capitalize() if not phrase.startswith("{") else phrase
        case 2:
            decomposed = unicodedata.normalize("NFD", phrase)
            return "".join(sign for sign in decomposed if not unicodedata.combining(sign))
        case 3:
            return phrase.replace(" : ", ":").replace(": ", ":")
        case 4:
            return phrase.replace(" ", "  ")
    return phrase
