"""What becomes of a suspect event that consent allows: it is sealed, within bounds, or dropped.

All of it happens in the transaction that decides about the event: what is answered for is kept.
Nothing waits for anybody here, and nothing is asked, unless an event is suspect.
"""

from __future__ import annotations

from base64 import b64decode
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from sqlalchemy import Connection

from gateway.ingest.aside import Aside
from gateway.ingest.drafts import Draft, Tally
from gateway.ingest.naming import Naming
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
        fitting = min(len(fresh), max(0, room.rows))
        numbers = iter(quarantine.numbers(connection, fitting))
        rows = []
        for position, (key, each) in enumerate(fresh.items()):
            outcome = Reason.QUARANTINE_FULL
            if position < fitting and room.bytes >= SMALLEST:
                row = _row(_Place(next(numbers), *key), each, group, terms, seal)
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


def _fresh(connection: Connection, group: Group, tally: Tally) -> dict[Key, Aside]:
    """Give what nobody has sent before, by what it is called; count the rest as duplicates."""
    domains = {number: key for number, key, _ in group.rules.domains}
    named = [_keys(group.naming, each, domains[each.admitted.domain]) for each in group.aside]
    known = quarantine.known(connection, [key for keys in named for key in keys])
    fresh: dict[Key, Aside] = {}
    for keys, each in zip(named, group.aside, strict=True):
        if keys[0] in fresh or not known.isdisjoint(keys):
            _count(tally, each.admitted.draft, DUPLICATE)
        else:
            fresh[keys[0]] = each
    return fresh


class _Place(NamedTuple):
    """The number of a row, whose it is, and what its message is called."""

    number: int
    subject: int
    mid: int


def _row(
    place: _Place, aside: Aside, group: Group, terms: Terms, seal: PublicSeal
) -> SetAside | Reason:
    """Seal one event; give the reason it is suspect of where that cannot be done."""
    admitted, suspicion = aside
    draft, (number, subject, mid) = admitted.draft, place
    bound = Binding(
        number, subject, mid, draft.source, group.rules.ruleset.hash, draft.name, str(suspicion),
        terms.at_us, terms.until_us, terms.key_id,
    )  # fmt: skip
    if draft.plan is None:
        return Reason(suspicion)
    try:
        sealed = seal.seal(written(admitted, draft.plan, number), bound.to_bytes())
    except (TooLarge, TypeError, ValueError):
        return Reason(suspicion)  # what cannot be sealed is dropped
    return SetAside(
        number, subject, mid, draft.source, admitted.purposes, draft.name, str(suspicion), sealed
    )


def _keys(naming: Naming, aside: Aside, domain: str) -> list[Key]:
    """Give what the message is called in *domain*, and then what it may be called from before."""
    draft, subject = aside.admitted.draft, aside.admitted.standing.subject
    mids = [naming.now(draft.source, domain, draft.message), *naming.earlier(draft, domain)]
    return [(subject, mid) for mid in mids]


def _count(tally: Tally, draft: Draft, outcome: str) -> None:
    tally.outcome(draft.source, draft.name, outcome)
