"""What holds for every route there is: who may call it, what it says of itself, when it answers."""

from __future__ import annotations

import asyncio
import inspect
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from sqlalchemy import Engine, text

from gateway.app import create_app
from gateway.settings import GatewaySettings, Mode
from tests.support.builders import ALAN, ALL_CATEGORIES, consent
from tests.support.front import Front
from tests.support.lints import ROOT
from tests.support.rulebooks import LOOSER

# A load balancer and a reader of the documentation carry no credential: docs/threat-model.md.
OPEN = {
    "/healthz",
    "/readyz",
    "/openapi.json",
    "/v1/transparency",
    "/.well-known/gpc.json",
    "/.well-known/paravent-keys.json",
}
NEEDED = [name for name, known in GatewaySettings.model_fields.items() if known.is_required()]
CASE = "6f0d9d1c-6f5a-4d0c-9d3c-0f2f4b7a1e55"


def routes(front: Front) -> list[Any]:
    """Give every route of the framework, those of included routers too."""
    waiting = list(front.client.app._behind._behind.routes)
    found = []
    for route in waiting:
        inner = getattr(route, "original_router", None)
        if inner is None:
            found.append(route)
        else:
            waiting.extend(inner.routes)
    return found


def operations(front: Front) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, methods in front.openapi["paths"].items()
        for method, operation in methods.items()
    ]


# Who may call


def test_every_route_is_documented_or_is_the_documentation(front: Front) -> None:
    documented = {
        (path, method.upper()) for path, method, _ in operations(front) if path != "/openapi.json"
    }
    served = {
        (route.path, method)
        for route in routes(front)
        for method in route.methods
        if route.path != "/openapi.json"
    }
    assert served <= documented
    assert {path for path, _ in documented - served} == {
        path for path, _, operation in operations(front) if "ingest" in operation["tags"]
    }


def test_every_route_wants_a_credential_but_those_that_say_nothing(front: Front) -> None:
    answers = {
        (route.path, method): front.client.request(method, route.path.replace("{case}", CASE))
        for route in routes(front)
        for method in route.methods
    }
    for path, method, _ in operations(front):
        answers[path, method.upper()] = front.client.request(method, path.replace("{case}", CASE))
    told = {path for (path, _), answer in answers.items() if answer.status_code != 401}
    assert told == OPEN
    said = {path for path, _, operation in operations(front) if not operation.get("security")}
    assert said == OPEN - {"/openapi.json"}


def test_what_is_open_names_our_parts_only(front: Front) -> None:
    assert front.client.get("/healthz").json() == {"status": "alive"}
    parts = {"gateway": "serving", "store": "ready", "vault": "ready", "keys": "ready"}
    assert front.client.get("/readyz").json() == parts | {"queue": "open"}


def test_counters_are_for_operators_who_show_their_token(front: Front) -> None:
    shown = front.client.get("/metrics", headers=front.dpo)
    assert shown.status_code == 200
    assert shown.text.startswith("# HELP paravent_")
    key = {"authorization": f"Bearer {front.key}"}
    assert front.client.get("/metrics", headers=key).status_code == 401


@pytest.mark.parametrize(
    ("given", "open_"),
    [({}, True), ({"mode": Mode.production}, False), ({"metrics": "operators"}, False),
     ({"mode": Mode.production, "metrics": "everybody"}, True)],
)  # fmt: skip
def test_counters_are_closed_in_production_unless_somebody_opens_them(
    given: dict[str, Any], *, open_: bool
) -> None:
    needed: dict[str, Any] = dict.fromkeys(NEEDED, "x")
    settings = GatewaySettings(**needed, **given)
    assert settings.metrics_open is open_
    framework: Any = create_app(settings)._behind
    assert framework._behind.state.metrics_open is open_


# What it says of itself


def test_every_refusal_is_documented_as_the_one_shape(front: Front) -> None:
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    odd = {
        (path, method, status)
        for path, method, operation in operations(front)
        for status, said in operation["responses"].items()
        if status >= "400" and said["content"] != problem
    }
    assert odd == {("/readyz", "get", "503")}  # says which part is away, to a machine


def test_what_a_caller_must_expect_is_documented(front: Front) -> None:
    for path, _, operation in operations(front):
        said = set(operation["responses"])
        if operation.get("security"):
            assert said >= {"401", "403", "503"}, path
        if "requestBody" in operation and "ingest" not in operation["tags"]:
            assert said >= {"400", "413", "415", "422"}, path
        if operation.get("parameters"):
            assert "422" in said, path


def test_the_page_for_people_lists_the_same_paths(front: Front) -> None:
    page = (ROOT / "docs" / "http.md").read_text()
    listed = set(re.findall(r"`(?:[A-Z]+ )?(/[\w./{}-]+)`", page.partition("##")[0]))
    assert listed == {*front.openapi["paths"], "/openapi.json"}


def test_every_reference_of_the_document_leads_somewhere(front: Front) -> None:
    whole = json.dumps(front.openapi)
    referred = set(re.findall(r'"#/components/schemas/([^"]+)"', whole))
    assert referred == set(front.openapi["components"]["schemas"])
    schemes = {
        name
        for _, _, operation in operations(front)
        for scheme in operation.get("security", [])
        for name in scheme
    }
    assert schemes == set(front.openapi["components"]["securitySchemes"])
    assert "HTTPValidationError" not in whole


