"""Quarantine is off unless the rulebook says otherwise, and whatever keeps more of it loosens."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path

import pytest

from policies.comparing import compare
from policies.comparing.changes import Effect
from policies.errors import RulebookInvalid
from policies.load import load_rulebook
from policies.ruleset import QuarantineRule
from policies.vocabulary import Suspicion
from tests.support.rulebooks import copied, edited

KEY = bytes(range(32))
SAID = base64.b64encode(KEY).decode()
OTHER = base64.b64encode(bytes(32)).decode()
ON = QuarantineRule(tuple(Suspicion), 5, SAID)


def test_the_shipped_rulebook_and_one_without_the_file_set_nothing_aside(tmp_path: Path) -> None:
    assert load_rulebook().quarantine == QuarantineRule((), 7, None)
    copied(tmp_path)
    (tmp_path / "quarantine.yaml").unlink()
    (tmp_path / "quarantine.examples.yaml").unlink()
    assert load_rulebook(tmp_path).quarantine == QuarantineRule((), 7, None)


@pytest.mark.parametrize(
    ("said", "key"),
    [
        ("reasons: [special-category]", "key"),
        ("reasons: [malformed-consent]", "reasons"),
        (f"reasons: []\n  days: 8\n  key: {SAID}", "days"),
        (f"reasons: []\n  days: 0\n  key: {SAID}", "days"),
        ("reasons: []\n  key: AAAA", "key"),
        ("reasons: []\n  key: '~~~~'", "key"),
        (f"reasons: []\n  private: {SAID}", "private"),
    ],
)
def test_a_rule_that_cannot_be_obeyed_is_refused(tmp_path: Path, said: str, key: str) -> None:
    with pytest.raises(RulebookInvalid) as raised:
        edited(tmp_path, ("quarantine.yaml", "reasons: []", said))
    assert key in str(raised.value)
    assert SAID not in str(raised.value)


@pytest.mark.parametrize(
    ("before", "after", "loosens"),
    [
        (QuarantineRule(), ON, True),
        (ON, replace(ON, reasons=(), key=None), False),
        (ON, replace(ON, days=6), True),
        (ON, replace(ON, days=4), False),
        (ON, replace(ON, key=OTHER), True),
        (ON, replace(ON, reasons=(Suspicion.UNREADABLE_TEXT,)), False),
        (replace(ON, reasons=(Suspicion.UNREADABLE_TEXT,)), ON, True),
    ],
)
def test_a_change_that_keeps_more_loosens(
    before: QuarantineRule, after: QuarantineRule, *, loosens: bool
) -> None:
    rules = load_rulebook()
    found = compare(replace(rules, quarantine=before), replace(rules, quarantine=after))
    assert {change.file for change in found} == {"quarantine.yaml"}
    assert any(change.loosens for change in found) is loosens


def test_another_key_is_said_to_be_shared_wider() -> None:
    rules = load_rulebook()
    other = replace(rules, quarantine=replace(ON, key=OTHER))
    (change,) = compare(replace(rules, quarantine=ON), other)
    assert (change.effect, change.before) == (Effect.SHARED_WIDER, SAID)
