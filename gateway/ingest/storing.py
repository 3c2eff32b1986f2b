"""What happens to a commit group inside its one transaction on the store?

Registry rows are locked first and held to the end (R-56): an erasure that
comes now waits for this commit and then finds the rows, one that came before
is seen here.  Consent news is appended before anything is decided.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
from sqlalchemy import Connection

from gateway.consent.recording import Entry, append
from gateway.ingest import decide, ledger
from gateway.ingest.aside import Aside
from gateway.ingest.decide import PLAIN, Signals
from gateway.ingest.drafts import Draft, Tally
from gateway.ingest.ledger import News, Standing
from gateway.ingest.naming import Naming
from gateway.ingest.person import NOBODY, Person
from gateway.ingest.rules import CompiledRules
from gateway.ingest.wire import Signal
from gateway.pseudonyms import renaming
from policies.decisions import Reason
from policies.vocabulary import ConsentStatus
from workers.store import registry
from workers.store.pseudonyms import Epochs

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
    naming: Naming
    epochs: Epochs  # by whose pseudonyms somebody may be registered
    suspects: frozenset[str] = frozenset()  # for which an event is set aside
    aside: list[Aside] = field(default_factory=list)
    standings: dict[bytes, Standing] = field(default_factory=dict)
    # By the identity of their pids: what one look-up answered is one object, held by its drafts.
    people: dict[int, Person] = field(default_factory=dict)

    def person(self, draft: Draft) -> Person:
        """Give whom *draft* is about; ``enrol`` has met everybody."""
        return self.people[id(draft.pids)]

    def is_child(self, draft: Draft) -> bool:
        """Say whether *draft* is of somebody who needs a parent's consent.

        It says so; or it does not say how old they are, and a parent has had a say once.
        """
        if draft.child or not self.rules.parental:
            return draft.child
        number = self.rules.parental.bit_length()
        standings = self.person(draft).standings.values()
        silent = not any(kind is Signal.AGE for kind, _ in draft.event.said)
        return silent and any(number in each.consent for each in standings)

    def heard(self, draft: Draft) -> Signals:
        """Give what *draft* says, together with what follows from its sender's being a child."""
        if not self.is_child(draft):
            return draft.signals
        rules = self.rules
        return draft.signals.beside(rules.minor if self.parented(draft) else rules.unparented)

    def parented(self, draft: Draft) -> bool:
        """Say whether somebody who answers for the child of *draft* has consented."""
        standings = self.person(draft).standings.values()
        return any(each.covered(draft.when) & self.rules.parental for each in standings)


class Admitted(msgspec.Struct, gc=False, eq=False):
    """One event that may be stored for one pseudonym: the purposes are not empty."""

    draft: Draft
    standing: Standing
    domain: int
    purposes: int


def enrol(connection: Connection, group: Group) -> None:
    """Lock the registry rows of everybody in the group; register whom a signal admits."""
    rules = group.rules
    _meet(group)
    asked: dict[bytes, tuple[int, bool]] = {}
    for person in group.people.values():
        for number, key, mask in rules.domains:
            pid = person.pids.get(key)
            if pid is not None:
                admits = bool(person.admits & mask) or asked.get(pid, (0, False))[1]
                asked[pid] = (number, admits)
    names = renaming(group.people.values(), group.epochs)
    rows = registry.lock(connection, list(asked), for_update=group.strong, names=names)
    fresh = [(pid, no) for pid, (no, admits) in asked.items() if admits and pid not in rows]
    added = registry.register(connection, fresh, names=names)
    raced = [pid for pid, _ in fresh if pid not in added]
    rows |= added | registry.lock(connection, raced, for_update=group.strong, names=names)
    group.standings = {pid: Standing.of(row, fresh=pid in added) for pid, row in rows.items()}
    for person in group.people.values():
        for number, key, _ in rules.domains:
            standing = group.standings.get(person.pids.get(key, b""))
            if standing is not None:
                person.standings[number] = standing


def _meet(group: Group) -> None:
    people, free = group.people, group.rules.free
    for draft in group.drafts:
        person = people.get(id(draft.pids))
        if person is None:
            person = people[id(draft.pids)] = Person(draft.pids or NOBODY, draft.past, draft.epoch)
        if (draft.wanted or draft.plan is None) and not draft.child:
            person.admits |= draft.signals.granted | free


def record_consent(connection: Connection, group: Group) -> None:
    """Append what the group's events say about consent, and fold it into the registry.

    Raises:
        StrongLockNeeded: a row locked for sharing has to change.
    """
    news: dict[bytes, list[News]] = {}
    for draft in group.drafts:
        signals = group.heard(draft)
        _, granted, withdrawn = signals
        if not withdrawn and (not granted or _repeated(group, draft, granted)):
            continue
        for pid, standing, item in _heard(group, draft, signals):
            if not (standing.fresh or group.strong):
                raise StrongLockNeeded
            news.setdefault(pid, []).append(item)
            # Later events of the group meet what earlier ones said.
            standing.become(standing.consent | {item.purpose: _provisional(standing, item)})
    if news:
        entry = Entry(group.rulebook, group.now_us, group.rules.objectable)
        append(connection, entry, group.standings, news)


