"""Was consent in force at an instant: a fold over the ledger, and a question to its result.

The ledger is append-only; the state of one subject is what this fold makes of all their records.
Nothing here reads a clock.  Instants are microseconds since the Unix epoch, UTC.

The rules, per purpose:

* Absence is no.
* A refusal, withdrawal, expiry or invalidation closes at its instant, and wins against anything
  of the same instant.
* After one of these only an explicit act of the person (``api``, ``preference``), dated later,
  reopens.  A signal riding on an event, or a statement made for an import, never does: a banner
  cookie copied from before the withdrawal would otherwise undo it.
* What is given while consent is open extends it; what is given after it lapsed opens it anew from
  then, and the gap stays uncovered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from policies.decisions import ALLOWED, Decision, Reason, refused
from policies.vocabulary import ConsentMethod, ConsentStatus

Interval = tuple[int, int]
ConsentState = dict[str, Interval]

EXPLICIT: Final = frozenset({ConsentMethod.API, ConsentMethod.PREFERENCE})


@dataclass(frozen=True, slots=True)
class ConsentRecord:
    """One line of the ledger, as far as the fold needs it.

    ``seq`` is the ledger's own order.  It never decides: two records of one instant count the
    same in either order.
    """

    purpose: str
    status: ConsentStatus
    method: ConsentMethod
    at_us: int
    valid_until_us: int
    seq: int = 0


def fold(records: Iterable[ConsentRecord]) -> ConsentState:
    """Give, per purpose, the one interval ``[since, until)`` in which consent holds.

    ``since == until`` means refused or withdrawn at that instant.  A purpose without an effective
    record is absent.  The order of *records* does not matter.
    """
    by_purpose: dict[str, list[ConsentRecord]] = {}
    for record in records:
        by_purpose.setdefault(record.purpose, []).append(record)
    folded = {purpose: _fold_one(history) for purpose, history in sorted(by_purpose.items())}
    return {purpose: interval for purpose, interval in folded.items() if interval is not None}


def _fold_one(history: list[ConsentRecord]) -> Interval | None:
    restricted_us = max(
        (record.at_us for record in history if record.status is not ConsentStatus.GIVEN),
        default=None,
    )
    opened: Interval | None = None
    for record in sorted(history, key=lambda each: (each.at_us, each.valid_until_us)):
        if record.status is ConsentStatus.GIVEN and _counts(record, restricted_us):
            opened = _extended(opened, record)
    if opened is None and restricted_us is not None:
        return restricted_us, restricted_us
    return opened


def _counts(record: ConsentRecord, restricted_us: int | None) -> bool:
    """Say whether a given consent has any effect beside the latest restriction."""
    if record.valid_until_us <= record.at_us:
        return False
    if restricted_us is None:
        return True
    return record.method in EXPLICIT and record.at_us > restricted_us


def _extended(opened: Interval | None, record: ConsentRecord) -> Interval:
    if opened is None or record.at_us >= opened[1]:
        return record.at_us, record.valid_until_us
    return opened[0], max(opened[1], record.valid_until_us)


def covers(interval: Interval | None, at_us: int, now_us: int) -> bool:
    """Say whether consent was in force when the event happened and is in force now.

    In force from ``since`` (inclusive) until ``until`` (exclusive).  Both instants must lie
    inside: a late event after a withdrawal is refused, and so is one from before the consent.
    """
    if interval is None:
        return False
    since, until = interval
    return since <= at_us < until and since <= now_us < until


def decide(interval: Interval | None, at_us: int, now_us: int) -> Decision:
    """Say the same as ``covers``, with the reason when the answer is no."""
    if interval is None:
        return refused(Reason.CONSENT_MISSING)
    since, until = interval
    if since == until:
        return refused(Reason.CONSENT_WITHDRAWN)
    if at_us < since or now_us < since:
        return refused(Reason.CONSENT_NOT_YET)
    if at_us >= until or now_us >= until:
        return refused(Reason.CONSENT_EXPIRED)
    return ALLOWED


def in_force(state: Mapping[str, Interval], now_us: int) -> frozenset[str]:
    """Give the purposes whose consent is in force at *now_us*."""
    return frozenset(
        purpose for purpose, interval in state.items() if covers(interval, now_us, now_us)
    )
