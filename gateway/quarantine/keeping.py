"""What becomes of a suspect event that consent allows: it is sealed, within bounds, or dropped.

All of it happens in the transaction that decides about the event: what is answered for is kept.
Nothing waits for anybody here, and nothing is asked, unless an event is suspect.
"""

from __future__ import annotations

from base64 import b64decode
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from sqlalchemy import Connection

from gateway.ingest.aside import Aside
from gateway.ingest.drafts import Draft, Tally
from gateway.ingest.rules import CompiledRules
from gateway.ingest.storing import DUPLICATE, Group
from gateway.quarantine.binding import Binding
from gateway.quarantine.document import written
from policies.decisions import Reason
from pseudonymizer.public_seal import SMALLEST, PublicSeal, TooLarge
from workers.store import quarantine
from workers.store.quarantine import Key, SetAside, Terms

DAY_US: Final = 86_400_000_000


@lru_cache(maxsize=8)
def _seal_for(public: str) -> PublicSeal:
    return PublicSeal(b64decode(public))


@dataclass(slots=True)
class _Room:
    rows: int
    bytes: int

    def take(self, size: int) -> bool:
        """Say whether *size* bytes more fit, and take their place."""
        if self.bytes < size:
            return False
        self.bytes -= size
        return True


@dataclass(frozen=True, slots=True)
class SealedKeeper:
    """Seals suspect events for the officer whose public key the rulebook names.

    Attributes:
        most_rows, most_bytes: what may wait at once, whoever sent it.
    """

    most_rows: int
    most_bytes: int

    def suspects(self, rules: CompiledRules) -> frozenset[str]:
        """Give the reasons of the rulebook; none without a key."""
        rule = rules.ruleset.quarantine
        return frozenset(rule.reasons) if rule.key is not None else frozenset()

    def keep(self, connection: Connection, group: Group, tally: Tally) -> None:
        """Seal and write what is new; count everything."""
        rule = group.rules.ruleset.quarantine
        if rule.key is None:
            return
        quarantine.take_turn(connection)
        fresh = _fresh(connection, group, tally)
        held = quarantine.held(connection, group.now_us)
        room = _Room(self.most_rows - held.waiting, self.most_bytes - held.bytes)
        seal = _seal_for(rule.key)
        until_us = group.now_us + rule.days * DAY_US
        terms = Terms(group.now_us, until_us, group.rulebook, seal.key_id)
        fitting = fresh[: max(0, room.rows)]
        numbers = iter(quarantine.numbers(connection, len(fitting)))
        rows = []
        for position, each in enumerate(fresh):
            outcome = Reason.QUARANTINE_FULL
            if position < len(fitting) and room.bytes >= SMALLEST:
                row = _row(next(numbers), each, group, terms, seal)
                if isinstance(row, Reason):
                    outcome = row
                elif room.take(len(row.sealed)):
                    outcome = Reason.QUARANTINED
                    rows.append(row)
            _count(tally, each.admitted.draft, outcome)
        quarantine.put(connection, terms, rows)
        for reason, count in Counter(row.reason for row in rows).items():
            tally.set_aside[reason] = tally.set_aside.get(reason, 0) + count


class RefuseSuspects:
    """What replays an event: suspect for whatever reason, it is refused; nothing is kept again."""

    def suspects(self, rules: CompiledRules) -> frozenset[str]:
        """Give every reason, whatever the rulebook says by now."""
        del rules
        return frozenset(Reason(each) for each in _GROUNDS)

    def keep(self, connection: Connection, group: Group, tally: Tally) -> None:
        """Count each by what it is suspect of."""
        del connection
        for each in group.aside:
            _count(tally, each.admitted.draft, Reason(each.suspicion))


_GROUNDS: Final = (
    Reason.SOCIAL_SECURITY_NUMBER,
    Reason.SPECIAL_CATEGORY,
    Reason.UNREADABLE_TEXT,
)


def _fresh(connection: Connection, group: Group, tally: Tally) -> list[Aside]:
    """Give what nobody has sent before; count the rest as duplicates."""
    known = quarantine.known(connection, [_key(each) for each in group.aside])
    fresh: dict[Key, Aside] = {}
    for each in group.aside:
        if _key(each) in known or _key(each) in fresh:
            _count(tally, each.admitted.draft, DUPLICATE)
        else:
            fresh[_key(each)] = each
    return list(fresh.values())


def _row(
    number: int, aside: Aside, group: Group, terms: Terms, seal: PublicSeal
) -> SetAside | Reason:
    """Seal one event; give the reason it is suspect of where that cannot be done."""
    admitted, suspicion = aside
    draft = admitted.draft
    subject, mid = _key(aside)
    bound = Binding(
        number, subject, mid, draft.source, group.rules.ruleset.hash, draft.name, str(suspicion),
        terms.at_us, terms.until_us, terms.key_id,
    )  # fmt: skip
    if draft.plan is None:
        return Reason(suspicion)
    try:
        sealed = seal.seal(written(draft, draft.plan, number), bound.to_bytes())
    except (TooLarge, TypeError, ValueError):
        return Reason(suspicion)  # what cannot be sealed is dropped
    return SetAside(
        number, subject, mid, draft.source, admitted.purposes, draft.name, str(suspicion), sealed
    )


def _key(aside: Aside) -> Key:
    return aside.admitted.standing.subject, aside.admitted.draft.mid


def _count(tally: Tally, draft: Draft, outcome: str) -> None:
    tally.outcome(draft.source, draft.name, outcome)
