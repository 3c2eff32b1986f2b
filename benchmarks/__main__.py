"""Measure, compare with limits of the same run, write ``results.md``: ``make bench``.

Both sides of every ratio are measured in turn, round after round, on the same
server; the ratio of the medians is the result.  The rates beside it belong to
the machine and are for orientation only.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.ingest import Bench, installation

RESULTS = Path(__file__).with_name("results.md")


@dataclass(slots=True)
class Row:
    """One line of the table: a figure, its limit, and what they are."""

    what: str
    against: str
    unit: str
    figures: list[float] = field(default_factory=list)
    limits: list[float] = field(default_factory=list)

    def ratio(self) -> float:
        """Give the ratio of the medians."""
        return statistics.median(self.figures) / statistics.median(self.limits)

    def line(self) -> str:
        """Write the row."""
        figure, limit = statistics.median(self.figures), statistics.median(self.limits)
        spread = f"{min(self.figures):,.0f}-{max(self.figures):,.0f}"
        return (
            f"| {self.what} | {self.against} | **{self.ratio():.2f}** | {figure:,.0f} ({spread})"
            f" | {limit:,.0f} | {self.unit} |"
        )


def rows_of(bench: Bench, rounds: int) -> list[Row]:
    """Measure every row, interleaved."""
    copy_key = Row(
        "durable ingest, 500-event gzip batches, both domains granted",
        "binary COPY of the same rows, same table, same key, one connection",
        "rows/s",
    )
    one_domain = Row("the same, one domain granted", "the same limit", "rows/s")
    single = Row("single-event POSTs, 32 connections, live lane", "best of pgbench -N", "1/s")
    noop = Row("single-event POSTs, 32 connections, live lane", "no-op ASGI application", "1/s")
    grouped = Row("group commit, 32 connections", "commit per request (one connection)", "1/s")
    steps: list[tuple[Row, Callable[[], float], Callable[[], float]]] = [
        (copy_key, lambda: bench.batches(both=True), lambda: bench.copy(key=True)),
        (one_domain, lambda: bench.batches(both=False), lambda: bench.copy(key=True)),
        (single, lambda: bench.singles(32), bench.pgbench),
        (noop, lambda: bench.singles(32), bench.noop),
        (grouped, lambda: bench.singles(32), lambda: bench.singles(1)),
    ]  # fmt: skip
    for number in range(rounds):
        for row, figure, limit in steps:
            row.figures.append(figure())
            row.limits.append(limit())
            print(f"round {number + 1}/{rounds}: {row.what}: {row.ratio():.2f}", file=sys.stderr)
    return [row for row, _, _ in steps]


def report(rows: list[Row], facts: list[tuple[str, str]], rounds: int) -> str:
    """Write the page of results."""
    cores = os.cpu_count()
    head = [
        "# Benchmarks",
        "",
        "Written by `make bench`; ratios of medians over interleaved rounds. Client, gateway and",
        "PostgreSQL share the machine's cores. Rates belong to the machine; read the ratios.",
        "",
        f"{datetime.now(UTC):%Y-%m-%d}, {rounds} rounds, {cores} cores, {platform.machine()},",
        f"Python {platform.python_version()}, embedded PostgreSQL with fsync on, load average",
        f"{os.getloadavg()[0]:.1f} at the end.",
        "",
        "| what | against | ratio | median (spread) | limit's median | unit |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    table = [row.line() for row in rows]
    measured = ["", "| fact | measured |", "| --- | --- |"]
    measured += [f"| {name} | {value} |" for name, value in facts]
    missing = [
        "",
        "Not measured yet: live lane latency beside a bulk load, folding behind 20 000 events a",
        "second, refresh and erasure at ten million events, memory over five million events.",
        "",
    ]
    return "\n".join(head + table + measured + missing)


def main() -> None:
    """Run the suite."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="a tenth of the traffic, no file")
    chosen = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="paravent-bench-") as folder,
        installation(Path(folder) / "data") as running,
    ):
        bench = Bench(running, scale=0.1 if chosen.quick else 1.0)
        rows = rows_of(bench, chosen.rounds)
        facts = bench.facts()
    page = report(rows, facts, chosen.rounds)
    print(page)
    if not chosen.quick:
        RESULTS.write_text(page)


if __name__ == "__main__":
    main()
