"""People who withdraw their consent and give it again, and order all the while.

Each is looked after by one client, which sends one thing after the other, so it is known of every
order whether it was placed while its person had left a domain.  Whatever comes of a request that
nobody heard an answer to comes again: a choice names its instant, so a late one changes nothing.
"""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import httpx
from sqlalchemy import text

from policies.load import load_rulebook
from policies.vocabulary import ConsentStatus
from tests.faults.client import HASTY, SDK_TIMEOUT_S, Client, Traffic, somebody
from tests.faults.insisting import insist
from tests.faults.model import Books, Places
from tests.support.builders import Person
from tests.support.clock import us, wire
from workers.store.transactions import transaction

PEOPLE = 5  # a client
CHANCE = 0.3  # that somebody decides before they order
TICK_S = 0.003  # instants are told in thousandths: no two of a person are the same
RECORDED = """
select subject.pid, purpose.key, status, (extract(epoch from at) * 1000000)::int8
from store.consent_record join store.subject on subject.id = subject
join store.purpose on purpose.id = purpose where method = 'api'"""
MEMBERS = "select distinct pid from store.membership join store.subject on subject.id = subject"


class Choice(NamedTuple):
    """What somebody decided about a whole domain, and was told is in force."""

    user_id: str
    domain: str
    status: ConsentStatus
    at_us: int


@dataclass
class Choices:
    """All answered choices of a run, and what was seen of somebody right after a withdrawal."""

    answered: list[Choice] = field(default_factory=list)
    released: list[str] = field(default_factory=list)
    _rules: Any = field(default_factory=load_rulebook, repr=False)

    def purposes(self, domain: str) -> list[str]:
        """Give the purposes of *domain*."""
        return sorted(key for key, each in self._rules.purposes.items() if each.domain == domain)

    @property
    def domains(self) -> list[str]:
        return sorted(self._rules.domains)

    def of_segment(self, key: str) -> str:
        """Give the domain of the purpose that segment *key* is for."""
        return str(self._rules.purposes[self._rules.segments[key].purpose].domain)

    def forgotten(self, books: Books, places: Places) -> list[Choice]:
        """Give the answered choices that are not on record, purpose by purpose."""
        with transaction(books.store) as connection:
            rows = {(row[0].bytes, *row[1:]) for row in connection.execute(text(RECORDED))}
        return [
            choice
            for choice in self.answered
            for purpose in self.purposes(choice.domain)
            if (pid(places, choice), purpose, str(choice.status), choice.at_us) not in rows
        ]

    def kept_in(self, books: Books, places: Places) -> list[Choice]:
        """Give who is still in a segment of a domain that they have left."""
        last = {(choice.user_id, choice.domain): choice for choice in self.answered}
        with transaction(books.store) as connection:
            members = {row[0].bytes for row in connection.execute(text(MEMBERS))}
        left = [each for each in last.values() if each.status is ConsentStatus.WITHDRAWN]
        return [choice for choice in left if pid(places, choice) in members]


def pid(places: Places, choice: Choice) -> bytes | None:
    """Give whom a choice is about, as its domain knows them."""
    return places.get(choice.user_id, {}).get(choice.domain)


class Waverer:
    """A client of a few people who cannot decide; call it on a thread of its own."""

    def __init__(self, traffic: Traffic, choices: Choices, roll: random.Random, name: str) -> None:
        self._traffic = traffic
        self._choices = choices
        self._roll = roll
        self._sender = Client(traffic, roll)
        self._people = [somebody(f"waver-{name}-{number}") for number in range(PEOPLE)]
        self._left: dict[str, set[str]] = {each.user_id: set() for each in self._people}

    def __call__(self) -> None:
        """Order and decide until the traffic is over."""
        over = self._traffic.over
        with httpx.Client(base_url=self._traffic.home.url, timeout=SDK_TIMEOUT_S) as http:
            for person in self._people:  # a no of somebody unknown is kept nowhere
                self._order(http, person)
            while not over.wait(self._roll.random() * self._traffic.pace_s):
                person = self._roll.choice(self._people)
                if self._roll.random() < CHANCE:
                    self._choose(http, person)
                self._order(http, person)

    def _order(self, http: httpx.Client, person: Person) -> None:
        now = datetime.now(UTC)
        calls = [self._traffic.order_of(person, now) for _ in range(self._roll.choice((1, 1, 3)))]
        if left := self._left[person.user_id]:
            self._traffic.model.bar(calls, frozenset(left))
        self._sender.deliver(http, calls, hasty=self._roll.random() < HASTY)

    def _choose(self, http: httpx.Client, person: Person) -> None:
        domain, left = self._roll.choice(self._choices.domains), self._left[person.user_id]
        status = ConsentStatus.GIVEN if domain in left else ConsentStatus.WITHDRAWN
        threading.Event().wait(TICK_S)
        now = datetime.now(UTC)
        at = now - timedelta(microseconds=now.microsecond % 1_000)
        who = {"kind": "user_id", "value": person.user_id}
        purposes = dict.fromkeys(self._choices.purposes(domain), str(status))
        said = {"identifier": who, "purposes": purposes, "at": wire(at)}
        self._insist(http, "/v1/consents", said)
        left ^= {domain}
        self._choices.answered.append(Choice(person.user_id, domain, status, us(at)))
        if status is ConsentStatus.WITHDRAWN:
            self._traffic.model.withdraw(person.user_id, domain)
            shown = self._insist(http, "/v1/subjects/segments", {"identifier": who}).json()
            keys = [segment["key"] for segment in shown["segments"]]
            self._choices.released += [k for k in keys if self._choices.of_segment(k) == domain]
        threading.Event().wait(TICK_S)

    def _insist(self, http: httpx.Client, path: str, body: dict[str, Any]) -> httpx.Response:
        return insist(
            lambda: http.post(path, json=body, auth=self._traffic.key),
            lambda refusal: self._traffic.count(refusal, again=False),
        )
