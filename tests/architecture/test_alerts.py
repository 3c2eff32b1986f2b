"""The alert rules and the dashboard we ship are what they should be, before anybody runs them."""

from __future__ import annotations

import json
import re
import subprocess

import pytest

from tests.support import dashboard
from tests.support.lints import ROOT
from tests.support.prometheus import needs_prometheus

FOLDER = ROOT / "docker" / "prometheus"
ALERTS = re.findall(r"alert: (\w+)", (FOLDER / "alerts.yaml").read_text())
CASES = (FOLDER / "alerts.test.yaml").read_text()


@needs_prometheus
@pytest.mark.parametrize(
    "words",
    [
        ("check", "rules", "alerts.yaml"),
        ("test", "rules", "alerts.test.yaml"),
        ("check", "config", "--syntax-only", "prometheus.yaml"),
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_promtool_finds_nothing_wrong(words: tuple[str, ...]) -> None:
    done = subprocess.run(
        ["promtool", *words], cwd=FOLDER, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_has_a_case_in_which_it_fires_and_one_in_which_it_does_not() -> None:
    assert ALERTS
    assert [a for a in ALERTS if f"name: {a} fires" not in CASES] == []
    assert [a for a in ALERTS if f"name: {a} is quiet" not in CASES] == []


def test_the_dashboard_is_the_one_that_the_program_makes() -> None:
    assert dashboard.FILE.read_text() == dashboard.made(), "run `python -m tests.support.dashboard`"


def test_every_picture_of_the_dashboard_asks_something_else() -> None:
    board = json.loads(dashboard.FILE.read_text())
    asked = [target["expr"] for panel in board["panels"] for target in panel.get("targets", [])]
    assert len(asked) == len(set(asked)) >= len(dashboard.panels())
