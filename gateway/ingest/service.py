"""How does a commit group get from wire events to one commit?

Vault first, store second, links last; each step's transaction is closed before
the next opens, and no lock is held while text is scanned.  The answer goes out
after all of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import Connection, Engine

from gateway.contention import ATTEMPTS, pause
from gateway.ingest import linking, storing
from gateway.ingest.aside import Keeper, KeepNothing
from gateway.ingest.binding import Bound, InForce
from gateway.ingest.commit_group import LIVE_EVENTS
from gateway.ingest.drafts import Draft, Tally
from gateway.ingest.minimise import Minimiser
from gateway.ingest.naming import MessageKeys, naming
from gateway.ingest.prepare import Intake, prepare
from gateway.ingest.resolve import Resolve, resolve
from gateway.ingest.rows import Key, Record, Words, Writer
from gateway.ingest.storing import Admitted, Group, StrongLockNeeded
from gateway.ingest.wire import Request
from gateway.stages import Stage, mark
from policies.errors import StoreUnavailable
from workers.features.state import FoldEvent
from workers.store import batches, counts, events, lanes, message_key, outbox
from workers.store.batches import BULK, LIVE
from workers.store.computation import Computation, Subject
from workers.store.errors import DuplicateMessage, StoreBusy
from workers.store.transactions import pipelined, transaction

LIVE_GROUP_EVENTS = 1_000  # a deeper queue sends every request there
WARY_GROUPS = 50  # groups that check for duplicates first after one was met
DRAIN_TOPIC = "drain-batch"


@dataclass(slots=True)
class IngestService:
    """Stores commit groups; called by writer threads."""

    store: Engine
    in_force: InForce
    lookup: Resolve
    minimise: Minimiser
    message_keys: MessageKeys
    clock_us: Callable[[], int] = field(default=lambda: time.time_ns() // 1_000)
    observe: Callable[[Tally], None] | None = None
    keeper: Keeper = field(default_factory=KeepNothing)
    _words: Words = field(default_factory=Words)
    _wary: int = 0

    @property
    def bound(self) -> Bound:
        """Give the rulebook that this process goes by."""
        return self.in_force.bound

    def forget(self) -> None:
        """Forget what was learned of a store that may have been restored since."""
        self._words.forget()
        self.minimise.forget()

    def store_group(self, submissions: Sequence[Request]) -> Tally:
        """Store the events of *submissions* in one transaction; raise what prevented it.

        All of them are treated by one rulebook, the one in force when they are committed.

        Returns the counts that were committed with it.
        """
        return self.in_force.under(lambda bound: self._store_group(bound, submissions))

    def _store_group(self, bound: Bound, submissions: Sequence[Request]) -> Tally:
        tally = Tally()
        deep = sum(len(s.decoded.events) for s in submissions) > LIVE_GROUP_EVENTS
        drafts: list[Draft] = []
        for each in submissions:
            drafts += self._prepared(bound, each, tally, deep=deep)
        mark(Stage.PREPARE)
        resolve(bound.rules, drafts, self.lookup)
        mark(Stage.VAULT)
        going = [draft for draft in drafts if draft.outcome is None]
        for draft in drafts:
            if draft.outcome is not None:
                tally.outcome(draft.source, draft.name, draft.outcome)
        self.minimise(going, tally)
        mark(Stage.MINIMISE)
        committed, admitted = self._commit(bound, going, tally)
        mark(Stage.COMMIT)
        linking.link(bound.rules, admitted, self.lookup)
        mark(Stage.LINK)
        if self.observe is not None:
            self.observe(committed)
        return committed

    def _prepared(
        self, bound: Bound, submission: Request, tally: Tally, *, deep: bool
    ) -> list[Draft]:
        decoded = submission.decoded
        for reason, count in decoded.refused.items():
            tally.outcome(submission.source, "(undecoded)", reason, count)
        intake = Intake(bound.rules, submission.source, submission.received_us)
        drafts = prepare(intake, decoded.events, tally)
        if deep or len(decoded.events) > LIVE_EVENTS:
            for draft in drafts:
                draft.bulk = True
        return drafts

    def _commit(
        self, bound: Bound, drafts: Sequence[Draft], tally: Tally
    ) -> tuple[Tally, list[Draft]]:
        """Run the store's transaction until it commits, or until nothing more can be tried."""
        strong = False
        checked = self._wary > 0
        self._wary = max(0, self._wary - 1)
        for attempt in range(ATTEMPTS):
            run = _Run(self, bound, checked, tally.copied())
            try:
                with transaction(self.store) as connection:
                    run.write(connection, drafts, strong=strong)
            except StrongLockNeeded:
                strong = True
            except DuplicateMessage:
                checked, self._wary = True, WARY_GROUPS
            except StoreBusy:
                if attempt == ATTEMPTS - 1:
                    raise
                pause(attempt)
            else:
                self._words.learn(run.words)
                return run.tally, run.admitted
        raise StoreUnavailable("the same people are written to from everywhere; try again")


class _Stored(NamedTuple):
    """What one lane stored: its batch, and the events that nobody had sent before."""

    lane: int
    batch: int
    new: Sequence[tuple[Admitted, Record]]


