"""Known, unknown, erased or restricted: whoever must not learn which, cannot (R-45).

The proof is what is sent: the same statements to the same databases, the same operations with
keys, whoever it is about.  How well the times of the answers can be told apart is measured by
`alike` of the benchmarks; here nothing is timed but a floor.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from gateway import pacing
from pseudonymizer.keyring import Identifier
from pseudonymizer.lookup import Called, Lookup, Resolved
from tests.support.builders import ALL_CATEGORIES, consent
from tests.support.front import Front
from tests.support.statements import counted

KNOWN, UNKNOWN, ERASED, RESTRICTED = "known", "unknown", "erased", "restricted"
STATES = (KNOWN, UNKNOWN, ERASED, RESTRICTED)
PEOPLE = {state: f"cust-hedy-{state}" for state in STATES}
_numbers = count()
NOBODY = "0f1e2d3c-4b5a-8978-8a6b-5c4d3e2f1a0b"

# Every path that takes an identifier or a pseudonym, and what is claimed of it.
SAME_WORK = {"/v1/subjects/segments"}
PACED = {"/v1/consents"}
# The same answer; whoever may open a case may read its result, and so learns more in the next step.
SAME_ANSWER = {"/v1/rights/requests"}
# The same work, shown with the service: tests/integration/rights/test_reidentification.py.
SHOWN_ELSEWHERE = {"/v1/reidentifications"}

Send = Callable[[Front, str], httpx.Response]


def event(person: str) -> dict[str, Any]:
    return {
        "type": "track",
        "event": "Product Added",
        "userId": person,
        "context": {"consent": consent(*ALL_CATEGORIES)},
    }


def named(person: str) -> dict[str, str]:
    return {"kind": "user_id", "value": person}


@pytest.fixture(scope="module")
def met(front: Front) -> None:
    """Meet everybody but the one whom nobody knows; erase one, restrict one."""
    for state in (ERASED, KNOWN, RESTRICTED):
        seen = {row[0] for row in front.rows("select id from store.subject")}
        assert front.post("/v1/track", event(PEOPLE[state])).status_code == 200
        new = {row[0] for row in front.rows("select id from store.subject")} - seen
        assert new
    with front.store.connect() as store:
        store.execute(text("update store.subject set state = 1 where id = any(:met)"),
                      {"met": list(new)})  # fmt: skip
        store.commit()
    erasure = {"type": "erasure", "identifier": named(PEOPLE[ERASED])}
    closed = front.post("/v1/rights/requests", erasure, auth=None, headers=front.dpo)
    assert closed.json()["state"] == "closed"


@pytest.fixture
def people(met: None) -> dict[str, str]:
    """Give everybody; whom nobody knows is somebody else each time: an event makes them known."""
    del met
    return PEOPLE | {UNKNOWN: f"{PEOPLE[UNKNOWN]}-{next(_numbers)}"}


def taking(front: Front) -> set[str]:
    """Give the paths of ours whose body leads to an identifier or a pseudonym."""
    schemas = front.openapi["components"]["schemas"]

    def leads(said: Any) -> bool:
        if isinstance(said, dict):
            if "pseudonym" in said or said.get("$ref", "").endswith("/IdentifierIn"):
                return True
            referred = said.get("$ref", "").rpartition("/")[2]
            return any(map(leads, said.values())) or (
                referred in schemas and leads(schemas[referred])
            )
        return isinstance(said, list) and any(map(leads, said))

    return {
        path
        for path, methods in front.openapi["paths"].items()
        for operation in methods.values()
        if leads(operation.get("requestBody", {}))
    }


def test_every_path_that_takes_an_identifier_is_listed_here(front: Front) -> None:
    assert taking(front) == SAME_WORK | PACED | SAME_ANSWER | SHOWN_ELSEWHERE


# The same work


def look_up(front: Front, person: str) -> httpx.Response:
    return front.post("/v1/subjects/segments", {"identifier": named(person)})


def key_operations(front: Front) -> Counter[str]:
    said = front.client.get("/metrics", headers=front.dpo).text
    found = re.findall(
        r'^paravent_key_seconds_count\{operation="(\w+)"\} (\S+)', said, re.MULTILINE
    )
    return Counter({operation: int(float(count)) for operation, count in found})


def work_of(front: Front, send: Send, person: str) -> tuple[Counter[str], Counter[str]]:
    """Give the statements by database and the operations with keys of one request."""
    edge = front.client.app._behind._behind.state.edge
    engines = {"store": edge.store_engine, "vault": edge.vault_engine}
    keys = key_operations(front)
    with counted(engines) as sent:
        assert send(front, person).status_code == 200
    return Counter(sent), key_operations(front) - keys


def test_a_look_up_is_the_same_work_whoever_it_is_about(
    front: Front, people: dict[str, str]
) -> None:
    look_up(front, people[UNKNOWN])  # makes the key of nobody, once
    for _ in range(2):  # the second time, too: nobody is remembered
        works = [work_of(front, look_up, person) for person in people.values()]
        assert all(work == works[0] for work in works)
        statements, keys = works[0]
        assert statements["store"]
        assert statements["vault"]
        assert keys["unwrap"] == 1


def test_the_count_notices_a_look_up_that_remembers(front: Front, people: dict[str, str]) -> None:
    """As it was: somebody known was answered from memory, and nobody never was."""
    edge = front.client.app._behind._behind.state.edge

    def remembering(identifier: Identifier, domains: Sequence[str]) -> Called:
        found: Resolved = edge.resolver.resolve([Lookup((identifier,))], domains=domains)[0]
        return replace(found, pids=found.pids or dict.fromkeys(domains, bytes(16)))

    kept = edge.segments
    edge.segments = replace(kept, alike=remembering)
    try:
        works = [work_of(front, look_up, people[state]) for state in (KNOWN, KNOWN, UNKNOWN)]
    finally:
        edge.segments = kept
    assert works[1] != works[2]


def test_a_look_up_shows_nothing_of_anybody_but_the_known(
    front: Front, people: dict[str, str]
) -> None:
    answers = {state: look_up(front, person) for state, person in people.items()}
    assert {answer.status_code for answer in answers.values()} == {200}
    for state in (UNKNOWN, ERASED, RESTRICTED):
        assert answers[state].json() == {"segments": []}
        assert answers[state].headers.keys() == answers[KNOWN].headers.keys()


# The same answer


@pytest.mark.parametrize("said", ["withdrawn", "given"])
def test_a_choice_is_answered_alike_and_never_before_the_beat(
    front: Front, people: dict[str, str], said: str
) -> None:
    shapes = set()
    for person in people.values():
        began = time.monotonic()
        answer = front.post(
            "/v1/consents", {"identifier": named(person), "purposes": {"personalisation": said}}
        )
        assert time.monotonic() - began >= pacing.BEAT_S
        assert answer.status_code == 200
        shapes.add((tuple(answer.json()), tuple(sorted(answer.headers)), len(answer.content)))
    assert len(shapes) == 1


def test_a_case_is_opened_alike(front: Front, people: dict[str, str]) -> None:
    shapes = set()
    for person in people.values():
        opened = front.post(
            "/v1/rights/requests", {"type": "access", "identifier": named(person)},
            auth=None, headers=front.dpo,
        )  # fmt: skip
        shapes.add((opened.status_code, tuple(opened.json())))
    assert shapes == {(201, tuple(opened.json()))}


def test_an_event_is_answered_alike(front: Front, people: dict[str, str]) -> None:
    answers = [front.post("/v1/track", event(person)) for person in people.values()]
    assert {(answer.status_code, answer.content) for answer in answers} == {
        (200, answers[0].content)
    }
