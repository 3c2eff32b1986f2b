"""The closer look: Presidio's recognisers on one text, and context only where they saw something.

``find`` gives what ``AnalyzerEngine.analyze`` gives (``naive`` runs that, and a property test
compares them).  Nearly all of the engine's time goes into tokenising texts that hold nothing, so
the recognisers go first: none of ours reads the tokens.  Tokens and context words only move the
scores of what was found.
"""

from __future__ import annotations

import functools
import itertools
import logging
import re
import threading
import time
from typing import Final

import presidio_analyzer.pattern_recognizer
import presidio_analyzer.predefined_recognizers.generic.iban_recognizer as iban_recogniser
import spacy
from presidio_analyzer import (
    AnalyzerEngine,
    EntityRecognizer,
    Pattern,
    PatternRecognizer,
    RecognizerRegistry,
    RecognizerResult,
)
from presidio_analyzer.context_aware_enhancers import LemmaContextAwareEnhancer
from presidio_analyzer.nlp_engine import SpacyNlpEngine
from spacy.language import Language
from spacy.tokens import Doc

from pseudonymizer.scrub.beside import SightRecognizer
from pseudonymizer.scrub.finding import NIR, Finding
from pseudonymizer.scrub.phones import PhoneNumberRecognizer
from pseudonymizer.scrub.prefilter import Shape
from pseudonymizer.scrub.recognisers import recognisers

LANGUAGE: Final = "fr"
LEAST_SCORE: Final = 0.2  # below it nothing is certain enough to be taken out
TIMEOUT_SECONDS: Final = 2  # for one pattern on one text; Presidio skips what takes longer


# Behind a nought there are blanks, points and dashes in telephone numbers, and signs in both.
_PAIRS: Final = re.compile(
    "[1-9][0-9](?: [0-9]{2}){2,}|[0-9]{2}([/_|:,;\u00b7\u2022])[0-9]{2}(?:\\1[0-9]{2})+"
)
_TWO_DIGITS: Final = re.compile("[0-9]{2}")


class TooSlow(RuntimeError):
    """A recogniser may have given up on the text, so that nothing is known about it."""


@Language.component("paravent_surface")
def _surface(doc: Doc) -> Doc:
    """Give each token its spelling as its lemma; without lemmas no context word is ever met."""
    for token in doc:
        token.lemma_ = token.lower_
    return doc


class _Tokens(SpacyNlpEngine):
    """Presidio's spaCy engine over a pipeline that only splits words: no model, no download.

    The multi-language one: the French rules take five seconds to build, and split better only
    where there are elisions, which substring matching of context words sees through.
    """

    def __init__(self) -> None:
        super().__init__(models=[{"lang_code": LANGUAGE, "model_name": "blank"}])
        pipeline = spacy.blank("xx")
        pipeline.add_pipe("paravent_surface")
        self.nlp: dict[str, Language] = {LANGUAGE: pipeline}  # type: ignore[assignment]  # None there


