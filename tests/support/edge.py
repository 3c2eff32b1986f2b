"""The gateway's services over real databases, without a process: what ingest tests drive."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Engine, text

from gateway.consent.service import ConsentService
from gateway.ingest.binding import InForce, bind
from gateway.ingest.dialects import segment
from gateway.ingest.minimise import Minimiser
from gateway.ingest.service import IngestService
from gateway.ingest.wire import Request
from gateway.quarantine.keeping import SealedKeeper
from gateway.segments.service import SegmentService
from policies.load import load_rulebook
from policies.ruleset import RuleSet
from pseudonymizer.key_providers import FileKeyProvider
from pseudonymizer.keyring import Keyring
from pseudonymizer.lookup import Lookup, Resolved
from pseudonymizer.scrub.engine import Scrubber
from pseudonymizer.vault.alike import Alike
from pseudonymizer.vault.remember import Resolver


@functools.cache
def warm_scrubber() -> Scrubber:
    return Scrubber().warm()


@functools.cache
def shop_rules() -> RuleSet:
    return load_rulebook()


@dataclass
class TestEdge:
    """One gateway's services on one pair of databases, with a clock the test sets."""

    __test__ = False

    store: Engine
    vault: Engine
    keyring: Keyring
    resolver: Resolver
    ingest: IngestService
    consent: ConsentService
    segments: SegmentService
    now_us: int

    def lookup(self, wanted: Sequence[Lookup]) -> Sequence[Resolved]:
        domains = tuple(self.ingest.bound.rules.domain_masks)
        return self.resolver.resolve(list(wanted), domains=domains)

    def send(self, *calls: dict[str, Any], source: int = 1) -> dict[str, int]:
        """Send calls as one batch; give the outcomes counted."""
        return self.send_groups([list(calls)], source=source)

    def send_groups(self, batches: list[list[dict[str, Any]]], source: int = 1) -> dict[str, int]:
        requests = []
        for calls in batches:
            body = msgspec.json.encode({"batch": calls})
            requests.append(
                Request(source, segment.decode("batch", body, self.now_us), self.now_us)
            )
        outcomes: dict[str, int] = {}
        for (_, _, outcome), count in self.ingest.store_group(requests).outcomes.items():
            outcomes[outcome] = outcomes.get(outcome, 0) + count
        return outcomes

    def rows(self, statement: str, **values: Any) -> list[Any]:
        with self.store.connect() as connection:
            return list(connection.execute(text(statement), values))

    def count(self, table: str) -> int:
        return int(self.rows(f"select count(*) from store.{table}")[0][0])


def make_edge(store: Engine, vault: Engine, folder: Path, rules: RuleSet | None = None) -> TestEdge:
    keys = folder / "keys.json"
    provider = FileKeyProvider.open(keys) if keys.exists() else FileKeyProvider.create(keys)
    keyring = Keyring(provider)
    resolver = Resolver(vault, keyring)
    in_force = InForce(store, bind(store, rules or shop_rules()))
    in_force.forget = resolver.clear
    edge: TestEdge

    def lookup(wanted: Sequence[Lookup]) -> Sequence[Resolved]:
        return edge.lookup(wanted)

    def clock() -> int:
        return edge.now_us

    ingest = IngestService(
        store=store,
        in_force=in_force,
        lookup=lookup,
        minimise=Minimiser(warm_scrubber()),
        message_keys=keyring,
        clock_us=clock,
        keeper=SealedKeeper(10_000, 64 * 1024 * 1024),
    )
    edge = TestEdge(
        store=store,
        vault=vault,
        keyring=keyring,
        resolver=resolver,
        ingest=ingest,
        consent=ConsentService(
            store,
            in_force,
            lookup,
            clock,
            lambda text, own: warm_scrubber().scrub_many([text], own=[own])[0].text,
        ),
        segments=SegmentService(store, in_force, Alike(vault, keyring).called, clock),
        now_us=int(datetime.now(UTC).timestamp()) * 1_000_000,
    )
    with store.begin() as connection:
        connection.execute(
            text(
                "insert into store.source (key, label) values ('web', 'web') on conflict do nothing"
            )
        )
    return edge
