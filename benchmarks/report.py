"""Where do results go: a page of the last whole run, and a line a row in the history."""

from __future__ import annotations

import csv
import platform
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import machine
from benchmarks.rows import Row
from benchmarks.suite import Run

RESULTS = Path(__file__).with_name("results.md")
HISTORY = Path(__file__).with_name("history.csv")
COLUMNS = ("date", "commit", "key", "ratio", "figure", "limit")
TABLE = (
    "| key | what | ratio | bar | | median (least to most) | limit | unit | remark |",
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
)


@dataclass(slots=True)
class Circumstances:
    """When, where and how a run was made."""

    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    load_at_begin: str = field(default_factory=machine.load_average)
    postgres: str = "PostgreSQL did not start"


def page(run: Run, rows: Sequence[Row], around: Circumstances) -> str:
    """Write the page of results."""
    how = "a tenth of the traffic" if run.scale < 1 else "the whole traffic"
    size = f"up to {run.history_events:,} events"
    head = f"""# Benchmarks

Written by `make bench`. Each ratio is of the medians over interleaved rounds, to a limit measured
in the same run; where no limit stands, the median itself is held against the bar. Client, gateway,
workers and PostgreSQL share the cores. Rates belong to the machine.

* {around.began:%Y-%m-%d %H:%M} UTC, commit {machine.commit()}, {run.rounds} rounds, {how}, {size}
* {machine.processor()}; load average {around.load_at_begin} at the begin,
  {machine.load_average()} at the end; gateway processes: {run.gateways}
* Python {platform.python_version()}, {around.postgres}
"""
    return "\n".join([head, *TABLE, *(f"| {' | '.join(row.cells())} |" for row in rows), ""])


def remember(rows: Sequence[Row], around: Circumstances) -> None:
    """Append what was measured to the history."""
    commit = machine.commit()
    fresh = not HISTORY.exists()
    with HISTORY.open("a", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        if fresh:
            writer.writerow(COLUMNS)
        for row in rows:
            if row.measured:
                ratio = "" if row.ratio is None else f"{row.ratio:.4g}"
                figure = f"{statistics.median(row.figures):.6g}"
                limit = f"{statistics.median(row.limits):.6g}" if row.limits else ""
                stamp = f"{around.began:%Y-%m-%dT%H:%MZ}"
                writer.writerow((stamp, commit, row.key, ratio, figure, limit))
