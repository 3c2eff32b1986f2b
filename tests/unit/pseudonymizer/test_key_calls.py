"""Who waits for a call waits for no longer than said, and gets what the call gave."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator

import pytest

from pseudonymizer.errors import KeyUnavailable, KeyUnknown
from pseudonymizer.key_calls import Calls


@pytest.fixture
def over() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def test_each_call_s_answer_comes_in_its_place() -> None:
    with contextlib.closing(Calls(threads=3, patience_s=5)) as calls:
        assert calls.all([lambda n=n: n * n for n in range(50)]) == [n * n for n in range(50)]
        assert calls.one(lambda: 7) == 7


def test_what_a_call_raises_is_raised_and_the_rest_is_not_begun() -> None:
    begun = []

    def fail() -> None:
        raise KeyUnknown("no key has this name; another was needed")

    def note() -> None:
        begun.append(1)
        time.sleep(0.01)

    with contextlib.closing(Calls(threads=1, patience_s=5)) as calls:
        with pytest.raises(KeyUnknown):
            calls.all([fail, *[note] * 20])
        calls.one(lambda: None)
        assert len(begun) < 20


def test_a_call_that_hangs_is_left_behind(over: threading.Event) -> None:
    calls = Calls(threads=1, patience_s=0.2)
    began = time.monotonic()
    with pytest.raises(KeyUnavailable, match="too long"):
        calls.one(lambda: over.wait(20))
    with pytest.raises(KeyUnavailable, match="too long"):
        calls.one(lambda: 7)  # the one thread is still in the other
    assert time.monotonic() - began < 2
    over.set()
    assert calls.one(lambda: 7) == 7
    calls.close()


def test_many_values_have_the_patience_of_as_many_turns() -> None:
    with contextlib.closing(Calls(threads=1, patience_s=0.2)) as calls:
        assert calls.all([lambda: time.sleep(0.3)], turns=5) == [None]


def test_threads_end_with_it() -> None:
    def ours() -> list[threading.Thread]:
        return [one for one in threading.enumerate() if one.name == "key-calls"]

    before = set(ours())
    calls = Calls(threads=2, patience_s=5)
    calls.one(lambda: None)
    mine = set(ours()) - before
    assert len(mine) == 2
    calls.close()
    for thread in mine:
        thread.join(5)
        assert not thread.is_alive()
