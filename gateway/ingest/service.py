"""How does a commit group get from wire events to one commit?

Vault first, store second, links last; each step's transaction is closed before
the next opens, and no lock is held while text is scanned.  The answer goes out
after all of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, Engine

from gateway.contention import ATTEMPTS, pause
from gateway.ingest import linking, storing
from gateway.ingest.binding import Bound
from gateway.ingest.drafts import Draft, Tally
from gateway.ingest.ledger import triplets
from gateway.ingest.minimise import Minimiser
from gateway.ingest.prepare import Intake, MessageId, prepare
from gateway.ingest.resolve import Resolve, resolve
from gateway.ingest.rows import Words, event_row, packed
from gateway.ingest.storing import Admitted, Group, StrongLockNeeded
from gateway.ingest.wire import Request
from gateway.stages import Stage, mark
from policies.errors import StoreUnavailable
from workers.features.state import FoldEvent
from workers.store import batches, counts, events, lanes, outbox
from workers.store.batches import BULK, LIVE
from workers.store.computation import Computation, Subject
from workers.store.errors import DuplicateMessage, StoreBusy
from workers.store.event_rows import EventRow
from workers.store.transactions import transaction

LIVE_EVENTS = 50  # a request with more goes to the bulk lane
LIVE_GROUP_EVENTS = 1_000  # a deeper queue sends every request there
WARY_GROUPS = 50  # groups that check for duplicates first after one was met
DRAIN_TOPIC = "drain-batch"


@dataclass(slots=True)
class _Part:
    """One request of the group, prepared."""

    submission: Request
    drafts: list[Draft]
    bulk: bool


@dataclass(slots=True)
class IngestService:
    """Stores commit groups; called by writer threads."""

    store: Engine
    bound: Bound
    lookup: Resolve
    minimise: Minimiser
    message_id: MessageId
    clock_us: Callable[[], int] = field(default=lambda: time.time_ns() // 1_000)
    observe: Callable[[Tally], None] | None = None
    _words: Words = field(default_factory=Words)
    _wary: int = 0

    def store_group(self, submissions: Sequence[Request]) -> Tally:
        """Store the events of *submissions* in one transaction; raise what prevented it.

        Returns the counts that were committed with it.
        """
        bound = self.bound
        tally = Tally()
        deep = sum(len(s.decoded.events) for s in submissions) > LIVE_GROUP_EVENTS
        parts = [self._prepared(bound, each, tally, deep=deep) for each in submissions]
        drafts = [draft for part in parts for draft in part.drafts]
        mark(Stage.PREPARE)
        resolve(bound.rules, drafts, self.lookup)
        mark(Stage.VAULT)
        going = [draft for draft in drafts if draft.outcome is None]
        for draft in drafts:
            if draft.outcome is not None:
                tally.outcome(draft.source, draft.name, draft.outcome)
        self.minimise(going, tally)
        mark(Stage.MINIMISE)
        bulk = {id(draft) for part in parts if part.bulk for draft in part.drafts}
        committed, admitted = self._commit(bound, going, bulk, tally)
        mark(Stage.COMMIT)
        linking.link(bound.rules, admitted, self.lookup)
        mark(Stage.LINK)
        if self.observe is not None:
            self.observe(committed)
        return committed

    def _prepared(self, bound: Bound, submission: Request, tally: Tally, *, deep: bool) -> _Part:
        decoded = submission.decoded
        for reason, count in decoded.refused.items():
            tally.outcome(submission.source, "(undecoded)", reason, count)
        intake = Intake(bound.rules, self.message_id, submission.source, submission.received_us)
        drafts = prepare(intake, decoded.events, tally)
        return _Part(submission, drafts, deep or len(decoded.events) > LIVE_EVENTS)

    def _commit(
        self, bound: Bound, drafts: Sequence[Draft], bulk: set[int], tally: Tally
    ) -> tuple[Tally, list[Draft]]:
        """Run the store's transaction until it commits, or until nothing more can be tried."""
        strong = False
        checked = self._wary > 0
        self._wary = max(0, self._wary - 1)
        for attempt in range(ATTEMPTS):
            group = Group(bound.rules, bound.computation.rulebook, self.clock_us(), drafts, strong)
            run = _Run(self, bound, group, bulk, checked, _copied(tally))
            try:
                with transaction(self.store) as connection:
                    run.write(connection)
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


