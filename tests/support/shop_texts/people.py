"""Who is in the texts: names, addresses, numbers to call and days of birth, in many spellings."""

from __future__ import annotations

import random

from tests.support.shop_texts.lists import sections
from tests.support.shop_texts.numbers import digits, grouped

Dice = random.Random

PEOPLE = sections("people")
_PLAIN = str.maketrans("éèëêàâäîïôöûüçóá", "eeeeaaaiioouucoa")


def first(dice: Dice) -> str:
    return dice.choice(PEOPLE["first names"])


def last(dice: Dice) -> str:
    return dice.choice(PEOPLE["last names"])


def email(dice: Dice) -> str:
    one, two = (
        part(dice).lower().translate(_PLAIN).replace(" ", "").replace("'", "")
        for part in (first, last)
    )
    year = dice.randrange(1900, 2000)
    number = dice.choice(("", "", str(dice.randrange(1000)), "+shop", f"_{year}"))
    local = dice.choice(
        (f"{one}.{two}", f"{one}{two}", f"{one[0]}.{two}", f"{two}-{one}", f"{one}_{two}", two)
    )
    whole = f"{local}{number}@{dice.choice(PEOPLE['hosts'])}"
    return dice.choice((str, str, str, str.upper, str.title))(whole)


def french_phone(dice: Dice) -> str:
    head = dice.choice(
        (
            "06 12",
            "06 81",
            "07 60",
            "07 82",
            "01 42",
            "02 40",
            "03 20",
            "04 78",
            "05 56",
            "06 25",
            "09 72",
        )
    )
    subscriber = head.replace(" ", "")[1:] + digits(dice, 6)
    return _spelled(dice, subscriber, "33")


def overseas_phone(dice: Dice) -> str:
    code, head, count = dice.choice(
        (
            ("262", "69220", 4),
            ("262", "26241", 4),
            ("590", "69035", 4),
            ("590", "59082", 4),
            ("594", "69420", 4),
            ("594", "59430", 4),
            ("596", "69645", 4),
            ("596", "59660", 4),
            ("262", "63969", 4),
            ("508", "41", 4),
            ("687", "26", 4),
            ("687", "78", 4),
            ("689", "8773", 4),
            ("689", "4050", 4),
            ("681", "72", 4),
        )
    )
    subscriber = head + digits(dice, count)
    if len(subscriber) == 9:
        return _spelled(dice, subscriber, code)
    between = dice.choice((" ", ".", ""))
    pairs = grouped(subscriber, (2,) * 4, between)
    return dice.choice(("+", "00")) + code + dice.choice((" ", "")) + pairs


def _spelled(dice: Dice, subscriber: str, code: str) -> str:
    between = dice.choice((" ", " ", ".", "-", "", ""))
    match dice.randrange(6):
        case 0:
            return f"+{code} {grouped(subscriber, (1, 2, 2, 2), between)}"
        case 1:
            return f"+{code}{subscriber}"
        case 2:
            return f"+{code} (0){grouped(subscriber, (1, 2, 2, 2), between)}"
        case 3:
            return f"00{code}{grouped(subscriber, (1, 2, 2, 2), between)}"
    return grouped(f"0{subscriber}", (2, 2, 2, 2), between)


def english_phone(dice: Dice) -> str:
    return dice.choice(
        (
            f"020 7946 0{digits(dice, 3)}",
            f"+44 20 7946 0{digits(dice, 3)}",
            f"07911 12{digits(dice, 4)}",
            f"+44 7911 12{digits(dice, 4)}",
            f"+447911 12{digits(dice, 4)}",
            f"(212) 555-01{digits(dice, 2)}",
            f"+1 212-555-01{digits(dice, 2)}",
            f"212.555.01{digits(dice, 2)}",
            f"0161 496 0{digits(dice, 3)}",
            french_phone(dice),
        )
    )


