"""The rulebook over HTTP: who may change it, what is refused, and what follows."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from gateway.rights.operators import Role, add_operator
from gateway.settings import GatewaySettings
from gateway.wiring import build_edge
from policies.load import load_rulebook
from pseudonymizer.vault.transactions import transaction
from tests.support.builders import ALL_CATEGORIES, consent
from tests.support.front import Front, Headers, started
from tests.support.postgres import clone, drop, template
from tests.support.rulebooks import LOOSER, TEXTS, edited
from tests.support.run import Run


def changed(before: str, after: str, file: str = "events.yaml") -> dict[str, str]:
    assert before in TEXTS[file]
    return TEXTS | {file: TEXTS[file].replace(before, after, 1)}


def propose(front: Front, files: Any, who: Headers) -> httpx.Response:
    return front.post("/v1/rulebooks", {"files": files}, auth=None, headers=who)


def decide(front: Front, change: int, what: str, who: Headers) -> httpx.Response:
    return front.post(f"/v1/rulebooks/{change}/{what}", auth=None, headers=who)


@pytest.fixture
def second(front: Front) -> Headers:
    with transaction(front.rights) as rights:
        token = add_operator(rights, "second", Role.DPO, now=datetime.now(UTC))
    return {"authorization": f"Bearer {token}"}


def stored_after(front: Front, name: str) -> bool:
    before = front.stored()
    event = {
        "type": "track", "event": name, "userId": "cust-ada-1815",
        "context": {"consent": consent(*ALL_CATEGORIES)},
    }  # fmt: skip
    assert front.post("/v1/track", event).status_code == 200
    return front.stored() > before


def test_a_loosening_takes_two_people_and_no_restart(front: Front, second: Headers) -> None:
    assert not stored_after(front, "gaze")
    files = LOOSER
    proposed = propose(front, files, front.tokens[Role.OPERATOR])
    assert proposed.status_code == 201
    said = proposed.json()
    assert (said["state"], said["loosens"]) == ("proposed", True)
    (difference,) = said["differences"]
    assert (difference["file"], difference["effect"], difference["after"]) == (
        "events.yaml", "stored", "gaze"
    )  # fmt: skip
    change = said["change"]
    # Who may propose and who may look may not approve.
    for who in (Role.OPERATOR, Role.AUDITOR):
        assert decide(front, change, "approval", front.tokens[who]).status_code == 403
    own = propose(front, files, front.dpo).json()["change"]
    refused = decide(front, own, "approval", front.dpo)
    assert (refused.status_code, refused.json()["code"]) == (403, "approver-same")
    assert not stored_after(front, "gaze")
    assert front.client.get("/v1/transparency").json()["rulebook"] == load_rulebook().hash
    approved = decide(front, change, "approval", second)
    assert (approved.status_code, approved.json()["state"]) == (200, "adopted")
    assert front.client.get("/v1/transparency").json()["rulebook"] == said["rulebook"]
    assert stored_after(front, "gaze")
    outdated = decide(front, own, "approval", second)
    assert (outdated.status_code, outdated.json()["code"]) == (409, "change-outdated")
    assert decide(front, own, "refusal", front.dpo).json()["state"] == "refused"

    back = propose(front, TEXTS, front.dpo)
    assert (back.json()["state"], back.json()["loosens"]) == ("adopted", False)
    assert not stored_after(front, "gaze")
    listed = front.client.get("/v1/rulebooks", headers=front.tokens[Role.AUDITOR]).json()
    assert listed["in_force"] == load_rulebook().hash
    assert [each["state"] for each in listed["changes"]][:3] == ["adopted", "refused", "adopted"]
    one = front.client.get(f"/v1/rulebooks/{change}", headers=front.dpo).json()
    assert one["differences"] == [difference]
    page = front.client.get("/v1/transparency").json()
    assert page["rulebook"] == listed["in_force"]


@pytest.mark.parametrize(
    ("files", "status", "code", "said"),
    [
        (TEXTS, 409, "rulebook-unchanged", "in force"),
        (changed("[compare]", "compare"), 422, "rulebook-invalid", "events.yaml:108"),
        (changed("[compare]", "*compare"), 422, "rulebook-invalid", "not YAML"),
        (TEXTS | {"extra.yaml": "a: 1"}, 422, "rulebook-invalid", "extra.yaml"),
        ({"events.yaml": "{}"}, 422, "rulebook-invalid", "controller.yaml"),
        (changed("notre boutique", "cette boutique", "notices.yaml"), 409, "notice-rewritten", ""),
        ({"../events.yaml": ""}, 422, "body-invalid", ""),
        ([], 422, "body-invalid", ""),
    ],
)
def test_what_cannot_be_obeyed_is_refused_as_a_whole(
    front: Front, files: Any, status: int, code: str, said: str
) -> None:
    before = front.rows("select count(*) from store.rulebook_change")
    answer = propose(front, files, front.dpo)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert said in answer.json()["message"]
    assert front.rows("select count(*) from store.rulebook_change") == before


def test_a_change_nobody_proposed_is_not_found(front: Front) -> None:
    for path in ("approval", "refusal"):
        assert decide(front, 4711, path, front.dpo).json()["code"] == "change-unknown"
    assert front.client.get("/v1/rulebooks/4711", headers=front.dpo).status_code == 404


def test_a_start_with_another_folder_changes_no_rulebook(run: Run, tmp_path: Path) -> None:
    edited(tmp_path / "other", ("events.yaml", "[compare]", "[compare, gaze]"))
    store, vault = (clone(template(run, side)) for side in ("store", "vault"))
    with started(store, vault, tmp_path):
        pass
    settings = GatewaySettings(
        store_dsn=SecretStr(store.dsn("paravent_gateway")),
        vault_dsn=SecretStr(vault.dsn("paravent_vault")),
        rights_dsn=SecretStr(vault.dsn("paravent_gateway")),
        keys=tmp_path / "keys.json",
        erasure_journal=tmp_path / "erasures.jsonl",
        policies=tmp_path / "other",
    )
    edge = build_edge(settings)
    assert edge.bound().rules.ruleset.hash == load_rulebook().hash
    edge.close()
    for database in (store, vault):
        drop(database)
