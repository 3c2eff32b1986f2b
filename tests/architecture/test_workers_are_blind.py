"""A worker cannot reach the vault: not by what it loads, what it is told, or what it is sent."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys

import pytest

from tests.support.lints import ROOT

LOADED = """
import json, sys
import {module}
print(json.dumps(sorted({{name.partition(".")[0] for name in sys.modules}})))
"""
NOT_FOR_WORKERS = {"pseudonymizer", "gateway"}
WORKER_MODULES = ["workers.app", "workers.relay", "workers.tasks", "workers.jobs", "workers.store"]


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
    from workers.settings import WorkersSettings

    names = set(WorkersSettings.model_fields)
    assert {name for name in names if "vault" in name or "key" in name or "right" in name} == set()
    assert "store_dsn" in names


@pytest.mark.parametrize("name", ["PARAVENT_VAULT_DSN", "PARAVENT_KEYS", "PARAVENT_RIGHTS_DSN"])
def test_a_worker_refuses_to_start_where_the_vault_can_be_seen(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from policies.errors import ParaventError
    from workers.settings import worker_settings

    monkeypatch.setenv("PARAVENT_STORE_DSN", "postgresql://paravent_workers@/store")
    monkeypatch.setenv("PARAVENT_BROKER_URL", "redis://127.0.0.1/0")
    worker_settings()
    monkeypatch.setenv(name, "anything")
    with pytest.raises(ParaventError, match=name):
        worker_settings()


def test_a_task_is_sent_numbers_only() -> None:
    """A message on the broker holds a batch, shard or run number: no pseudonym, no text."""
    import workers.tasks  # noqa: F401  registers the tasks

    app = celery_app_for_inspection()
    ours = {name: task for name, task in app.tasks.items() if not name.startswith("celery.")}
    assert ours
    for name, task in ours.items():
        parameters = inspect.signature(task.run).parameters.values()
        assert [p.annotation for p in parameters if p.annotation not in {int, "int"}] == [], name
        assert task.acks_late, name


def celery_app_for_inspection() -> object:
    from celery import current_app

    return current_app
