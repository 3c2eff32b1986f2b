"""Addresses, days of birth and names behind a title, as people write them."""

from __future__ import annotations

import pytest

from pseudonymizer.scrub.engine import Scrubber

LEFT = {
    # Addresses
    "livrer au 12 bis, rue de la Paix, 75002 Paris svp": "livrer au <POSTAL_ADDRESS> svp",
    "12 rue de la paix": "<POSTAL_ADDRESS>",
    "3 place du Général de Gaulle, 59000 Lille": "<POSTAL_ADDRESS>",
    "4 rue du 8 mai 1945, 33000 Bordeaux": "<POSTAL_ADDRESS>",
    "27 bd Saint-Michel\n75005 PARIS CEDEX 05": "<POSTAL_ADDRESS>",
    "8 chemin des lilas 97400 Saint-Denis": "<POSTAL_ADDRESS>",
    "1 allée d\u2019Alésia, appt 12, 13001 Marseille": "<POSTAL_ADDRESS>",
    "221B Baker Street, London NW1 6XE": "<POSTAL_ADDRESS>",
    "ship to 981 5th Avenue best sellers": "ship to <POSTAL_ADDRESS> best sellers",
    "10 downing street, please": "<POSTAL_ADDRESS>, please",
    "12 North Main Street, Austin, TX 73301": "<POSTAL_ADDRESS>",
    "4 Turing Drive": "<POSTAL_ADDRESS>",
    # Days of birth
    "née le 10/12/1815": "née le <BIRTH_DATE>",
    "Né(e) le : 9 décembre 1906": "Né(e) le : <BIRTH_DATE>",
    "née à Londres le 10.12.1815": "née à Londres le <BIRTH_DATE>",
    "Date de naissance (jj/mm/aaaa) : 1er févr. 1912": (
        "Date de naissance (jj/mm/aaaa) : <BIRTH_DATE>"
    ),
    "born on December 9th, 1906": "born on <BIRTH_DATE>",
    "date_of_birth=1906-12-09&x=1": "date_of_birth=<BIRTH_DATE>&x=1",
    "DOB 12/09/06": "DOB <BIRTH_DATE>",
    "10/12/1815 (date de naissance)": "<BIRTH_DATE> (date de naissance)",
    # Names
    "bonjour Mme Curie, merci": "bonjour <PERSON>, merci",
    "pour M. Jean Dupont": "pour <PERSON>",
    "Dr Alan Turing": "<PERSON>",
    "MADAME LOVELACE": "<PERSON>",
    "M. et Mme Babbage": "<PERSON>",
    "Mrs. O'Neil": "<PERSON>",
    "professeur d'Alembert": "<PERSON>",
    "Mlle Hélène de La Garanderie a noté": "<PERSON> a noté",
    "Ms. G. M. Hopper": "<PERSON>",
}
CLEAN = (
    # about streets, and nobody's
    "1 chemin de table beige", "canapé 3 place gris", "2 cours de cuisine", "24 inch Road Bike",
    "2 way stretch jeans", "1 TB hard drive", "100 % cotton street style", "3 places",
    "puzzle 1000 pièces rue de Paris", "ligne 4 quai 2", "12 rue", "Street Food : 50 recettes",
    "parfum 24 Faubourg 100 ml", "Sesame Street 3 pack", "10,5 rue", "2 avenue",
    # dates, and nobody's birth
    "12/05/2024", "liste de naissance 12/05/2024", "born to run 12/05/2024", "né pour courir 2024",
    "cheminée 12/05/2024", "Birthday sale until 12/05/2024", "offre anniversaire 12/05/2024",
    "née le 45/23/2024",
    # titles, and nobody's name
    "Dr. Martens 1460 noires", "M. Propre 1,3 L", "Miss Dior 50 ml", "Taille M. Coloris noir",
    "taille M Noir", "pour monsieur et madame", "M. L. XL", "cadeau pour madame", "drap Housse",
    "Monsieur Cuisine", "miss", "1200 mr", "Mme",
)  # fmt: skip


@pytest.mark.parametrize(("text", "left"), LEFT.items())
def test_what_is_found_is_replaced_where_it_stood(
    text: str, left: str, scrubber: Scrubber, plain_scrubber: Scrubber
) -> None:
    assert scrubber.scrub(text).text == left
    assert plain_scrubber.scrub(text).text == left


