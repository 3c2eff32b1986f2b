"""How far an operator's token reaches beside the requests: by role, and never unlogged."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.rights.operators import Role
from tests.support.builders import ADA
from tests.support.front import Front

IDENTIFIER = {"kind": "user_id", "value": ADA.user_id}
ABOUT_ONE_PERSON: dict[str, tuple[dict[str, Any], str]] = {
    "/v1/subjects/segments": ({"identifier": IDENTIFIER}, "subject:looked-up"),
    "/v1/consents": (
        {"identifier": IDENTIFIER, "purposes": {"personalisation": "withdrawn"}},
        "consent:recorded",
    ),
}


def actions(front: Front) -> list[str]:
    found = front.rows("select header from audit.entry order by seq")
    return [json.loads(header)["action"] for (header,) in found]


@pytest.mark.parametrize("path", ABOUT_ONE_PERSON)
def test_an_auditor_neither_looks_a_person_up_nor_chooses_for_them(front: Front, path: str) -> None:
    body, _ = ABOUT_ONE_PERSON[path]
    before = actions(front)
    answer = front.post(path, body, auth=None, headers=front.tokens[Role.AUDITOR])
    assert answer.status_code == 403
    assert answer.json()["code"] == "scope-missing"
    assert actions(front) == before


@pytest.mark.parametrize("role", [Role.DPO, Role.OPERATOR])
@pytest.mark.parametrize("path", ABOUT_ONE_PERSON)
def test_what_an_operator_does_about_one_person_is_in_the_log(
    front: Front, path: str, role: Role
) -> None:
    body, action = ABOUT_ONE_PERSON[path]
    before = actions(front)
    assert front.post(path, body, auth=None, headers=front.tokens[role]).status_code == 200
    assert actions(front) == [*before, action]


def test_what_a_key_does_is_counted_elsewhere(front: Front) -> None:
    before = actions(front)
    for path, (body, _) in ABOUT_ONE_PERSON.items():
        assert front.post(path, body).status_code == 200
    assert actions(front) == before


def test_every_role_reads_what_is_above_the_floor(front: Front) -> None:
    for role in Role:
        answer = front.client.get("/v1/segments", headers=front.tokens[role])
        assert answer.status_code == 200
