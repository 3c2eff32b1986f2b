"""Schemathesis over our own OpenAPI: whatever is sent, the answer is one that is documented."""

from __future__ import annotations

import asyncio
import copy
import re
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from gateway.app import create_app
from gateway.settings import GatewaySettings
from tests.support.front import Front

EXAMPLES = 20
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
BASE = "http://paravent.example"


def unstarted() -> Any:
    """Give the document of an application that needs no database to say what it would do."""
    needed = ["store_dsn", "vault_dsn", "rights_dsn", "keys"]
    nowhere: dict[str, Any] = dict.fromkeys(needed, "nowhere")
    transport = httpx.ASGITransport(create_app(GatewaySettings(**nowhere)))

    async def asked() -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
            return await client.get("/openapi.json")

    return asyncio.run(asked()).json()


DOCUMENT = unstarted()


def operations() -> dict[str, Any]:
    """Give every operation without what it wants to know about the caller: that is our part."""
    bare = copy.deepcopy(DOCUMENT)
    for path in bare["paths"].values():
        for operation in path.values():
            operation.pop("security", None)
    schema: Any = schemathesis.openapi.from_dict(bare)
    found = [found.ok() for found in schema.get_all_operations()]
    # The letters are the same callable under the same description.
    return {each.label: each for each in found if not re.fullmatch("/v1/.", each.path)}


OPERATIONS = operations()


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_answer_is_documented(front: Front, name: str) -> None:
    operation = OPERATIONS[name]
    both = [operation.as_strategy(generation_mode=mode) for mode in GenerationMode]
    own = "ingest" not in DOCUMENT["paths"][operation.path][operation.method]["tags"]
    # A tracking client is told nothing by a refusal, so there the dialect is the judge.
    held = [*CHECKS, checks.negative_data_rejection] if own else CHECKS

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],
    )
    @given(case=st.one_of(both), known=st.sampled_from([True, True, True, False]))
    def holds(case: Any, *, known: bool) -> None:
        case.validate_response(delivered(front, case, known=known), checks=held)

    holds()


def delivered(front: Front, case: Any, *, known: bool) -> httpx.Response:
    """Send *case* as it is, or, where the caller is *known*, with a credential that reaches far."""
    sent = case.as_transport_kwargs(base_url=BASE)
    request = requests.Request(**sent).prepare()
    headers = {name: value for name, value in request.headers.items() if name != "Content-Length"}
    if known:
        said = DOCUMENT["paths"][case.operation.path][case.operation.method]
        operator = {"operatorToken": []} in said.get("security", [])
        headers["Authorization"] = front.dpo["authorization"] if operator else f"Bearer {front.key}"
    assert request.method is not None
    return front.client.request(
        request.method, str(request.url), headers=headers, content=request.body
    )
