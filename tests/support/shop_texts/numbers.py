"""Numbers of people, right to the last digit, spelled as people spell them."""

from __future__ import annotations

import random
from collections.abc import Sequence

Dice = random.Random


def digits(dice: Dice, count: int) -> str:
    return "".join(dice.choice("0123456789") for _ in range(count))


def letters(dice: Dice, count: int, alphabet: str = "ABCDEFGHJKLMNPQRSTVWXYZ") -> str:
    return "".join(dice.choice(alphabet) for _ in range(count))


def grouped(text: str, sizes: Sequence[int], between: str) -> str:
    parts, start = [], 0
    for size in sizes:
        parts.append(text[start : start + size])
        start += size
    return between.join(part for part in (*parts, text[start:]) if part)


def luhn_digit(head: str) -> str:
    total = 0
    for place, sign in enumerate(reversed(head)):
        value = int(sign) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def with_luhn(head: str) -> str:
    return head + luhn_digit(head)


def bare_siren(dice: Dice) -> str:
    return with_luhn(dice.choice("345789") + digits(dice, 7))


def siren(dice: Dice) -> str:
    return grouped(bare_siren(dice), (3, 3), dice.choice((" ", " ", "", "", ".", "\u00a0")))


def siret(dice: Dice) -> str:
    number = bare_siren(dice)
    if dice.random() < 0.05:  # La Poste, whose shops are counted another way
        number = "356000000"
        branch = digits(dice, 4)
        last = next(d for d in "0123456789" if sum(map(int, number + branch + d)) % 5 == 0)
        whole = number + branch + last
    else:
        whole = with_luhn(number + "00" + digits(dice, 2))
    return grouped(whole, (3, 3, 3), dice.choice((" ", " ", "", "", ".")))


def vat(dice: Dice) -> str:
    number = bare_siren(dice)
    key = f"{(12 + 3 * (int(number) % 97)) % 97:02}"
    match dice.randrange(5):
        case 0:
            return f"FR {key} {grouped(number, (3, 3), ' ')}"
        case 1:
            return f"FR{key} {grouped(number, (3, 3), ' ')}"
        case 2:
            return f"FR {key}{number}"
        case 3:
            return f"fr{key}{number}"
    return f"FR{key}{number}"


def tax_number(dice: Dice) -> str:
    head = dice.choice("0123") + digits(dice, 9)
    whole = f"{head}{int(head) % 511:03}"
    return grouped(whole, (2, 2, 3, 3), dice.choice((" ", "", "")))


def nir(dice: Dice) -> str:
    month = f"{dice.randrange(1, 13):02}"
    place = dice.choice(("75", "13", "59", "97", "2A", "2B", "33", "99"))
    head = f"{dice.choice('12')}{dice.randrange(20, 99):02}{month}{place}{digits(dice, 6)}"
    reckoned = int(head[:5] + {"2A": "19", "2B": "18"}.get(place, place) + head[7:])
    whole = f"{head}{97 - reckoned % 97:02}"
    match dice.randrange(4):
        case 0:
            return whole
        case 1:
            return grouped(whole, (13,), " ")
    return grouped(whole, (1, 2, 2, 2, 3, 3), dice.choice((" ", " ", ".", "-")))


def rpps(dice: Dice) -> str:
    return with_luhn("10" + digits(dice, 8))


def ine(dice: Dice) -> str:
    match dice.randrange(3):
        case 0:
            return digits(dice, 9) + letters(dice, 2)
        case 1:
            return digits(dice, 10) + letters(dice, 1)
    return f"{digits(dice, 9)} {letters(dice, 2)}"


def bare_account(dice: Dice) -> str:
    bank, branch = digits(dice, 5), digits(dice, 5)
    account = digits(dice, 11)
    if dice.random() < 0.3:  # savings banks put letters in
        account = f"{account[:6]}{letters(dice, 1, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ')}{account[7:]}"
    values = {**dict(zip("ABCDEFGHIJKLMNOPQR", "123456789" * 2, strict=True)),
              **dict(zip("STUVWXYZ", "23456789", strict=True))}  # fmt: skip
    plain = "".join(values.get(sign, sign) for sign in account)
    return f"{bank}{branch}{account}{97 - int(bank + branch + plain + '00') % 97:02}"


def account(dice: Dice) -> str:
    number = bare_account(dice)
    return grouped(number, (5, 5, 11), dice.choice((" ", " ", "", " - ", "/")))


def iban(dice: Dice) -> str:
    country, inner = dice.choice(
        (("FR", bare_account(dice)), ("FR", bare_account(dice)), ("DE", digits(dice, 18)),
         ("GB", "WEST" + digits(dice, 14)), ("BE", _belgian(dice)))
    )  # fmt: skip
    spelled = "".join(str(int(sign, 36)) for sign in f"{inner}{country}00")
    whole = f"{country}{98 - int(spelled) % 97:02}{inner}"
    match dice.randrange(4):
        case 0:
            return whole
        case 1:
            return whole.lower()
    return grouped(whole, (4,) * 8, " ")


def _belgian(dice: Dice) -> str:
    head = digits(dice, 10)
    return f"{head}{int(head) % 97 or 97:02}"


def card(dice: Dice) -> str:
    if dice.random() < 0.15:
        return grouped(with_luhn("37" + digits(dice, 12)), (4, 6), dice.choice((" ", "", "-")))
    head = dice.choice(("4", "51", "53", "55", "4"))
    whole = with_luhn(head + digits(dice, 15 - len(head)))
    return grouped(whole, (4, 4, 4), dice.choice((" ", " ", "", "-")))


def identity_card(dice: Dice) -> str:
    if dice.random() < 0.5:
        return _issued(dice)
    consonants = "BCDFGHJKLMNPRTVWXZ"
    signs = [dice.choice(consonants), *(dice.choice(consonants + "0123456789") for _ in range(6))]
    return "".join([*signs, dice.choice("23456789"), dice.choice(consonants + "0123456789")])


def passport(dice: Dice) -> str:
    parts = digits(dice, 2), letters(dice, 2), digits(dice, 5)
    return dice.choice(("", "", "", " ")).join(parts)


def driving_licence(dice: Dice) -> str:
    if dice.random() < 0.5:
        return passport(dice).replace(" ", "")
    return _issued(dice)


def _issued(dice: Dice) -> str:
    month = f"{dice.randrange(100):02}{dice.randrange(1, 13):02}"
    return month + dice.choice(("75", "69", "13", "59")) + digits(dice, 6)


def plate(dice: Dice) -> str:
    pair = "ABCDEFGHJKLMNPQRTVXYZ"
    if dice.random() < 0.4:
        place = dice.choice(("75", "69", "13", "2A", "974", "33", "59"))
        return dice.choice((" ", " ", "-", "")).join(
            (str(dice.randrange(11, 9999)), letters(dice, dice.choice((2, 3)), pair), place)
        )
    parts = letters(dice, 2, pair), digits(dice, 3), letters(dice, 2, pair)
    return dice.choice(("-", "-", "-", " ", "")).join(parts)
