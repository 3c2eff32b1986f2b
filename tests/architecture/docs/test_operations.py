"""What an operator reads is what the program does: every alert explained, every file there."""

from __future__ import annotations

import re

from gateway.health import Readiness
from tests.support.lints import ROOT
from tests.support.reference import metrics_table

PAGE = (ROOT / "docs" / "operations.md").read_text()
RULES = (ROOT / "docker" / "prometheus" / "alerts.yaml").read_text()
DASHBOARD = (ROOT / "docker" / "grafana" / "paravent.json").read_text()
METRICS = set(re.findall(r"^\| `(paravent_\w+)`", metrics_table(), re.MULTILINE))


def explained() -> dict[str, str]:
    """Give what the page says each alert means."""
    return dict(re.findall(r"^\| `(Paravent\w+)` \| (\w+): .+ \| .{20,} \|$", PAGE, re.MULTILINE))


def test_every_alert_is_explained_with_what_to_do() -> None:
    rules = re.findall(r"alert: (\w+).*?severity: (\w+)", RULES, re.DOTALL)
    assert explained() == dict(rules)


def test_alerts_and_dashboard_ask_for_metrics_there_are() -> None:
    for text in (RULES, DASHBOARD):
        asked = set(re.findall(r"\bparavent_\w+", text))
        assert asked
        assert {re.sub(r"_(bucket|sum|count)$", "", name) for name in asked} <= METRICS


def test_every_metric_has_its_place_on_the_dashboard() -> None:
    assert [name for name in METRICS if name not in DASHBOARD] == []


def test_every_part_of_readiness_is_explained() -> None:
    table = PAGE.partition("| Member of `/readyz`")[2].partition("\n\n")[0]
    assert set(re.findall(r"`(\w+)`", table.replace("`away`", ""))) >= set(Readiness.model_fields)
