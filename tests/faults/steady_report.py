"""The figures of a steady run: each minute's, and at the end what has grown."""

from __future__ import annotations

import os
from collections.abc import Iterator

from tests.faults.growth import Bound, Point, Trend, trend
from tests.faults.pump import Flow
from tests.faults.readings import Held, Look
from tests.faults.steady import Steady
from workers.app import REFRESH, SCHEDULE

# What an hour without a leak was seen to differ by, from one stretch to the next.
MEMORY = Bound(share=0.05, least=8.0)
# Its servers come and go (autovacuum), and each fills the caches of the tables it meets.
SERVER_MEMORY = Bound(share=0.15, least=48.0)
COUNT = Bound(share=0.1, least=3.0)
# A pool opens one more when as many as that are wanted at once for the first time, and keeps it:
# rare moments of an hour.  It cannot grow beyond its size, and one that leaks runs dry instead.
CONNECTIONS = Bound(share=0.1, least=8.0)
SECONDS = Bound(share=0.25, least=2.0)
# Its age is a saw, of which a trend says nothing; one that is late by a whole turn did not come.
OVERDUE_S = 2 * float(SCHEDULE[REFRESH]["schedule"])
MEMORIES = ("rss", "pss", "uss")
# What several share is counted as often as it is mapped, and a page once touched stays so: only
# what is their own tells a leak.
JUDGED = ("uss", "files", "sockets", "threads")
# It keeps the files of tables open, up to a thousand a connection, and closes none before.
SPARED = ("postgres files",)


def minute(run: Steady, flow: Flow, look: Look) -> str:
    """Say what one minute was like: load, lag, and what each process holds."""
    wrong = ", ".join(f"{name}: {n}" for name, n in sorted(flow.answers.items()) if name != "200")
    load = (
        f"{look.at / 60:6.1f} min  {flow.requests_a_second():.0f} of {run.rate:.0f} requests/s,"
        f" {flow.events_a_second():.0f} events/s; ms median {flow.quantile_ms(0.5):.1f},"
        f" p99 {flow.quantile_ms(0.99):.0f}, most {flow.quantile_ms(1):.0f};"
        f" other answers {wrong or 'none'}; machine's load {os.getloadavg()[0]:.1f}"
    )
    lines = [load]
    if look.lag is not None:
        connected = ", ".join(f"{name} {count}" for name, count in look.connected.items())
        lines.append(
            f"    behind, s: folding {look.lag.fold:.1f}, announcing {look.lag.outbox:.1f},"
            f" refresh {look.lag.refresh:.0f}; waiting rows {look.lag.waiting};"
            f" store {look.store_mb} MB; connections {connected}"
        )
    return "\n".join([*lines, *(_process(name, held) for name, held in look.held.items()), ""])


def _process(name: str, held: Held) -> str:
    memory = "  ".join(f"{kind} {getattr(held, kind):6.1f}" for kind in MEMORIES)
    return (
        f"    {name:<14}{memory} MB  files {held.files:3}  sockets {held.sockets:3}"
        f"  threads {held.threads:3}  processes {held.processes:2}"
    )


def report(run: Steady) -> str:
    """Say what came of it all, and what has grown."""
    told = {True: "GROWS", False: ""}
    head = f"{'':<26}{'first':>9}{'last':>9}{'most':>9}{'grown':>9}{'an hour':>9}{'allowed':>9}"
    rows = [
        f"{name:<26}{each.first:9.1f}{each.last:9.1f}{each.most:9.1f}{each.grown:9.1f}"
        f"{each.an_hour:9.1f}{each.allowed:9.1f}  {told[each.grows and judged]}"
        for name, (each, judged) in trends(run).items()
    ]
    table = [head, *rows] if rows else ["too short to tell what grows"]
    verdict = f"growing       {', '.join(growing(run)) or ('nothing' if rows else 'not known')}"
    return "\n".join(["", *_load(run), *table, verdict, ""])


def _load(run: Steady) -> Iterator[str]:
    most, held = run.most, run.held
    yield (
        f"the most      {most.requests_a_second():.0f} requests/s, {most.events_a_second():.0f}"
        f" events/s, over {most.seconds:.0f} s; caught up {_seconds(run.settled_s)} later"
    )
    yield (
        f"held          {held.requests_a_second():.0f} of {run.rate:.0f} requests/s,"
        f" {held.events_a_second():.0f} events/s, for {held.seconds / 60:.1f} min;"
        f" caught up {_seconds(run.caught_up_s)} later"
    )
    yield f"answers       {_answers(held)}; events without an answer {held.unheard}"
    miscounted = run.miscounted() if run.outcomes else "not known"
    counted = ", ".join(f"{name} {count}" for name, count in run.outcomes.items())
    yield (
        f"counted       {counted or 'not asked'}; answered {run.events}, miscounted {miscounted}"
    )


def growing(run: Steady) -> list[str]:
    """Name what has grown beyond chance, and what is overdue."""
    grown = [name for name, (each, judged) in trends(run).items() if judged and each.grows]
    ages = [look.lag.refresh for look in run.watch.looks if look.lag is not None]
    return [*grown, *(["refresh overdue"] if max(ages, default=0.0) > OVERDUE_S else [])]


def trends(run: Steady) -> dict[str, tuple[Trend, bool]]:
    """Give where every figure leads, and whether its growth would be a fault."""
    found = {}
    for name, points, bound, judged in _series(run.watch.looks):
        each = trend(points, bound)
        if each is not None:
            found[name] = (each, judged)
    return found


def _series(looks: list[Look]) -> Iterator[tuple[str, list[Point], Bound, bool]]:
    for name in dict.fromkeys(name for look in looks for name in look.held):
        memory = SERVER_MEMORY if name == "postgres" else MEMORY
        for kind in (*MEMORIES, *JUDGED[1:]):
            points = [(e.at, _count(e, name, kind)) for e in looks if name in e.held]
            bound = memory if kind in MEMORIES else COUNT
            yield f"{name} {kind}", points, bound, _judged(name, kind)
    lags = [(look.at, look.lag, look.connected) for look in looks if look.lag is not None]
    for kind in ("fold", "outbox", "refresh"):
        points = [(at, float(getattr(lag, kind))) for at, lag, _ in lags]
        yield f"lag {kind}, s", points, SECONDS, kind != "refresh"
    connected = [(at, float(sum(counts.values()))) for at, _, counts in lags]
    yield "connections", connected, CONNECTIONS, True


def _count(look: Look, name: str, kind: str) -> float:
    """Give a figure of a process; what its pools opened is counted apart, among the connections."""
    pooled = look.connected.get(f"paravent-{name}", 0) if kind in ("files", "sockets") else 0
    return float(getattr(look.held[name], kind) - pooled)


def _judged(name: str, kind: str) -> bool:
    return kind in JUDGED and f"{name} {kind}" not in SPARED


def _answers(flow: Flow) -> str:
    return ", ".join(f"{name}: {count}" for name, count in flow.answers.most_common()) or "none"


def _seconds(seconds: float | None) -> str:
    return "not" if seconds is None else f"{seconds:.1f} s"
