"""A worker cannot reach the vault: not by what it loads, what it is told, or what it is sent."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys

import pytest
from celery import Task
from pydantic import SecretStr

from tests.support.lints import ROOT
from workers.app import SCHEDULE, celery_app
from workers.errors import SettingsRefused
from workers.settings import WorkersSettings, read_settings

LOADED = """
import json, sys
import {module}
print(json.dumps(sorted({{name.partition(".")[0] for name in sys.modules}})))
"""
NOT_FOR_WORKERS = {"pseudonymizer", "gateway"}
WORKER_MODULES = ["workers.main", "workers.app", "workers.relay", "workers.tasks.features"]


def loaded_by(module: str) -> set[str]:
    said = subprocess.run(
        [sys.executable, "-c", LOADED.format(module=module)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(said.stdout))


@pytest.mark.parametrize("module", WORKER_MODULES)
def test_a_worker_does_not_even_load_the_identified_side(module: str) -> None:
    loaded = loaded_by(module)
    assert "workers" in loaded
    assert loaded & NOT_FOR_WORKERS == set()


def test_the_check_of_loaded_modules_would_notice() -> None:
    assert loaded_by("gateway.settings, pseudonymizer.identifiers") >= NOT_FOR_WORKERS


def test_a_worker_has_no_setting_for_the_vault_or_a_key() -> None:
    names = set(WorkersSettings.model_fields)
    assert {name for name in names if "vault" in name or "key" in name or "right" in name} == set()
    assert "store_dsn" in names


ENVIRONMENT = {
    "PARAVENT_STORE_DSN": "postgresql://paravent_workers@/store",
    "PARAVENT_BROKER_URL": "redis://127.0.0.1/0",
}


@pytest.mark.parametrize("name", ["PARAVENT_VAULT_DSN", "PARAVENT_KEYS", "PARAVENT_RIGHTS_DSN"])
def test_a_worker_refuses_to_start_where_the_vault_can_be_seen(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in ENVIRONMENT.items():
        monkeypatch.setenv(variable, value)
    read_settings()
    monkeypatch.setenv(name, "anything")
    with pytest.raises(SettingsRefused, match=name):
        read_settings()


def tasks() -> dict[str, Task[..., object]]:
    """Give every task of ours, as a worker registers it."""
    app = celery_app(read_settings_of(ENVIRONMENT))
    app.loader.import_default_modules()
    return {name: task for name, task in app.tasks.items() if not name.startswith("celery.")}


def read_settings_of(environment: dict[str, str]) -> WorkersSettings:
    return WorkersSettings(
        store_dsn=SecretStr(environment["PARAVENT_STORE_DSN"]),
        broker_url=SecretStr(environment["PARAVENT_BROKER_URL"]),
    )


def test_a_task_is_sent_numbers_only() -> None:
    """A message on the broker holds a batch, shard or run number: no pseudonym, no text."""
    ours = tasks()
    assert ours
    for name, task in ours.items():
        parameters = inspect.signature(task.run).parameters.values()
        assert [str(p) for p in parameters if p.annotation not in {int, "int"}] == [], name


def test_a_task_that_a_killed_worker_left_is_done_by_the_next() -> None:
    assert {name for name, task in tasks().items() if not task.acks_late} == set()


def test_what_the_clock_sends_is_a_task_of_ours() -> None:
    assert {entry["task"] for entry in SCHEDULE.values()} <= set(tasks())
