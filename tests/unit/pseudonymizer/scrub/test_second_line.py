"""Names in free text: what the models find is taken out, what nobody has read is not kept."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import pytest
import spacy
from spacy.tokens import Doc, Span

from pseudonymizer.scrub import models
from pseudonymizer.scrub.engine import Scrubber
from pseudonymizer.scrub.errors import SecondLineMissing
from pseudonymizer.scrub.finding import Finding, Scrubbed
from pseudonymizer.scrub.own import own_names
from pseudonymizer.scrub.second_line import CHUNK_CHARACTERS, SecondLine
from tests.support.free_text import ABOUT_NOBODY, naming

UNREAD = Scrubbed("<UNREAD>", ("UNREAD",))


@pytest.fixture(scope="module")
def second_line() -> SecondLine:
    return SecondLine(budget_s=60).warm()


class Readers:
    """Stands for the models: finds one word, and takes its time."""

    def __init__(self, word: str = "Ada", *, tick: Callable[[], None] = lambda: None) -> None:
        self.word, self.tick = word, tick
        self.read: list[str] = []

    def names_in(self, texts: Sequence[str]) -> list[tuple[Finding, ...]]:
        self.tick()
        self.read += texts
        return [self._found(text) for text in texts]

    def _found(self, text: str) -> tuple[Finding, ...]:
        at = text.find(self.word)
        return () if at < 0 else (Finding(at, at + len(self.word), "PERSON", 0.85),)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Bonjour, je suis Alan Turing et j'attends ma commande.",
         "Bonjour, je suis <PERSON> et j'attends ma commande."),
        ("My name is Grace Hopper and I live in Arlington.",
         "My name is <PERSON> and I live in <LOCATION>."),
        ("J'habite à Lyon, pouvez-vous livrer ?", "J'habite à <LOCATION>, pouvez-vous livrer ?"),
    ],
)  # fmt: skip
def test_names_and_places_give_way_to_their_kind(
    text: str, left: str, second_line: SecondLine
) -> None:
    assert second_line.judge([text])[0].text == left


def test_what_names_nobody_stays_as_it_is(second_line: SecondLine) -> None:
    text = "la taille est trop petite et le tissu gratte"
    assert second_line.judge([text]) == [(text, ())]


def test_patterns_look_first_and_both_are_told(second_line: SecondLine, scrubber: Scrubber) -> None:
    text = "Je suis Alan Turing, mon courriel est ada@example.org merci"
    (left,) = second_line.read_through(scrubber, [text])
    assert left.text == "Je suis <PERSON>, mon courriel est <EMAIL_ADDRESS> merci"
    assert left.kinds == ("EMAIL_ADDRESS", "PERSON")


def test_a_sender_who_is_named_is_never_read(scrubber: Scrubber) -> None:
    readers = Readers()
    line = SecondLine(load=lambda: readers)
    own = [own_names(["lovelace-1815"])]
    (left,) = line.read_through(scrubber, ["carte de lovelace-1815"], own=own)
    assert left.kinds == ("IDENTIFIER",)
    assert readers.read == ["<IDENTIFIER>"]


def test_a_wrapped_name_takes_its_whole_text_along() -> None:
    (left,) = SecondLine(load=Readers).judge(["robe pour %41da svp"])
    assert left == ("<PERSON>", ("PERSON",))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("mail <EMAIL_ADDRESS> ok", "mail <EMAIL_ADDRESS> ok"),  # the placeholder alone was seen
        ("x <EMAIL_ADDRESS> Ada", "x <EMAIL_ADDRESS> Ada"),
    ],
)
def test_a_placeholder_is_no_name(text: str, left: str) -> None:
    assert SecondLine(load=lambda: Readers("EMAIL")).judge([text])[0].text == left


def test_a_placeholder_that_a_name_touches_goes_with_it() -> None:
    (left,) = SecondLine(load=lambda: Readers("> Ada")).judge(["x <EMAIL_ADDRESS> Ada y"])
    assert left.text == "x <PERSON> y"


def test_what_was_read_is_not_read_again() -> None:
    readers = Readers()
    line = SecondLine(load=lambda: readers)
    first = line.judge(["pour Ada", "pour moi", "pour moi"])
    assert first == line.judge(["pour Ada", "pour moi", "pour moi"])
    assert readers.read == ["pour Ada", "pour moi"]
    held = repr([line._memory._young, line._memory._old])
    assert "moi" not in held


def test_what_is_not_read_in_time_is_dropped() -> None:
    now = [0.0]

    def tick() -> None:
        now[0] += 0.6

    line = SecondLine(budget_s=1, load=lambda: Readers(tick=tick), clock=lambda: now[0])
    texts = [f"{number} {'a' * (CHUNK_CHARACTERS - 10)}" for number in range(4)]
    left = line.judge(texts)
    assert [result.text for result in left[:2]] == texts[:2]
    assert left[2:] == [UNREAD, UNREAD]
    now[0] = 10
    assert line.judge(texts)[2].text == texts[2]  # being late is not remembered


def test_without_any_time_nothing_is_kept() -> None:
    assert SecondLine(budget_s=0, load=Readers).judge(["a"]) == [UNREAD]


def test_what_breaks_the_models_is_dropped_and_not_raised() -> None:
    def broken() -> None:
        raise RuntimeError("no")

    assert SecondLine(load=lambda: Readers(tick=broken)).judge(["a"]) == [UNREAD]


def test_a_text_wrapped_too_deeply_is_dropped_alone() -> None:
    deep = "%25252525252525252541da"
    left = SecondLine(load=Readers).judge(["a", deep, "b"])
    assert left == [("a", ()), UNREAD, ("b", ())]


def test_without_its_models_it_says_so_and_keeps_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "PACKAGES", {"fr": ("fr_core_news_sm",), "en": ("no_such_model",)})
    with pytest.raises(SecondLineMissing, match="`en`"):
        SecondLine().warm()
    assert SecondLine().judge(["bonjour"]) == [UNREAD]


def test_no_word_of_a_text_stays_in_the_models(second_line: SecondLine) -> None:
    second_line.judge(["Bonjour, je suis Konrad Wrzsekanari, kwrzsekanari."])
    readers = second_line._models
    assert isinstance(readers, models.Models)
    for pipeline in readers._pipelines.values():
        assert len(pipeline.vocab.strings) > 1000
        assert not [word for word in pipeline.vocab.strings if "rzsekanari" in word.lower()]


@pytest.mark.parametrize(
    ("text", "languages"),
    [
        ("la taille est trop petite", ("fr",)),
        ("the size is too small", ("en",)),
        ("Alan Turing", ("fr", "en")),
        ("", ("fr", "en")),
    ],
)
def test_a_text_is_read_in_its_language_or_in_both(text: str, languages: tuple[str, ...]) -> None:
    assert models.languages_of(text) == languages


def test_the_models_alone_find_what_they_find_together_with_others(
    second_line: SecondLine,
) -> None:
    texts = ["Je suis Alan Turing.", "I am Grace Hopper.", "rien", "Ada Lovelace, Londres", ""]
    readers = second_line._models
    assert readers is not None
    together = readers.names_in(texts)
    assert together == [readers.names_in([text])[0] for text in texts]


RUNNING_ON = ("Ada. Lovelace", "Alan ! Turing", "Konrad\nZuse", "New. York", "Hedy, Paris. Lyon")


@pytest.mark.parametrize("language", list(ABOUT_NOBODY))
def test_sentences_looked_for_where_it_matters_change_nothing(
    second_line: SecondLine, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    """The whole pipeline looks for sentences in every text, before any name."""
    readers, dice = second_line._models, random.Random(1906)  # noqa: S311  # texts, not keys
    assert isinstance(readers, models.Models)
    pipeline = readers._pipelines[language]
    texts = [text for text, _ in naming(150, language)] + list(ABOUT_NOBODY[language])
    texts += [
        text.replace(" ", dice.choice([". ", " ! ", "\n"]), dice.randint(1, 4))
        for text, _ in naming(300, language)
    ]
    texts += [f"{dice.choice(texts)} {each} {dice.choice(texts)}" for each in RUNNING_ON * 40]
    whole = list(map(_named, pipeline.pipe(texts, batch_size=models.BATCH)))
    begins, goes_on = list[bool](), models._goes_on

    def noted(span: Span) -> bool:
        begins.append(goes_on(span))
        return begins[-1]

    monkeypatch.setattr(models, "_goes_on", noted)
    assert list(map(_named, models._read(pipeline, texts))) == whole
    assert {True, False} == set(begins)


def test_a_model_whose_names_depend_on_what_is_left_out_is_refused() -> None:
    pipeline = spacy.blank("fr")
    shared = pipeline.add_pipe("tok2vec")
    shared.listener_map["ner"] = []  # type: ignore[attr-defined]  # of spaCy's own part
    with pytest.raises(SecondLineMissing):
        models._refuse_listening("fr", pipeline)


def _named(document: Doc) -> list[tuple[int, int, str]]:
    return [(each.start_char, each.end_char, each.label_) for each in document.ents]
