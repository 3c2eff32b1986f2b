"""Re-identification over HTTP: who may do which step, and what no answer, log or metric repeats."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.rights.operators import Role, add_operator
from pseudonymizer.vault.transactions import transaction
from tests.support.builders import ALL_CATEGORIES, consent
from tests.support.front import Front, Headers, started
from tests.support.postgres import clone, drop, template
from tests.support.run import Run

PATH = "/v1/reidentifications"
BARBARA = "cust-barbara-1939"
NOBODY = "0f1e2d3c-4b5a-8978-8a6b-5c4d3e2f1a0b"


def body(pseudonym: str, domain: str = "marketing", **members: Any) -> dict[str, Any]:
    asked = {"pseudonym": pseudonym, "domain": domain, "purpose": "fraud", "ticket": "FRAUD-17"}
    return asked | members


def ask(front: Front, asked: Any, who: Headers) -> httpx.Response:
    return front.post(PATH, asked, auth=None, headers=who)


def step(front: Front, number: str, name: str, who: Headers) -> httpx.Response:
    return front.post(f"{PATH}/{number}/{name}", auth=None, headers=who)


@pytest.fixture
def second(front: Front) -> Headers:
    with transaction(front.rights) as rights:
        token = add_operator(rights, "the second", Role.DPO, now=datetime.now(UTC))
    return {"authorization": f"Bearer {token}"}


@pytest.fixture
def barbara(front: Front) -> tuple[str, str]:
    """Somebody's pseudonym and its domain."""
    event = {
        "type": "track", "event": "Product Added", "userId": BARBARA,
        "context": {"consent": consent(*ALL_CATEGORIES)},
    }  # fmt: skip
    assert front.post("/v1/track", event).status_code == 200
    subject = front.client.request(
        "POST", "/v1/rights/requests", headers=front.dpo,
        json={"type": "access", "identifier": {"kind": "user_id", "value": BARBARA}},
    ).json()  # fmt: skip
    report = front.client.get(subject["result"], headers=front.dpo).json()
    first = next(each for each in report["domains"] if each["events"])
    return first["pseudonym"], first["domain"]


def test_two_people_learn_whose_it_is_and_nobody_keeps_the_answer(
    front: Front, second: Headers, barbara: tuple[str, str]
) -> None:
    asked = ask(front, body(*barbara), front.tokens[Role.OPERATOR])
    assert asked.status_code == 201
    number = asked.json()["id"]
    assert asked.json()["state"] == "asked"
    assert step(front, number, "approval", second).json()["state"] == "approved"
    opened = step(front, number, "opening", front.tokens[Role.OPERATOR])
    assert opened.status_code == 200
    assert opened.headers["cache-control"] == "no-store"
    shown = {one["kind"]: one["value"] for one in opened.json()["identifiers"]}
    assert shown == {"user_id": BARBARA}
    again = step(front, number, "opening", front.tokens[Role.OPERATOR])
    assert (again.status_code, again.json()["code"]) == (409, "reidentification-decided")
    listed = front.client.get(PATH, headers=front.tokens[Role.AUDITOR])
    for answer in (asked, again, listed):
        assert barbara[0] not in answer.text
        assert BARBARA not in answer.text


def test_a_single_person_gets_403(front: Front, second: Headers, barbara: tuple[str, str]) -> None:
    number = ask(front, body(*barbara), front.dpo).json()["id"]
    for name, code in (("approval", "approver-same"), ("opening", "approval-missing")):
        refused = step(front, number, name, front.dpo)
        assert (refused.status_code, refused.json()["code"]) == (403, code)
    assert step(front, number, "approval", second).status_code == 200
    refused = step(front, number, "opening", second)
    assert (refused.status_code, refused.json()["code"]) == (403, "opener-other")
    assert step(front, number, "opening", front.dpo).json()["identifiers"]


