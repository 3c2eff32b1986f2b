"""What a worker process is given, what it refuses, and what its messages may carry."""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys

import pytest
from pydantic import SecretStr

from workers.app import celery_app
from workers.errors import SettingsRefused
from workers.settings import WorkersSettings, read_settings

REDIS = "redis://127.0.0.1:6379/0"


def _settings(broker: str = REDIS) -> WorkersSettings:
    return WorkersSettings(
        store_dsn=SecretStr("postgresql://localhost/store"), broker_url=SecretStr(broker)
    )


def test_settings_have_no_place_for_the_vault_or_a_key() -> None:
    names = set(WorkersSettings.model_fields)
    assert not [name for name in names if "vault" in name or "key" in name or "rights" in name]


@pytest.mark.parametrize(
    "name", ["PARAVENT_VAULT_DSN", "PARAVENT_KEYS", "paravent_keys_file", "PARAVENT_RIGHTS_DSN"]
)
def test_a_worker_given_the_vault_or_a_key_does_not_start(name: str) -> None:
    with pytest.raises(SettingsRefused, match="neither the vault's DSN nor keys") as refusal:
        read_settings({name: "ada@example.org"})
    assert "ada" not in str(refusal.value)


def test_missing_settings_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PARAVENT_STORE_DSN", raising=False)
    with pytest.raises(SettingsRefused, match="PARAVENT_STORE_DSN"):
        read_settings({})


def test_tasks_take_a_batch_number_at_most() -> None:
    app = celery_app(_settings())
    app.loader.import_default_modules()
    ours = {name: task for name, task in app.tasks.items() if not name.startswith("celery.")}
    assert set(ours) == {
        "drain-batch", "drain-dirty", "refresh-memberships", "expire-events", "erase-withdrawn",
        "anchor-consents",
    }  # fmt: skip
    for task in ours.values():
        parameters = inspect.signature(task.run).parameters
        assert [(name, each.annotation) for name, each in parameters.items()] in (
            [],
            [("batch_id", "int")],
            [("withdrawal_id", "int")],
            [("change_id", "int")],
        )


@pytest.mark.parametrize("broker", [REDIS, "amqp://guest:guest@127.0.0.1:5672//"])
def test_messages_are_json_acknowledged_late_and_accompanied_by_nothing(broker: str) -> None:
    conf = celery_app(_settings(broker)).conf
    assert (conf.task_serializer, conf.accept_content) == ("json", ["json"])
    assert (conf.task_acks_late, conf.task_reject_on_worker_lost) == (True, True)
    assert (conf.worker_prefetch_multiplier, conf.task_ignore_result) == (1, True)
    assert not conf.worker_enable_remote_control
    assert not conf.beat_enable_remote_control
    assert not conf.worker_send_task_events
    assert not conf.task_send_sent_event
    assert conf.task_default_queue == "paravent"


def test_redis_hands_an_orphaned_task_over_within_seconds_of_its_visibility() -> None:
    options = celery_app(_settings()).conf.broker_transport_options
    assert options["unacked_restore_interval"] * options["unacked_restore_throttle"] <= 2
    assert options["visibility_timeout"] >= 60


def test_a_worker_loads_neither_the_identified_side_nor_the_edge() -> None:
    program = (
        "import sys, json\n"
        "import workers.main\n"
        "from workers.app import TASK_MODULES\n"
        "for name in TASK_MODULES: __import__(name)\n"
        "print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))\n"
    )
    shown = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"]},
    )
    loaded = set(json.loads(shown.stdout))
    assert "workers" in loaded
    assert not loaded & {"pseudonymizer", "gateway", "fastapi", "presidio_analyzer"}


def test_a_task_that_fails_is_named_with_its_error_and_its_place() -> None:
    program = (
        "import sys\nfrom workers import logs\nlogs.configure()\n"
        "from celery import Celery\napp = Celery(set_as_current=False)\n"
        "@app.task(name='expire-events')\n"
        "def fail(): raise KeyError(sys.argv[1])\n"
        "fail.apply()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "ada@example.org"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert "ada" not in done.stdout + done.stderr
    said = json.loads(done.stderr)
    assert (said["event"], said["task"], said["error"]) == (
        "task-failed",
        "expire-events",
        "KeyError",
    )
