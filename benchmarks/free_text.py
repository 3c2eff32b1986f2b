"""Free text read for names, against Presidio's engine with the same models.

CPU time of all threads.  Both are given French and English texts, and the language of each.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence

from benchmarks.rows import Row, at_least, at_most
from benchmarks.suite import Place, Run, interleaved, measures

TEXTS = 2_000
SAMPLE = 100  # of them, for Presidio's engine: two seconds
ENGINE = "Presidio's engine with the same models, a text at a time"
NAMES = Row("scrub-free-text", "free text read for names and places, none met before", "texts/s",
            ENGINE, at_least(5))  # fmt: skip
DIFFERING = Row("scrub-free-text-differing", "texts in which another name or place is found than"
                " by Presidio's engine", "texts", "", at_most(0))  # fmt: skip

PHRASES = (
    "Bonjour, je suis {} et ma commande n'est jamais arrivée à {}.",
    "le pull gratte un peu mais {} est ravie de son cadeau",
    "Merci à {} du magasin de {}, toujours aussi aimable !",
    "taille un peu petit, prévoir une taille au-dessus",
    "Livraison rapide, produit conforme, je recommande.",
    "Hello, {} here, could you send the parcel to {} instead?",
    "Great quality for the price, fits as expected.",
    "my daughter {} loves it, we wear it all over {}",
    "The zip broke after two weeks, very disappointed.",
    "je cherche la même lampe en laiton pour ma cuisine",
)
PEOPLE = ("Ada Lovelace", "Alan Turing", "Grace Hopper", "Konrad Zuse", "Joan Clarke", "Hedy",
          "Jean Bartik", "Alice Recoque", "Karen", "Adele Goldberg")  # fmt: skip
PLACES = ("Lyon", "Bletchley", "Arlington", "Saint-Étienne", "Manchester", "Le Mans", "Berlin")


@measures(Place.NOWHERE, NAMES, DIFFERING)
def names(run: Run) -> Iterator[Row]:
    """Read the same texts with both, and compare what they found."""
    from pseudonymizer.scrub.models import Models  # noqa: PLC0415  # seconds to import

    ours, theirs = Models(), naive()
    texts = written(max(SAMPLE, int(TEXTS * run.scale)))
    sample = texts[:SAMPLE]
    yield from interleaved(
        run,
        [
            (
                NAMES,
                lambda: _per_second(lambda: ours.names_in(texts), len(texts)),
                lambda: _per_second(lambda: [theirs(text) for text in sample], len(sample)),
            )
        ],
    )
    if run.wants(DIFFERING):
        compared = texts[: 5 * SAMPLE]
        found = [
            {(each.start, each.end, each.kind) for each in every}
            for every in ours.names_in(compared)
        ]
        expected = [theirs(text) for text in compared]
        DIFFERING.figures.append(sum(a != b for a, b in zip(found, expected, strict=True)))
        DIFFERING.remark = f"of {len(compared)} texts, {sum(map(bool, expected))} with findings"
        yield DIFFERING


def naive() -> Callable[[str], set[tuple[int, int, str]]]:
    """Give what Presidio's engine finds with nothing but our models, told the language."""
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry  # noqa: PLC0415
    from presidio_analyzer.nlp_engine import SpacyNlpEngine  # noqa: PLC0415
    from presidio_analyzer.predefined_recognizers import SpacyRecognizer  # noqa: PLC0415

    from pseudonymizer.scrub.models import (  # noqa: PLC0415
        KINDS,
        PACKAGES,
        languages_of,
        model_folder,
    )

    kinds = sorted(set(KINDS.values()))
    models = [
        {"lang_code": language, "model_name": str(model_folder(language))} for language in PACKAGES
    ]
    engine = AnalyzerEngine(
        registry=RecognizerRegistry(
            [SpacyRecognizer(supported_language=language, supported_entities=kinds)
             for language in PACKAGES],
            supported_languages=list(PACKAGES),
        ),
        nlp_engine=SpacyNlpEngine(models=models),
        supported_languages=list(PACKAGES),
    )  # fmt: skip

    def found(text: str) -> set[tuple[int, int, str]]:
        return {
            (each.start, each.end, each.entity_type)
            for language in languages_of(text)
            for each in engine.analyze(text, language=language, entities=kinds)
        }

    return found


def written(size: int, *, seed: int = 1906) -> list[str]:
    """Write what people write under products and to a shop; half of it names somebody."""
    dice = random.Random(seed)  # noqa: S311  # texts, not keys
    texts = []
    for number in range(size):
        phrase = dice.choice(PHRASES)
        names = (dice.choice(PEOPLE), dice.choice(PLACES))
        texts.append(f"{phrase.format(*names)} {number}")
    return texts


def _per_second(work: Callable[[], Sequence[object]], texts: int) -> float:
    began = time.process_time()
    work()
    return texts / (time.process_time() - began)
