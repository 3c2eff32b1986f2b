"""How each kind of value comes into a text: the words beside it, on forms, in searches, in mails.

Values that are only told from article numbers by a word for them stand beside one, on either side,
near or a little further, in good spelling or bad.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import NamedTuple

from tests.support.shop_texts import numbers, people

Dice = random.Random


class Way(NamedTuple):
    """What makes the values of a kind, and the phrases around them; ``{}`` is the value."""

    make: Callable[[Dice], str]
    phrases: tuple[str, ...]


def _birth(*, french: bool) -> Callable[[Dice], str]:
    return lambda dice: people.birth_date(dice, french=french)


def _title(*, french: bool) -> Callable[[Dice], str]:
    return lambda dice: people.titled(dice, french=french)


BARE = ("{}", "{}", "({})", "« {} »", '"{}"', "[{}]", "{}.", "{} !", "<{}>")

FRENCH: Mapping[str, Way] = {
    "EMAIL_ADDRESS": Way(people.email, (*BARE, "écrire à {}", "mon mail : {}", "mailto:{}", "email={}", "contact@: {}",
                                        "courriel {} merci", "{} et pas l'ancienne adresse", "e-mail:{}")),
    "PHONE_NUMBER": Way(people.french_phone, (*BARE[:4], "tél. {}", "tel:{}", "appelez le {}", "mon portable {}", "Tél : {}",
                                              "phone={}", "joignable au {} après 18 h", "numéro {}")),
    "overseas": Way(people.overseas_phone, ("{}", "tél. {}", "appeler le {}", "({})", "mobile : {}", "phone={}")),
    "IBAN_CODE": Way(numbers.iban, ("{}", "IBAN {}", "iban : {}", "virement sur {}", "mon iban est {}", "IBAN={}")),
    "CREDIT_CARD": Way(numbers.card, ("{}", "carte {}", "CB {}", "n° de carte : {}", "payé avec {} hier")),
    "IP_ADDRESS": Way(people.ip_address, ("{}", "ip {}", "vu depuis {}", "ip={}", "connexion de {} hier")),
    "MAC_ADDRESS": Way(people.mac_address, ("{}", "mac {}", "appareil {}", "adresse MAC : {}")),
    "FR_NIR": Way(numbers.nir, ("{}", "sécu {}", "n° de sécurité sociale : {}", "NIR {}", "mon numéro {} merci", "nir={}")),
    "FR_PLATE": Way(numbers.plate, ("plaque {}", "immatriculation : {}", "immatriculé {}", "véhicule {}", "voiture immatriculée {}",
                                    "carte grise {}", "immat plaque n° {}", "pneus pour ma voiture {}", "plaque d'immatriculation {}")),
    "FR_SIREN": Way(numbers.siren, ("SIREN {}", "siren : {}", "n° SIREN {}", "numéro siren {}", "SIREN n°{}", "siren={}", "{} (SIREN)",
                                    "n_siren:{}", "RCS Nantes {}", "RCS Paris B {}", "SIREN de la société : {}", "Siren-{}",
                                    "immatriculée au RCS de Lyon sous le n° {}", "SIREN\u00a0: {}")),
    "FR_SIRET": Way(numbers.siret, ("SIRET {}", "siret : {}", "N° SIRET : {}", "numéro de siret {}", "siret={}", "{} (siret)",
                                    "SIRET n° {}", "Siret du magasin {}", "n°siret {}", "SIRET (siège) : {}", "mon siret c'est {}",
                                    "SIRET\t{}")),
    "FR_VAT": Way(numbers.vat, ("{}", "TVA {}", "TVA intracommunautaire : {}", "n° TVA {}", "tva={}", "({})", "facture pour {}")),
    "FR_TAX_NUMBER": Way(numbers.tax_number, ("numéro fiscal {}", "n° fiscal : {}", "numero fiscal {}", "SPI {}", "spi={}", "mon n° fiscal est {}",
                                              "numéro fiscal de référence : {}", "identifiant fiscal {}", "{} (numéro fiscal)",
                                              "impôts {}", "NIF : {}")),
    "FR_BANK_ACCOUNT": Way(numbers.account, ("RIB {}", "rib : {}", "mon RIB {}", "compte {}", "RIB={}", "voici mon rib {}",
                                             "coordonnées bancaires : {}", "compte bancaire n° {}", "R.I.B. {}")),
    "FR_RPPS": Way(numbers.rpps, ("RPPS {}", "n° RPPS : {}", "rpps={}", "numéro RPPS {}", "{} (RPPS)", "médecin {}", "praticien n° {}",
                                  "identifiant RPPS du médecin : {}")),
    "FR_INE": Way(numbers.ine, ("INE {}", "ine : {}", "n° INE {}", "numéro INE : {}", "INE={}", "{} (INE)", "identifiant national {}",
                                "n° étudiant {}", "numéro étudiant : {}")),
    "FR_IDENTITY_CARD": Way(numbers.identity_card, ("CNI {}", "carte d'identité {}", "n° carte d'identité : {}", "carte nationale d'identité n° {}",
                                                    "cni={}", "pièce d'identité {}", "{} (CNI)", "Carte d\u2019identité {}", "numéro de CNI : {}")),
    "FR_PASSPORT": Way(numbers.passport, ("passeport {}", "n° de passeport : {}", "passeport n° {}", "passeport={}", "{} (passeport)",
                                          "mon passeport est le {}", "Passeport français {}", "pièce d'identité : passeport {}")),
    "FR_DRIVING_LICENCE": Way(numbers.driving_licence, ("permis {}", "permis de conduire {}", "n° de permis : {}", "permis n° {}", "{} (permis)",
                                                        "permis B {}", "permis de conduire numéro {}")),
    "BIRTH_DATE": Way(_birth(french=True), ("né le {}", "née le {}", "Né(e) le {}", "date de naissance : {}", "date de naissance {}", "née à Lyon le {}",
                                            "Date de naissance (jj/mm/aaaa) : {}", "naissance le {}", "ddn {}", "ma fille est née le {}",
                                            "ne le {}", "date_naissance={}")),
    "PERSON": Way(_title(french=True), ("{}", "bonjour {}", "livraison pour {}", "commande de {}", "à l'attention de {}", "merci {}, à bientôt",
                                        "{} a noté 5 étoiles", "Chère {},", "de la part de {}")),
    "POSTAL_ADDRESS": Way(people.french_address, ("{}", "livrer au {}", "adresse : {}", "j'habite {}", "retrait {}", "au {} svp",
                                                  "livraison {} avant midi", "adresse={}", "domicilié {}", "boutique la plus proche de {}")),
}  # fmt: skip

ENGLISH: Mapping[str, Way] = {
    "EMAIL_ADDRESS": Way(people.email, (*BARE, "write to {}", "my email: {}", "mailto:{}", "email={}", "{} please", "contact {}")),
    "PHONE_NUMBER": Way(people.english_phone, (*BARE[:3], "call {}", "tel:{}", "phone: {}", "my mobile is {}", "phone={}", "text {} after 6")),
    "overseas": Way(people.overseas_phone, ("{}", "call {}", "phone {}")),
    "IBAN_CODE": Way(numbers.iban, ("{}", "IBAN {}", "my iban is {}", "transfer to {}")),
    "CREDIT_CARD": Way(numbers.card, ("{}", "card {}", "card number: {}", "paid with {} today")),
    "IP_ADDRESS": Way(people.ip_address, ("{}", "ip {}", "seen from {}", "ip={}")),
    "MAC_ADDRESS": Way(people.mac_address, ("{}", "mac {}", "device {}")),
    "FR_NIR": Way(numbers.nir, ("{}", "social security number {}", "French NIR {}", "ssn: {}")),
    "FR_PLATE": Way(numbers.plate, ("plate {}", "number plate: {}", "registration {}", "license plate {}", "car registration: {}")),
    "FR_SIREN": Way(numbers.siren, ("SIREN {}", "siren number: {}", "SIREN no. {}", "siren={}", "{} (SIREN)")),
    "FR_SIRET": Way(numbers.siret, ("SIRET {}", "siret number: {}", "our SIRET is {}", "siret={}")),
    "FR_VAT": Way(numbers.vat, ("{}", "VAT {}", "VAT number: {}", "vat={}")),
    "FR_TAX_NUMBER": Way(numbers.tax_number, ("tax number {}", "French tax id: {}", "tax identification number {}", "taxpayer id {}")),
    "FR_BANK_ACCOUNT": Way(numbers.account, ("bank account {}", "RIB {}", "account number: {}")),
    "FR_RPPS": Way(numbers.rpps, ("RPPS {}", "practitioner {}", "prescriber number: {}")),
    "FR_INE": Way(numbers.ine, ("INE {}", "student number {}", "student ID: {}")),
    "FR_IDENTITY_CARD": Way(numbers.identity_card, ("identity card {}", "ID card: {}", "national ID {}", "French identity card no. {}")),
    "FR_PASSPORT": Way(numbers.passport, ("passport {}", "passport number: {}", "passport no. {}", "{} (passport)")),
    "FR_DRIVING_LICENCE": Way(numbers.driving_licence, ("driving licence {}", "driver's license: {}", "driving licence no. {}")),
    "BIRTH_DATE": Way(_birth(french=False), ("born {}", "born on {}", "date of birth: {}", "DOB {}", "birth date {}", "dob: {}", "birthday: {}",
                                             "she was born on {}", "date_of_birth={}", "D.O.B. {}")),
    "PERSON": Way(_title(french=False), ("{}", "dear {}", "delivery for {}", "order by {}", "thank you {}, see you", "attn {}")),
    "POSTAL_ADDRESS": Way(people.english_address, ("{}", "deliver to {}", "address: {}", "I live at {}", "ship to {}", "address={}", "{} please")),
}  # fmt: skip
