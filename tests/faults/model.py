"""What was sent and what was promised, and the judgement of a store by it.

The model knows messages and people, as a client does.  To find them in the store it is given what
only a test may hold together: the keys, the vault and the store.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Engine, text

from pseudonymizer.lookup import Lookup, Resolved
from workers.store.transactions import transaction

Call = dict[str, Any]
Places = Mapping[str, Mapping[str, bytes]]
"""The pseudonyms of people, by domain."""
Found = tuple[bytes | None, str | None]
"""A pseudonym, and the message found under it."""

STORED = """
select subject.domain, uuid_send(subject.pid), event.mid, event.amount from store.event
join store.subject on subject.id = event.subject"""
# Of orders alone: whoever is erased sends other events, whose count stays when they go.
EVENT = "Order Completed"
COUNTED = """
select coalesce(sum(count), 0)::int8 from store.decision_count
where outcome = 'stored' and event = :event"""


class Message(NamedTuple):
    """One event as its sender remembers it."""

    user_id: str
    cents: int


@dataclass(frozen=True, slots=True)
class Books:
    """Everything it takes to find a message in a store."""

    store: Engine
    message_ids: Callable[[str], Iterable[int]]  # one in each domain
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
        barred: found in a domain all of whose purposes the person had withdrawn, before or since.
        miscounted: by how much the public count of stored events is wrong, those erased since a
            withdrawal being counted still.
    """

    answered: int
    stored: int
    unanswered: int
    lost: list[str]
    doubled: list[str]
    strange: list[int]
    barred: list[str]
    miscounted: int

    def __repr__(self) -> str:
        wrong: dict[str, Sequence[object]] = {
            "lost": self.lost, "doubled": self.doubled, "strange": self.strange,
            "barred": self.barred,
        }  # fmt: skip
        said = [f"{name} {len(found)}, such as {found[:3]}" for name, found in wrong.items()]
        return f"{self.answered} answered, {self.stored} stored, miscounted {self.miscounted}" + (
            "".join(f", {each}" for each in said)
        )

    def clean(self) -> bool:
        """Say whether every promise was kept."""
        wrong = self.lost or self.doubled or self.strange or self.barred or self.miscounted
        return not wrong


@dataclass
class Model:
    """All messages of a run; safe to share between senders."""

    sent: dict[str, Message] = field(default_factory=dict, repr=False)
    answered: set[str] = field(default_factory=set, repr=False)
    barred: dict[str, frozenset[str]] = field(default_factory=dict, repr=False)
    withdrawn: dict[str, frozenset[str]] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def send(self, calls: Iterable[Call]) -> None:
        """Remember that *calls* are on their way; a repeated one is the same."""
        with self._lock:
            self.sent |= {call["messageId"]: _message(call) for call in calls if _is_event(call)}

    def answer(self, calls: Iterable[Call]) -> None:
        """Remember that *calls* were answered with 200."""
        with self._lock:
            self.answered |= {call["messageId"] for call in calls if _is_event(call)}

    def bar(self, calls: Iterable[Call], domains: frozenset[str]) -> None:
        """Remember that *calls* may not be stored in *domains*, which their person has left."""
        with self._lock:
            self.barred |= {call["messageId"]: domains for call in calls}

    def withdraw(self, user_id: str, domain: str) -> None:
        """Remember that what *user_id* sent before now may not be kept in *domain* any more."""
        with self._lock:
            self.withdrawn |= {
                name: self.withdrawn.get(name, frozenset()) | {domain}
                for name, message in self.sent.items()
                if message.user_id == user_id
            }

    def judge(self, books: Books) -> Verdict:
        """Hold the store against what was promised."""
        names = {mid: text for text in self.sent for mid in books.message_ids(text)}
        with transaction(books.store) as connection:
            rows = [tuple(row) for row in connection.execute(text(STORED))]
            counted = connection.execute(text(COUNTED), {"event": EVENT}).scalar_one()
        found = Counter((domain, names[mid]) for domain, _, mid, _ in rows if mid in names)
        stored = {name for _, name in found}
        places, where = self.places(books), {(row[1], names.get(row[2])) for row in rows}
        return Verdict(
            answered=len(self.answered),
            stored=len(stored),
            unanswered=len(stored - self.answered),
            lost=sorted(self._lost(places, where)),
            doubled=sorted({name for (_, name), count in found.items() if count > 1}),
            strange=[row[2] for row in rows if not self._known(places, names, row)],
            barred=sorted(self._trespassing(places, where)),
            miscounted=self._miscounted(places, stored, counted),
        )

    def _miscounted(self, places: Places, stored: set[str], counted: int) -> int:
        """Hold the count against what is there, and what was until a withdrawal erased it."""
        gone = [
            name
            for name, since in self.withdrawn.items()
            if name not in stored
            and since - self.barred.get(name, frozenset())
            and not places[self.sent[name].user_id].keys() <= self.barred.get(name, frozenset())
        ]
        least = len(stored) + sum(name in self.answered for name in gone)
        most = len(stored) + len(gone)  # whoever was not answered may have been stored, too
        return min(counted - least, 0) or max(counted - most, 0)

    def places(self, books: Books) -> Places:
        """Give the pseudonyms of everybody a message was sent about; none if nobody is known."""
        people = sorted({message.user_id for message in self.sent.values()})
        asked = [Lookup(identifiers=(("user_id", user_id),)) for user_id in people]
        answers = books.lookup(asked)
        return {user_id: answer.pids or {} for user_id, answer in zip(people, answers, strict=True)}

    def _lost(self, places: Places, found: set[Found]) -> Iterator[str]:
        for name in self.answered:
            pids = places[self.sent[name].user_id]
            left = self.barred.get(name, frozenset()) | self.withdrawn.get(name, frozenset())
            wanted = [pid for domain, pid in pids.items() if domain not in left]
            if not pids or any((pid, name) not in found for pid in wanted):
                yield name

    def _trespassing(self, places: Places, found: set[Found]) -> Iterator[str]:
        for name in self.barred.keys() | self.withdrawn.keys():
            pids = places[self.sent[name].user_id]
            domains = self.barred.get(name, frozenset()) | self.withdrawn.get(name, frozenset())
            if any((pids.get(domain), name) in found for domain in domains):
                yield name

    def _known(self, places: Places, names: dict[int, str], row: tuple[Any, ...]) -> bool:
        _, pid, mid, amount = row
        if mid not in names:
            return False
        message = self.sent[names[mid]]
        return pid in places[message.user_id].values() and amount == message.cents


def _is_event(call: Call) -> bool:
    return call["type"] == "track"


def _message(call: Call) -> Message:
    return Message(call["userId"], round(call["properties"]["total"] * 100))
