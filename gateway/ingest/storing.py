"""What happens to a commit group inside its one transaction on the store?

Registry rows are locked first and held to the end (R-56): an erasure that
comes now waits for this commit and then finds the rows, one that came before
is seen here.  Consent news is appended before anything is decided.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from gateway.consent.recording import Entry, append
from gateway.ingest import decide, ledger
from gateway.ingest.drafts import Draft, Tally
from gateway.ingest.ledger import News, Standing
from gateway.ingest.rules import CompiledRules
from policies.decisions import Reason
from policies.vocabulary import ConsentStatus
from workers.store import registry

STORED = "stored"
DUPLICATE = "duplicate"
NOTED = "noted"


class StrongLockNeeded(Exception):  # not an error: the group is begun again
    """Somebody's consent changes, so the rows have to be locked for writing from the start."""


@dataclass(slots=True)
class Group:
    """One commit group and what is known of it; rebuilt whole when it is begun again."""

    rules: CompiledRules
    rulebook: int
    now_us: int
    drafts: Sequence[Draft]
    strong: bool
    standings: dict[bytes, Standing] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Admitted:
    """One event that may be stored for one pseudonym: the purposes are not empty."""

    draft: Draft
    standing: Standing
    domain: int
    purposes: int


def enrol(connection: Connection, group: Group) -> None:
    """Lock the registry rows of everybody in the group; register whom a signal admits."""
    rules = group.rules
    asked: dict[bytes, tuple[int, bool]] = {}
    for draft in group.drafts:
        serves = bool(draft.wanted) or draft.plan is None
        for key, mask in rules.domain_masks.items():
            pid = (draft.pids or {}).get(key)
            if pid is None:
                continue
            admits = serves and bool((draft.signals.granted | rules.free) & mask)
            known = asked.get(pid, (0, False))
            asked[pid] = (rules.domain_numbers[key], admits or known[1])
    rows = registry.lock(connection, list(asked), for_update=group.strong)
    fresh = [(pid, no) for pid, (no, admits) in asked.items() if admits and pid not in rows]
    added = registry.register(connection, fresh)
    raced = [pid for pid, _ in fresh if pid not in added]
    rows |= added | registry.lock(connection, raced, for_update=group.strong)
    group.standings = {
        pid: Standing(row.id, row.state, row.objected, ledger.intervals(row.consent), pid in added)
        for pid, row in rows.items()
    }


def record_consent(connection: Connection, group: Group) -> None:
    """Append what the group's events say about consent, and fold it into the registry.

    Raises:
        StrongLockNeeded: a row locked for sharing has to change.
    """
    news: dict[bytes, list[News]] = {}
    for draft, key, mask, pid, standing in _pseudonyms(group):
        del key
        # A restriction keeps us from using what we hold (Art. 18), not from hearing a no.
        if standing.state == registry.ERASED:
            continue
        for item in ledger.news_of(group.rules, draft, standing, mask):
            if not (standing.fresh or group.strong):
                raise StrongLockNeeded
            news.setdefault(pid, []).append(item)
            # Later events of the group meet what earlier ones said.
            standing.consent[item.purpose] = _provisional(standing, item)
    if news:
        entry = Entry(group.rulebook, group.now_us, group.rules.objectable)
        append(connection, entry, group.standings, news)


def _provisional(standing: Standing, item: News) -> tuple[int, int]:
    """Give the interval *item* alone leaves, until the whole ledger is folded."""
    if item.status is not ConsentStatus.GIVEN:
        return item.at_us, item.at_us
    known = standing.consent.get(item.purpose)
    if known is None or known[0] == known[1]:
        return item.at_us, item.valid_until_us
    return min(known[0], item.at_us), max(known[1], item.valid_until_us)


def decide_all(group: Group, tally: Tally) -> tuple[list[Admitted], list[Draft]]:
    """Decide every event; give what may be stored, and the drafts that were admitted at all.

    Refusals are counted here, because nothing later can undo them.
    """
    rows: list[Admitted] = []
    admitted: list[Draft] = []
    for draft in group.drafts:
        standings = [
            (no, mask, standing)
            for no, mask, standing in _standings(group, draft)
            if standing is not None
        ]
        found = list(_served(group.rules, draft, standings))
        if found:
            admitted.append(draft)
            if draft.plan is None:
                tally.outcome(draft.source, draft.name, NOTED)
            else:
                rows.extend(found)
        else:
            reason = _refused(draft, [standing for _, _, standing in standings])
            tally.outcome(draft.source, draft.name, reason)
    return rows, admitted


def _served(
    rules: CompiledRules, draft: Draft, standings: Iterable[tuple[int, int, Standing]]
) -> Iterable[Admitted]:
    at_us = draft.when.at_us
    for number, mask, standing in standings:
        if standing.state != registry.ALIVE:
            continue
        if standing.spans is None:
            standing.spans = decide.in_force(standing.consent, draft.when.now_us)
        allowed = decide.covered(standing.spans, at_us) | rules.free
        allowed &= ~standing.objected & mask
        if draft.plan is not None:
            allowed &= draft.wanted
        if allowed:
            yield Admitted(draft, standing, number, allowed)


def _refused(draft: Draft, standings: Sequence[Standing]) -> str:
    states = {standing.state for standing in standings}
    if registry.ERASED in states:
        return Reason.SUPPRESSED
    if registry.RESTRICTED in states:
        return Reason.RESTRICTED
    wanted = draft.wanted
    if wanted and any(standing.objected & wanted for standing in standings):
        return Reason.OBJECTED
    merged = {no: span for standing in standings for no, span in standing.consent.items()}
    return decide.refusal(wanted, merged, draft.signals, draft.when)


def _standings(group: Group, draft: Draft) -> Iterable[tuple[int, int, Standing | None]]:
    rules = group.rules
    pids = draft.pids or {}
    if draft.plan is not None:
        for number, key, mask in draft.plan.domains:
            yield number, mask, group.standings.get(pids.get(key, b""))
    else:
        for key, mask in rules.domain_masks.items():
            yield rules.domain_numbers[key], mask, group.standings.get(pids.get(key, b""))


def _pseudonyms(group: Group) -> Iterable[tuple[Draft, str, int, bytes, Standing]]:
    """Give every (event, domain) whose pseudonym is registered and about which it spoke."""
    for draft in group.drafts:
        if not draft.signals.granted and not draft.signals.withdrawn:
            continue
        for key, mask in group.rules.domain_masks.items():
            pid = (draft.pids or {}).get(key)
            standing = group.standings.get(pid) if pid is not None else None
            if pid is not None and standing is not None:
                yield draft, key, mask, pid, standing
