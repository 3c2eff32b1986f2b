"""`paravent policy`: say what the rulebook would do before it does it."""

from __future__ import annotations

import difflib
import re
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli import changes
from gateway.cli.differences import differences
from gateway.cli.explaining import EventUnreadable, explained, read_call
from gateway.cli.opened import opened
from gateway.cli.output import Data, Json, Policies, answer, progress
from gateway.cli.standing import rules_of
from gateway.cli.trying import computed
from policies.check import Finding, Level, check
from policies.comparing import compare
from policies.comparing.simulating import simulate
from policies.errors import ParaventError
from policies.examples import run_examples
from policies.explain import explain, known
from policies.load import load_rulebook
from workers.store import counts
from workers.store.transactions import connect, transaction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policies.ruleset import RuleSet

app = typer.Typer(no_args_is_help=True, help="Check the rulebook, and change it.")
app.add_typer(changes.app)


class WordUnknown(ParaventError):
    """The rulebook does not know this word."""

    code = "word-unknown"
    remedy = "Name a purpose, segment, feature, property or event of the rulebook."


@app.command("check")
def check_command(*, policies: Policies = None, as_json: Json = False) -> None:
    """Read the rulebook, run its examples, and say what should not be so.

    Ends with 1 when there is an error; warnings alone end with 0.
    """
    rules = load_rulebook(policies)
    findings = check(rules, policies, compute=computed)
    examples = len(run_examples(rules, policies, compute=computed))
    broken = any(finding.level is Level.ERROR for finding in findings)
    document = {
        "hash": rules.hash,
        "purposes": len(rules.purposes),
        "events": len(rules.events),
        "features": len(rules.features),
        "segments": len(rules.segments),
        "examples": examples,
        "findings": [finding._asdict() for finding in findings],
    }
    answer(document, as_json=as_json, lines=_report(rules, findings, examples))
    if broken:
        raise typer.Exit(1)


@app.command("diff")
def diff_command(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="The folder of the one in force.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The folder of the one to come.")],
    *,
    as_json: Json = False,
) -> None:
    """Say what would change for people from one rulebook to another.

    A change that stores, keeps, combines or shows more, or asks less, is marked `LOOSENS`; so is
    one of which that cannot be told.
    """
    before, after = load_rulebook(old), load_rulebook(new)
    found = compare(before, after)
    document = {
        "from": before.hash,
        "to": after.hash,
        "loosens": any(change.loosens for change in found),
        "changes": [change._asdict() for change in found],
    }
    answer(document, as_json=as_json, lines=differences(found))


@app.command("simulate")
def simulate_command(
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The folder of the one to come.")],
    *,
    since: Annotated[
        str, typer.Option("--since", metavar="DAYS", help="How far back, such as `7d`.")
    ] = "7d",
    policies: Policies = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Say what another rulebook would have done with the events that came.

    From the counts of the last days, so it touches no event: what was stored is told exactly where
    that can be, and what was refused with a bound.
    """
    days = _days(since)
    with opened(data, announce=progress) as home:
        before = rules_of(home) if policies is None else load_rulebook(policies)
        after = load_rulebook(new)
        counted = _counted(home.addresses.store, days)
    found = simulate(before, after, counted)
    document = {
        "from": before.hash,
        "to": after.hash,
        "days": days,
        "events": sum(counted.values()),
        "changes": [each._asdict() for each in found],
    }
    lines = [
        f"{'' if each.exact else 'at most '}{each.events} {each.event}: {each.fate}; {each.because}"
        for each in found
    ]
    lines.append(f"{sum(counted.values())} events of the last {days} days, counted.")
    answer(document, as_json=as_json, lines=lines)


def _days(since: str) -> int:
    found = re.fullmatch(r"([1-9][0-9]{0,3})d?", since.strip())
    if found is None:
        raise typer.BadParameter("a number of days was needed, such as 7d")
    return int(found[1])


def _counted(dsn: str, days: int) -> Counter[tuple[str, str]]:
    """Add up the decisions of the last *days*, today's among them."""
    today = datetime.now(UTC).date()
    engine = connect(dsn, pool_size=1, application_name="paravent policy")
    counted: Counter[tuple[str, str]] = Counter()
    try:
        with transaction(engine) as connection:
            found = counts.decisions(connection, today - timedelta(days=days), today)
        for decision, count in found.items():
            counted[decision.event, decision.outcome] += count
    finally:
        engine.dispose()
    return counted


@app.command("explain")
def explain_command(
    word: Annotated[
        str,
        typer.Argument(
            metavar="WORD",
            help="A purpose, segment, feature, property or event; or a call in a .json file.",
        ),
    ],
    *,
    policies: Policies = None,
    as_json: Json = False,
) -> None:
    """Say in sentences what the rulebook says about one of its words, or would do with an event.

    Of an event each step of the decision is said, with its article.
    """
    rules = load_rulebook(policies)
    if word.endswith(".json"):
        _explain_event(rules, Path(word), as_json=as_json)
        return
    lines = explain(rules, word)
    if not lines:
        near = difflib.get_close_matches(word, known(rules), n=3)
        hint = f"the nearest are {', '.join(near)}" if near else "none is near"
        raise WordUnknown(f"the rulebook knows no such word; {hint}")
    answer({"word": word, "says": lines}, as_json=as_json, lines=lines)


def _explain_event(rules: RuleSet, file: Path, *, as_json: bool) -> None:
    try:
        content = file.read_bytes()
    except OSError:
        raise EventUnreadable("the file cannot be read; a readable one was needed") from None
    steps = explained(rules, read_call(content), time.time_ns() // 1_000)
    document = {"steps": [step._asdict() for step in steps]}
    lines = [f"{step.step}: {step.says} ({step.article})" for step in steps]
    answer(document, as_json=as_json, lines=lines)


def _report(rules: RuleSet, findings: Sequence[Finding], examples: int) -> list[str]:
    lines = [
        f"{found.level}: {found.file}: {found.key}: {found.what}. {found.advice}"
        for found in findings
    ]
    counted = ", ".join(
        f"{len(declared)} {word}"
        for word, declared in (
            ("purposes", rules.purposes),
            ("events", rules.events),
            ("features", rules.features),
            ("segments", rules.segments),
        )
    )
    return [*lines, f"{counted}; {examples} examples, {len(findings)} findings.", f"{rules.hash}"]
