"""Who is in the texts: names, addresses, numbers to call and days of birth, in many spellings."""

from __future__ import annotations

import random

from tests.support.shop_texts.numbers import digits, grouped

Dice = random.Random

FIRST = (
    "Ada Alan Grace Joan Hedy Konrad Blaise Annie Radia Barbara Edsger Donald Margaret Katherine"
    " Dorothy Mary Charles George Claude John Jean Gérard Louis Hélène Zoé Maëlle Tim Ken Dennis"
    " Frances Adele Kathleen Sophie Rózsa Evelyn Stephanie Karen Marie-Laure Jean-Michel Anne-Marie"
).split()  # fmt: skip
LAST = (
    "Lovelace|Turing|Hopper|Clarke|Lamarr|Zuse|Pascal|Easley|Perlman|Liskov|Dijkstra|Knuth|Hamilton"
    "|Johnson|Vaughan|Jackson|Babbage|Boole|Shannon|von Neumann|Bartik|Berry|Pouzin|Dubois|Lefèvre"
    "|Kernighan|Thompson|Ritchie|Allen|Goldberg|Booth|Wilson|Péter|Boyd Granville|Shirley|Sparck Jones"
    "|de La Garanderie|d'Alembert|Le Lann|Ichbiah|Colmerauer|Bézier|Dupont-Moreau|O'Neil"
).split("|")  # fmt: skip
HOSTS = (
    "example.org example.com example.net mail.example.org example.co.uk"
    " courriel.example.com sub.mail.example.net example.travel"
).split()
_PLAIN = str.maketrans("éèëêàâäîïôöûüçóá", "eeeeaaaiioouucoa")


def first(dice: Dice) -> str:
    return dice.choice(FIRST)


def last(dice: Dice) -> str:
    return dice.choice(LAST)


def email(dice: Dice) -> str:
    one, two = (
        part(dice).lower().translate(_PLAIN).replace(" ", "").replace("'", "")
        for part in (first, last)
    )
    number = dice.choice(
        ("", "", str(dice.randrange(1000)), "+shop", f"_{dice.randrange(1900, 2000)}")
    )
    local = dice.choice(
        (f"{one}.{two}", f"{one}{two}", f"{one[0]}.{two}", f"{two}-{one}", f"{one}_{two}", two)
    )
    whole = f"{local}{number}@{dice.choice(HOSTS)}"
    return dice.choice((str, str, str, str.upper, str.title))(whole)


def french_phone(dice: Dice) -> str:
    head = dice.choice(("06 12", "06 81", "07 60", "07 82", "01 42", "02 40", "03 20", "04 78",
                        "05 56", "06 25", "09 72"))  # fmt: skip
    subscriber = head.replace(" ", "")[1:] + digits(dice, 6)
    return _spelled(dice, subscriber, "33")


def overseas_phone(dice: Dice) -> str:
    code, head, count = dice.choice(
        (("262", "69220", 4), ("262", "26241", 4), ("590", "69035", 4), ("590", "59082", 4),
         ("594", "69420", 4), ("594", "59430", 4), ("596", "69645", 4), ("596", "59660", 4),
         ("262", "63969", 4), ("508", "41", 4), ("687", "26", 4), ("687", "78", 4), ("689", "8773", 4),
         ("689", "4050", 4), ("681", "72", 4))
    )  # fmt: skip
    subscriber = head + digits(dice, count)
    if len(subscriber) == 9:
        return _spelled(dice, subscriber, code)
    between = dice.choice((" ", ".", ""))
    return f"{dice.choice(('+', '00'))}{code}{dice.choice((' ', ''))}{grouped(subscriber, (2,) * 4, between)}"


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
    return dice.choice((
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
    ))  # fmt: skip


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


KINDS_OF_STREETS = (
    "rue rue rue rue rue avenue avenue av. boulevard bd Bd place Place chemin impasse allée quai"
    " route cours square passage Rue Avenue"
).split()
FRENCH_STREETS = (
    "de la Paix|Victor Hugo|des Lilas|du Général de Gaulle|Jean Jaurès|de l'Église|Ada Lovelace|d'Alésia"
    "|des Frères Lumière|Pasteur|du Moulin|du 8 mai 1945|du 11 novembre|Saint-Honoré|de Verdun|Émile Zola"
    "|de la République|des Champs|du Faubourg Saint-Antoine|Grace Hopper|de Bretagne|aux Ours"
    "|du Bois-Joli|Louis Pouzin|de Lattre de Tassigny"
).split("|")
FRENCH_TOWNS = (
    "75002 Paris|69003 Lyon|13001 Marseille|59000 Lille|33000 Bordeaux|31000 Toulouse|44000 Nantes"
    "|97400 Saint-Denis|97110 Pointe-à-Pitre|20000 Ajaccio|35400 Saint-Malo|92130 Issy-les-Moulineaux"
    "|94120 Fontenay-sous-Bois|06000 NICE|76600 Le Havre|75116 PARIS CEDEX 16"
).split("|")


