"""The figures of a run, as a table."""

from __future__ import annotations

import statistics

from tests.faults.schedule import DISK, KILLING, LINES, PROCESSES, UP, Harm
from tests.faults.storm import Storm

MINUTE = 60.0
ENOUGH = 30  # samples, one a second: a shorter life says nothing about growth


def report(storm: Storm) -> str:
    """Say what was done to the installation, what came of it, and what the gateway held."""
    return "\n".join(["", *_harms(storm), *_promises(storm), *_growth(storm), ""]) + "\n"


def progress(storm: Storm) -> str:
    """Say in a line how far a run is."""
    traffic, model = storm.traffic, storm.traffic.model
    return (
        f"{storm.elapsed_s:6.0f} s  {sum(storm.after.faults.values())} faults,"
        f" {storm.after.kills()} of them kills,"
        f" {traffic.requests} requests, {traffic.retries} retries,"
        f" {len(model.answered)} of {len(model.sent)} events answered\n"
    )


def _harms(storm: Storm) -> list[str]:
    faults = storm.after.faults
    kinds = (*KILLING, Harm.FREEZE, Harm.SLOW)
    head = "".join(f"{harm.value:>10}" for harm in kinds)
    rows = [
        f"{name:<14}" + "".join(f"{faults[harm, name] or '-':>10}" for harm in kinds)
        for name in (*PROCESSES, UP)
    ]
    return [f"seed {storm.seed}, {storm.after.seconds:.0f} s, {storm.after.kills()} kills",
            f"{'':<14}{head}", *rows,
            _line("lines", f"cut {faults[Harm.CUT, LINES]}"),
            _line("disk", f"filled {faults[Harm.FILL, DISK]}")]  # fmt: skip


def _promises(storm: Storm) -> list[str]:
    after, traffic, verdict = storm.after, storm.traffic, storm.after.verdict
    refused = ", ".join(f"{name}: {count}" for name, count in traffic.refused.most_common())
    found = [
        _line("requests", f"{traffic.requests}, of them retries {traffic.retries}"),
        _line("refused", refused or "none"),
        _line("recovery", _spread(after.recoveries_s)),
        _line("last answer", _last(storm)),
        _line("caught up", f"{after.caught_up_s:.1f} s after the last answer"),
    ]
    if verdict is not None:
        found += [
            _line("answered", f"{verdict.answered} events"),
            _line("stored", f"{verdict.stored}, of them unanswered {verdict.unanswered}"),
            _line("lost", len(verdict.lost)),
            _line("doubled", len(verdict.doubled)),
            _line("strange", len(verdict.strange)),
            _line("miscounted", verdict.miscounted),
            _line("withdrawn", _choices(storm)),
            _line("erased", _departures(storm)),
        ]
    diverged = {name: len(subjects) for name, subjects in after.divergent.items()}
    wrong = ", ".join(f"{name} {count}" for name, count in diverged.items())
    return [*found, _line("divergent", f"{wrong}, refreshed {after.refreshed_otherwise}")]


def _last(storm: Storm) -> str:
    after = storm.after
    heard = ", ".join(f"{name}: {count}" for name, count in after.refused_last.most_common())
    return (
        f"{after.last_answer_s:.1f} s after the storm, the last erasure closed after"
        f" {after.last_closed_s:.1f} s, {after.waiting} clients without an answer;"
        f" refused until then {heard or 'none'}"
    )


def _choices(storm: Storm) -> str:
    after, choices = storm.after, storm.choices.answered
    barred = [] if after.verdict is None else after.verdict.barred
    return (
        f"or given again {len(choices)} times, forgotten {len(after.forgotten)}; stored all the"
        f" same {len(barred)}, kept in a segment {len(after.kept_in)}, shown {len(after.released)}"
    )


def _departures(storm: Storm) -> str:
    gone, unheard = storm.after.gone, sum(each.unheard for each in storm.leaver.departures)
    if gone is None:
        return "not looked for"
    took = [each.took_s for each in storm.leaver.departures if each.result] or [0.0]
    refused = ", ".join(f"{name}: {n}" for name, n in storm.leaving.refused.most_common())
    return (
        f"{gone.people} people in {gone.cases} cases with {gone.receipts} receipts, within"
        f" {statistics.median(took):.1f} s, {max(took):.1f} s at most; requests"
        f" unheard {unheard} ({refused or 'none refused'}); open {gone.unclosed}, forged"
        f" {gone.forged}, unproven {gone.unproven}, rows left {sum(gone.rows.values())}, events"
        f" {gone.messages}, keys {gone.remembered}, back {len(gone.back)}, strangers"
        f" {gone.strangers}"
    )


def _growth(storm: Storm) -> list[str]:
    life = storm.toll.longest_life()
    if len(life) < ENOUGH:
        return []
    first, last = life[0], life[-1]
    minutes = [each.rss_mb for each in life[:: round(MINUTE * len(life) / (last.at - first.at))]]
    return [
        _line("gateway", f"longest life {last.at - first.at:.0f} s, first, last and most:"),
        *(
            _line(f"  {name}", f"{values[0]:.0f}, {values[-1]:.0f}, {max(values):.0f}")
            for name, values in (
                ("memory, MB", [each.rss_mb for each in life]),
                ("open files", [each.files for each in life]),
                ("connections", [each.connections for each in life]),
            )
        ),
        _line("  by minute", ", ".join(f"{mb:.0f}" for mb in minutes)),
    ]


def _spread(seconds: list[float]) -> str:
    if not seconds:
        return "not measured"
    middle, most = statistics.median(seconds), max(seconds)
    return (
        f"median {middle:.2f} s, most {most:.2f} s, after PostgreSQL was back {len(seconds)} times"
    )


def _line(name: str, value: object) -> str:
    return f"{name:<14}{value}"
