"""How many names the second line finds in what people write: ``python -m tests.support.free_text``.

Sentences that nothing was tuned by, with first and last names of the scrubber's corpus, none of
them behind a title; and as many sentences about nobody.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Final

from tests.support.shop_texts.lists import sections

SEED: Final = 1906
ABOUT_SOMEBODY: Final = {
    "fr": (
        "Bonjour, c'est {} pour la commande de mardi dernier.",
        "J'ai offert ce pull à {} et il lui va très bien.",
        "Pourriez-vous remettre le colis à mon voisin {} ?",
        "{} m'a conseillée en magasin, merci à elle.",
        "merci de livrer chez {}, au deuxième étage",
        "Le paquet était au nom de {} et non au mien.",
    ),
    "en": (
        "Hi, this is {} about the order from last Tuesday.",
        "I bought this for {} and it fits really well.",
        "Could you leave the parcel with my neighbour {}?",
        "{} in the shop was very helpful.",
        "please deliver to {}, second floor",
        "The parcel was addressed to {} instead of me.",
    ),
}
ABOUT_NOBODY: Final = {
    "fr": (
        "Le tissu est doux mais la couleur a passé au premier lavage.",
        "Je cherche une lampe en laiton pour mon bureau.",
        "Très bon rapport qualité prix, livraison rapide.",
        "La fermeture s'est cassée au bout de deux semaines.",
        "Est-ce que ce canapé existe en vert ?",
        "taille un peu petit, prenez une taille au-dessus",
        "Déçue par la semelle, trop dure pour marcher longtemps.",
        "Où trouver la notice de montage ?",
    ),
    "en": (
        "The fabric is soft but the colour faded in the first wash.",
        "I am looking for a brass lamp for my desk.",
        "Great value for money, quick delivery.",
        "The zip broke after two weeks.",
        "Does this sofa come in green?",
        "runs a little small, take one size up",
        "Disappointed by the sole, too hard for long walks.",
        "Where can I find the instructions?",
    ),
}


def naming(size: int, language: str) -> Iterator[tuple[str, str]]:
    """Give texts with the name in each; every third is in small letters."""
    people = sections("people")
    dice = random.Random(f"{SEED} {language}")  # noqa: S311  # a corpus, not a key
    for number in range(size):
        name = f"{dice.choice(people['first names'])} {dice.choice(people['last names'])}"
        text = dice.choice(ABOUT_SOMEBODY[language]).format(name)
        yield (text.lower(), name.lower()) if number % 3 == 2 else (text, name)


def main() -> None:
    from pseudonymizer.scrub.second_line import SecondLine

    second_line = SecondLine(budget_s=600).warm()
    for language in ABOUT_SOMEBODY:
        for small in (False, True):
            put = [pair for pair in naming(600, language) if (pair[1] == pair[1].lower()) == small]
            left = second_line.judge([text for text, _ in put])
            named = sum(bool(each.kinds) for each in left)
            gone = sum(
                not any(part in each.text for part in name.split())
                for each, (_, name) in zip(left, put, strict=True)
            )
            letters = "small letters" if small else "capitals"
            print(f"{language}, {letters}: of {len(put)} names {gone} gone, {named} texts dropped")  # noqa: T201
        nobody = second_line.judge(ABOUT_NOBODY[language])
        hit = sum(bool(each.kinds) for each in nobody)
        print(f"{language}: of {len(nobody)} about nobody {hit} hit")  # noqa: T201


if __name__ == "__main__":
    main()