class CloserLook:
    """Presidio without network, models and logs; one text at a time, whoever calls."""

    def __init__(self, regions: tuple[str, ...]) -> None:
        _silence_presidio()
        self._recognisers = recognisers(LANGUAGE, regions)
        self._tokens = _Tokens()
        self._context = LemmaContextAwareEnhancer()
        self._lock = threading.RLock()  # spaCy's vocabulary is written to by every call
        for who in self._recognisers:  # compiles the patterns, outside the first text's own time
            who.analyze("", who.supported_entities, None)  # type: ignore[arg-type]

    def shapes(self) -> list[Shape]:
        """Give what each recogniser must see before it can find anything; bit *n* is its own."""
        return [
            Shape(pattern, flags, 1 << number)
            for number, recogniser in enumerate(self._recognisers)
            for pattern, flags in self._patterns(recogniser)
        ]

    def find(self, text: str, bits: int) -> tuple[Finding, ...]:
        """Find everything in *text*, asking only the recognisers whose bit is set.

        Raises:
            TooSlow: a pattern took so long that Presidio may have skipped it.
        """
        asked = [who for number, who in enumerate(self._recognisers) if bits >> number & 1]
        with self._lock:
            results = [result for who in asked for result in _ask(who, text)]
            if not results:
                return ()
            # In a zone of its own, or every word of every text stays in the vocabulary for good.
            with self._tokens.nlp[LANGUAGE].memory_zone():
                artifacts = self._tokens.process_text(text, LANGUAGE)
                results = self._context.enhance_using_context(
                    text=text, raw_results=results, nlp_artifacts=artifacts, recognizers=asked
                )
        return _findings(text, EntityRecognizer.remove_duplicates(results))

    def naive(self, text: str) -> tuple[Finding, ...]:
        """Find everything in *text* as Presidio's own engine does: the reference for ``find``."""
        with self._lock, self._tokens.nlp[LANGUAGE].memory_zone():
            return _findings(text, self._engine.analyze(text, language=LANGUAGE))

    @functools.cached_property
    def _engine(self) -> AnalyzerEngine:
        originals = [
            who.original() if isinstance(who, PhoneNumberRecognizer) else who
            for who in self._recognisers
        ]
        return AnalyzerEngine(
            registry=RecognizerRegistry(originals, supported_languages=[LANGUAGE]),
            nlp_engine=self._tokens,
            supported_languages=[LANGUAGE],
            context_aware_enhancer=self._context,
            log_decision_process=False,
        )

    @staticmethod
    def _patterns(recogniser: EntityRecognizer) -> list[tuple[str, int]]:
        if isinstance(recogniser, SightRecognizer):
            return recogniser.shapes()
        if isinstance(recogniser, PatternRecognizer):
            flags = int(recogniser.global_regex_flags or 0)
            patterns: list[Pattern] = recogniser.patterns  # type: ignore[has-type]  # not declared
            return [(pattern.regex, flags) for pattern in patterns]
        if isinstance(recogniser, PhoneNumberRecognizer):
            return [(shape, re.IGNORECASE) for shape in recogniser.shapes()]
        raise TypeError("recogniser has no patterns; say what it needs to see, as for phones")


def _ask(recogniser: EntityRecognizer, text: str) -> list[RecognizerResult]:
    began = time.monotonic()
    # None of ours reads tokens, so none are made for them.
    results = recogniser.analyze(text, recogniser.supported_entities, None)  # type: ignore[arg-type]
    if time.monotonic() - began >= TIMEOUT_SECONDS:
        raise TooSlow("recogniser took too long; nothing is known about this text")
    return results


def _findings(text: str, results: list[RecognizerResult]) -> tuple[Finding, ...]:
    """Give what is certain enough, without what is only a part of something surer.

    The account inside an IBAN is no card, whatever its digits add up to.  Sizes from 36 to 44 would
    be a telephone number in New York.
    """
    found = [
        Finding(result.start, result.end, result.entity_type, result.score)
        for result in results
        if result.score >= LEAST_SCORE and not _sizes(text[result.start : result.end])
    ]
    return tuple(sorted(one for one in found if not any(_part_of(one, other) for other in found)))


def _sizes(value: str) -> bool:
    """Say that *value* is a run of numbers of two digits, each as much larger as the one before."""
    if not _PAIRS.fullmatch(value):
        return False
    numbers = [int(number) for number in _TWO_DIGITS.findall(value)]
    steps = {after - before for before, after in itertools.pairwise(numbers)}
    return len(steps) == 1 and steps.pop() in {1, 2}


def _part_of(one: Finding, other: Finding) -> bool:
    if one.kind == NIR:
        return False  # whatever it is a part of: its text may not stay
    inside = other.start <= one.start and one.end <= other.end
    longer = other.end - other.start > one.end - one.start
    return inside and (other.score > one.score or (other.score == one.score and longer))


def _silence_presidio() -> None:
    """Keep Presidio's logs off, which hold the texts it reads; let its patterns give up early."""
    for name in ("presidio-analyzer", "decision_process"):
        logging.getLogger(name).disabled = True
    for module in (presidio_analyzer.pattern_recognizer, iban_recogniser):
        setattr(module, "REGEX_TIMEOUT_SECONDS", TIMEOUT_SECONDS)  # noqa: B010  # not declared
