"""Record one person's choice about purposes, effective in its own transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID, uuid4

from sqlalchemy import Connection, Engine

from gateway.consent.recording import Entry, append
from gateway.contention import uncrossed
from gateway.ingest.binding import Bound, InForce
from gateway.ingest.ledger import News, Standing
from gateway.ingest.resolve import Resolve, sealed_kinds, spelled
from gateway.ingest.rules import CompiledRules
from gateway.pseudonyms import renaming
from policies.errors import PurposeUnknown
from policies.vocabulary import ConsentMethod, ConsentStatus, Scope
from pseudonymizer.errors import IdentifierInvalid
from pseudonymizer.lookup import Called, Lookup
from pseudonymizer.reach import reach
from pseudonymizer.scrub.own import Own, own_names
from workers.store import in_force, lanes, registry
from workers.store.pseudonyms import Renaming, epochs_in_use
from workers.store.registry import RegistryRow
from workers.store.transactions import transaction

GIVEN = ConsentStatus.GIVEN


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person decided, purpose by purpose, and how we know."""

    kind: str
    value: str = field(repr=False)
    purposes: Mapping[str, ConsentStatus]
    at_us: int | None
    evidence: str | None = None
    notice: str | None = None
    source: int | None = None
    method: ConsentMethod = ConsentMethod.API

    @property
    def scope(self) -> Scope:
        """Say how far the choice reaches."""
        return reach(self.kind)


@dataclass(frozen=True, slots=True)
class ConsentService:
    """Writes choices to the ledger.

    Attributes:
        scrubbed: takes people out of a text, and with them whoever goes by the names given.
    """

    store: Engine
    in_force: InForce
    lookup: Resolve
    clock_us: Callable[[], int]
    scrubbed: Callable[[str, Own], str]

    def record(self, choice: Choice) -> UUID:
        """Record *choice*; give the id of its receipt.

        The answer is the same for somebody we know, do not know, or must not
        know again: nothing is kept about a person who only refused.

        Raises:
            PurposeUnknown: a purpose is not in the rulebook.
            IdentifierInvalid: the identifier cannot be one of its kind.
        """
        receipt = uuid4()
        unnamed = self._unnamed(choice)
        self.in_force.under(lambda bound: self._record(bound, unnamed, receipt))
        return receipt

    def _record(self, bound: Bound, choice: Choice, receipt: UUID) -> None:
        rules = bound.rules
        if any(purpose not in rules.numbers for purpose in choice.purposes):
            raise PurposeUnknown("A purpose is not declared; purposes of the rulebook were needed.")
        called = self._called(rules, choice)
        if called.pids is None:
            return
        entry = Entry(bound.computation.rulebook, self.clock_us(), rules.objectable, receipt)

        def write() -> None:
            with transaction(self.store) as connection:
                in_force.hold(connection, bound.computation.rulebook)
                self._write(connection, bound, choice, called, entry)

        uncrossed(write)

    def _unnamed(self, choice: Choice) -> Choice:
        """Take people out of what says where the choice can be found again."""
        own = own_names([choice.value])
        evidence, notice = (
            None if said is None else self.scrubbed(said, own)
            for said in (choice.evidence, choice.notice)
        )
        return replace(choice, evidence=evidence, notice=notice)

    def _called(self, rules: CompiledRules, choice: Choice) -> Called:
        pair = spelled(rules.ruleset.identifiers, (choice.kind, choice.value))
        if pair is None:
            raise IdentifierInvalid("The kind of identifier is not declared in the rulebook.")
        gives = ConsentStatus.GIVEN in choice.purposes.values()
        wanted = Lookup(identifiers=(pair,), mint=gives, link=False, seal=sealed_kinds(rules))
        return self.lookup([wanted])[0]

    def _write(
        self,
        connection: Connection,
        bound: Bound,
        choice: Choice,
        called: Called,
        entry: Entry,
    ) -> None:
        rules, pids = bound.rules, called.pids or {}
        names = renaming([called], epochs_in_use(connection))
        rows = _enrolled(connection, rules, choice, pids, names)
        standings = {pid: Standing.of(row) for pid, row in rows.items()}
        news = {
            pid: items
            for domain, pid in pids.items()
            if pid in standings
            and (items := _news(rules, choice, domain, standings[pid], entry.now_us))
        }
        for pid, item in _orphaned(rules, choice, standings, entry.now_us):
            news[pid] = [*news.get(pid, ()), item]
        if news:
            append(connection, entry, standings, news)
            people = [standings[pid].subject for pid in news]
            lanes.reassess(connection, bound.computation, people, entry.now_us)


def _orphaned(
    rules: CompiledRules, choice: Choice, standings: Mapping[bytes, Standing], now_us: int
) -> Iterator[tuple[bytes, News]]:
    """Close what is open of a child whose parent takes their consent back."""
    parental = rules.ruleset.signals.age.parental
    if parental is None or choice.purposes.get(parental, GIVEN) is GIVEN:
        return
    for pid, standing in standings.items():
        for number, (since_us, until_us) in standing.consent.items():
            if since_us < until_us and number != rules.numbers[parental]:
                yield (
                    pid,
                    News(
                        subject=standing.subject,
                        purpose=number,
                        status=ConsentStatus.WITHDRAWN,
                        method=choice.method,
                        at_us=now_us,
                        valid_until_us=now_us,
                        source=choice.source,
                        evidence=choice.evidence,
                        scope=choice.scope,
                    ),
                )


def _enrolled(
    connection: Connection,
    rules: CompiledRules,
    choice: Choice,
    pids: Mapping[str, bytes],
    names: Renaming,
) -> dict[bytes, RegistryRow]:
    """Lock the person's rows for writing; register the domains in which something is given."""
    given = {
        rules.ruleset.purposes[purpose].domain
        for purpose, status in choice.purposes.items()
        if status is ConsentStatus.GIVEN
    }
    rows = registry.lock(connection, list(pids.values()), for_update=True, names=names)
    missing = [
        (pids[domain], rules.domain_numbers[domain]) for domain in given if pids[domain] not in rows
    ]
    rows |= registry.enrol(connection, missing, for_update=True, names=names)
    return {pid: row for pid, row in rows.items() if row.state != registry.ERASED}


def _news(
    rules: CompiledRules, choice: Choice, domain: str, standing: Standing, now_us: int
) -> Sequence[News]:
    # A choice about the past is believed; one about the future begins now.
    at_us = min(choice.at_us, now_us) if choice.at_us is not None else now_us
    news = []
    for purpose, status in choice.purposes.items():
        if rules.ruleset.purposes[purpose].domain != domain:
            continue
        number = rules.numbers[purpose]
        given = status is ConsentStatus.GIVEN
        news.append(
            News(
                subject=standing.subject,
                purpose=number,
                status=status,
                method=choice.method,
                at_us=at_us,
                valid_until_us=at_us + rules.validity_us[number] if given else at_us,
                source=choice.source,
                evidence=choice.evidence,
                notice=choice.notice,
                scope=choice.scope,
            )
        )
    return news
