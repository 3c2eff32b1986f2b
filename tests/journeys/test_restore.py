"""The restore drill: a physical backup from before an erasure is put back, twice.

Once within the window of the wrapping key: nothing is served until the erasure was replayed, and
then the person is gone from the backup, too.  Once after it: nobody opens the backup at all.
Both with a cold copy of the files, and with a base backup and the log up to an instant.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psycopg
import pytest

from gateway.embedded import EmbeddedPostgres
from tests.support.backups import BaseBackup
from tests.support.builders import ADA, GRACE, Person, track
from tests.support.installation import Installed, installed

pytestmark = pytest.mark.journey

WINDOW_OVER = {"PARAVENT_KEK_DAYS": "0.000001", "PARAVENT_KEK_WINDOW_DAYS": "0"}


@pytest.fixture
def home() -> Iterator[Installed]:
    with installed() as running:
        for person in (ADA, GRACE):
            assert sent(running, person) == httpx.codes.OK
        yield running


def sent(home: Installed, person: Person) -> int:
    call = track("Product Viewed", person, at=datetime.now(UTC))
    return home.post("/v1/track", json=call).status_code


def stopped(home: Installed) -> None:
    home.process.terminate()
    home.process.wait(90)


def copied(home: Installed, name: str) -> Path:
    """Stop it, copy the database server's files, which is a whole backup, and start it again."""
    stopped(home)
    target = home.data.parent / name
    shutil.copytree(home.data / "postgres", target, symlinks=True)
    _as_before(home.data / "postgres", target)
    assert home.start_again()
    return target


def _as_before(origin: Path, target: Path) -> None:
    """Give the copy the owners of the original: the server runs as an account of its own."""
    for path in (origin, *origin.rglob("*")):
        there = target / path.relative_to(origin)
        if not there.is_symlink():
            shutil.chown(there, path.stat().st_uid, path.stat().st_gid)


def restored(home: Installed, backup: Path) -> None:
    shutil.rmtree(home.data / "postgres")
    backup.rename(home.data / "postgres")


def erased(home: Installed, person: Person) -> dict[str, object]:
    body = {
        "type": "erasure",
        "identifiers": [{"kind": "user_id", "value": person.user_id}],
        "identity_check": {"method": "in_person", "outcome": "confirmed"},
    }
    case = home.as_operator("POST", "/v1/rights/requests", json=body).json()
    receipt: dict[str, object] = home.as_operator("GET", case["result"]).json()
    return receipt


def alive(home: Installed) -> int:
    with psycopg.connect(EmbeddedPostgres(home.data).dsn("vault")) as owner:
        row = owner.execute("select count(*) from vault.subject where state = 'alive'").fetchone()
    assert row is not None
    return int(row[0])


def stored(home: Installed) -> int:
    with psycopg.connect(EmbeddedPostgres(home.data).dsn("store")) as owner:
        row = owner.execute("select count(*) from store.event").fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.long  # as below, with a cold copy
def test_a_backup_from_before_an_erasure_is_brought_back_without_the_person(
    home: Installed,
) -> None:
    backup = copied(home, "backup")
    receipt = erased(home, ADA)
    assert receipt["backup_bound_date"] is not None
    left = alive(home), stored(home)
    stopped(home)
    restored(home, backup)
    assert not home.start_again()
    assert "restore-pending" in home.said[-1]
    check = home.command("restore", "check", "--json")
    assert (check.returncode, json.loads(check.stdout)) == (1, {"erasures": 1, "missing": 1})
    refused = home.command("rights", "list", "--json")
    assert json.loads(refused.stdout)["error"]["code"] == "restore-pending"
    replay = home.command("restore", "replay", "--json")
    assert replay.returncode == 0, replay.stderr
    assert json.loads(replay.stdout)["rows"] > 0
    assert home.command("restore", "check", "--json").returncode == 0
    assert home.start_again()
    assert (alive(home), stored(home)) == left
    assert sent(home, ADA) == httpx.codes.OK  # answered like everybody's, and not kept
    assert stored(home) == left[1]
    assert sent(home, GRACE) == httpx.codes.OK
    assert stored(home) > left[1]


@pytest.mark.long  # as below, with a cold copy
def test_a_backup_older_than_the_window_of_the_key_opens_for_nobody(home: Installed) -> None:
    backup = copied(home, "older")
    erased(home, GRACE)
    for _ in range(2):
        done = home.command("keys", "ratchet", "--json", settings=WINDOW_OVER)
        assert done.returncode == 0, done.stderr
    assert any("destroyed" in each for each in json.loads(done.stdout)["done"])
    stopped(home)
    current = home.data.parent / "current"
    (home.data / "postgres").rename(current)
    backup.rename(home.data / "postgres")
    assert not home.start_again()
    replay = home.command("restore", "replay", "--json")
    assert (replay.returncode, json.loads(replay.stdout)["error"]["code"]) == (1, "key-destroyed")
    shutil.rmtree(home.data / "postgres")
    current.rename(home.data / "postgres")
    assert home.start_again()
    assert home.command("restore", "check", "--json").returncode == 0


@pytest.fixture
def archived(home: Installed) -> BaseBackup:
    """Back the server up while it serves; what is sent then is in the log alone."""
    backup = BaseBackup.taken(home.data)
    for _ in range(3):
        assert sent(home, ADA) == httpx.codes.OK
    backup.mark("before")
    return backup


def test_the_log_replayed_to_before_an_erasure_serves_nothing_until_it_is_done_again(
    home: Installed, archived: BaseBackup
) -> None:
    before = alive(home), stored(home)
    erased(home, ADA)
    left = alive(home), stored(home)
    assert left < before
    stopped(home)
    archived.keep_log()
    archived.put_back("before")
    with started(home):
        assert (alive(home), stored(home)) == before  # the three events that only the log had, too
    assert not home.start_again()
    assert "restore-pending" in home.said[-1]
    replay = home.command("restore", "replay", "--json")
    assert replay.returncode == 0, replay.stderr
    assert home.start_again()
    assert (alive(home), stored(home)) == left
    assert sent(home, ADA) == httpx.codes.OK  # answered like everybody's, and not kept
    assert stored(home) == left[1]


def test_the_log_replayed_to_before_an_erasure_opens_for_nobody_after_the_window(
    home: Installed, archived: BaseBackup
) -> None:
    erased(home, ADA)
    for _ in range(2):
        done = home.command("keys", "ratchet", "--json", settings=WINDOW_OVER)
        assert done.returncode == 0, done.stderr
    stopped(home)
    archived.keep_log()
    archived.put_back("before")
    assert not home.start_again()
    replay = home.command("restore", "replay", "--json")
    assert (replay.returncode, json.loads(replay.stdout)["error"]["code"]) == (1, "key-destroyed")


@contextmanager
def started(home: Installed) -> Iterator[None]:
    """Run the database server alone."""
    server = EmbeddedPostgres(home.data)
    server.start()
    try:
        yield
    finally:
        server.stop()
