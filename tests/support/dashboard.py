"""Write docker/grafana/paravent.json: ``python -m tests.support.dashboard``.

The dashboard is made here, so that a test can run each of its queries on a Prometheus that scrapes
a running installation; a test compares the file with what this makes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from grafana_foundation_sdk.builders.dashboard import Dashboard, DatasourceVariable, Row
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.builders.timeseries import Panel as Timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import DataSourceRef

from tests.support.lints import ROOT

FILE = ROOT / "docker" / "grafana" / "paravent.json"
RATE = "$__rate_interval"  # Grafana puts in four times the scrape interval, at least


@dataclass(frozen=True)
class Panel:
    """One picture: a title that asks something, its unit, and queries by their legend."""

    title: str
    unit: str
    queries: dict[str, str]
    rare: bool = False
    """Whether an installation may be well and have nothing to show here."""


def _rate(name: str, by: str, where: str = "") -> str:
    return f"sum by ({by}) (rate({name}{where}[{RATE}]))"


def _quantile(share: float, name: str, by: str, where: str = "") -> str:
    return f"histogram_quantile({share}, {_rate(f'{name}_bucket', f'le, {by}', where)})"


STORED = '{outcome=~"stored|duplicate"}'
DUPLICATES = (
    f'sum(rate(paravent_events_total{{outcome="duplicate"}}[{RATE}]))'
    f" / sum(rate(paravent_events_total{STORED}[{RATE}]))"
)
INGEST = '{door="ingest"}'
ROWS: dict[str, list[Panel]] = {
    "What comes in": [
        Panel("Events a second, by outcome", "ops",
              {"{{outcome}}": _rate("paravent_events_total", "outcome")}),
        Panel("Events a second, by event", "ops",
              {"{{event}}": _rate("paravent_events_total", "event")}),
        Panel("Refused, by reason", "ops", {"{{outcome}}": _rate(
            "paravent_events_total", "outcome", '{outcome!~"stored|duplicate|noted"}')}),
        Panel("TC strings a second, by flaw", "ops",
              {"{{read}}": _rate("paravent_tc_strings_total", "read")}, rare=True),
        Panel("Share of duplicates", "percentunit", {"duplicates": DUPLICATES}),
        Panel("Properties dropped a second", "ops",
              {"{{event}}": _rate("paravent_dropped_properties_total", "event")}),
    ],
    "How it is answered": [
        Panel("Requests a second, by status", "reqps",
              {"{{door}} {{status}}": _rate("paravent_answers_total", "door, status")}),
        Panel("Ingest: time to the answer", "s", {
            "half": _quantile(0.5, "paravent_answer_seconds", "door", INGEST),
            "99 of 100": _quantile(0.99, "paravent_answer_seconds", "door", INGEST)}),
        Panel("Everything else: 99 of 100", "s",
              {"{{door}}": _quantile(0.99, "paravent_answer_seconds", "door")}),
        Panel("Gateway processes", "short", {
            "running": "sum(paravent_gateways)",
            "about to stop": "sum(paravent_gateways_draining)"}),
    ],
    "Where the time goes": [
        Panel("Time a second spent in each stage", "s",
              {"{{stage}}": _rate("paravent_stage_seconds_sum", "stage")}),
        Panel("Stages: 99 of 100", "s",
              {"{{stage}}": _quantile(0.99, "paravent_stage_seconds", "stage")}),
        Panel("Events a commit", "short", {
            "mean": f"sum(rate(paravent_group_events_sum[{RATE}]))"
                    f" / sum(rate(paravent_group_events_count[{RATE}]))"}),
        Panel("Requests a commit", "short", {
            "mean": f"sum(rate(paravent_group_requests_sum[{RATE}]))"
                    f" / sum(rate(paravent_group_requests_count[{RATE}]))"}),
        Panel("Commits a second", "ops",
              {"{{outcome}}": _rate("paravent_groups_total", "outcome")}),
        Panel("Commit queue", "bytes", {
            "waiting": "sum(paravent_commit_queue_bytes)",
            "limit": "sum(paravent_commit_queue_limit_bytes)"}),
        Panel("Requests that wait", "short", {"waiting": "sum(paravent_commit_queue_requests)"}),
    ],
    "Neighbours": [
        Panel("Does it answer", "bool", {"{{part}}": "min by (part) (paravent_part_up)"}),
        Panel("Transactions: 99 of 100", "s",
              {"{{database}}": _quantile(0.99, "paravent_database_seconds", "database")}),
        Panel("Keys: 99 of 100", "s",
              {"{{operation}}": _quantile(0.99, "paravent_key_seconds", "operation")}),
    ],
    "What waits": [
        Panel("Age of the oldest", "s", {
            "bulk lane": "max(paravent_dirty_oldest_seconds)",
            "outbox": "max(paravent_outbox_oldest_seconds)",
            "withdrawals": "max(paravent_withdrawal_oldest_seconds)"}),
        Panel("Quarantine", "short", {
            "waiting": "max(paravent_quarantine_rows)",
            "set aside in an hour, {{reason}}":
                "sum by (reason) (increase(paravent_quarantined_total[1h]))"}, rare=True),
        Panel("Bytes in quarantine", "bytes", {"sealed": "max(paravent_quarantine_bytes)"},
              rare=True),
        Panel("Age of the oldest in quarantine", "s",
              {"age": "max(paravent_quarantine_oldest_seconds)"}, rare=True),
        Panel("Rows that wait", "short", {
            "bulk lane": "max(paravent_dirty_rows)",
            "outbox": "max(paravent_outbox_rows)",
            "restricted": "max(paravent_dirty_aside_rows)"}),
        Panel("Time since memberships were brought up to date", "s",
              {"age": "max(paravent_refresh_age_seconds)"}),
        Panel("Time since everything was gone over for what expires", "s",
              {"age": "max(paravent_retention_age_seconds)"}, rare=True),
        Panel("A wrapping key should have been made or destroyed since", "s",
              {"overdue": "max(paravent_keys_overdue_seconds)"}),
    ],
    "Who was re-identified": [
        Panel("Steps over HTTP, by outcome", "short", {"{{outcome}}": (
            "sum by (outcome) (increase(paravent_reidentifications_total[1h]))")}, rare=True),
        Panel("Opened in the last hour, by whatever way", "short",
              {"opened": "max(paravent_reidentifications_lately)"}),
    ],
    "Workers": [
        Panel("Tasks a second", "ops",
              {"{{task}} {{outcome}}": _rate("paravent_tasks_total", "task, outcome")}),
        Panel("Tasks: 99 of 100", "s",
              {"{{task}}": _quantile(0.99, "paravent_task_seconds", "task")}),
        Panel("Announcements delivered a second", "ops",
              {"delivered": f"sum(rate(paravent_relay_announcements_total[{RATE}]))"}),
        Panel("Lost by the broker", "short", {
            "reminders": "sum(increase(paravent_relay_reminders_total[1h]))",
            "reconnections": "sum(increase(paravent_worker_reconnections_total[1h]))"}),
        Panel("Processes in charge", "short", {
            "relays": "sum(paravent_relays)", "clocks": "sum(paravent_beats_in_charge)"}),
        Panel("The relay waits for", "bool",
              {"{{part}}": "max by (part) (paravent_relay_missing)"}, rare=True),
    ],
}  # fmt: skip


def panels() -> list[Panel]:
    return [panel for row in ROWS.values() for panel in row]


def _picture(panel: Panel) -> Timeseries:
    source = DataSourceRef(type_val="prometheus", uid="${source}")
    picture = Timeseries().title(panel.title).unit(panel.unit).datasource(source)
    picture = picture.height(8).span(8).min(0)
    for letter, (legend, query) in zip("ABCD", panel.queries.items(), strict=False):
        target = Dataquery().expr(query).legend_format(legend).ref_id(letter)
        picture = picture.with_target(target)
    return picture


def made() -> str:
    """Give the dashboard as the text of its file."""
    board = Dashboard("Paravent").uid("paravent").tags(["paravent"]).refresh("30s")
    board = board.time("now-3h", "now").timezone("browser")
    board = board.with_variable(DatasourceVariable("source").label("Source").type("prometheus"))
    for title, row in ROWS.items():
        board = board.with_row(Row(title))
        for panel in row:
            board = board.with_panel(_picture(panel))
    return json.dumps(board.build(), cls=JSONEncoder, indent=1, sort_keys=True) + "\n"


def main() -> None:
    Path(FILE).write_text(made())


if __name__ == "__main__":
    main()
