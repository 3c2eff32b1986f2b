"""Builders of rows for the store: everything has a default but what a test is about."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine

from workers.store import quarantine, registry
from workers.store.consent import LedgerRow
from workers.store.event_rows import EventRow
from workers.store.quarantine import SetAside, Terms
from workers.store.state import StateRow
from workers.store.transactions import transaction

NOON_US = 1_781_784_000_000_000  # 2026-06-18 12:00 UTC
DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Words:
    """Numbers of the few rulebook words a store needs before anything else can point at them."""

    rulebook: int
    domain: int
    purpose: int
    source: int
    segment: int
    feature_set: int


def seed(engine: Engine) -> Words:
    """Put one of each word into the store, as its gateway."""
    with transaction(engine) as connection:
        number = _one(connection, "rulebook (hash) values ('00')")
        purpose = _one(connection, "purpose (key) values ('personalisation')")
        return Words(
            rulebook=number,
            domain=_one(connection, "domain (key) values ('marketing')"),
            purpose=purpose,
            source=_one(connection, "source (key, label) values ('shop', 'The shop')"),
            segment=_one(
                connection,
                "segment (key, version, purpose, definition_hash, definition, rulebook)"
                f" values ('loyal_buyers', 1, {purpose}, '00', '{{}}', {number})",
            ),
            feature_set=_one(
                connection,
                f"feature_set (hash, keys, rulebook) values ('00', '{{visits,spent}}', {number})",
            ),
        )


@contextmanager
def impatient(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that waits for a lock no longer than a moment."""
    with transaction(engine) as connection:
        connection.exec_driver_sql("set local lock_timeout = '50ms'")
        yield connection


def _one(connection: Connection, rest: str) -> int:
    return int(connection.exec_driver_sql(f"insert into store.{rest} returning id").scalar_one())


def pids(count: int) -> list[bytes]:
    """Give fresh pseudonyms."""
    return [uuid.uuid4().bytes for _ in range(count)]


def enrolled(engine: Engine, words: Words, count: int = 1) -> list[registry.RegistryRow]:
    """Give *count* subjects that are in the registry, by number."""
    with transaction(engine) as connection:
        rows = registry.register(connection, [(pid, words.domain) for pid in pids(count)])
    return sorted(rows.values())


def event(subject: int, mid: int, **columns: Any) -> EventRow:
    """Give an event with nothing in it but what it must have, and *columns*."""
    given = {
        "at": NOON_US, "batch": 1, "name": 1, "purposes": 1, "source": 1, "kind": 0,
    } | columns  # fmt: skip
    rest = {name: given.pop(name, None) for name in EventRow._fields[2:]}
    assert not given, f"no such column: {sorted(given)}"
    return EventRow(subject=subject, mid=mid, **rest)


def ledger(subject: int, words: Words, **columns: Any) -> LedgerRow:
    """Give a consent record: given now, by a signal, for half a year."""
    given = {
        "seq": 0, "subject": subject, "purpose": words.purpose, "status": "given",
        "method": "signal", "at_us": NOON_US, "received_us": NOON_US,
        "valid_until_us": NOON_US + 183 * DAY_US, "scope": "device", "source": words.source,
        "rulebook": words.rulebook, "receipt_id": uuid.uuid4().bytes,
    } | columns  # fmt: skip
    return LedgerRow(**given)


def set_aside(
    connection: Connection, subjects: Sequence[int], rulebook: int, at_us: int = NOON_US
) -> None:
    """Put a suspect event of each of *subjects* into quarantine; what is sealed is no seal."""
    rows = [
        SetAside(number, subject, 1, 1, 1, "Products Searched", "unreadable-text", b"sealed")
        for number, subject in zip(
            quarantine.numbers(connection, len(subjects)), subjects, strict=True
        )
    ]
    quarantine.put(connection, Terms(at_us, at_us + DAY_US, rulebook, "00"), rows)


def state(subject: int, **columns: Any) -> StateRow:
    """Give a state of one event."""
    given = {
        "subject": subject, "first_at": NOON_US, "last_at": NOON_US, "last_mid": 1,
        "session_start": NOON_US, "closed_seconds": 0, "closed_click_seconds": 0,
        "last_purchase_at": None, "amount": 0, "folded_at": NOON_US, "events": 1, "sessions": 1,
        "session_clicks": 0, "last_step": -1, "recent": b"", "steps": [0] * 4, "dwell": [0] * 4,
        "hours": [0] * 24, "days": b"",
    } | columns  # fmt: skip
    return StateRow(**given)
