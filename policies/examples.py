"""The examples beside the rulebook's files, run: what a DPO wrote down must come out.

Each ``X.yaml`` has a neighbour ``X.examples.yaml`` with a list of examples.  An example gives a
situation and what must follow from it, in the words of its file.  Features are computed by
another package, which is handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from policies.load import DEFAULTED, EXAMPLES, FILES, SEGMENTS, SHIPPED
from policies.reading.entry import Entry, as_list
from policies.reading.kinds import Whole
from policies.reading.source import parse
from policies.ruleset import EventRule, RuleSet
from policies.situations import SITUATIONS, feature_values, instant_us, segment_member, verdict

_FEATURES: Final = "features"


@dataclass(frozen=True, slots=True)
class ExampleEvent:
    """One event of an example's history."""

    rule: EventRule
    at_us: int
    amount: int


Compute = Callable[[RuleSet, Sequence[ExampleEvent], int], Mapping[str, float | None]]
"""Gives the features of one subject's events as of an instant, by key."""


@dataclass(frozen=True, slots=True)
class ExampleResult:
    """How one example came out: ``fault`` says what did, or is ``None`` when it held.

    ``skipped`` means nobody handed in what it needs.
    """

    file: str
    line: int
    title: str
    fault: str | None
    skipped: bool = False


def run_examples(
    rules: RuleSet, folder: Path | None = None, *, compute: Compute | None = None
) -> list[ExampleResult]:
    """Run every example of *folder* against *rules*.

    A missing or empty file of examples is a result with a fault, since untried rules are the ones
    that surprise.

    Raises:
        RulebookInvalid: a file of examples cannot be read.
    """
    home = folder or SHIPPED
    results: list[ExampleResult] = []
    for file in (*FILES, *(f"{SEGMENTS}/{key}.yaml" for key in rules.segments)):
        name = file.removesuffix(".yaml") + EXAMPLES
        path = home / name
        if not path.is_file():
            if file in DEFAULTED and not (home / file).is_file():
                continue
            results.append(ExampleResult(name, 0, file, "there is no file of examples"))
            continue
        results.extend(_run_file(rules, path, name, compute))
    return results


def _run_file(
    rules: RuleSet, path: Path, file: str, compute: Compute | None
) -> list[ExampleResult]:
    whole = Entry(parse(path.read_text(encoding="utf-8"), file))
    examples = [Entry(value) for value in as_list(whole.take("examples"))]
    whole.done()
    if not examples:
        return [ExampleResult(file, 1, file, "there is no example in the file")]
    return [_run_one(rules, example, file, compute) for example in examples]


def _run_one(rules: RuleSet, example: Entry, file: str, compute: Compute | None) -> ExampleResult:
    title, line = example.text("title"), example.value.line
    stem = file.removesuffix(EXAMPLES)
    if stem == _FEATURES and compute is None:
        return ExampleResult(file, line, title, None, skipped=True)
    if stem == _FEATURES and compute is not None:
        fault = _features(rules, example, compute)
    elif stem.startswith(f"{SEGMENTS}/"):
        fault = segment_member(rules, example, stem.removeprefix(f"{SEGMENTS}/"))
    else:
        fault = SITUATIONS[stem](rules, example)
    example.done()
    return ExampleResult(file, line, title, fault)


def _features(rules: RuleSet, example: Entry, compute: Compute) -> str | None:
    history = [_event(rules, Entry(value)) for value in as_list(example.take("history"))]
    expected = feature_values(example, rules)
    found = compute(rules, history, instant_us(example, "today"))
    return verdict({key: found.get(key) for key in expected}, expected)


def _event(rules: RuleSet, entry: Entry) -> ExampleEvent:
    name = entry.text("event")
    rule = rules.event_named(name, "track")
    if rule is None:
        entry.fault("event", "the event is not declared", "Use a name or alias of events.yaml.")
    at_us = instant_us(entry, "at")
    event = ExampleEvent(rule, at_us, entry.whole("amount", Whole(0, 10**12), default=0))
    entry.done()
    return event


def failures(results: Sequence[ExampleResult]) -> list[ExampleResult]:
    """Give the results that did not hold."""
    return [result for result in results if result.fault is not None]
