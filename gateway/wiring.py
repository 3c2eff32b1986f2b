"""The composition root: builds engines, keyring, rulebook and services, and hands out ports."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog
from sqlalchemy import Engine, text

from gateway import metrics, stages, timing, tracing
from gateway.authentication import SourceKey, SourceKeys
from gateway.consent.proof import Proofs
from gateway.consent.service import ConsentService
from gateway.governance.evidence import Evidence
from gateway.governance.public import PublicPages
from gateway.ingest.binding import Bound, InForce, bind
from gateway.ingest.commit_group import CommitGroups, Submission
from gateway.ingest.minimise import Minimiser
from gateway.ingest.service import IngestService
from gateway.patience import Patience
from gateway.quarantine.keeping import SealedKeeper
from gateway.rights.gate import Gate, gate_of
from gateway.rights.key_life import KeyLife, by_schedule
from gateway.rights.public_keys import PublicKeys
from gateway.rights.reidentification.service import Reidentifications
from gateway.rights.reidentification.terms import Terms
from gateway.rights.service import RightsService
from gateway.rights.wiring import engines_of, keyring_of, rights_of
from gateway.rulebooks import adopting
from gateway.rulebooks.service import Rulebooks
from gateway.segments.service import SegmentService
from gateway.settings import GatewaySettings
from policies.errors import ParaventError
from policies.load import load_rulebook
from policies.ruleset import RuleSet
from pseudonymizer.keyring import Keyring
from pseudonymizer.lookup import Lookup, Resolved
from pseudonymizer.scrub.engine import Scrubber
from pseudonymizer.scrub.own import Own
from pseudonymizer.scrub.second_line import SecondLine
from pseudonymizer.vault import roles as vault_roles
from pseudonymizer.vault.alike import Alike
from pseudonymizer.vault.remember import Resolver
from pseudonymizer.vault.signers import published
from workers.store import in_force, sources
from workers.store import transactions as store_transactions
from workers.tracing import Tracing

log = structlog.get_logger(__name__)

READING_CONNECTIONS = 6  # beside the writers: look-ups, segments, consents
PATIENCE_S = 6.0  # every transaction but those of a rights case takes a fraction of that


def now_us() -> int:
    """Give the instant, in microseconds since 1970 UTC."""
    return time.time_ns() // 1_000


@dataclass(slots=True)
class Edge:
    """Everything one gateway process holds open."""

    store_engine: Engine
    vault_engine: Engine
    rights_engine: Engine
    keyring: Keyring
    resolver: Resolver
    scrubber: Scrubber
    ingest: IngestService
    source_keys: SourceKeys
    rights: RightsService
    engines: tuple[Engine, ...]
    gate: Gate
    terms: Terms = field(default_factory=Terms)
    patience: Patience = field(default_factory=lambda: Patience(PATIENCE_S))
    groups: CommitGroups | None = None
    tracing: Tracing | None = None
    consent: ConsentService = field(init=False)
    segments: SegmentService = field(init=False)
    proofs: Proofs = field(init=False)
    evidence: Evidence = field(init=False)
    public: PublicPages = field(init=False)
    rulebooks: Rulebooks = field(init=False)
    reidentifications: Reidentifications = field(init=False)
    key_life: KeyLife = field(init=False)
    public_keys: PublicKeys = field(init=False)

    def __post_init__(self) -> None:
        in_force_ = self.ingest.in_force
        in_force_.forget = self.resolver.clear
        self.consent = ConsentService(
            self.store_engine, in_force_, self.lookup, now_us, self.scrubbed
        )
        alike = Alike(self.vault_engine, self.keyring).called
        self.segments = SegmentService(self.store_engine, in_force_, alike, now_us)
        self.rulebooks = Rulebooks(self.rights.ports, in_force_.follow)
        ports = self.rights.ports
        self.reidentifications = Reidentifications(ports, self.terms, metrics.reidentification)
        self.key_life = KeyLife(
            store=ports.store,
            vault=ports.vault,
            rights=ports.rights,
            keyring=ports.keyring,
            audit=by_schedule(ports),
        )
        self.proofs = Proofs(self.rights.ports)
        self.evidence = Evidence(self.rights.ports, lambda: self.bound().computation, now_us)
        self.public_keys = PublicKeys(lambda: published(ports.vault, ports.keyring))
        self.public = PublicPages(self.store_engine, lambda: self.bound().computation)

    def forget(self) -> None:
        """Forget what was learned of databases that may have been restored since."""
        self.ingest.forget()
        self.resolver.clear()
        self.source_keys.forget()

    def bound(self) -> Bound:
        """Give the rulebook in force."""
        return self.ingest.bound

    def lookup(self, wanted: Sequence[Lookup]) -> Sequence[Resolved]:
        """Resolve identifiers to the pseudonyms of every domain of the rulebook in force."""
        return self.resolver.resolve(wanted, domains=tuple(self.bound().rules.domain_masks))

    def scrubbed(self, said: str, own: Own = ()) -> str:
        """Take people out of a free text, and with them whoever goes by one of the names *own*."""
        return self.scrubber.scrub_many([said], own=[own])[0].text

    def dependencies(self) -> dict[str, str]:
        """Say of each dependency of ingest whether it answers."""
        answers = {
            "store": _answers(self.store_engine),
            "vault": _answers(self.vault_engine),
            "keys": _keys_answer(self.keyring),
        }
        return {name: "ready" if there else "away" for name, there in answers.items()}

    def close(self) -> None:
        """Commit what waits, then let go of everything."""
        if self.groups is not None:
            self.groups.close()
        self.rights.close()
        for engine in self.engines:
            engine.dispose()
        self.keyring.provider.close()
        if self.tracing is not None:
            self.tracing.close()


def open_edge(settings: GatewaySettings) -> Edge:
    """Build the edge of a gateway process, its writer threads running.

    Raises:
        ParaventError: a DSN, key file or rulebook is missing, wrong or too powerful.
    """
    edge = build_edge(settings)
    for name, engine in {"store": edge.store_engine, "vault": edge.vault_engine}.items():
        edge.patience.watch(engine)
        timing.time_transactions(engine, name)
    stages.mark_before_commit(edge.store_engine)

    def store_group(submissions: Sequence[Submission]) -> None:
        with stages.watched(submissions, lambda watch: _report(edge, watch, submissions)):
            edge.ingest.store_group(submissions)

    edge.groups = CommitGroups(
        store_group, writers=settings.writers, queue_bytes=settings.queue_bytes
    )
    edge.tracing = tracing.tracing_of(settings)
    edge.rights.resume_unfinished()
    return edge


def _report(edge: Edge, watch: stages.Stopwatch, submissions: Sequence[Submission]) -> None:
    metrics.observe_group(watch)
    if edge.tracing is not None:
        spans = [submission.span for submission in submissions if submission.span is not None]
        tracing.add_group(edge.tracing, watch, spans)


def build_edge(settings: GatewaySettings) -> Edge:
    """Build the edge without writer threads, for commands that write by themselves."""
    proposed = load_rulebook(settings.policies)
    keyring = keyring_of(settings)
    gate = gate_of(settings)
    store, vault = engines_of(settings, gate, settings.writers + READING_CONNECTIONS)
    gate.look()
    store_transactions.refuse_overprivileged(store)
    vault_roles.refuse_overprivileged(vault)
    in_force_ = _in_force(store, proposed)
    if settings.policies is not None and in_force_.bound.rules.ruleset.hash != proposed.hash:
        log.warning("rulebook-not-in-force")  # `paravent policy propose` puts the folder's there
    resolver = Resolver(vault, keyring)
    scrubber, second_line = Scrubber().warm(), second_line_for(in_force_.bound.rules.ruleset)
    ingest = IngestService(
        store=store,
        in_force=in_force_,
        lookup=lambda wanted: edge.lookup(wanted),  # noqa: PLW0108  # the edge is made below
        minimise=Minimiser(scrubber, second_line),
        message_keys=keyring,
        observe=metrics.observe,
        keeper=SealedKeeper(settings.quarantine_rows, settings.quarantine_bytes),
    )
    rights = rights_of(settings, gate, keyring, lambda: in_force_.bound.rules.ruleset, resolver)
    ports = rights.ports
    held = (store, vault, ports.store, ports.vault, ports.rights, ports.auditor)
    edge = Edge(
        store_engine=store,
        vault_engine=vault,
        rights_engine=ports.rights,
        keyring=keyring,
        resolver=resolver,
        scrubber=scrubber,
        ingest=ingest,
        source_keys=SourceKeys(_finder(store)),
        rights=rights,
        engines=tuple(filter(None, held)),
        gate=gate,
        terms=settings.terms,
    )
    gate.forget = edge.forget
    return edge


def _in_force(store: Engine, proposed: RuleSet) -> InForce:
    """Go by the rulebook in force, whatever folder we were given; the first one begins."""
    adopting.begin(store, proposed, lambda: datetime.now(UTC))
    with store_transactions.transaction(store) as connection:
        rules = in_force.rules(connection) or proposed
    return InForce(store, bind(store, rules, metrics.tc_string), metrics.tc_string)


def second_line_for(rules: RuleSet) -> SecondLine:
    """Load the language models if the rulebook in force asks for them: without, do not start.

    Another rulebook loads them at its first free text; where they are missing, that is dropped.

    Raises:
        SecondLineMissing: they are not installed.
    """
    second_line = SecondLine()
    return (
        second_line.warm() if any(p.free_text for p in rules.properties.values()) else second_line
    )


def _finder(store: Engine) -> Callable[[str], SourceKey | None]:
    def find(prefix: str) -> SourceKey | None:
        with store_transactions.transaction(store) as connection:
            row = sources.key_with(connection, prefix)
            if row is not None:
                sources.used(connection, [row.id], datetime.now(UTC).date())
        if row is None or row.revoked_at is not None or not row.enabled:
            return None
        return SourceKey(row.source, row.key_hash, frozenset(row.scopes), row.expires_at)

    return find


def _answers(engine: Engine) -> bool:
    try:
        with engine.connect() as connection:
            connection.execute(text("select 1"))
    except Exception:  # noqa: BLE001  # any failure to answer is the answer
        return False
    return True


def _keys_answer(keyring: Keyring) -> bool:
    """Say whether the key service answers; one that is a file always does, once it was read."""
    try:
        keyring.provider.check()
    except ParaventError:
        return False
    return True
