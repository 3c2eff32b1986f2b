from __future__ import annotations

import copy
import json
import pickle

import pytest

from pseudonymizer.identifiers import DirectIdentifier

ADA = "ada.lovelace@example.org"


def test_a_direct_identifier_gives_its_text_only_when_asked_by_name() -> None:
    assert DirectIdentifier(ADA).reveal() == ADA


@pytest.mark.parametrize("show", [repr, str, "{}".format, "{:>40}".format, lambda i: f"{i!r:s}"])
def test_a_direct_identifier_never_shows_its_text(show: object) -> None:
    assert "ada" not in show(DirectIdentifier(ADA))  # type: ignore[operator]


@pytest.mark.parametrize(
    "carry", [pickle.dumps, copy.copy, copy.deepcopy, DirectIdentifier.__getstate__]
)
def test_a_direct_identifier_never_reaches_a_task_queue(carry: object) -> None:
    with pytest.raises(TypeError, match="send a pseudonym"):
        carry(DirectIdentifier(ADA))  # type: ignore[operator]


def test_json_refuses_a_direct_identifier() -> None:
    with pytest.raises(TypeError):
        json.dumps({"email": DirectIdentifier(ADA)})


def test_two_direct_identifiers_of_one_text_are_not_equal() -> None:
    assert DirectIdentifier(ADA) != DirectIdentifier(ADA)
