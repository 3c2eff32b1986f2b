"""The rights and audit paths, over ASGI, as the people who call them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from gateway.app import create_app
from gateway.rights.operators import Role, add_operator
from gateway.settings import GatewaySettings
from pseudonymizer.key_providers import FileKeyProvider
from pseudonymizer.vault.transactions import transaction
from tests.support.asgi import AsgiClient
from tests.support.builders import ADA, GRACE
from tests.support.postgres import Database
from tests.support.rights import canaries

CHECKED = {"method": "in_person", "outcome": "confirmed"}


@pytest.fixture
def client(
    store_database: Database, vault_database: Database, tmp_path: Path
) -> Iterator[AsgiClient]:
    keys = tmp_path / "keys.json"
    FileKeyProvider.create(keys)
    settings = GatewaySettings(
        store_dsn=store_database.dsn("paravent_gateway"),
        vault_dsn=vault_database.dsn("paravent_vault"),
        rights_dsn=vault_database.dsn("paravent_gateway"),
        auditor_dsn=store_database.dsn("paravent_auditor"),
        keys=keys,
    )
    with AsgiClient(create_app(settings)) as client:
        yield client


@pytest.fixture
def tokens(rights_engine: Engine) -> dict[Role, dict[str, str]]:
    found = {}
    with transaction(rights_engine) as rights:
        for role in Role:
            token = add_operator(rights, f"the {role}", role, now=datetime.now(UTC))
            found[role] = {"Authorization": f"Bearer {token}"}
    return found


def body(kind: str = "access", value: str = ADA.user_id, **members: Any) -> dict[str, Any]:
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
    assert canaries(ADA, answer.text + again.text + result.text) == ()


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
    assert canaries(ADA, answer.text) == ()


def test_an_auditor_reads_the_log_but_opens_no_request(
    client: AsgiClient, tokens: dict[Role, dict[str, str]]
) -> None:
    refused = client.post("/v1/rights/requests", json=body(), headers=tokens[Role.AUDITOR])
    assert refused.status_code == 403
    client.post("/v1/rights/requests", json=body(), headers=tokens[Role.DPO])
    checkpoint = client.get("/v1/audit/checkpoint", headers=tokens[Role.AUDITOR]).json()
    assert checkpoint["note"].startswith("paravent.example/audit\n")
    entries = client.get("/v1/audit/entries?from=0", headers=tokens[Role.AUDITOR]).json()
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
        body(identifiers=[{"kind": "user_id", "value": ADA.user_id}] * 11),
        body(value=ADA.email * 60),
        body(unexpected=ADA.email),
        body(channel=ADA.email),
    ],
)
def test_a_request_of_another_form_is_refused_without_an_echo(
    client: AsgiClient, tokens: dict[Role, dict[str, str]], wrong: dict[str, Any]
) -> None:
    answer = client.post("/v1/rights/requests", json=wrong, headers=tokens[Role.DPO])
    assert answer.status_code == 422
    assert answer.json()["code"] == "body-invalid"
    assert canaries(ADA, answer.text) == ()


def test_an_unknown_case_is_not_found(
    client: AsgiClient, tokens: dict[Role, dict[str, str]]
) -> None:
    path = "/v1/rights/requests/6f0d9d1c-6f5a-4d0c-9d3c-0f2f4b7a1e55"
    assert client.get(path, headers=tokens[Role.DPO]).status_code == 404
    assert client.get(f"{path}/result", headers=tokens[Role.DPO]).status_code == 404


def test_the_register_lists_requests_and_names_nobody(
    client: AsgiClient, tokens: dict[Role, dict[str, str]]
) -> None:
    for value in (ADA.user_id, GRACE.user_id):
        client.post("/v1/rights/requests", json=body(value=value), headers=tokens[Role.DPO])
    answer = client.get("/v1/rights/requests", headers=tokens[Role.AUDITOR])
    assert len(answer.json()["requests"]) == 2
    assert canaries(ADA, answer.text) == canaries(GRACE, answer.text) == ()