def _repeated(group: Group, draft: Draft, granted: int) -> bool:
    """Say whether the yes of *draft* is on record already: so it is with nearly every event."""
    if draft.act is not PLAIN:
        return False
    when = draft.when
    standings = group.people[id(draft.pids)].standings
    for number, _, mask in group.rules.domains:
        standing = standings.get(number)
        if standing is None or standing.state == registry.ERASED:
            continue
        if not standing.knows(granted & mask, when):
            return False
    return True


def _heard(group: Group, draft: Draft, signals: Signals) -> Iterator[tuple[bytes, Standing, News]]:
    """Give what is new in the *signals* of *draft*, by pseudonym."""
    person = group.person(draft)
    for number, key, mask in group.rules.domains:
        standing = person.standings.get(number)
        # A restriction keeps us from using what we hold (Art. 18), not from hearing a no.
        if standing is None or standing.state == registry.ERASED:
            continue
        said = Signals(signals.spoken, signals.granted & mask, signals.withdrawn & mask)
        hashes = group.naming.hashes(draft, key)
        for item in ledger.news_of(group.rules, draft, standing, said, hashes):
            yield person.pids[key], standing, item


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

    An event's rows stand side by side.  Refusals are counted here, because nothing later can undo
    them.
    """
    rows: list[Admitted] = []
    admitted: list[Draft] = []
    rules, people = group.rules, group.people
    for draft in group.drafts:
        standings = people[id(draft.pids)].standings
        child = orphaned = False
        if draft.child or rules.parental:
            child = group.is_child(draft)
            orphaned = child and not group.parented(draft)
        barred = rules.minor.withdrawn if child else 0
        if group.suspects and not orphaned and _set_aside(group, draft, barred):
            continue
        kept = not (orphaned or draft.special)
        found = _served(rules, draft, standings, barred) if kept else []
        if found:
            admitted.append(draft)
            if draft.plan is None:
                tally.outcome(draft.source, draft.name, NOTED)
            else:
                rows += found
        else:
            tally.outcome(draft.source, draft.name, _reason(group, draft, orphaned))
    return rows, admitted


def _set_aside(group: Group, draft: Draft, barred: int) -> bool:
    """Set a suspect event aside if it is one that would be stored; say whether it is.

    Only what consent allows: nobody looks at what may not be kept, and what is suspect in a
    property that no served purpose reads is not kept anyway.  Of several domains the first in which
    the reason shows is taken, so that no row joins two.
    """
    if draft.plan is None or not (draft.special or draft.suspects):
        return False
    found = _served(group.rules, draft, group.person(draft).standings, barred)
    served = 0
    for each in found:
        served |= each.purposes
    suspicion = draft.suspicion(served)
    if suspicion is None or suspicion not in group.suspects:
        return False
    first = next(each for each in found if draft.suspicion(each.purposes) == suspicion)
    group.aside.append(Aside(first, suspicion))
    return True


def _reason(group: Group, draft: Draft, orphaned: bool) -> str:  # noqa: FBT001  what was found out
    if orphaned:
        return Reason.CHILD
    if draft.special:
        return Reason.SPECIAL_CATEGORY
    return _refused(group.rules, draft, group.person(draft).standings)


def _served(
    rules: CompiledRules, draft: Draft, standings: Mapping[int, Standing], barred: int
) -> list[Admitted]:
    when, domains, wanted, free = draft.when, rules.domains, -1, rules.free
    if draft.plan is not None:
        domains, wanted = draft.plan.domains, draft.wanted
    found = []
    for number, _, mask in domains:
        standing = standings.get(number)
        if standing is None or standing.state != registry.ALIVE:
            continue
        allowed = (standing.covered(when) | free) & mask & wanted
        allowed &= ~(standing.objected | barred)
        if allowed:
            found.append(Admitted(draft, standing, number, allowed))
    return found


def _refused(rules: CompiledRules, draft: Draft, standings: Mapping[int, Standing]) -> str:
    domains = rules.domains if draft.plan is None else draft.plan.domains
    concerned = [standings[number] for number, _, _ in domains if number in standings]
    states = {standing.state for standing in concerned}
    if registry.ERASED in states:
        return Reason.SUPPRESSED
    if registry.RESTRICTED in states:
        return Reason.RESTRICTED
    wanted = draft.wanted
    if wanted and any(standing.objected & wanted for standing in concerned):
        return Reason.OBJECTED
    merged = {no: span for standing in concerned for no, span in standing.consent.items()}
    return decide.refusal(wanted, merged, draft.signals, draft.when)
