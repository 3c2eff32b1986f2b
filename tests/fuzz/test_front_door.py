"""Payloads of real trackers, spoiled, at the front door: no 500, no echo, no event uncounted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from tests.fuzz import room
from tests.fuzz.cases import Case, Dealer
from tests.fuzz.eavesdropping import Eavesdropper
from tests.fuzz.knocking import Knocker, send
from tests.fuzz.seed import gate_seed
from tests.fuzz.settling import unsettled
from tests.support.front import Front
from tests.support.run import Run

CASES = 1_000
REPEATED, ROUNDS, WARM, SIDE = 60, 20, 2, 5
# Requests that were all sent before leave histograms and pools behind: up to three hundred blocks,
# more and fewer of them from round to round.  One block a request would be 780 from the first
# five rounds to the last five.
MOST_BLOCKS = (ROUNDS - WARM - SIDE) * REPEATED * 3 // 5
TRIES = 3  # one more connection in a pool is a thousand blocks, once; what leaks grows each time


def test_whatever_is_sent_is_answered_and_accounted_for(
    front: Front, run: Run, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    knocker = Knocker(front, Dealer(gate_seed(), front.key, datetime.now(UTC)))
    ears = Eavesdropper(front, run)
    wrong = [found for number in range(CASES) for found in knocker.knock(number)]
    assert not wrong, "\n\n".join(wrong[:5])
    # Most get as far as somebody looking at their events; else this would prove little.
    assert knocker.statuses[200] > CASES / 2
    assert knocker.outcomes["stored"] > CASES / 2
    assert ears.heard(*capfd.readouterr(), caplog.text) == []
    assert ears.kept() == []
    assert unsettled(front) == []


def test_what_was_sent_before_leaves_nothing_behind(front: Front) -> None:
    dealer = Dealer(gate_seed() + 1, front.key, datetime.now(UTC))
    cases = [dealer.case(number) for number in range(REPEATED)]
    assert any(_growth(front, cases) <= MOST_BLOCKS for _ in range(TRIES))


def _growth(front: Front, cases: Sequence[Case]) -> int:
    held = []
    for _ in range(ROUNDS):
        for case in cases:
            send(front, case)
        held.append(room.blocks())
    return min(held[-SIDE:]) - min(held[WARM : WARM + SIDE])