@dataclass(slots=True)
class _Run:
    """One attempt at the transaction: everything it finds out is its own."""

    service: IngestService
    bound: Bound
    checked: bool
    tally: Tally
    words: dict[tuple[int, str], int] = field(default_factory=dict)
    admitted: list[Draft] = field(default_factory=list)
    group: Group = field(init=False)

    def write(self, connection: Connection, drafts: Sequence[Draft], *, strong: bool) -> None:
        """Lock, record consent, decide, store, fold, set aside, count."""
        rulebook, now_us = self.bound.computation.rulebook, self.service.clock_us()
        key, epochs = message_key.hold(connection, rulebook)
        named = naming(self.service.message_keys, key, now_us)
        suspects = self.service.keeper.suspects(self.bound.rules)
        group = Group(self.bound.rules, rulebook, now_us, drafts, strong, named, epochs, suspects)
        self.group = group
        if group.drafts:
            storing.enrol(connection, group)
            storing.record_consent(connection, group)
        rows, self.admitted = storing.decide_all(group, self.tally)
        lanes_ = (
            (LIVE, [item for item in rows if not item.draft.bulk]),
            (BULK, [item for item in rows if item.draft.bulk]),
        )
        stored: list[_Stored] = []
        if rows:
            self.words = self.service._words.numbers(connection, rows)  # noqa: SLF001  # its own part
            stored = [self._store(connection, lane, items) for lane, items in lanes_ if items]
        with pipelined(connection):
            for each in stored:
                self._follow(connection, each)
            if group.aside:
                self.service.keeper.keep(connection, group, self.tally)
            # Counter rows are shared by everybody, so they are touched last.
            counts.add(connection, self.tally.outcomes, rulebook=group.rulebook)
            counts.add_dropped(connection, self.tally.dropped)

    def _store(self, connection: Connection, lane: int, items: Sequence[Admitted]) -> _Stored:
        """Store the events of one lane; give those that are new."""
        sources = {item.draft.source for item in items}
        batch = batches.create(
            connection,
            source=sources.pop() if len(sources) == 1 else None,
            lane=lane,
            rulebook=self.group.rulebook,
            events=len(items),
        )
        named, names = self.group.naming, self.bound.computation.names
        keys = {number: key for number, key, _ in self.group.rules.domains}
        records = Writer(batch, named, keys, names, self.words).records(items)
        known = self._known_from_before(connection, items, records, keys) if named.before else set()
        fresh = self._insert(connection, records, known)
        self._count(items, fresh)
        pairs = zip(items, records, fresh, strict=True)
        return _Stored(lane, batch, [(item, record) for item, record, new in pairs if new])

    def _follow(self, connection: Connection, stored: _Stored) -> None:
        """Fold the new events of the live lane, leave those of the bulk lane to the next drain."""
        if stored.lane == LIVE:
            touched = _touched(self.bound.computation, stored.new)
            lanes.live(connection, self.bound.computation, touched, self.group.now_us)
        elif stored.new:
            dirty: dict[int, list[int]] = {}
            for _, record in stored.new:
                dirty.setdefault(record.subject, []).append(record.mid)
            lanes.mark_dirty(connection, stored.batch, dirty)
            outbox.put(connection, DRAIN_TOPIC, stored.batch)

    def _known_from_before(
        self,
        connection: Connection,
        items: Sequence[Admitted],
        records: Sequence[Record],
        domains: Mapping[int, str],
    ) -> set[Key]:
        """Give those of *records* that are stored under an id that is made no more."""
        named, asked = self.group.naming, {}
        for item, record in zip(items, records, strict=True):
            for mid in named.earlier(item.draft, domains[item.domain]):
                asked[record.subject, mid] = record.key
        return {asked[key] for key in events.stored(connection, list(asked))}

    def _insert(
        self, connection: Connection, records: Sequence[Record], known: AbstractSet[Key]
    ) -> list[bool]:
        """Store *records* but those *known*; say of each whether it is new: it is so only once."""
        keys = [(record.subject, record.mid) for record in records]
        first = dict(zip(reversed(keys), reversed(records), strict=True))
        for key in known:
            del first[key]
        body = b"".join([record.body for record in first.values()])
        if self.checked:
            fresh = events.insert_missing(connection, body)
        else:
            events.copy(connection, body, len(first))
            if len(first) == len(records):
                return [True] * len(records)
            fresh = set(first)
        new = []
        for key in keys:
            new.append(key in fresh)
            fresh.discard(key)
        return new

    def _count(self, items: Sequence[Admitted], fresh: Sequence[bool]) -> None:
        """Count each event once, however many domains it is stored in; its rows stand together."""
        stored: dict[int, tuple[Draft, bool]] = {}
        for item, new in zip(items, fresh, strict=True):
            draft = item.draft
            known = stored.get(id(draft))
            if new or known is None:
                stored[id(draft)] = (draft, new)
        for draft, new in stored.values():
            outcome = storing.STORED if new else storing.DUPLICATE
            self.tally.outcome(draft.source, draft.name, outcome)


def _touched(
    computation: Computation, new: Sequence[tuple[Admitted, Record]]
) -> list[lanes.TouchedSubject]:
    subjects: dict[int, tuple[Subject, list[FoldEvent]]] = {}
    for item, record in new:
        number, row, standing = record.subject, record.row, item.standing
        if number not in subjects:
            subject = Subject(standing.subject, item.domain, standing.said, standing.objected)
            subjects[number] = (subject, [])
        fact = (row.at, record.mid, row.name, row.amount or 0)
        subjects[number][1].append(computation.fold_event(fact))
    return [lanes.TouchedSubject(subject, events_) for subject, events_ in subjects.values()]