@pytest.mark.parametrize("text", CLEAN)
def test_what_only_looks_like_it_is_left_alone(
    text: str, scrubber: Scrubber, plain_scrubber: Scrubber
) -> None:
    assert scrubber.scrub(text) == (text, ())
    assert plain_scrubber.scrub(text) == (text, ())


PAIRS = (
    "06/39/98/00/01", "06_39_98_00_01", "06,39,98,00,01", "06;39;98;00;01", "06:39:98:00:01",
    "06 / 39 / 98 / 00 / 01", "06\u00b739\u00b798\u00b700\u00b701", "06|39|98|00|01",
    "+33 6/39/98/00/01", "0033 6_39_98_00_01", "+33 (0)6:39:98:00:01", "+33/6/39/98/00/01",
    "+33_6_39_98_00_01",
)  # fmt: skip
BESIDE = {
    "Téléphone:06/39/98/00/01": "Téléphone:<PHONE_NUMBER>",
    "mobile_06_39_98_00_01": "mobile_<PHONE_NUMBER>",
    "06/39/98/00/01 75001 Paris": "<PHONE_NUMBER> 75001 Paris",
    "06:39:98:00:01 9h": "<PHONE_NUMBER> 9h",
    "06/39/98/00/01 / 07/39/98/00/02": "<PHONE_NUMBER> / <PHONE_NUMBER>",
    "Tel06 39 98 00 01": "Tel<PHONE_NUMBER>",
    "tél0639980001": "tél<PHONE_NUMBER>",
    "portable:0639980001": "portable:<PHONE_NUMBER>",
    "whatsapp0639980001": "whatsapp<PHONE_NUMBER>",
    "appelez0639980001svp": "appelez<PHONE_NUMBER>svp",
    "svp0139980001merci": "svp<PHONE_NUMBER>merci",
    "0639980001svp": "<PHONE_NUMBER>svp",
    "06 39 98 00 01svp": "<PHONE_NUMBER>svp",
    "06.39.98.00.01merci": "<PHONE_NUMBER>merci",
    "01-39-98-00-01heures": "<PHONE_NUMBER>heures",
}
NO_PAIRS = (
    "02, 04, 12, 08, 10", "ouvert 08:30/12:00,14:00/18:30", "09.00-12.00 14h-19h",
    "Ouvert 08.30-12.30 14h", "Rdv le 05.12.24 10.30h", "Tailles 02/04/06/08/10",
    "taille 02,04,06,08,10", "teintes 01/02/03/04/05", "category=01;02;03;04;05",
    "ab/06/12/34/56/78", "9/06/12/34/56/78",
    "06/12/34/56/78/90", "06_12_34_56_78_9a", "06/12,34/56,78", "REF 0712345678FR",
    "00,10,25,33,41",
    "06.12.34.56.78h",
)  # fmt: skip


@pytest.mark.parametrize("text", PAIRS)
def test_pairs_with_other_signs_between_are_a_telephone_number(
    text: str, scrubber: Scrubber, plain_scrubber: Scrubber
) -> None:
    for each in (scrubber, plain_scrubber):
        assert each.scrub(f"mon num {text} svp").text == "mon num <PHONE_NUMBER> svp"


@pytest.mark.parametrize(("text", "left"), BESIDE.items())
def test_what_stands_beside_a_telephone_number_does_not_hide_it(
    text: str, left: str, scrubber: Scrubber, plain_scrubber: Scrubber
) -> None:
    assert scrubber.scrub(text).text == left
    assert plain_scrubber.scrub(text).text == left


@pytest.mark.parametrize("text", NO_PAIRS)
def test_other_numbers_side_by_side_are_none(
    text: str, scrubber: Scrubber, plain_scrubber: Scrubber
) -> None:
    for each in (scrubber, plain_scrubber):
        assert "PHONE_NUMBER" not in each.scrub(text).kinds


@pytest.mark.parametrize(
    "text",
    [
        "0262 41 12 34", "0692 20 12 34", "0590 82 12 34", "0690 35 12 34", "0594 30 12 34",
        "0694 20 12 34", "0596 60 12 34", "0696 45 12 34", "+262 692 20 12 34", "+590590821234",
        "+594 694 20 12 34", "00 596 696 45 12 34", "+508 41 12 34", "+687 26.12.34",
        "+689 87 73 12 34", "+681 72 12 34",
    ],
)  # fmt: skip
def test_telephones_of_every_french_territory_are_found(text: str, scrubber: Scrubber) -> None:
    assert scrubber.scrub(f"tél. {text} svp").text == "tél. <PHONE_NUMBER> svp"
