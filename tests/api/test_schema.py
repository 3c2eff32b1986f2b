"""Schemathesis over our own OpenAPI: whatever is sent, the answer is one that is documented.

Every path is asked, the letters of the dialect too, and each succeeds now and then: what no schema
can say (which segments and purposes there are, whose number somebody has) is told to it first.
"""

from __future__ import annotations

import asyncio
import copy
import re
from collections.abc import Iterator
from datetime import UTC, datetime
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
from gateway.rights.operators import Role, add_operator
from gateway.settings import GatewaySettings
from policies.load import load_rulebook
from pseudonymizer.vault.transactions import transaction
from tests.support.builders import ALL_CATEGORIES
from tests.support.front import Front
from tests.support.rulebooks import LOOSER, TEXTS

EXAMPLES = 20
# Letters are the same callable under the same description as the words; a rulebook is read in a
# process of its own, which takes most of a second.
FEWER_EXAMPLES, FEWER = 8, re.compile("/v1/.|/v1/rulebooks")
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
# Nobody that other tests know: whatever comes to the prober's mind is said of them, a no as well.
PROBED = ["cust-karen-1935", "cust-radia-1951"]
BASE = "http://paravent.example"


def unstarted() -> Any:
    """Give the document of an application that needs no database to say what it would do."""
    needed = [name for name, known in GatewaySettings.model_fields.items() if known.is_required()]
    nowhere: dict[str, Any] = dict.fromkeys(needed, "nowhere")
    transport = httpx.ASGITransport(create_app(GatewaySettings(**nowhere)))

    async def asked() -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
            return await client.get("/openapi.json")

    return asyncio.run(asked()).json()


DOCUMENT = unstarted()


def bare() -> dict[str, Any]:
    """Give the document without what it wants to know about the caller: that is our part."""
    document = copy.deepcopy(DOCUMENT)
    for path in document["paths"].values():
        for operation in path.values():
            operation.pop("security", None)
    return document


def told() -> dict[str, Any]:
    """Give the document narrowed to the names of the rulebook, and to identifiers of somebody."""
    document = bare()
    _tell_what_there_is(document)
    return document


def operations(document: dict[str, Any]) -> dict[str, Any]:
    schema: Any = schemathesis.openapi.from_dict(document)
    return {found.ok().label: found.ok() for found in schema.get_all_operations()}


def _tell_what_there_is(document: dict[str, Any]) -> None:
    rules = load_rulebook()
    schemas, paths = document["components"]["schemas"], document["paths"]
    schemas["ConsentIn"]["properties"]["purposes"]["propertyNames"] = {"enum": [*rules.purposes]}
    schemas["BannerIn"]["properties"]["notice"] = {"enum": [*rules.notices]}
    schemas["RulebookIn"]["properties"]["files"] = {"enum": [LOOSER]}
    schemas["IdentifierIn"]["properties"] |= {
        "kind": {"enum": ["user_id"]}, "value": {"enum": PROBED},
    }  # fmt: skip
    schemas["ReidentificationIn"]["properties"] |= {
        "domain": {"enum": [*rules.domains]}, "purpose": {"enum": ["fraud", "legal_claims"]},
    }  # fmt: skip
    schemas["RequestIn"]["required"] = ["type", "identifier"]
    schemas["RequestIn"]["properties"]["identifier"] = {"$ref": "#/components/schemas/IdentifierIn"}
    # An erasure is for good, and the application is everybody's.  Only what is asked is narrowed:
    # the answers list the cases of every kind.
    schemas["RequestIn"]["properties"]["type"] = {"enum": ["access"]}
    paths["/v1/segments/{key}"]["get"]["parameters"][0]["schema"] = {"enum": [*rules.segments]}
    for path, methods in paths.items():
        if "ingest" in methods.get("post", {}).get("tags", ()):
            _tell_events(_body(methods["post"]), [*rules.events], batch=path in BATCHES)


def _tell_events(body: dict[str, Any], names: list[str], *, batch: bool) -> None:
    if batch:  # an empty one is as good as any, and counts nothing
        body["properties"]["batch"]["minItems"] = 1
    event = body["properties"]["batch"]["items"] if batch else body
    event["properties"] |= {"event": {"enum": names}, "userId": {"enum": [PROBED[0], None]}}
    event["required"] = ["type", "event", "userId", "context"]
    event["properties"]["timestamp"] = {"type": "null"}
    context = event["properties"]["context"]
    consent = context["properties"]["consent"]
    preferences = consent["properties"]["categoryPreferences"]
    preferences["propertyNames"] = {"enum": [*ALL_CATEGORIES]}
    for each, member in ((context, "consent"), (consent, "categoryPreferences")):
        each |= {"type": "object", "required": [member]}


