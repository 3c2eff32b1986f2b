"""Erasure, access and restriction reach what is in quarantine, though nobody here can open it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import Engine

from gateway.quarantine.errors import QuarantineUnknown
from policies.decisions import Reason
from tests.support.builders import ADA, GRACE
from tests.support.edge import make_edge
from tests.support.quarantine import NIR, Officer, review_of, search
from tests.support.rights import RightsDesk, canaries


@pytest.fixture
def officer(tmp_path: Path) -> Officer:
    return Officer.hired(tmp_path)


@pytest.fixture
def watching(
    desk: RightsDesk, vault_engine: Engine, tmp_path: Path, officer: Officer
) -> RightsDesk:
    rules = officer.rulebook(tmp_path / "rules")
    edge = make_edge(desk.edge.store, vault_engine, tmp_path, rules)
    return RightsDesk(edge, desk.rights, desk.auditor, desk.workers)


def test_an_erasure_takes_what_is_in_quarantine_and_nobody_elses(
    watching: RightsDesk, officer: Officer
) -> None:
    call = search(NIR)
    watching.edge.send(call, search(NIR, GRACE))
    mine, others = review_of(watching.edge).listed()
    receipt = watching.erase(("user_id", ADA.user_id))
    assert "store.quarantine" in json.dumps(receipt)
    assert [row.id for row in review_of(watching.edge).listed()] == [others.id]
    with pytest.raises(QuarantineUnknown):
        review_of(watching.edge).open(mine.id, officer.private)
    assert watching.edge.send(call) == {Reason.SUPPRESSED: 1}
    assert watching.edge.count("quarantine") == 1


def test_a_report_counts_what_is_in_quarantine_and_shows_nothing_of_it(
    watching: RightsDesk,
) -> None:
    watching.edge.send(search(NIR))
    report = watching.report(("user_id", ADA.user_id))
    assert report["held"]["store.quarantine"] == 1
    (row,) = report["records"]["store.quarantine"]
    assert row["reason"] == "social-security-number"
    assert row["source"] == "web"
    assert row["sealed"].endswith("bytes for the officer's key")
    assert "personalisation" in row["purposes"]


def test_the_log_names_a_number_and_a_reason(watching: RightsDesk, officer: Officer) -> None:
    watching.edge.send(search(NIR), search(NIR))
    first, second = review_of(watching.edge).listed()
    review_of(watching.edge).open(first.id, officer.private)
    review_of(watching.edge).discard(second.id)
    entries = [json.loads(entry) for entry in watching.entries()]
    said = {entry["action"]: entry for entry in entries}
    assert said["quarantine:opened"]["fields"]["number"] == first.id
    assert said["quarantine:discarded"]["fields"]["number"] == second.id
    for entry in watching.entries():
        assert canaries(ADA, entry) == ()
        assert NIR not in entry
