"""Free text that a rulebook has read for names: kept where it names nobody, masked, or dropped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.ingest.dialects import segment
from gateway.ingest.drafts import Tally
from gateway.ingest.minimise import Minimiser
from gateway.ingest.prepare import Intake, prepare
from gateway.ingest.rules import CompiledRules
from gateway.wiring import second_line_for
from policies.load import load_rulebook
from pseudonymizer.scrub import models
from pseudonymizer.scrub.errors import SecondLineMissing
from pseudonymizer.scrub.second_line import SecondLine
from tests.support.clock import NOON, us
from tests.support.edge import warm_scrubber
from tests.support.rulebooks import edited

NOON_US = us(NOON)
SCANNED = "    scan: true\n    max_length: 200\n"


def rules(folder: Path, action: str) -> CompiledRules:
    declared = f"    free_text: {action}\n{SCANNED}"
    book = edited(folder, ("properties.yaml", SCANNED, declared))
    return CompiledRules(
        book,
        {key: number for number, key in enumerate(book.purposes, 1)},
        {key: number for number, key in enumerate(book.domains, 1)},
    )


@pytest.fixture(scope="module")
def second_line() -> SecondLine:
    return SecondLine(budget_s=60).warm()


def kept(
    compiled: CompiledRules, second_line: SecondLine, *searches: str
) -> tuple[list[Any], dict[str, int]]:
    calls = [
        {"type": "track", "event": "Products Searched", "userId": "konrad-zuse",
         "properties": {"query": query}}
        for query in searches
    ]  # fmt: skip
    body = msgspec.json.encode({"batch": calls})
    events = segment.decode("batch", body, NOON_US).events
    tally = Tally()
    drafts = prepare(Intake(compiled, 1, NOON_US), events, tally)
    Minimiser(warm_scrubber(), second_line)(drafts, tally)
    found = [next((each.value for each in draft.found), None) for draft in drafts]
    return found, {name: count for (_, _, name), count in tally.dropped.items()}


def test_text_that_names_somebody_is_dropped_and_counted(
    tmp_path: Path, second_line: SecondLine
) -> None:
    found, dropped = kept(
        rules(tmp_path, "drop"), second_line,
        "la taille est trop petite", "Bonjour, je suis Alan Turing.", "mail ada@example.org",
        "chemise de konrad-zuse",
    )  # fmt: skip
    assert found == ["la taille est trop petite", None, None, None]
    assert dropped == {"query:scrubbed": 3}


def test_masked_text_keeps_the_kinds_in_their_places(
    tmp_path: Path, second_line: SecondLine
) -> None:
    found, dropped = kept(
        rules(tmp_path, "mask"), second_line,
        "la taille est trop petite", "Bonjour, je suis Alan Turing.",
    )  # fmt: skip
    assert found == ["la taille est trop petite", "Bonjour, je suis <PERSON>."]
    assert dropped == {"query:scrubbed": 1}


@pytest.mark.parametrize("action", ["drop", "mask"])
def test_text_that_nobody_has_read_in_time_is_never_kept(tmp_path: Path, action: str) -> None:
    found, dropped = kept(rules(tmp_path, action), SecondLine(budget_s=0), "la taille", "le tissu")
    assert found == [None, None]
    assert dropped == {"query:unread": 2}


def test_special_categories_are_still_looked_for(tmp_path: Path, second_line: SecondLine) -> None:
    compiled = rules(tmp_path, "drop")
    body = msgspec.json.encode({"batch": [
        {"type": "track", "event": "Products Searched", "userId": "konrad-zuse",
         "properties": {"query": "test de grossesse précoce"}}]})  # fmt: skip
    events = segment.decode("batch", body, NOON_US).events
    drafts = prepare(Intake(compiled, 1, NOON_US), events, Tally())
    Minimiser(warm_scrubber(), second_line)(drafts, Tally())
    assert drafts[0].special


def test_a_gateway_does_not_start_without_the_models_its_rulebook_asks_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "PACKAGES", {"fr": ("no_such_model",)})
    second_line_for(load_rulebook())  # the shop's asks for none
    with pytest.raises(SecondLineMissing):
        second_line_for(rules(tmp_path, "drop").ruleset)