def ip_address(dice: Dice) -> str:
    if dice.random() < 0.4:
        groups = [f"{dice.randrange(1, 0x10000):x}" for _ in range(6)]
        whole = ":".join(["2001", "db8", *groups])
        return dice.choice((whole, f"2001:db8::{groups[0]}:{groups[1]}", whole.upper()))
    net = dice.choice(("192.0.2", "198.51.100", "203.0.113"))
    return f"{net}.{dice.randrange(1, 255)}"


def mac_address(dice: Dice) -> str:
    pairs = [f"{dice.randrange(256):02x}" for _ in range(6)]
    whole = dice.choice((":", ":", "-")).join(pairs)
    return dice.choice((whole, whole.upper()))


def french_address(dice: Dice) -> str:
    also = dice.choice(("",) * 8 + (" bis", " ter", "bis", " B", "A"))
    between = dice.choice((" ", " ", " ", ", "))
    kind, name = dice.choice(PEOPLE["kinds of streets"]), dice.choice(PEOPLE["french streets"])
    street = f"{dice.randrange(1, 250)}{also}{between}{kind} {name}"
    town = dice.choice(PEOPLE["french towns"])
    extra = dice.choice(("", "", "", "", "", ", bât. C", ", appt 12", ", résidence Les Pins"))
    return dice.choice(
        (
            street,
            f"{street}, {town}",
            f"{street} {town}",
            f"{street}{extra}, {town}",
            f"{street}\n{town}",
            f"{street} - {town}",
        )
    )


def english_address(dice: Dice) -> str:
    number = f"{dice.randrange(1, 2500)}{dice.choice(('', '', '', '', 'B', 'a'))}"
    street = number + dice.choice((" ", " ", " ", ", ")) + dice.choice(PEOPLE["english streets"])
    whole = f"{street}, {dice.choice(PEOPLE['english towns'])}"
    return dice.choice((street, whole, whole, f"Flat 3, {street}"))


def birth_date(dice: Dice, *, french: bool) -> str:
    day, month, year = dice.randrange(1, 29), dice.randrange(1, 13), dice.randrange(1930, 2012)
    sign = dice.choice(("/", "/", "/", "-", ".", " "))
    numeric = (
        f"{day:02}{sign}{month:02}{sign}{year}",
        f"{day}{sign}{month}{sign}{year}",
        f"{day:02}{sign}{month:02}{sign}{year % 100:02}",
        f"{year}-{month:02}-{day:02}",
    )
    if french:
        name = dice.choice(
            (PEOPLE["french months"], PEOPLE["french months"], PEOPLE["french months short"])
        )[month - 1]
        written = (f"{'1er' if day == 1 else day} {name} {year}", f"{day} {name} {year}")
        return dice.choice((*numeric, *written))
    name = dice.choice(
        (PEOPLE["english months"][month - 1], PEOPLE["english months"][month - 1][:3])
    )
    ordinal = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd"}.get(day, "th")
    written = (
        f"{day} {name} {year}",
        f"{name} {day}, {year}",
        f"{day}{ordinal} {name} {year}",
        f"{name} {day}{ordinal}, {year}",
        f"{month:02}/{day:02}/{year}",
    )
    return dice.choice((*numeric, *written))


def titled(dice: Dice, *, french: bool) -> str:
    names = dice.choice(
        (
            last,
            last,
            lambda dice: f"{first(dice)} {last(dice)}",
            lambda dice: f"{first(dice)[0]}. {last(dice)}",
        )
    )(dice)
    if french:
        title = dice.choice(
            (
                "M.",
                "M.",
                "Mme",
                "Mme",
                "Mme.",
                "Mlle",
                "Monsieur",
                "Madame",
                "Dr",
                "Docteur",
                "Pr",
                "Mr",
                "MME",
                "Professeur",
                "Mademoiselle",
            )
        )
    else:
        title = dice.choice(
            ("Mr", "Mr.", "Mrs", "Mrs.", "Ms", "Ms.", "Miss", "Dr", "Dr.", "Prof.", "Professor")
        )
    if title == "MME" or dice.random() < 0.1:
        names = names.upper()
    return f"{title} {names}"