@dataclass(slots=True)
class _Run:
    """One attempt at the transaction: everything it finds out is its own."""

    service: IngestService
    bound: Bound
    group: Group
    bulk: set[int]
    checked: bool
    tally: Tally
    words: dict[tuple[int, str], int] = field(default_factory=dict)
    admitted: list[Draft] = field(default_factory=list)

    def write(self, connection: Connection) -> None:
        """Lock, record consent, decide, store, fold, count."""
        group = self.group
        if group.drafts:
            storing.enrol(connection, group)
            storing.record_consent(connection, group)
        rows, self.admitted = storing.decide_all(group, self.tally)
        live = [item for item in rows if id(item.draft) not in self.bulk]
        bulk = [item for item in rows if id(item.draft) in self.bulk]
        if rows:
            self.words = self.service._words.numbers(connection, rows)  # noqa: SLF001  # its own part
            self._store(connection, live, LIVE)
            self._store(connection, bulk, BULK)
        # Counter rows are shared by everybody, so they are touched last.
        counts.add(connection, self.tally.outcomes, rulebook=group.rulebook)
        counts.add_dropped(connection, self.tally.dropped)

    def _store(self, connection: Connection, items: Sequence[Admitted], lane: int) -> None:
        if not items:
            return
        computation = self.bound.computation
        sources = {item.draft.source for item in items}
        batch = batches.create(
            connection,
            source=sources.pop() if len(sources) == 1 else None,
            lane=lane,
            rulebook=self.group.rulebook,
            events=len(items),
        )
        rows = [event_row(item, batch, computation.names, self.words) for item in items]
        fresh = self._insert(connection, rows)
        self._count(items, rows, fresh)
        new = [
            (item, row)
            for item, row in zip(items, rows, strict=True)
            if fresh.pop((row.subject, row.mid), False)
        ]
        if lane == LIVE:
            lanes.live(connection, computation, _touched(computation, new), self.group.now_us)
        elif new:
            dirty: dict[int, list[int]] = {}
            for _, row in new:
                dirty.setdefault(row.subject, []).append(row.mid)
            lanes.mark_dirty(connection, batch, dirty)
            outbox.put(connection, DRAIN_TOPIC, batch)

    def _insert(
        self, connection: Connection, rows: Sequence[EventRow]
    ) -> dict[tuple[int, int], bool]:
        """Store *rows*; give the keys that are new, each once."""
        unique = {(row.subject, row.mid): row for row in reversed(rows)}
        body = packed(list(unique.values()))
        if self.checked:
            return dict.fromkeys(events.insert_missing(connection, body), True)
        events.copy(connection, body, len(unique))
        return dict.fromkeys(unique, True)

    def _count(
        self,
        items: Sequence[Admitted],
        rows: Sequence[EventRow],
        fresh: dict[tuple[int, int], bool],
    ) -> None:
        """Count each event once, however many domains it is stored in."""
        stored: dict[int, tuple[Draft, bool]] = {}
        remaining = set(fresh)
        for item, row in zip(items, rows, strict=True):
            key = (row.subject, row.mid)
            new = key in remaining
            remaining.discard(key)
            known = stored.get(id(item.draft))
            stored[id(item.draft)] = (item.draft, new or bool(known and known[1]))
        for draft, new in stored.values():
            outcome = storing.STORED if new else storing.DUPLICATE
            self.tally.outcome(draft.source, draft.name, outcome)


def _touched(
    computation: Computation, new: Sequence[tuple[Admitted, EventRow]]
) -> list[lanes.TouchedSubject]:
    subjects: dict[int, tuple[Subject, list[FoldEvent]]] = {}
    for item, row in new:
        standing = item.standing
        if row.subject not in subjects:
            subject = Subject(
                standing.subject, item.domain, triplets(standing.consent), standing.objected
            )
            subjects[row.subject] = (subject, [])
        fact = (row.at, row.mid, row.name, row.amount or 0)
        subjects[row.subject][1].append(computation.fold_event(fact))
    return [lanes.TouchedSubject(subject, events_) for subject, events_ in subjects.values()]


def _copied(tally: Tally) -> Tally:
    return Tally(dict(tally.outcomes), dict(tally.dropped))
