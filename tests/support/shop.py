"""A shop's store without its front door: subjects, events and lanes, by the product's own parts."""

from __future__ import annotations

import itertools
import math
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import NamedTuple

import pytest
from sqlalchemy import Connection, Engine

from policies.load import load_rulebook
from policies.ruleset import RuleSet
from workers.features.state import State
from workers.jobs import refresh as refreshing
from workers.jobs.clock import now_us
from workers.store import batches, events, folding, lanes, memberships, outbox, registry
from workers.store.computation import Computation
from workers.store.event_rows import EventRow
from workers.store.lanes import TouchedSubject
from workers.store.transactions import transaction

DAY_US = 86_400_000_000
ALL_PURPOSES = ("personalisation", "email_marketing", "advertising")


class Sent(NamedTuple):
    """One event of a subject, by its canonical name."""

    subject: int
    mid: int
    at_us: int
    name: str
    amount: int | None = None


@dataclass
class Shop:
    """Rows of one store, written as the gateway writes them."""

    engine: Engine
    ctx: Computation
    messages: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @classmethod
    def open(cls, engine: Engine, rules: RuleSet | None = None) -> Shop:
        with transaction(engine) as connection:
            return cls(engine, Computation.build(connection, rules or load_rulebook()))

    def person(self, *purposes: str, since_us: int = 0, until_us: int = 2**61) -> int:
        """Register a subject of the marketing domain who consents to *purposes*."""
        pid = uuid.uuid4().bytes
        with transaction(self.engine) as connection:
            row = registry.enrol(connection, [(pid, self.ctx.domains["marketing"])])[pid]
            numbers = sorted(self.ctx.purposes[purpose] for purpose in purposes)
            consent = [part for number in numbers for part in (number, since_us, until_us)]
            registry.set_consent(connection, {row.id: consent})
        return row.id

    def event(self, subject: int, name: str, at_us: int, amount: int | None = None) -> Sent:
        """Make an event that is not stored yet."""
        return Sent(subject, next(self.messages), at_us, name, amount)

    def live(self, sent: Sequence[Sent], *, at_us: int | None = None) -> None:
        """Store events and fold them in the same transaction."""
        with transaction(self.engine) as connection:
            rows = registry.lock_by_id(connection, sorted({each.subject for each in sent}))
            fresh = self._store(connection, sent, batches.LIVE)
            touched = [
                TouchedSubject(
                    lanes.standing(rows[subject]),
                    [
                        self.ctx.fold_event((e.at_us, e.mid, self.ctx.names[e.name], e.amount))
                        for e in group
                    ],
                )
                for subject, group in _by_subject(fresh).items()
            ]
            lanes.live(connection, self.ctx, touched, now_us() if at_us is None else at_us)

    def bulk(self, sent: Sequence[Sent]) -> int:
        """Store events, leave them to the drain and announce it; give the batch."""
        with transaction(self.engine) as connection:
            registry.lock_by_id(connection, sorted({each.subject for each in sent}))
            batch = self._batch(connection, batches.BULK, len(sent))
            fresh = self._insert(connection, sent, batch)
            groups = _by_subject(fresh)
            mids = {subject: [each.mid for each in group] for subject, group in groups.items()}
            lanes.mark_dirty(connection, batch, mids)
            outbox.put(connection, "drain-batch", batch)
        return batch

    def states(self, subjects: Sequence[int]) -> dict[int, State]:
        with transaction(self.engine) as connection:
            return folding.read(connection, self.ctx, subjects)

    def recomputed(self, subjects: Sequence[int]) -> dict[int, State]:
        with transaction(self.engine) as connection:
            return folding.of_stored(connection, self.ctx, subjects)

    def segments_of(self, subject: int) -> set[str]:
        keys = {number: key for key, number in self.ctx.segments.items()}
        with transaction(self.engine) as connection:
            found = memberships.of_subjects(connection, [subject])
        return {keys.get(number, "(old)") for number in found.get(subject, set())}

    def live_or_bulk(self, person: int, at_us: int, *, live: bool) -> None:
        """Store one event of *person* as the gateway does, if they are not erased."""
        with transaction(self.engine) as connection:
            row = registry.lock_by_id(connection, [person])[person]
            if row.state == registry.ERASED:
                return
            sent = self.event(person, "Product Added", at_us)
            self._store(connection, [sent], batches.LIVE if live else batches.BULK)
            if live:
                event = self.ctx.fold_event((at_us, sent.mid, self.ctx.names[sent.name], None))
                touched = [TouchedSubject(lanes.standing(row), [event])]
                lanes.live(connection, self.ctx, touched, now_us())
            else:
                lanes.mark_dirty(connection, 1, {person: [sent.mid]})

    def set_state(self, subject: int, state: int) -> None:
        with transaction(self.engine) as connection:
            registry.set_state(connection, [subject], state)

    def _store(self, connection: Connection, sent: Sequence[Sent], lane: int) -> list[Sent]:
        return self._insert(connection, sent, self._batch(connection, lane, len(sent)))

    def _batch(self, connection: Connection, lane: int, count: int) -> int:
        return batches.create(
            connection, source=None, lane=lane, rulebook=self.ctx.rulebook, events=count
        )

    def _insert(self, connection: Connection, sent: Sequence[Sent], batch: int) -> list[Sent]:
        rows = [self._row(each, batch) for each in sent]
        fresh = events.insert_missing(connection, [events.pack(row) for row in rows])
        unique = {(each.subject, each.mid): each for each in sent}
        return [unique[key] for key in sorted(fresh)]

    def _row(self, sent: Sent, batch: int) -> EventRow:
        mask = sum(1 << (self.ctx.purposes[purpose] - 1) for purpose in ALL_PURPOSES)
        return _event_row(sent, batch, mask, self.ctx.names[sent.name])


def _event_row(sent: Sent, batch: int, mask: int, name: int) -> EventRow:
    return EventRow(
        subject=sent.subject, mid=sent.mid, at=sent.at_us, batch=batch, amount=sent.amount,
        number=None, name=name, purposes=mask, page=None, product=None, category=None, label=None,
        campaign=None, referrer=None, device=None, quantity=None, duration=None, source=1, kind=1,
        text=None,
    )  # fmt: skip


def slices_of(subjects: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a refresh take *subjects* in each of its transactions."""
    monkeypatch.setattr(refreshing, "SLICE_S", math.inf)
    monkeypatch.setattr(refreshing, "FIRST_SLICE", subjects)
    monkeypatch.setattr(refreshing, "MOST_SLICE", subjects)


def with_retention(rules: RuleSet, retention: Mapping[str, timedelta]) -> RuleSet:
    """Give *rules* with other retention periods."""
    purposes = {
        key: replace(rule, retention=retention.get(key, rule.retention))
        for key, rule in rules.purposes.items()
    }
    return replace(rules, purposes=purposes, hash="f" * 64)


def _by_subject(sent: Iterable[Sent]) -> dict[int, list[Sent]]:
    groups: dict[int, list[Sent]] = {}
    for each in sent:
        groups.setdefault(each.subject, []).append(each)
    return groups
