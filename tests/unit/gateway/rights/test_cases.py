"""Which states does a request go through?"""

from __future__ import annotations

import itertools

import pytest

from gateway.rights.cases import STEPS, CaseState, CaseType, Step, advance, steps_after
from gateway.rights.errors import CaseStepImpossible

ALLOWED = {
    (CaseState.RECEIVED, CaseState.VERIFIED),
    (CaseState.RECEIVED, CaseState.REFUSED),
    (CaseState.VERIFIED, CaseState.RUNNING),
    (CaseState.VERIFIED, CaseState.REFUSED),
    (CaseState.RUNNING, CaseState.CLOSED),
}


@pytest.mark.parametrize(("state", "to"), list(itertools.product(CaseState, CaseState)))
def test_only_the_declared_transitions_exist(state: CaseState, to: CaseState) -> None:
    if (state, to) in ALLOWED:
        assert advance(state, to) is to
    else:
        with pytest.raises(CaseStepImpossible, match="never becomes"):
            advance(state, to)


def test_an_erasure_fences_before_it_deletes_and_scans_before_it_signs() -> None:
    steps = STEPS[CaseType.ERASURE]
    order = [
        Step.VAULT_FENCED,
        Step.STORE_ERASED,
        Step.KEYS_DESTROYED,
        Step.SCANNED,
        Step.COMPLETED,
        Step.RECEIPT_SIGNED,
    ]
    assert sorted(order, key=steps.index) == order


@pytest.mark.parametrize("kind", list(CaseType))
def test_every_recorded_step_leads_to_the_next(kind: CaseType) -> None:
    done: Step | None = None
    walked = []
    while remaining := steps_after(kind, done):
        done = remaining[0]
        walked.append(done)
    assert tuple(walked) == STEPS[kind]


def test_a_step_of_another_right_is_not_continued() -> None:
    with pytest.raises(CaseStepImpossible, match="altered"):
        steps_after(CaseType.ACCESS, Step.KEYS_DESTROYED)
