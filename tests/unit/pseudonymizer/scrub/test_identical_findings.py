"""The fast paths find exactly what Presidio's own engine finds, whatever the text."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import example, given

from pseudonymizer.scrub.engine import Scrubber

PEOPLE = (
    "ada.lovelace@example.org",
    "GRACE+HOPPER@Example.CO.UK",
    "joan_clarke@exemple.travel",
    "alan@turing.invalidtld",
    "06 12 34 56 78",
    "+33 6 12 34 56 78",
    "(0)1.23.45.67.89",
    "0800 1111",
    "+49 30 123456",
    "+43 1111",
    "+352 1234",
    "00 43 1 1234",
    "06x12x34x56x78",
    "212-555-0123 x45",
    "020 7946 0958",
    "FR76 3000 6000 0112 3456 7890 189",
    "gb82west12345698765432",
    "DE89 3704 0044 0532 0130 00",
    "4111 1111 1111 1111",
    "378282246310005",
    "192.0.2.17",
    "2001:db8::8a2e:370:7334",
    "::ffff:192.0.2.1",
    "00:1a:2B:3c:4D:5e",
    "0012.3456.789A",
    "1 85 05 78 006 084 91",
    "2 79 03 2A 004 012 88",
    "2 85 05 78 006 084 clé 41",
    "nir: 2850578006084",
    "2850578006084 (sécu)",
    "AB-123-CD",
    "immatriculation ab 123 cd",
    "plaque 1234 AB 75",
    "ada@xn--bcher-kva.example",
    "BE68 5390 0754 7034",
    "2223 0031 2200 3222",
    "siren: 732 829 320",
    "732829320 (SIREN)",
    "siret 732 829 320 00074",
    "tva FR 44 732 829 320",
    "numéro fiscal 30 23 217 600 053",
    "rib 30006 00001 12345678901 89",
    "n° INE : 123456789AB",
    "carte d'identité X4RTBPFW4",
    "passeport 12AB34567",
    "permis de conduire 130775200123",
    "née le 10 décembre 1815",
    "date of birth: 12/09/1906",
    "Mme Hélène de La Garanderie",
    "M. Jean Dupont",
    "12 bis, rue de l'Église, 75002 Paris",
    "221B Baker Street, London NW1 6XE",
    "0692 20 12 34",
)
NEAR_MISSES = {"06x12x34x56x78", "+352 1234", "00 43 1 1234"}
WORDS = (
    "tél",
    "écrire à",
    "std::vector",
    "réf. 4021",
    "carte",
    "iban:",
    "le 12/05/2024",
    "siren",
    "née à",
    "12 rue",
    "M.",
    "permis n°",
    "36 38 40 42",
    "🙂",
    "ß",
)
# Of scripts old and new, inside and outside the basic plane.
DIGIT_ZEROS = "0\u0660\u06f0\u07c0\u0966\uff10\U0001d7ce\U0001e950\U00011d50"
TWINS = {
    "s": "\u017f",
    "k": "\u212a",
    "i": "\u0131",
    " ": "\u00a0",
    "-": "\u2013",
    ".": "\uff0e",
    "a": "é",
    "e": "é",
    "o": "ô",
    "'": "\u2019",
}
NOISE = "0123456789 -.()/x+@:,_~\n\u00a0\u200b\u30fc\uff0b\uff08é\u017f\u0301\U0001e950"


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A text about somebody, with characters replaced, dropped and added."""
    pieces = draw(st.lists(st.sampled_from(PEOPLE + WORDS), min_size=1, max_size=3))
    characters = list(draw(st.sampled_from((" ", ", ", "\n", ""))).join(pieces))
    zero = draw(st.sampled_from(DIGIT_ZEROS))
    for _ in range(draw(st.integers(0, 4))):
        position = draw(st.integers(0, len(characters) - 1))
        old = characters[position]
        match draw(st.sampled_from(("digit", "twin", "drop", "add", "upper"))):
            case "digit" if old.isascii() and old.isdecimal():
                characters[position] = chr(ord(zero) + int(old))
            case "twin":
                characters[position] = TWINS.get(old.lower(), old)
            case "drop":
                characters[position] = ""
            case "add":
                characters[position] = draw(st.sampled_from(NOISE)) + old
            case "upper":
                characters[position] = old.upper()
        characters = [character for character in characters if character] or ["."]
    return "".join(characters)


@given(text=mutated())
@example(text="\u0660\u0666 \u0661\u0662 \u0663\u0664 \u0665\u0666 \u0667\u0668")
@example(text="+43 1111")
@example(text="".join(chr(0x1E950 + digit) for digit in (0, 6, 1, 2, 3, 4, 5, 6, 7, 8)))
@example(text="0\u30fc6\u30fc12345678")
@example(text="\u212aada@example.org")
@example(text="\u017firen 732829320")
@example(text="permi\u017f 13AA00002, mme \u0130ris")
@example(text="siren \u0663 732829320")
@example(text="\u00c9mile, 12 RUE \u00c9mile Zola, n\u00c9e le 1er f\u00c9vrier 1912")
@example(text="1 Aaa\u0301 Bbb Street, 1\u00e9 rue Zola")
def test_a_text_about_somebody(text: str, scrubber: Scrubber, plain_scrubber: Scrubber) -> None:
    expected = scrubber.naive_findings(text)
    assert scrubber.findings(text) == expected
    assert plain_scrubber.findings(text) == expected


@given(text=st.text(alphabet=NOISE, max_size=60))
def test_a_text_of_nothing_but_traps(
    text: str, scrubber: Scrubber, plain_scrubber: Scrubber
) -> None:
    expected = scrubber.naive_findings(text)
    assert scrubber.findings(text) == expected
    assert plain_scrubber.findings(text) == expected


@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=80))
def test_any_text(text: str, scrubber: Scrubber, plain_scrubber: Scrubber) -> None:
    expected = scrubber.naive_findings(text)
    assert scrubber.findings(text) == expected
    assert plain_scrubber.findings(text) == expected


@given(texts=st.lists(mutated(), max_size=8))
def test_a_batch_gives_what_its_texts_give_alone(
    texts: list[str], scrubber: Scrubber, plain_scrubber: Scrubber
) -> None:
    alone = [scrubber.scrub(text) for text in texts]
    scrubber.forget()
    assert scrubber.scrub_many(texts) == alone
    assert plain_scrubber.scrub_many(texts) == alone


def test_every_line_of_the_corpus_is_found_but_the_near_misses(scrubber: Scrubber) -> None:
    missed = {text for text in PEOPLE if not scrubber.naive_findings(text)}
    assert missed == NEAR_MISSES
