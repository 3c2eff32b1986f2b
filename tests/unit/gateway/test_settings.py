"""A gateway that lacks a setting says which, and repeats nothing it was given."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from gateway.settings import SettingsInvalid, read_settings


def test_what_is_missing_or_wrong_is_named_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in [name for name in os.environ if name.startswith("PARAVENT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PARAVENT_PORT", "ada@example.org")
    with pytest.raises(SettingsInvalid) as refused:
        read_settings()
    said = str(refused.value)
    assert {"PARAVENT_STORE_DSN", "PARAVENT_KEYS", "PARAVENT_PORT"} <= set(
        said.removesuffix(".").replace(":", ",").replace(" ", "").split(",")
    )
    assert "ada" not in said


def test_a_process_without_settings_ends_with_advice() -> None:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PARAVENT_")}
    done = subprocess.run(
        [sys.executable, "-m", "gateway.main"],
        env=plain, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("error: Settings are missing or wrong: PARAVENT_")
    assert "remedy: " in done.stderr
