"""Until the controller has declared something, nothing of anybody is stored (R-25)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from gateway.consent.service import Choice
from policies.errors import PurposeUnknown
from policies.load import SHIPPED, load_rulebook
from policies.vocabulary import ConsentStatus
from pseudonymizer.errors import IdentifierInvalid
from tests.support.builders import ADA, ALL_CATEGORIES, consent
from tests.support.edge import TestEdge, make_edge

EMPTY = {
    "consent.yaml": "categories: {}\n",
    "events.yaml": "steps: {}\nshared_properties: []\nevents: {}\n",
} | {
    f"{part}.yaml": f"{part}: {{}}\n"
    for part in (
        "domains", "retention", "notices", "purposes", "properties", "features", "recipients",
        "identifiers",
    )
}  # fmt: skip


@pytest.fixture
def edge(store_gateway: Engine, vault_engine: Engine, tmp_path: Path) -> TestEdge:
    folder = tmp_path / "rules"
    folder.mkdir()
    for name in ("controller.yaml", "disclosure.yaml"):
        (folder / name).write_bytes((SHIPPED / name).read_bytes())
    for name, content in EMPTY.items():
        (folder / name).write_text(content, encoding="utf-8")
    return make_edge(store_gateway, vault_engine, tmp_path, load_rulebook(folder))


def rows(engine: Engine) -> dict[str, int]:
    """Count the rows of every table that is not of the installation itself."""
    own = {
        "source",
        "rulebook",
        "feature_set",
        "decision_count",
        "dropped_count",
        "alembic_version",
        "key_in_use",
        "known_server",
        "message_key",
    }
    with engine.connect() as connection:
        tables = connection.execute(
            text(
                "select schemaname, tablename from pg_tables where schemaname in ('store', 'vault')"
            )
        )
        return {
            f"{schema}.{table}": count
            for schema, table in tables
            if table not in own
            and (count := connection.execute(
                text(f'select count(*) from "{schema}"."{table}"')  # of the catalogue
            ).scalar_one())
        }  # fmt: skip


def sent() -> list[dict[str, Any]]:
    said = {"context": {"consent": consent(*ALL_CATEGORIES)}}
    who = {"userId": ADA.user_id, "anonymousId": ADA.anonymous_id}
    return [
        {"type": "track", "event": "Order Completed", "properties": {"total": 1}, **who, **said},
        {"type": "page", "name": "Home", **who, **said},
        {"type": "identify", "traits": {"email": ADA.email}, **who, **said},
        {"type": "track", "event": "Segment Consent Preference Updated", **who, **said},
    ]


def test_nothing_of_anybody_is_stored(
    edge: TestEdge, store_owner: Engine, vault_engine: Engine
) -> None:
    before = rows(store_owner)
    outcomes = edge.send(*sent())
    assert sum(outcomes.values()) == 4
    assert not outcomes.keys() & {"stored", "noted"}
    assert rows(store_owner) == before
    assert rows(vault_engine) == {}


def test_no_choice_can_be_recorded_either(edge: TestEdge) -> None:
    choice = Choice("user_id", ADA.user_id, {"advertising": ConsentStatus.GIVEN}, None)
    with pytest.raises((PurposeUnknown, IdentifierInvalid)):
        edge.consent.record(choice)
