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

from benchmarks import lanes
from benchmarks.ingest import Bench, installation
from benchmarks.lanes import Fact

RESULTS = Path(__file__).with_name("results.md")


@dataclass(slots=True)
class Row:
    """One line of the table: a figure, its limit, and what they are."""

    what: str
    against: str
    unit: str
    bar: float | None
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
            f"| {self.what} | {self.against} | **{self.ratio():.2f}** | {self.bar or ''} |"
            f" {figure:,.0f} ({spread}) | {limit:,.0f} | {self.unit} |"
        )


def steps_of(bench: Bench) -> list[tuple[Row, Callable[[], float], Callable[[], float]]]:
    """Give every row with how its figure and its limit are measured."""
    copied = "binary COPY of the same rows, same table, same key, one connection"

    def limit() -> float:
        return bench.copy(key=True)

    return [
        (Row("durable ingest, 500-event gzip batches, two domains", copied, "rows/s", 0.5),
         lambda: bench.batches(both=True, workers=False), limit),
        (Row("the same, one domain", copied, "rows/s", 0.5),
         lambda: bench.batches(both=False, workers=False), limit),
        (Row("the same, two domains, workers folding beside it", copied, "rows/s", None),
         lambda: bench.batches(both=True), limit),
        (Row("single-event POSTs, 32 connections, live lane", "best of pgbench -N", "1/s", 2.0),
         lambda: bench.singles(32), bench.pgbench),
        (Row("the same", "no-op ASGI application", "1/s", 0.4),
         lambda: bench.singles(32), bench.noop),
        (Row("group commit, 32 connections", "a commit a request, one connection", "1/s", 3.5),
         lambda: bench.singles(32), lambda: bench.singles(1)),
    ]  # fmt: skip


def rows_of(bench: Bench, rounds: int) -> list[Row]:
    """Measure every row, interleaved."""
    steps = steps_of(bench)
    for number in range(rounds):
        for row, figure, limit in steps:
            row.figures.append(figure())
            row.limits.append(limit())
            print(f"round {number + 1}/{rounds}: {row.what}: {row.ratio():.2f}", file=sys.stderr)
    return [row for row, _, _ in steps]


def facts_of(bench: Bench, rows: list[Row]) -> list[Fact]:
    """Measure what is no ratio of two rates."""
    facts: list[Fact] = []
    each, count = bench.stored_bytes()
    facts.append(("stored bytes an event", f"{each:.0f} ({count:,} rows)", "150"))
    for fact in lanes.facts(bench, statistics.median(rows[2].figures) / 2):
        print(f"{fact[0]}: {fact[1]}", file=sys.stderr)
        facts.append(fact)
    return facts


def report(rows: list[Row], facts: list[Fact], rounds: int, gateways: int) -> str:
    """Write the page of results."""
    load = f"load average {os.getloadavg()[0]:.1f} at the end"
    head = [
        "# Benchmarks",
        "",
        "Written by `make bench`; ratios of medians over interleaved rounds. Client, gateway and",
        "PostgreSQL share the machine's cores. Rates belong to the machine; read the ratios.",
        "",
        f"{datetime.now(UTC):%Y-%m-%d}, {rounds} rounds, {os.cpu_count()} cores,",
        f"{platform.machine()}, Python {platform.python_version()},",
        f"embedded PostgreSQL with fsync on, gateway processes: {gateways}, {load}.",
        "",
        "| what | against | ratio | bar | median (spread) | limit's median | unit |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    table = [row.line() for row in rows]
    measured = ["", "| fact | measured | bar |", "| --- | --- | --- |"]
    measured += [f"| {what} | {said} | {bar} |" for what, said, bar in facts]
    missing = [
        "",
        "Not measured: refresh and erasure at ten million events (minutes to build the table),",
        "memory over five million events, traffic in which 3 % of the texts name somebody.",
        "",
    ]
    return "\n".join(head + table + measured + missing)


def main() -> None:
    """Run the suite."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--gateways", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="a tenth of the traffic, no file")
    chosen = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="paravent-bench-") as folder,
        installation(Path(folder) / "data", gateways=chosen.gateways) as running,
    ):
        bench = Bench(running, scale=0.1 if chosen.quick else 1.0)
        rows = rows_of(bench, chosen.rounds)
        facts = facts_of(bench, rows)
    page = report(rows, facts, chosen.rounds, chosen.gateways)
    print(page)
    if not chosen.quick:
        RESULTS.write_text(page)


if __name__ == "__main__":
    main()
