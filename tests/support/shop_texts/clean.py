"""What a shop's texts hold that is about nobody, and looks as if it were."""

from __future__ import annotations

import random
import uuid

from tests.support.shop_texts.numbers import digits, letters, luhn_digit

Dice = random.Random

FRENCH = (
    "robe longue été|chaussures de randonnée imperméables|veste homme|soldes -30 %|coton bio|jupe plissée"
    "|livraison offerte dès 49,90 €|lot de 3 culottes|canapé d'angle convertible|lampe de chevet 60 W"
    "|crème hydratante 50 ml|jusqu'au 12/05|nouveauté|guide des tailles|ajouter au panier|sac à main cuir"
    "|baskets blanches femme|manteau laine|meuble TV chêne|cadeau fête des mères|ventes privées"
    "|bottines noires|parure de lit 220x240|service client|retours gratuits sous 30 jours|avis clients"
    "|pull col roulé|jean slim brut|machine à café|vélo électrique 28 pouces|bons plans"
).split("|")
ENGLISH = (
    "summer dress|waterproof hiking shoes|men's jacket|sale 30% off|organic cotton|pleated skirt|free shipping"
    " over £50|pack of 3 briefs|corner sofa bed|60 W bedside lamp|50 ml moisturiser|until 12/05|new in"
    "|size guide|add to basket|leather handbag|white trainers|wool coat|oak TV stand|Mother's Day gifts"
    "|black ankle boots|king size bedding|customer service|free returns within 30 days|reviews|best sellers"
    "|roll neck jumper|slim fit jeans|coffee machine|electric bike 28 inch|today's deals"
).split("|")

FRENCH_TRAPS = (
    "Dr. Martens 1460 noires|M. Propre 1,3 L|Miss Dior 50 ml|T-shirt taille M. Coloris noir|Taille M Bleu marine"
    "|Madame Bovary, Gustave Flaubert|Monsieur Cuisine Connect|Mr. Bricolage|pour monsieur et madame"
    "|cadeau pour madame|1 chemin de table beige|canapé 3 places|2 cours de cuisine|canapé 2 place gris"
    "|lot de 12 passages de câbles|parfum 24 Faubourg 100 ml|puzzle 1000 pièces rue de Paris"
    "|liste de naissance 12/05/2024|offre anniversaire jusqu'au 12/05/2024|né pour courir|cheminée 12/05/2024"
    "|plaque de cuisson 4 feux 60 cm|plaque AB 123|étui passeport RFID réf 12345678|permis de construire 2024"
    "|passeport culture 2024|TVA 20 %|compte client 123456789|tailles FR 38 40 42 44 46 48|SIREN au choix"
    "|carte cadeau 50 €|carte d'identité : protège-documents x2|chaise bistrot place assise 45 cm|RIB accepté"
    "|série immatriculation : autocollants 3 à 9 cm|mesdames et messieurs|Route 66 poster 50x70|Mme|impôts 2024"
    "|Doctor Strange Blu-ray|le docteur Jivago|12 rue|Mlle Collection printemps|3 allées|étudiant -10 %"
    "|voiture télécommandée 1:18 réf. 2024 AB|numéro fiscal obligatoire|bon plan 5 avenues|le 12/05/2024 à 14 h"
    "|moto 125 cm3|Street Food : 50 recettes|T.38 M. L. XL|ligne 4 quai 2|8 mai 1945 : le livre|au 31 12 2024"
).split("|")
ENGLISH_TRAPS = (
    "Dr. Martens 1460 black|Mr. Potato Head|Miss Dior 50 ml|Dr Pepper 24 x 330 ml|Mrs Doubtfire DVD|Mr Men box set"
    "|Doctor Who season 5|size M Black|5 inch road bike tube|24 inch road bike|1 TB hard drive|2 way stretch jeans"
    "|100 % cotton street style tee|90s street style|High Street bag|12 month road tax|born to run 12/05/2024"
    "|Birthday sale until 12/05/2024|licence plate frame 52 cm|passport holder ref 12345678|Sesame Street 3 pack"
    "|registration fee 2024|gift card £50|ID card holder x10|driving licence wallet|account 123456789"
    "|3 Piece Drive Set|4 Way Street CD|Wall Street DVD|student discount 10%|tax included 20%|2 pack court shoes"
    "|Abbey Road vinyl|16 Candles Blu-ray|10 Downing mug|30 Days Way of Life|newborn 0-3 months 12/05/2024"
    "|500 Miles Way Book|dob kit|Mr|Ms. Pac-Man|Professor Layton|M. L. XL|Place mats 4 pack|1 Court Close Up"
).split("|")


def order_number(dice: Dice) -> str:
    return dice.choice((
        f"CMD-2024-{digits(dice, 7)}", f"commande n° 1000{digits(dice, 5)}", f"#{digits(dice, 6)}",
        f"order {digits(dice, 9)}", f"WEB{digits(dice, 8)}", f"{digits(dice, 3)}-{digits(dice, 7)}-{digits(dice, 7)}",
        f"facture F{digits(dice, 4)}-{digits(dice, 5)}", f"invoice INV-{digits(dice, 6)}",
    ))  # fmt: skip


