"""Memory is bounded in size and in time, and its keys say nothing to anybody else."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import given

from pseudonymizer.scrub.engine import Scrubber
from pseudonymizer.scrub.memory import Memory


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@given(waits=st.lists(st.floats(0, 25, allow_nan=False), max_size=20))
def test_nothing_is_remembered_longer_than_allowed(waits: list[float]) -> None:
    clock = Clock()
    memory = Memory[float](size=1000, seconds=10, clock=clock)
    for wait in waits:
        memory.keep(memory.mark(str(clock.now)), clock.now)
        clock.now += wait
        for kept_at in (clock.now - wait, clock.now - 10.001):
            known = memory.recall(memory.mark(str(kept_at)))
            assert known is None or clock.now - known <= 10


def test_what_was_just_kept_is_remembered() -> None:
    memory = Memory[str](size=10, seconds=10, clock=Clock())
    memory.keep(memory.mark("a text"), "left")
    assert memory.recall(memory.mark("a text")) == "left"


def test_memory_does_not_grow_beyond_its_size() -> None:
    memory = Memory[int](size=10, seconds=10, clock=Clock())
    for number in range(1000):
        memory.keep(memory.mark(str(number)), number)
    assert len(memory._young) + len(memory._old) <= 10


def test_two_processes_remember_a_text_under_different_marks() -> None:
    one, other = Memory[int](size=1, seconds=1), Memory[int](size=1, seconds=1)
    assert one.mark("ada@example.org") != other.mark("ada@example.org")


def test_no_word_of_a_text_stays_in_the_vocabulary(scrubber: Scrubber) -> None:
    scrubber.forget()
    scrubber.scrub("courriel k.wrzsekanari@example.org wrzsekanari")
    scrubber.naive_findings("courriel k.wrzsekanari@example.org wrzsekanari")
    vocabulary = scrubber._ready().closer_look._tokens.nlp["fr"].vocab.strings
    assert not [word for word in vocabulary if "rzsekanari" in word]
