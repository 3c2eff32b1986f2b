"""`paravent retention vault` on an installation of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import psycopg
from typer.testing import CliRunner

from gateway.cli import retention
from gateway.embedded import EmbeddedPostgres
from gateway.installation import Installation
from pseudonymizer.key_providers import FileKeyProvider
from pseudonymizer.keyring import Keyring
from pseudonymizer.lookup import Lookup
from pseudonymizer.vault.remember import Resolver
from pseudonymizer.vault.transactions import connect
from tests.support.builders import ADA, GRACE


def say(*words: str, data: Path) -> Any:
    return CliRunner().invoke(retention.app, ["vault", *words, "--data", str(data)])


def test_strangers_are_forgotten_by_hand(data: Path) -> None:
    installation = Installation.open(data, create=True)
    keyring = Keyring(FileKeyProvider.create(installation.keys))
    nobody = say("--json", data=data)
    assert json.loads(nobody.stdout) == {"people": 0, "identifiers": 0, "fences": 0}
    server = EmbeddedPostgres(data)
    server.start()
    try:
        engine = connect(server.dsn("vault"), pool_size=1)
        resolver = Resolver(engine, keyring)
        for person in (ADA, GRACE):
            wanted = Lookup((("user_id", person.user_id),), mint=True)
            resolver.resolve([wanted], domains=("marketing", "measurement"))
        with psycopg.connect(server.dsn("store")) as owner:
            owner.execute(
                "insert into store.known_server (since, system, timeline, database)"
                " select now() - interval '8 days', (pg_control_system()).system_identifier,"
                " (pg_control_checkpoint()).timeline_id, oid from pg_database"
                " where datname = current_database()"
            )
        with psycopg.connect(server.dsn("vault")) as owner:
            owner.execute("update vault.subject set created_on = created_on - 30 where id = 1")
            owner.execute("update vault.identifier set first_seen_on = first_seen_on - 30")
        engine.dispose()
    finally:
        server.stop()
    told = say(data=data)
    assert told.exit_code == 0, told.output
    assert "1 people were forgotten, with 1 identifiers." in told.stdout
    assert "4096 of 4096 buckets" in told.stderr
    assert ADA.user_id not in told.output
