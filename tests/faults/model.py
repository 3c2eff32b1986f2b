"""What was sent and what was promised, and the judgement of a store by it.

The model knows messages and people, as a client does.  To find them in the store it is given what
only a test may hold together: the keys, the vault and the store.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Engine, text

from pseudonymizer.lookup import Lookup, Resolved
from workers.store.transactions import transaction

Call = dict[str, Any]

STORED = """
select subject.domain, uuid_send(subject.pid), event.mid, event.amount from store.event
join store.subject on subject.id = event.subject"""
COUNTED = "select coalesce(sum(count), 0)::int8 from store.decision_count where outcome = 'stored'"


class Message(NamedTuple):
    """One event as its sender remembers it."""

    user_id: str
    cents: int


@dataclass(frozen=True, slots=True)
class Books:
    """Everything it takes to find a message in a store."""

    store: Engine
    message_id: Callable[[str], int]
    lookup: Callable[[Sequence[Lookup]], Sequence[Resolved]]


@dataclass(frozen=True, slots=True, repr=False)
class Verdict:
    """How the store stands to what was promised; all but the first three should be nothing.

    Attributes:
        answered: messages that were answered with 200.
        stored: messages found, each counted once however many domains it is in.
        unanswered: messages found though their sender never heard so; that may be.
        lost: answered, and missing in a domain.
        doubled: found more than once in a domain.
        strange: found, and never sent, or not for this person, or with another amount.
        miscounted: by how much the public count of stored events is wrong.
    """

    answered: int
    stored: int
    unanswered: int
    lost: list[str]
    doubled: list[str]
    strange: list[int]
    miscounted: int

    def __repr__(self) -> str:
        wrong = {"lost": self.lost, "doubled": self.doubled, "strange": self.strange}
        said = [f"{name} {len(found)}, such as {found[:3]}" for name, found in wrong.items()]
        return f"{self.answered} answered, {self.stored} stored, miscounted {self.miscounted}" + (
            "".join(f", {each}" for each in said)
        )

    def clean(self) -> bool:
        """Say whether every promise was kept."""
        return not (self.lost or self.doubled or self.strange or self.miscounted)


@dataclass
class Model:
    """All messages of a run; safe to share between senders."""

    sent: dict[str, Message] = field(default_factory=dict, repr=False)
    answered: set[str] = field(default_factory=set, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def send(self, calls: Iterable[Call]) -> None:
        """Remember that *calls* are on their way; a repeated one is the same."""
        with self._lock:
            self.sent |= {call["messageId"]: _message(call) for call in calls if _is_event(call)}

    def answer(self, calls: Iterable[Call]) -> None:
        """Remember that *calls* were answered with 200."""
        with self._lock:
            self.answered |= {call["messageId"] for call in calls if _is_event(call)}

    def judge(self, books: Books) -> Verdict:
        """Hold the store against what was promised."""
        names = {books.message_id(text): text for text in self.sent}
        with transaction(books.store) as connection:
            rows = [tuple(row) for row in connection.execute(text(STORED))]
            counted = connection.execute(text(COUNTED)).scalar_one()
        found = Counter((domain, names[mid]) for domain, _, mid, _ in rows if mid in names)
        stored = {name for _, name in found}
        places = self._places(books)
        return Verdict(
            answered=len(self.answered),
            stored=len(stored),
            unanswered=len(stored - self.answered),
            lost=sorted(self._lost(places, {(row[1], names.get(row[2])) for row in rows})),
            doubled=sorted({name for (_, name), count in found.items() if count > 1}),
            strange=[row[2] for row in rows if not self._known(places, names, row)],
            miscounted=counted - len(stored),
        )

    def _places(self, books: Books) -> dict[str, list[bytes]]:
        """Give the pseudonyms of everybody a message was sent about; none if nobody is known."""
        people = sorted({message.user_id for message in self.sent.values()})
        asked = [Lookup(identifiers=(("user_id", user_id),)) for user_id in people]
        answers = books.lookup(asked)
        return {
            user_id: list((answer.pids or {}).values())
            for user_id, answer in zip(people, answers, strict=True)
        }

    def _lost(
        self, places: dict[str, list[bytes]], found: set[tuple[bytes, str | None]]
    ) -> Iterator[str]:
        for name in self.answered:
            pids = places[self.sent[name].user_id]
            if not pids or any((pid, name) not in found for pid in pids):
                yield name

    def _known(
        self, places: dict[str, list[bytes]], names: dict[int, str], row: tuple[Any, ...]
    ) -> bool:
        _, pid, mid, amount = row
        if mid not in names:
            return False
        message = self.sent[names[mid]]
        return pid in places[message.user_id] and amount == message.cents


def _is_event(call: Call) -> bool:
    return call["type"] == "track"


def _message(call: Call) -> Message:
    return Message(call["userId"], round(call["properties"]["total"] * 100))