def reference(dice: Dice) -> str:
    return dice.choice((
        f"Product {digits(dice, 3)}-{letters(dice, 3)}", f"réf. {digits(dice, 4)}-{letters(dice, 2)}",
        f"SKU {digits(dice, 6)}", f"ref {letters(dice, 2)}{digits(dice, 5)}", f"REF{digits(dice, 9)}",
        f"art. {digits(dice, 3)}.{digits(dice, 3)}.{digits(dice, 2)}", f"SM-{letters(dice, 1)}{digits(dice, 3)}B",
        f"modèle {letters(dice, 2)} {digits(dice, 3)} {letters(dice, 2)}", f"lot {digits(dice, 12)}",
        f"{digits(dice, 2)}{letters(dice, 2)}{digits(dice, 5)}", f"{digits(dice, 4)} {letters(dice, 2)} {digits(dice, 2)}",
    ))  # fmt: skip


def barcode(dice: Dice) -> str:
    head = dice.choice(("325", "376", "400", "978", "541")) + digits(dice, 9)
    total = sum(int(sign) * (3 if place % 2 else 1) for place, sign in enumerate(head))
    whole = f"{head}{-total % 10}"
    isbn = f"ISBN {whole[:3]}-{whole[3]}-{whole[4:7]}-{whole[7:12]}-{whole[12]}"
    return dice.choice(
        (f"EAN {whole}", whole, isbn, f"GTIN 0{whole}", f"{whole[0]} {whole[1:7]} {whole[7:]}")
    )


def amount(dice: Dice) -> str:
    euros = dice.randrange(1, 4000)
    return dice.choice((
        f"{euros},{dice.randrange(100):02} €", f"{euros} €", f"£{euros}.99", f"$1,{digits(dice, 3)}.00",
        f"1 {digits(dice, 3)},00 €", f"{euros}.{dice.randrange(100):02} EUR", f"de {euros} à {euros + 50} €",
        f"{digits(dice, 2)}\u202f{digits(dice, 3)},00\u00a0€",
    ))  # fmt: skip


def moment(dice: Dice) -> str:
    day, month = dice.randrange(1, 29), dice.randrange(1, 13)
    return dice.choice((
        f"{day:02}/{month:02}/2024", f"du {day} au {day + 2}/{month:02}/2024", f"2024-{month:02}-{day:02}",
        f"2024-{month:02}-{day:02}T10:{day:02}:00Z", f"{day} décembre 2024", f"December {day}, 2024",
        f"{day:02}:{month:02}:45", f"17{digits(dice, 8)}", f"{day:02}.{month:02}.24",
    ))  # fmt: skip


def measure(dice: Dice) -> str:
    a, b, c = (dice.randrange(10, 250) for _ in range(3))
    return dice.choice((
        f"{a}x{b}x{c} cm", f"{a} x {b} cm", f"L{a} l{b} H{c}", "T. 38/40", f"pointure {dice.randrange(35, 47)}",
        f"48.{digits(dice, 4)}, 2.{digits(dice, 4)}", f"48°51'{digits(dice, 2)}\"N 2°21'{digits(dice, 2)}\"E",
        f"{a} Go / {b} Go", f"{a}-{b}-{c} mm", "36 38 40 42 44", f"RAL {digits(dice, 4)}", f"#{digits(dice, 2)}ab{digits(dice, 2)}",
        f"v{a}.{b}.{c}", f"{a} 000 heures",
    ))  # fmt: skip


def token(dice: Dice) -> str:
    return dice.choice((
        str(uuid.UUID(int=dice.getrandbits(128), version=4)), f"gclid={letters(dice, 8)}{digits(dice, 6)}{letters(dice, 8)}",
        f"colis 6A{digits(dice, 11)}", f"1Z{digits(dice, 3)}AA1{digits(dice, 10)}", f"session {dice.getrandbits(64):016x}",
        f"utm_source=newsletter&utm_campaign={digits(dice, 6)}", f"{digits(dice, 9)}", _no_card(dice),
    ))  # fmt: skip


def _no_card(dice: Dice) -> str:
    head = "4" + digits(dice, 14)
    wrong = str((int(luhn_digit(head)) + dice.randrange(1, 10)) % 10)
    whole = head + wrong
    return f"carte fidélité {whole[:4]} {whole[4:8]} {whole[8:12]} {whole[12:]}"


MAKERS = (order_number, reference, barcode, amount, moment, measure, token)


def phrase(dice: Dice, *, french: bool) -> str:
    return dice.choice(FRENCH if french else ENGLISH)


def trap(dice: Dice, *, french: bool) -> str:
    """Something hard: one of the makers, or one of the collected phrases."""
    if dice.random() < 0.3:
        return dice.choice(FRENCH_TRAPS if french else ENGLISH_TRAPS)
    return dice.choice(MAKERS)(dice)