def _body(operation: dict[str, Any]) -> dict[str, Any]:
    schema: dict[str, Any] = operation["requestBody"]["content"]["application/json"]["schema"]
    return schema


BATCHES = ("/v1/batch", "/v1/b", "/v1/import")
OPERATIONS, LIKELY = operations(bare()), operations(told())


@pytest.fixture(scope="module")
def there(front: Front) -> dict[str, str]:
    """Give what a path may name, by its parameter: a case with a result, a receipt of a choice.

    A case of each kind is among those that are listed.
    """
    for kind in ("erasure", "variants", "access"):
        asked = {"type": kind, "identifier": {"kind": "user_id", "value": f"cust-no-{kind}"}}
        opened = front.post("/v1/rights/requests", asked, auth=None, headers=front.dpo).json()
    assert front.client.get(opened["result"], headers=front.dpo).status_code == 200
    choice = {
        "identifier": {"kind": "user_id", "value": PROBED[0]},
        "purposes": {"personalisation": "given"},
    }
    receipt = front.post("/v1/consents", choice).json()["receipt_id"]
    return {"case": str(opened["id"]), "receipt": receipt}


@pytest.fixture
def change(front: Front) -> Iterator[int]:
    """Give a change that a DPO may decide; whatever becomes of it, the shop's rulebook is back."""
    operator = front.tokens[Role.OPERATOR]
    answer = front.post("/v1/rulebooks", {"files": LOOSER}, auth=None, headers=operator)
    yield answer.json()["change"]
    front.post("/v1/rulebooks", {"files": TEXTS}, auth=None, headers=operator)


@pytest.fixture
def reidentification(front: Front, request: pytest.FixtureRequest) -> str:
    """Give one that a DPO may approve; for the opening, one of theirs that another approved."""
    operation = OPERATIONS[request.node.callspec.params["name"]]
    with transaction(front.rights) as rights:
        token = add_operator(rights, "Schema", Role.DPO, now=datetime.now(UTC))
    other = {"authorization": f"Bearer {token}"}
    opening = operation.path.endswith("/opening")
    asked = {
        "pseudonym": "0f1e2d3c-4b5a-8978-8a6b-5c4d3e2f1a0b", "domain": "marketing",
        "purpose": "fraud", "ticket": "FRAUD-17",
    }  # fmt: skip
    who = front.dpo if opening else other
    number = front.post("/v1/reidentifications", asked, auth=None, headers=who).json()["id"]
    if opening:
        front.post(f"/v1/reidentifications/{number}/approval", auth=None, headers=other)
    return str(number)


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_answer_is_documented(
    front: Front, there: dict[str, Any], name: str, request: pytest.FixtureRequest
) -> None:
    operation = OPERATIONS[name]
    if "{change}" in operation.path:
        there = there | {"change": request.getfixturevalue("change")}
    if "{reidentification}" in operation.path:
        there = there | {"reidentification": request.getfixturevalue("reidentification")}
    any_ = [operation.as_strategy(generation_mode=mode) for mode in GenerationMode]
    any_.append(LIKELY[name].as_strategy(generation_mode=GenerationMode.POSITIVE))
    own = "ingest" not in DOCUMENT["paths"][operation.path][operation.method]["tags"]
    # A tracking client is told nothing by a refusal, so there the dialect is the judge.
    held = [*CHECKS, checks.negative_data_rejection] if own else CHECKS
    before, statuses = front.outcomes(), set()

    @settings(
        max_examples=FEWER_EXAMPLES if FEWER.fullmatch(operation.path) else EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],
    )
    @given(case=st.one_of(any_), known=st.sampled_from([True, True, True, False]))
    def holds(case: Any, *, known: bool) -> None:
        if case.meta.generation.mode.is_positive:
            found = {key: there[key] for key in case.path_parameters if key in there}
            case.path_parameters.update(found)
        answer = delivered(front, case, known=known)
        statuses.add(answer.status_code)
        case.validate_response(answer, checks=held)

    holds()
    assert {200, 201} & statuses, f"never succeeded: {statuses}"
    assert own or sum(front.counted(before).values()), "no event was counted"


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