# Role by role: who is let through to the question itself (which then finds nothing to decide).
REACH = {
    ("", Role.AUDITOR): 403,
    ("", Role.OPERATOR): 422,
    ("", Role.DPO): 422,
    ("approval", Role.AUDITOR): 403,
    ("approval", Role.OPERATOR): 403,
    ("approval", Role.DPO): 404,
    ("refusal", Role.AUDITOR): 403,
    ("refusal", Role.OPERATOR): 403,
    ("refusal", Role.DPO): 404,
    ("opening", Role.AUDITOR): 403,
    ("opening", Role.OPERATOR): 404,
    ("opening", Role.DPO): 404,
}


@pytest.mark.parametrize(("name", "role"), REACH)
def test_each_role_reaches_what_it_may(front: Front, name: str, role: Role) -> None:
    if name:
        answer = step(front, str(uuid.uuid4()), name, front.tokens[role])
    else:
        answer = ask(front, body(NOBODY, domain="elsewhere"), front.tokens[role])
    assert answer.status_code == REACH[name, role]
    key = front.post(f"{PATH}/{uuid.uuid4()}/{name}" if name else PATH, body(NOBODY))
    assert key.status_code == 401


@pytest.mark.parametrize(
    "wrong",
    [
        {"pseudonym": NOBODY.upper()},
        {"pseudonym": NOBODY.replace("-", "")},
        {"pseudonym": NOBODY.replace("-8978-", "-4978-")},
        {"pseudonym": "barbara@example.org"},
        {"purpose": "curiosity"},
        {"purpose": "product_safety"},
        {"ticket": "Barbara asked"},
        {"ticket": "TEL-0199000001"},
        {"ticket": "FRAUD-17\n"},
        {"domain": "elsewhere"},
        {"reason": "she asked"},
    ],
)
def test_what_is_not_of_the_form_is_refused_and_not_repeated(
    front: Front, wrong: dict[str, str]
) -> None:
    asked = body(NOBODY) | wrong
    answer = ask(front, asked, front.dpo)
    assert answer.status_code == 422
    for said in (asked["pseudonym"], *wrong.values()):
        assert said not in answer.text


def test_where_it_is_off_every_step_says_so_and_is_counted(run: Run, tmp_path: Path) -> None:
    store, vault = (clone(template(run, side)) for side in ("store", "vault"))
    with started(store, vault, tmp_path, reidentification="off") as front:
        answers = [ask(front, body(NOBODY), front.dpo)]
        answers += [
            step(front, str(uuid.uuid4()), name, front.dpo)
            for name in ("approval", "refusal", "opening")
        ]
        told = {(answer.status_code, answer.json()["code"]) for answer in answers}
        assert told == {(404, "reidentification-off")}
        metrics = front.client.get("/metrics", headers=front.dpo).text
        assert front.client.get(PATH, headers=front.dpo).json() == {"reidentifications": []}
    assert 'paravent_reidentifications_total{outcome="off"} ' in metrics
    assert "paravent_reidentifications_lately 0.0" in metrics
    for database in (store, vault):
        drop(database)


def test_more_than_the_days_number_waits(run: Run, tmp_path: Path) -> None:
    store, vault = (clone(template(run, side)) for side in ("store", "vault"))
    with started(store, vault, tmp_path, reidentification_daily=1) as front:
        domain = front.rows("select key from store.domain order by id limit 1")[0][0]
        assert ask(front, body(NOBODY, domain), front.dpo).status_code == 201
        refused = ask(front, body(NOBODY, domain), front.dpo)
    assert (refused.status_code, refused.json()["code"]) == (429, "reidentification-quota")
    assert int(refused.headers["retry-after"]) == 3600
    for database in (store, vault):
        drop(database)


def test_an_opening_is_on_the_gauge_that_an_alert_looks_at(
    front: Front, second: Headers, barbara: tuple[str, str]
) -> None:
    def lately() -> float:
        text = front.client.get("/metrics", headers=front.dpo).text
        line = next(one for one in text.splitlines() if one.startswith(GAUGE))
        return float(line.split()[1])

    before = lately()
    number = ask(front, body(*barbara), front.dpo).json()["id"]
    step(front, number, "approval", second)
    assert lately() == before
    step(front, number, "opening", front.dpo)
    assert lately() == before + 1


GAUGE = "paravent_reidentifications_lately "