# When it answers


def test_an_event_that_comes_before_the_start_is_over_is_to_come_again() -> None:
    needed: dict[str, Any] = dict.fromkeys(NEEDED, "x")
    transport = httpx.ASGITransport(create_app(GatewaySettings(**needed)))

    async def sent() -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://early") as client:
            return await client.post("/v1/track", json=event(0))

    answer = asyncio.run(sent())
    assert (answer.status_code, answer.json()["code"]) == (503, "store-unavailable")
    assert int(answer.headers["retry-after"]) > 0


def dependants(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for inner in dependant.dependencies:
        yield from dependants(inner)


def test_nothing_is_left_to_do_after_an_answer(front: Front) -> None:
    for route in routes(front):
        if isinstance(route, APIRoute):
            for each in dependants(route.dependant):
                assert each.background_tasks_param_name is None
                yields = inspect.isgeneratorfunction(each.call)
                assert not yields or each.scope == "function", route.path


TRIGGER = """
create or replace function pg_temp.refuse() returns trigger language plpgsql as
$$ begin raise exception 'too late' using errcode = 'admin_shutdown'; end $$;
create constraint trigger too_late after insert on {table} deferrable initially deferred
for each row execute function pg_temp.refuse()"""


@contextmanager
def failing_commit(engine: Engine, table: str) -> Iterator[None]:
    """Let every transaction that inserts into *table* fail at its commit, after all its work."""
    with engine.connect() as connection:  # keeps its pg_temp for as long
        connection.execute(text(TRIGGER.format(table=table)))
        connection.commit()
        try:
            yield
        finally:
            connection.rollback()
            connection.execute(text(f"drop trigger too_late on {table}"))
            connection.commit()


def event(number: int) -> dict[str, Any]:
    return {
        "type": "track",
        "event": "Product Added",
        "userId": ALAN.user_id,
        "messageId": f"late-{number}",
        "context": {"consent": consent(*ALL_CATEGORIES)},
    }


IDENTIFIER = {"kind": "user_id", "value": "cust-late"}
CHECKED = {"method": "in_person", "outcome": "confirmed"}
Send = Callable[[Front], httpx.Response]


def as_dpo(path: str, body: Any = None) -> Send:
    def send(front: Front) -> httpx.Response:
        if body is None:
            return front.client.get(path, headers=front.dpo)
        return front.post(path, body, auth=None, headers=front.dpo)

    return send


# Everything that writes: the table its last commit inserts into, and how it is asked.
WRITES: dict[str, tuple[str, Send]] = {
    "/v1/track": ("store.batch", lambda front: front.post("/v1/track", event(1))),
    "/v1/batch": (
        "store.outbox",  # a large batch takes the bulk lane
        lambda front: front.post("/v1/batch", {"batch": [event(n) for n in range(2, 80)]}),
    ),
    "/v1/consents": (
        "store.consent_record",
        lambda front: front.post(
            "/v1/consents", {"identifier": IDENTIFIER, "purposes": {"personalisation": "given"}}
        ),
    ),
    "/v1/notices": (
        "store.banner",
        as_dpo(
            "/v1/notices",
            {
                "notice": "cookies_2026_fr",
                "version": "1",
                "platform": "x",
                "code_sha256": "ab" * 32,
            },
        ),
    ),
    "/v1/rulebooks": (
        "store.rulebook_change",
        as_dpo("/v1/rulebooks", {"files": LOOSER}),
    ),
    "/v1/rights/requests": (
        "rights.case",
        as_dpo(
            "/v1/rights/requests",
            {"type": "access", "identifier": IDENTIFIER, "identity_check": CHECKED},
        ),
    ),
    "/v1/subjects/segments": (
        "audit.entry",
        as_dpo("/v1/subjects/segments", {"identifier": IDENTIFIER}),
    ),
    "/v1/reidentifications": (
        "rights.reidentification",
        as_dpo(
            "/v1/reidentifications",
            {
                "pseudonym": "0f1e2d3c-4b5a-8978-8a6b-5c4d3e2f1a0b",
                "domain": "marketing",
                "purpose": "fraud",
                "ticket": "FRAUD-17",
            },
        ),
    ),
    "/v1/audit/entries": ("audit.entry", as_dpo("/v1/audit/entries")),
}
SUCCESS = {200, 201}


@pytest.mark.parametrize("path", WRITES)
def test_an_answer_that_says_yes_comes_after_the_commit(front: Front, path: str) -> None:
    table, send = WRITES[path]
    engine = front.vault if table.startswith("rights") else front.store
    held = text(f"select count(*) from {table}")
    with engine.connect() as connection:
        before = connection.execute(held).scalar_one()
    with failing_commit(engine, table):
        answer = send(front)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    with engine.connect() as connection:
        assert connection.execute(held).scalar_one() == before
    assert send(front).status_code in SUCCESS
    with engine.connect() as connection:
        assert connection.execute(held).scalar_one() > before


def test_every_path_that_takes_a_body_is_tried_there(front: Front) -> None:
    taking = {path for path, _, operation in operations(front) if "requestBody" in operation}
    same_callable = {
        path for path in taking if front.openapi["paths"][path]["post"]["tags"] == ["ingest"]
    }
    assert taking - same_callable <= set(WRITES)
    assert {"/v1/track", "/v1/batch"} <= same_callable
