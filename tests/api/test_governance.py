"""Evidence over HTTP: who may read it, that reading is logged, and that nothing is left out."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from gateway.rights.operators import Role
from policies.load import load_rulebook
from tests.support.builders import PEOPLE
from tests.support.front import Front
from tests.support.rights import canaries

LOGGED = {
    "/v1/governance/record": "record",
    "/v1/governance/record.csv": "record",
    "/v1/governance/access-matrix.csv": "access-matrix",
    "/v1/governance/impact-assessment": "impact-assessment",
    "/v1/governance/retention": "retention",
}
GOLDEN = Path(__file__).parents[1] / "integration"
RULES = load_rulebook()


def exports(front: Front) -> list[dict[str, Any]]:
    found = front.rows("select header from audit.entry order by seq")
    entries = [json.loads(header) for (header,) in found]
    return [each["fields"] for each in entries if each["action"] == "evidence:exported"]


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), delimiter=";"))


@pytest.mark.parametrize("path", LOGGED)
def test_evidence_is_for_the_dpo_and_the_auditor_and_reading_it_is_logged(
    front: Front, path: str
) -> None:
    before = exports(front)
    assert front.client.get(path, headers=front.tokens[Role.OPERATOR]).status_code == 403
    assert (
        front.client.get(path, headers={"authorization": f"Bearer {front.key}"}).status_code == 401
    )
    assert exports(front) == before
    for role in (Role.DPO, Role.AUDITOR):
        answer = front.client.get(path, headers=front.tokens[role])
        assert answer.status_code == 200
        assert [canaries(person, answer.text) for person in PEOPLE] == [()] * len(PEOPLE)
    assert [each["what"] for each in exports(front)[len(before) :]] == [LOGGED[path]] * 2


def test_the_matrix_is_what_the_databases_say(front: Front) -> None:
    found = rows(front.client.get("/v1/governance/access-matrix.csv", headers=front.dpo).text)
    said = {
        " ".join(word for word in list(row.values())[1:])
        for row in found
        if row["Rôle / Role"].startswith("paravent_") and row["Objet / Object"] == "table"
    }
    golden = {
        line
        for side in ("store", "vault")
        for line in (GOLDEN / f"{side}.privileges.txt").read_text().splitlines()
        if line.split()[1] == "table" and line.startswith("paravent_")
    }
    assert said == golden


def test_no_section_of_the_assessment_is_empty(front: Front) -> None:
    found = front.client.get("/v1/governance/impact-assessment", headers=front.dpo).json()
    assert len(found) == 7
    for section in found:
        assert section["title"]["fr"]
        assert section["statements"]
        assert all(each["fr"].strip() and each["en"].strip() for each in section["statements"])


def test_retention_names_every_purpose(front: Front) -> None:
    found = front.client.get("/v1/governance/retention", headers=front.dpo).json()["kept"]
    assert {key for each in found if each["table"] == "event" for key in each["purposes"]} == set(
        RULES.purposes
    )


def test_anybody_may_read_what_is_computed_and_why(front: Front) -> None:
    answer = front.client.get("/v1/transparency")
    assert answer.status_code == 200
    found = answer.json()
    assert found["rulebook"] == RULES.hash
    assert {each["key"] for each in found["purposes"]} == set(RULES.purposes)
    assert {each["key"] for each in found["segments"]} == set(RULES.segments)
    assert all(each["inputs"] for each in found["segments"])
    assert "size" not in json.dumps(found["segments"])
    assert found["disclosure"]["least_people_in_a_count"] == RULES.disclosure.count_floor


def test_a_browser_finds_that_global_privacy_control_is_heeded(front: Front) -> None:
    found = front.client.get("/.well-known/gpc.json").json()
    assert found["gpc"] is True
    assert len(found["lastUpdate"]) == len("2026-01-31")


def test_anybody_may_read_the_public_keys(front: Front) -> None:
    found = front.client.get("/.well-known/paravent-keys.json")
    assert found.status_code == 200
    keys = found.json()["keys"]
    assert sorted(keys) == ["sign-audit", "sign-callback", "sign-receipt"]
    assert {(each["version"], each["until"]) for known in keys.values() for each in known} == {
        (1, None)
    }
