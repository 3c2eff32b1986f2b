"""Whoever is too young is not advertised to, and under 15 not kept, unless a parent consents."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from gateway.consent.service import Choice
from gateway.ingest import storing
from policies.vocabulary import ConsentStatus
from tests.support.builders import ADA, ALL_CATEGORIES, consent, track
from tests.support.edge import TestEdge, make_edge
from tests.support.rulebooks import PARENTAL, edited

FOR_ALL = {"personalisation", "email_marketing", "audience_measurement"}
EVERYTHING = FOR_ALL | {"advertising"}


@pytest.fixture
def parental(store_gateway: Engine, vault_engine: Engine, tmp_path: Path) -> TestEdge:
    return make_edge(store_gateway, vault_engine, tmp_path, edited(tmp_path / "rules", *PARENTAL))


def viewed(edge: TestEdge, band: object, **members: Any) -> dict[str, Any]:
    """Give an event that says yes to everything, and how old its sender is."""
    said = consent(*ALL_CATEGORIES) | ({} if band is None else {"ageBand": band})
    at = datetime.fromtimestamp(edge.now_us / 1e6, UTC) - timedelta(seconds=1)
    return track("Product Viewed", ADA, at=at, context={"consent": said}, **members)


def choose(edge: TestEdge, **purposes: str) -> None:
    said = {key: ConsentStatus(status) for key, status in purposes.items()}
    edge.consent.record(Choice("user_id", ADA.user_id, said, None))


def kept_for(edge: TestEdge) -> set[str]:
    """Give the purposes that stored events are kept for."""
    return {key for (key,) in edge.rows(
        "select distinct p.key from store.event e"
        " join store.purpose p on e.purposes >> (p.id - 1) & 1 = 1"
    )}  # fmt: skip


def open_(edge: TestEdge) -> set[str]:
    """Give the purposes that somebody's consent is open for."""
    return {key for (key,) in edge.rows(
        "select p.key from store.subject s, store.purpose p"
        " where exists (select from generate_series(1, cardinality(consent), 3) at"
        "  where consent[at] = p.id and consent[at + 1] < consent[at + 2])"
    )}  # fmt: skip


def vault_rows(edge: TestEdge) -> dict[str, int]:
    with edge.vault.connect() as vault:
        tables = vault.exec_driver_sql("select tablename from pg_tables where schemaname = 'vault'")
        return {
            name: int(vault.exec_driver_sql(f"select count(*) from vault.{name}").scalar_one())
            for name in tables.scalars().all() if name != "alembic_version"
        }  # fmt: skip


@pytest.mark.parametrize(
    ("band", "outcome", "kept"),
    [
        (None, "stored", EVERYTHING),
        ("unknown", "stored", EVERYTHING),
        ("18+", "stored", EVERYTHING),
        ("15-17", "stored", FOR_ALL),
        ("<15", "child", set()),
        ("14", "child", set()),
        ("18", "child", set()),
        ("", "child", set()),
        (17, "child", set()),
        (True, "child", set()),
        ([], "child", set()),
        ({"ageBand": "18+"}, "child", set()),
    ],
)
def test_what_is_kept_of_whom(edge: TestEdge, band: object, outcome: str, kept: set[str]) -> None:
    assert edge.send(viewed(edge, band)) == {outcome: 1}
    assert kept_for(edge) == kept == open_(edge)


def test_of_a_child_nobody_knows_nothing_is_kept_at_all(edge: TestEdge) -> None:
    before = vault_rows(edge)
    assert edge.send(viewed(edge, "<15")) == {"child": 1}
    assert edge.count("subject") == edge.count("consent_record") == edge.count("event") == 0
    assert vault_rows(edge) == before
    edge.send(viewed(edge, "18+"))
    assert vault_rows(edge) != before


