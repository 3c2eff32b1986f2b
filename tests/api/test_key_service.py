"""A gateway in production mode on a key service, and what it says while that is away."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.settings import Mode
from tests.support.builders import ADA, ALAN, GRACE, track
from tests.support.front import Front, started
from tests.support.liar import Deed, Liar, in_front_of
from tests.support.postgres import clone, drop, template
from tests.support.rights import canaries
from tests.support.run import Run
from tests.support.transit import Mount

AWAY: dict[str, Deed] = {
    "sealed": lambda handler, _s, _b: handler.answer(503, b'{"errors":["Vault is sealed"]}'),
    "refusing": lambda handler, _s, _b: handler.answer(403, b'{"errors":["permission denied"]}'),
    "gone": lambda handler, _s, _b: setattr(handler, "close_connection", True),
    "silent": lambda handler, _s, _b: handler.server.liar.over.wait(20) and None,
}


@pytest.fixture
def liar(mount: Mount) -> Iterator[Liar]:
    mount.made().close()
    with in_front_of(mount.service.url) as liar:
        yield liar


@pytest.fixture
def served(run: Run, mount: Mount, liar: Liar, tmp_path: Path) -> Iterator[Front]:
    store, vault = (clone(template(run, side)) for side in ("store", "vault"))
    keys: dict[str, Any] = {
        "keys": f"{liar.url}/{mount.name}",
        "keys_token_file": mount.token_file("gateway"),
        "mode": Mode.production,
    }
    with started(store, vault, tmp_path, **keys) as front:
        yield front
    drop(store)
    drop(vault)


def test_production_runs_on_a_key_service(served: Front) -> None:
    assert served.client.get("/readyz").json()["keys"] == "ready"
    assert served.post("/v1/track", track("Product Viewed", ADA)).status_code == 200
    assert served.stored() > 0
    asked = {"type": "access", "identifier": {"kind": "user_id", "value": ADA.user_id}}
    report = served.client.post("/v1/rights/requests", json=asked, headers=served.dpo)
    assert report.status_code == 201, report.text


@pytest.mark.parametrize("deed", AWAY.values(), ids=AWAY.keys())
def test_while_the_keys_are_away_nobody_new_is_taken_in_and_senders_are_told_to_come_back(
    served: Front, liar: Liar, deed: Deed, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    assert served.post("/v1/track", track("Product Viewed", ADA)).status_code == 200
    liar.deed = deed
    # Who was met a moment ago is known by what the process remembers.
    assert served.post("/v1/track", track("Product Added", ADA)).status_code == 200
    stored, people = served.stored(), people_in(served)
    for person in (GRACE, ALAN):
        refused = served.post("/v1/track", track("Product Added", person))
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) > 0
        assert refused.json()["code"] == "key-unavailable"
        assert canaries(person, refused.text) == ()
    ready = served.client.get("/readyz")
    assert (ready.status_code, ready.json().get("keys")) == (503, "away")
    assert (served.stored(), people_in(served)) == (stored, people)
    assert canaries(GRACE, caplog.text) == ()
    liar.deed = None
    assert served.post("/v1/track", track("Product Added", GRACE)).status_code == 200
    assert served.client.get("/readyz").json()["keys"] == "ready"
    assert served.stored() > stored


def people_in(served: Front) -> int:
    from sqlalchemy import text

    with served.vault.connect() as vault:
        return int(vault.execute(text("select count(*) from vault.identifier")).scalar_one())
