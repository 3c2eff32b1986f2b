"""The rights and audit paths, over ASGI, as the people who call them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.rights.operators import Role
from tests.support.asgi import AsgiClient
from tests.support.builders import Person
from tests.support.front import Front
from tests.support.rights import canaries

CHECKED = {"method": "in_person", "outcome": "confirmed"}


# Nobody else's: an erasure in the application all tests share is for good.
FIRST = Person("cust-strange-1", "ada.stranger@example.org", "+33199000011", "anon-strange-1")
SECOND = Person("cust-strange-2", "grace.stranger@example.org", "+33199000012", "anon-strange-2")


@pytest.fixture
def client(front: Front) -> AsgiClient:
    return front.client


@pytest.fixture
def tokens(front: Front) -> dict[Role, dict[str, str]]:
    return front.tokens


def body(kind: str = "access", value: str = FIRST.user_id, **members: Any) -> dict[str, Any]:
    identifier = {"kind": "user_id", "value": value}
    return {"type": kind, "identifier": identifier, "identity_check": CHECKED} | members


def test_a_request_is_opened_run_and_answered(
    client: AsgiClient, tokens: dict[Role, dict[str, str]]
) -> None:
    answer = client.post("/v1/rights/requests", json=body(), headers=tokens[Role.OPERATOR])
    assert answer.status_code == 201
    case = answer.json()
    assert case["state"] == "closed"
    assert case["reason"] == "not_identifiable"
    assert case["due_at"] > case["received_at"]
    again = client.get(f"/v1/rights/requests/{case['id']}", headers=tokens[Role.OPERATOR])
    assert again.json() == case
    result = client.get(case["result"], headers=tokens[Role.OPERATOR])
    assert result.json()["reason"] == "not_identifiable"
    assert canaries(FIRST, answer.text + again.text + result.text) == ()


def test_erasing_somebody_unknown_has_the_same_shape(
    client: AsgiClient, tokens: dict[Role, dict[str, str]]
) -> None:
    shapes = [
        set(client.post("/v1/rights/requests", json=body(kind), headers=tokens[Role.DPO]).json())
        for kind in ("access", "erasure")
    ]
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize(
    "header", [None, "Bearer", "Bearer pvo_nope_nope", "Basic YTpi", "x" * 600]
)
def test_without_a_token_in_force_nothing_is_opened(client: AsgiClient, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = client.post("/v1/rights/requests", json=body(), headers=headers)
    assert answer.status_code == 401
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["remedy"]
    assert canaries(FIRST, answer.text) == ()


def test_an_auditor_reads_the_log_but_opens_no_request(
    client: AsgiClient, tokens: dict[Role, dict[str, str]]
) -> None:
    refused = client.post("/v1/rights/requests", json=body(), headers=tokens[Role.AUDITOR])
    assert refused.status_code == 403
    before = client.get("/v1/audit/checkpoint", headers=tokens[Role.AUDITOR]).json()["size"]
    client.post("/v1/rights/requests", json=body(), headers=tokens[Role.DPO])
    checkpoint = client.get("/v1/audit/checkpoint", headers=tokens[Role.AUDITOR]).json()
    assert checkpoint["note"].startswith("paravent.example/audit\n")
    entries = client.get(f"/v1/audit/entries?from={before}", headers=tokens[Role.AUDITOR]).json()
    actions = [json.loads(entry["header"])["action"] for entry in entries["entries"]]
    assert actions[0] == "case:opened"
    assert actions[-1] == "audit:read"
    assert client.get("/v1/audit/entries", headers=tokens[Role.OPERATOR]).status_code == 403


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "access"},
        body(type="everything"),
        body(identifier=None),
        body(identity_check={"method": "in_person", "outcome": "confirmed", "proof": "card.png"}),
        body(identifiers=[{"kind": "user_id", "value": FIRST.user_id}] * 11),
        body(value=FIRST.email * 60),
        body(unexpected=FIRST.email),
        body(channel=FIRST.email),
    ],
)
def test_a_request_of_another_form_is_refused_without_an_echo(
    client: AsgiClient, tokens: dict[Role, dict[str, str]], wrong: dict[str, Any]
) -> None:
    answer = client.post("/v1/rights/requests", json=wrong, headers=tokens[Role.DPO])
    assert answer.status_code == 422
    assert answer.json()["code"] == "body-invalid"
    assert canaries(FIRST, answer.text) == ()


def test_an_unknown_case_is_not_found(
    client: AsgiClient, tokens: dict[Role, dict[str, str]]
) -> None:
    path = "/v1/rights/requests/6f0d9d1c-6f5a-4d0c-9d3c-0f2f4b7a1e55"
    assert client.get(path, headers=tokens[Role.DPO]).status_code == 404
    assert client.get(f"{path}/result", headers=tokens[Role.DPO]).status_code == 404


def test_the_register_lists_requests_and_names_nobody(
    client: AsgiClient, tokens: dict[Role, dict[str, str]]
) -> None:
    opened = set()
    for value in (FIRST.user_id, SECOND.user_id):
        asked = body(value=value)
        case = client.post("/v1/rights/requests", json=asked, headers=tokens[Role.DPO]).json()
        opened.add(case["id"])
    answer = client.get("/v1/rights/requests", headers=tokens[Role.AUDITOR])
    assert {case["id"] for case in answer.json()["requests"]} >= opened
    assert canaries(FIRST, answer.text) == canaries(SECOND, answer.text) == ()


PAIR = [{"kind": "user_id", "value": FIRST.user_id}, {"kind": "email", "value": FIRST.email}]


def test_variants_and_unlinking_are_for_a_data_protection_officer(
    client: AsgiClient, tokens: dict[Role, dict[str, str]]
) -> None:
    for asked in (body("variants"), {"type": "unlink", "identifiers": PAIR}):
        refused = client.post("/v1/rights/requests", json=asked, headers=tokens[Role.OPERATOR])
        assert refused.status_code == 403
        opened = client.post("/v1/rights/requests", json=asked, headers=tokens[Role.DPO])
        assert opened.status_code == 201
        assert opened.json()["state"] == "closed"
        path = opened.json()["result"]
        assert client.get(path, headers=tokens[Role.OPERATOR]).status_code == 403
        assert client.get(path, headers=tokens[Role.DPO]).status_code == 200
        assert canaries(FIRST, refused.text + opened.text) == ()


def test_unlinking_wants_two_identifiers(
    client: AsgiClient, tokens: dict[Role, dict[str, str]]
) -> None:
    for asked in (body("unlink"), {"type": "unlink", "identifiers": [*PAIR, PAIR[0] | {
        "value": SECOND.user_id}]}):  # fmt: skip
        answer = client.post("/v1/rights/requests", json=asked, headers=tokens[Role.DPO])
        assert answer.status_code == 422
        assert answer.json()["code"] == "body-invalid"