def french_address(dice: Dice) -> str:
    number = (
        f"{dice.randrange(1, 250)}{dice.choice(('',) * 8 + (' bis', ' ter', 'bis', ' B', 'A'))}"
    )
    between = dice.choice((" ", " ", " ", ", "))
    street = f"{number}{between}{dice.choice(KINDS_OF_STREETS)} {dice.choice(FRENCH_STREETS)}"
    town = dice.choice(FRENCH_TOWNS)
    extra = dice.choice(("", "", "", "", "", ", bât. C", ", appt 12", ", résidence Les Pins"))
    return dice.choice((street, f"{street}, {town}", f"{street} {town}", f"{street}{extra}, {town}",
                        f"{street}\n{town}", f"{street} - {town}"))  # fmt: skip


ENGLISH_STREETS = (
    "Baker Street|Abbey Road|High Street|Downing Street|Station Road|Church Lane|Park Avenue|Bletchley Way"
    "|Turing Drive|Victoria Terrace|Queen's Square|Lovelace Close|St John's Road|King St|Mill Ln|Elm Ave"
    "|Oxford St.|Green Court|5th Avenue|Kensington Gardens|Rose Hill|Maple Grove|North Main Street"
).split("|")
ENGLISH_TOWNS = (
    "London NW1 6XE|Manchester M1 1AE|Cambridge, CB2 1TN|Edinburgh EH1 1YZ|New York, NY 10021|Austin, TX 73301"
    "|Bristol|London|Oxford OX1 3QD|Leeds LS1 4DY|San Francisco, CA 94107"
).split("|")


def english_address(dice: Dice) -> str:
    number = f"{dice.randrange(1, 2500)}{dice.choice(('', '', '', '', 'B', 'a'))}"
    street = f"{number}{dice.choice((' ', ' ', ' ', ', '))}{dice.choice(ENGLISH_STREETS)}"
    return dice.choice((street, f"{street}, {dice.choice(ENGLISH_TOWNS)}",
                        f"{street}, {dice.choice(ENGLISH_TOWNS)}", f"Flat 3, {street}"))  # fmt: skip


FRENCH_MONTHS = (
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split()
)
ENGLISH_MONTHS = (
    "January February March April May June July August September October November December".split()
)
SHORT_FRENCH = "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.".split()


def birth_date(dice: Dice, *, french: bool) -> str:
    day, month, year = dice.randrange(1, 29), dice.randrange(1, 13), dice.randrange(1930, 2012)
    sign = dice.choice(("/", "/", "/", "-", ".", " "))
    numeric = (f"{day:02}{sign}{month:02}{sign}{year}", f"{day}{sign}{month}{sign}{year}",
               f"{day:02}{sign}{month:02}{sign}{year % 100:02}", f"{year}-{month:02}-{day:02}")  # fmt: skip
    if french:
        name = dice.choice((FRENCH_MONTHS, FRENCH_MONTHS, SHORT_FRENCH))[month - 1]
        return dice.choice(
            (*numeric, f"{'1er' if day == 1 else day} {name} {year}", f"{day} {name} {year}")
        )
    name = dice.choice((ENGLISH_MONTHS[month - 1], ENGLISH_MONTHS[month - 1][:3]))
    ordinal = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd"}.get(day, "th")
    written = (f"{day} {name} {year}", f"{name} {day}, {year}", f"{day}{ordinal} {name} {year}",
               f"{name} {day}{ordinal}, {year}", f"{month:02}/{day:02}/{year}")  # fmt: skip
    return dice.choice((*numeric, *written))


def titled(dice: Dice, *, french: bool) -> str:
    names = dice.choice((last, last, lambda dice: f"{first(dice)} {last(dice)}",
                         lambda dice: f"{first(dice)[0]}. {last(dice)}"))(dice)  # fmt: skip
    if french:
        title = dice.choice(("M.", "M.", "Mme", "Mme", "Mme.", "Mlle", "Monsieur", "Madame", "Dr", "Docteur",
                             "Pr", "Mr", "MME", "Professeur", "Mademoiselle"))  # fmt: skip
    else:
        title = dice.choice(
            ("Mr", "Mr.", "Mrs", "Mrs.", "Ms", "Ms.", "Miss", "Dr", "Dr.", "Prof.", "Professor")
        )
    if title == "MME" or dice.random() < 0.1:
        names = names.upper()
    return f"{title} {names}"
