"""What the ledger keeps of a choice says where it can be found again, and names nobody."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from gateway.consent.service import Choice
from policies.vocabulary import ConsentStatus
from tests.support.builders import ADA
from tests.support.edge import TestEdge

CHOICE = Choice("user_id", ADA.user_id, {"personalisation": ConsentStatus.GIVEN}, None)


def kept(edge: TestEdge) -> tuple[str, str]:
    ((evidence, notice),) = edge.rows("select evidence, notice from store.consent_record")
    return evidence, notice


def test_where_a_choice_can_be_found_is_kept(edge: TestEdge) -> None:
    edge.consent.record(replace(CHOICE, evidence="form 7, line 3", notice="fr/2026-01"))
    assert kept(edge) == ("form 7, line 3", "fr/2026-01")


@pytest.mark.parametrize(
    ("said", "left"),
    [
        (f"mail of {ADA.email}", "mail of <EMAIL_ADDRESS>"),
        (f"record {ADA.user_id}", "<IDENTIFIER>"),
        (base64.b64encode(ADA.user_id.encode()).decode(), "<IDENTIFIER>"),
        (ADA.email.encode().hex(), "<EMAIL_ADDRESS>"),
    ],
)
def test_whoever_chose_is_taken_out_of_it(edge: TestEdge, said: str, left: str) -> None:
    edge.consent.record(replace(CHOICE, evidence=said, notice=said))
    assert kept(edge) == (left, left)
