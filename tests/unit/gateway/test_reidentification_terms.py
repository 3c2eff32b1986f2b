"""Off is the default, and a purpose that is not on the list turns nothing on."""

from __future__ import annotations

import pytest

from gateway.rights.reidentification.purposes import DESPITE_RESTRICTION, MEANINGS, Purpose
from gateway.rights.reidentification.terms import Terms
from gateway.settings import SettingsInvalid, read_terms


def terms(monkeypatch: pytest.MonkeyPatch, said: str | None) -> Terms:
    monkeypatch.delenv("PARAVENT_REIDENTIFICATION", raising=False)
    if said is not None:
        monkeypatch.setenv("PARAVENT_REIDENTIFICATION", said)
    return read_terms().terms


@pytest.mark.parametrize(
    ("said", "open_"),
    [
        (None, set()),
        ("off", set()),
        ("fraud", {Purpose.FRAUD}),
        ("fraud, legal_claims", {Purpose.FRAUD, Purpose.LEGAL_CLAIMS}),
    ],
)
def test_what_is_named_is_open_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, said: str | None, open_: set[Purpose]
) -> None:
    assert terms(monkeypatch, said).purposes == open_


@pytest.mark.parametrize("said", ["on", "curiosity", "fraud,curiosity", "", "fraud,", "off,fraud"])
def test_anything_else_is_refused_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    with pytest.raises(SettingsInvalid, match="PARAVENT_REIDENTIFICATION") as refused:
        terms(monkeypatch, said)
    assert "curiosity" not in str(refused.value)


def test_every_purpose_has_words_and_few_reach_the_restricted() -> None:
    assert set(MEANINGS) == set(Purpose)
    assert {Purpose.LEGAL_CLAIMS, Purpose.RIGHTS_OF_OTHERS} == DESPITE_RESTRICTION
