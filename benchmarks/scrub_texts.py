"""Texts of a shop, a few of them about somebody, and texts made to tell two engines apart.

Seeded.  No text of the first kind is met twice but by chance.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

Dice = random.Random

SHOP = (
    "robe longue été chaussures de randonnée imperméables veste homme soldes -30 % coton bio "
    "taille 38 pointure 42 réf. 4021 livraison offerte dès 49,90 € lot de 3 canapé d'angle "
    "convertible lampe 60 W crème hydratante 50 ml jusqu'au 12/05 l\u2019été arrive nouveauté"
)
WORDS = SHOP.split()
PEOPLE: tuple[Callable[[Dice], str], ...] = (
    lambda dice: f"ada.lovelace{dice.randrange(10_000)}@example.org",
    lambda dice: "06 " + " ".join(f"{dice.randrange(100):02d}" for _ in range(4)),
    lambda dice: f"+336{dice.randrange(10**8):08d}",
    lambda dice: f"192.0.2.{dice.randrange(256)}",
    lambda dice: f"grace.hopper{dice.randrange(10_000)}%40example.com",
)
SHARE = 0.03
# Of every kind that is looked for, and near misses.
PIECES = (
    "ada@example.org", "GRACE+HOPPER@Example.CO.UK", "06 12 34 56 78", "+49 30 123456",
    "(0)1.23.45.67.89", "212-555-0123 x45", "FR76 3000 6000 0112 3456 7890 189", "0800 1111",
    "gb82west12345698765432", "4111 1111 1111 1111", "192.0.2.17", "2001:db8::8a2e:370:7334",
    "00:1a:2B:3c:4D:5e", "1 85 05 78 006 084 91", "AB-123-CD", "plaque 1234 AB 75",
    "siren: 732 829 320", "siret 732 829 320 00074", "tva FR 44 732 829 320", "n° INE 123456789AB",
    "numéro fiscal 30 23 217 600 053", "rib 30006 00001 12345678901 89", "passeport 12AB34567",
    "carte d'identité X4RTBPFW4", "née le 10 décembre 1815", "Mme Hélène de La Garanderie",
    "M. Jean Dupont", "12 bis, rue de l'Église, 75002 Paris", "221B Baker Street, London NW1 6XE",
    "std::vector", "réf. 4021", "permis n°", "36 38 40 42", "le 12/05/2024", "🙂", "ß",
)  # fmt: skip
# Zeros of scripts old and new, inside and outside the basic plane; what divides, and what does not.
ZEROS = "0\u0660\u06f0\u07c0\u0966\uff10\U0001d7ce\U0001e950\U00011d50"
NOISE = " -.()/x+@:,_~\n\u00a0\u2009\u200b\u2013\u30fc\uff0b\uff08\uff0eé\u017f\u212a\u0130\u0301"


def corpus(size: int, *, seed: int = 1815) -> list[str]:
    """Write texts as a shop's searches, titles and labels have them."""
    dice = Dice(seed)  # a corpus, not a key
    texts = []
    for _ in range(size):
        words = [dice.choice(WORDS) for _ in range(dice.randrange(2, 10))]
        if dice.random() < SHARE:
            words.insert(dice.randrange(len(words)), dice.choice(PEOPLE)(dice))
        texts.append(" ".join(words))
    return texts


def fuzz(size: int, *, seed: int = 1843) -> Iterator[str]:
    """Write pieces of every kind with digits and separators of other scripts in them."""
    dice = Dice(seed)
    for _ in range(size):
        pieces = dice.sample(PIECES, dice.randrange(1, 4))
        characters = list(dice.choice((" ", ", ", "\n", "")).join(pieces))
        zero = ord(dice.choice(ZEROS))
        for _ in range(dice.randrange(6)):
            place = dice.randrange(len(characters))
            old = characters[place]
            if old.isascii() and old.isdecimal() and dice.random() < 0.7:
                characters[place] = chr(zero + int(old))
            elif not old.isalnum():
                characters[place] = dice.choice(NOISE)
            else:
                characters[place] = dice.choice(("", old.swapcase(), dice.choice(NOISE) + old))
            characters = [each for each in characters if each] or ["."]
        yield "".join(characters)
