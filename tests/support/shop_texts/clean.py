"""What a shop's texts hold that is about nobody, and looks as if it were."""

from __future__ import annotations

import random
import uuid

from tests.support.shop_texts.lists import sections
from tests.support.shop_texts.numbers import digits, letters, luhn_digit

Dice = random.Random

SHOP = sections("shop")


def order_number(dice: Dice) -> str:
    return dice.choice(
        (
            f"CMD-2024-{digits(dice, 7)}",
            f"commande n° 1000{digits(dice, 5)}",
            f"#{digits(dice, 6)}",
            f"order {digits(dice, 9)}",
            f"WEB{digits(dice, 8)}",
            "-".join(digits(dice, count) for count in (3, 7, 7)),
            f"facture F{digits(dice, 4)}-{digits(dice, 5)}",
            f"invoice INV-{digits(dice, 6)}",
        )
    )


def reference(dice: Dice) -> str:
    return dice.choice(
        (
            f"Product {digits(dice, 3)}-{letters(dice, 3)}",
            f"réf. {digits(dice, 4)}-{letters(dice, 2)}",
            f"SKU {digits(dice, 6)}",
            f"ref {letters(dice, 2)}{digits(dice, 5)}",
            f"REF{digits(dice, 9)}",
            f"art. {digits(dice, 3)}.{digits(dice, 3)}.{digits(dice, 2)}",
            f"SM-{letters(dice, 1)}{digits(dice, 3)}B",
            f"modèle {letters(dice, 2)} {digits(dice, 3)} {letters(dice, 2)}",
            f"lot {digits(dice, 12)}",
            f"{digits(dice, 2)}{letters(dice, 2)}{digits(dice, 5)}",
            f"{digits(dice, 4)} {letters(dice, 2)} {digits(dice, 2)}",
        )
    )


def barcode(dice: Dice) -> str:
    head = dice.choice(("325", "376", "400", "978", "541")) + digits(dice, 9)
    total = sum(int(sign) * (3 if place % 2 else 1) for place, sign in enumerate(head))
    whole = f"{head}{-total % 10}"
    isbn = f"ISBN {whole[:3]}-{whole[3]}-{whole[4:7]}-{whole[7:12]}-{whole[12]}"
    spaced = f"{whole[0]} {whole[1:7]} {whole[7:]}"
    return dice.choice((f"EAN {whole}", whole, isbn, f"GTIN 0{whole}", spaced))


def amount(dice: Dice) -> str:
    euros = dice.randrange(1, 4000)
    return dice.choice(
        (
            f"{euros},{dice.randrange(100):02} €",
            f"{euros} €",
            f"£{euros}.99",
            f"$1,{digits(dice, 3)}.00",
            f"1 {digits(dice, 3)},00 €",
            f"{euros}.{dice.randrange(100):02} EUR",
            f"de {euros} à {euros + 50} €",
            f"{digits(dice, 2)}\u202f{digits(dice, 3)},00\u00a0€",
        )
    )


def moment(dice: Dice) -> str:
    day, month = dice.randrange(1, 29), dice.randrange(1, 13)
    return dice.choice(
        (
            f"{day:02}/{month:02}/2024",
            f"du {day} au {day + 2}/{month:02}/2024",
            f"2024-{month:02}-{day:02}",
            f"2024-{month:02}-{day:02}T10:{day:02}:00Z",
            f"{day} décembre 2024",
            f"December {day}, 2024",
            f"{day:02}:{month:02}:45",
            f"17{digits(dice, 8)}",
            f"{day:02}.{month:02}.24",
        )
    )


def measure(dice: Dice) -> str:
    a, b, c = (dice.randrange(10, 250) for _ in range(3))
    return dice.choice(
        (
            f"{a}x{b}x{c} cm",
            f"{a} x {b} cm",
            f"L{a} l{b} H{c}",
            "T. 38/40",
            f"pointure {dice.randrange(35, 47)}",
            f"48.{digits(dice, 4)}, 2.{digits(dice, 4)}",
            f"48°51'{a % 60}\"N 2°21'{b % 60}\"E",
            f"{a} Go / {b} Go",
            f"{a}-{b}-{c} mm",
            "36 38 40 42 44",
            f"RAL {digits(dice, 4)}",
            f"#{digits(dice, 2)}ab{digits(dice, 2)}",
            f"v{a}.{b}.{c}",
            f"{a} 000 heures",
        )
    )


def token(dice: Dice) -> str:
    return dice.choice(
        (
            str(uuid.UUID(int=dice.getrandbits(128), version=4)),
            "gclid=" + letters(dice, 8) + digits(dice, 6) + letters(dice, 8),
            f"colis 6A{digits(dice, 11)}",
            f"1Z{digits(dice, 3)}AA1{digits(dice, 10)}",
            f"session {dice.getrandbits(64):016x}",
            f"utm_source=newsletter&utm_campaign={digits(dice, 6)}",
            f"{digits(dice, 9)}",
            _no_card(dice),
        )
    )


def _no_card(dice: Dice) -> str:
    head = "4" + digits(dice, 14)
    wrong = str((int(luhn_digit(head)) + dice.randrange(1, 10)) % 10)
    whole = head + wrong
    return f"carte fidélité {whole[:4]} {whole[4:8]} {whole[8:12]} {whole[12:]}"


MAKERS = (order_number, reference, barcode, amount, moment, measure, token)


def phrase(dice: Dice, *, french: bool) -> str:
    return dice.choice(SHOP["french" if french else "english"])


def trap(dice: Dice, *, french: bool) -> str:
    """Something hard: one of the makers, or one of the collected phrases."""
    if dice.random() < 0.3:
        return dice.choice(SHOP["french traps" if french else "english traps"])
    return dice.choice(MAKERS)(dice)