@pytest.mark.parametrize(
    ("band", "left"), [("15-17", FOR_ALL), ("<15", set()), ("thirteen", set()), ("18+", EVERYTHING)]
)
def test_a_band_said_later_takes_back_what_was_said_before(
    edge: TestEdge, band: str, left: set[str]
) -> None:
    edge.send(viewed(edge, None))
    assert open_(edge) == EVERYTHING
    edge.now_us += 60_000_000
    edge.send(viewed(edge, band))
    assert open_(edge) == left
    edge.now_us += 60_000_000
    edge.send(viewed(edge, "18+"))  # which no page makes good again
    assert open_(edge) == left


def test_a_child_cannot_say_yes_by_an_act_of_their_own(edge: TestEdge) -> None:
    said = {"consent": consent(*ALL_CATEGORIES) | {"ageBand": "<15"}}
    act = viewed(edge, "<15") | {"event": "Segment Consent Preference Updated", "context": said}
    edge.send(act)
    assert open_(edge) == set()


def test_with_a_parents_consent_a_child_is_treated_like_those_under_18(parental: TestEdge) -> None:
    edge = parental
    assert edge.send(viewed(edge, "<15")) == {"child": 1}
    choose(edge, parental_authority="given")
    assert edge.send(viewed(edge, "<15")) == {"stored": 1}
    assert kept_for(edge) == FOR_ALL - {"audience_measurement"}
    edge.now_us += 60_000_000
    choose(edge, parental_authority="withdrawn")
    assert open_(edge) == set()  # of everything, at once, and without an event
    assert edge.send(viewed(edge, "<15")) == {"child": 1}
    assert edge.send(viewed(edge, None)) == {"child": 1}


def test_who_is_known_as_a_child_is_one_where_nothing_is_said(parental: TestEdge) -> None:
    edge = parental
    choose(edge, parental_authority="given", advertising="given")
    assert edge.send(viewed(edge, None)) == {"stored": 1}
    assert "advertising" not in kept_for(edge) | open_(edge)
    assert edge.send(viewed(edge, "18+")) == {"stored": 1}  # until somebody says otherwise


def test_a_transaction_that_is_begun_again_asks_again_whether_a_parent_has_consented(
    parental: TestEdge, monkeypatch: pytest.MonkeyPatch
) -> None:
    edge, unchanged = parental, list[bool]()
    choose(edge, parental_authority="given", personalisation="given")
    edge.now_us += 60_000_000
    choose(edge, parental_authority="withdrawn")
    record = storing.record_consent

    def watched(connection: Any, group: Any) -> None:
        before = [draft.signals for draft in group.drafts]
        try:
            record(connection, group)
        finally:
            unchanged.append(before == [draft.signals for draft in group.drafts])

    monkeypatch.setattr(storing, "record_consent", watched)
    assert edge.send(viewed(edge, "<15")) == {"child": 1}
    assert unchanged
    assert all(unchanged)


ASKED = "en: Show targeted advertising}\n    legal_basis: consent"
LAWFUL = ASKED.replace("consent", "legitimate_interest\n    lia: LIA-7")


@pytest.mark.parametrize("said", [{"ageBand": "15-17"}, {"gpc": True}])
def test_a_no_to_what_needs_no_consent_is_an_objection(
    store_gateway: Engine, vault_engine: Engine, tmp_path: Path, said: dict[str, object]
) -> None:
    rules = edited(tmp_path / "rules", ("purposes.yaml", ASKED, LAWFUL))
    edge = make_edge(store_gateway, vault_engine, tmp_path, rules)
    edge.send(viewed(edge, None))
    assert "advertising" in kept_for(edge)
    edge.now_us += 60_000_000
    no = viewed(edge, None)
    no["context"]["consent"] |= said
    edge.send(no)
    bit = edge.ingest.bound.rules.bit("advertising")
    assert {objected & bit for (objected,) in edge.rows(
        "select objected from store.subject s join store.domain d on d.id = s.domain"
        " where d.key = 'marketing'"
    )} == {bit}  # fmt: skip
    assert edge.rows("select count(*) from store.withdrawal where finished_at is null") != [(0,)]


def test_whoever_is_old_enough_needs_no_parent(parental: TestEdge) -> None:
    assert parental.send(viewed(parental, "15-17")) == {"stored": 1}
    assert kept_for(parental) == FOR_ALL
