"""What do the rights services work with?  Values and capabilities, handed in by the wiring."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import Engine

from gateway.rights.cases import Step
from policies.ruleset import RuleSet
from pseudonymizer.journal_file import JournalFile
from pseudonymizer.keyring import Keyring
from pseudonymizer.ratchet import Schedule
from pseudonymizer.vault.remember import Resolver
from workers.store.audit_log import AuditLog
from workers.store.transactions import transaction as store_transaction

DEFAULT_ORIGIN = "paravent.example/audit"


def utc_now() -> datetime:
    """Give the present instant."""
    return datetime.now(UTC)


def no_failpoint(_step: Step) -> None:
    """Do nothing; tests hand in a function that dies here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Everything a case needs.

    Attributes:
        store: as the role ``paravent_gateway``.
        vault: as the role ``paravent_vault``.
        rights: the vault's database as the role ``paravent_gateway``; sees schema ``rights`` only.
        auditor: the store as the role ``paravent_auditor``, which alone reads the log; ``None``
            where the process was not given that login.
        rulebook: gives the rulebook in force.
        origin: first line of every checkpoint, naming this installation's log.
        journal: the file outside the databases that every erasure is written down in; ``None`` in
            a process that erases nobody.
        schedule: when the wrapping key's versions end; ``None`` where that is done by hand.
        failpoint: called after every durable step.
    """

    store: Engine
    vault: Engine
    rights: Engine
    keyring: Keyring
    rulebook: Callable[[], RuleSet]
    resolver: Resolver | None = None
    auditor: Engine | None = None
    origin: str = DEFAULT_ORIGIN
    clock: Callable[[], datetime] = utc_now
    schedule: Schedule | None = None
    journal: JournalFile | None = None
    failpoint: Callable[[Step], None] = field(default=no_failpoint)

    @property
    def rules(self) -> RuleSet:
        """Give the rulebook in force."""
        return self.rulebook()

    def audit(
        self, action: str, fields: Mapping[str, str | int | bool], subject_ref: str | None = None
    ) -> int:
        """Append one entry in a transaction of its own: durable before whatever follows."""
        with store_transaction(self.store) as store:
            return AuditLog(store).append(action, subject_ref, fields)
