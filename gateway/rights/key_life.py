"""The life of a key: new versions, what moves to them, and the end of old ones, each on record.

For the command line, and for the schedule on which every gateway process looks once an hour what
is due (``pseudonymizer.ratchet``).  Of several processes one acts; each looks at the keys
again, so that none keeps a destroyed one in memory for longer than that.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import Engine, text

from gateway.rights import message_life, pseudonym_life, signer_life, wrapped
from gateway.rights.message_life import MID
from gateway.rights.ports import Ports
from pseudonymizer import ratchet, tombstones
from pseudonymizer.errors import JournalMissing, KeyInUse, KeyUnknown
from pseudonymizer.journal_file import JournalFile
from pseudonymizer.keyring import Keyring
from pseudonymizer.ratchet import KEK, Schedule
from pseudonymizer.vault import journal, rotate, signers
from pseudonymizer.vault.epochs import PID
from pseudonymizer.vault.rotate import ROTATED, Progress, Rotated
from pseudonymizer.vault.signers import SIGNERS
from pseudonymizer.vault.transactions import transaction

FIRST_LOOK_S: Final = 30.0
EVERY_S: Final = 3600.0
TURN: Final = 0x6B65_6B74_7572_6E  # "kekturn": an advisory lock of the vault database
Audit = Callable[[str, Mapping[str, str]], int]
SUP: Final = "sup"
KEYS: Final = (*ROTATED, MID, PID, *SIGNERS)

log = structlog.get_logger(__name__)


def quiet(_done: int) -> None:
    """Tell nobody how far something is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyLife:
    """Rotates and destroys versions.

    Attributes:
        store: as the role ``paravent_gateway``.
        vault: as the role ``paravent_vault``.
        rights: the vault's database as the role ``paravent_gateway``.
        keyring: whose provider makes and destroys.
        audit: appends an entry to the audit log, durable before it returns.
        journal: holds marks, too, which are nested with those of the vault.
    """

    store: Engine
    vault: Engine
    rights: Engine
    keyring: Keyring
    audit: Audit
    journal: JournalFile | None = None

    def in_use(self, name: str) -> int:
        """Give the version new rows are made under, or that signs; of ``pid`` the epoch."""
        if name == MID:
            return message_life.in_use(self.store).version
        return rotate.in_use(self.vault, name)

    def rows_under(self, name: str) -> Counter[int]:
        """Count everything under each version: rows of the vault, and what cases keep sealed.

        Nothing of message ids and signatures: an event does not say which version made its id.  Of
        ``pid``, people by their epoch.
        """
        if name == PID:
            return Counter(pseudonym_life.people_in(self.store, self.vault))
        if name not in rotate.ROTATED:
            return Counter()
        found = Counter(rotate.rows_under(self.vault, name))
        if name == KEK:
            with transaction(self.rights) as rights:
                found += wrapped.under(rights)
        return found

    def needed_until(self, name: str) -> datetime | None:
        """Give until when older versions are needed, where it is a matter of time."""
        return message_life.needed_until(self.store) if name == MID else None

    def rotate(self, name: str) -> int:
        """Make a new version and put it in use; give its number.

        Raises:
            JournalMissing, JournalUnavailable: of ``sup``; the marks of the erasure journal could
                not follow.  No version was made.
        """
        self.audit("key:rotation-asked", {"key": name})
        if name == SUP and (file := self._journal_of_marks()) is not None:
            file.check_replaceable()  # before there is a version that it has to follow
        version = self._rotated(name)
        self.audit("key:rotated", {"key": name, "version": str(version)})
        return version

    def _rotated(self, name: str) -> int:
        if name == MID:
            return message_life.rotate(self.store, self.keyring)
        if name == PID:
            return pseudonym_life.rotate(self.store, self.vault)
        if name in rotate.ROTATED:
            return rotate.rotate(self.vault, self.keyring, name)
        version = signer_life.rotate(self.vault, self.keyring, name)
        signer_life.announce(self.vault, name, self.audit)
        return version

    def move(self, name: str, progress: Progress = quiet) -> int:
        """Bring to the version in use what is under older ones; give how many rows.

        Of a signer it is what the audit log was to say when the rotation was stopped.
        """
        if name in SIGNERS:
            return signer_life.announce(self.vault, name, self.audit)
        if name == PID:
            return pseudonym_life.move(self.store, self.vault, self.keyring, progress)
        if name not in rotate.ROTATED:
            return 0
        file = self._journal_of_marks() if name == SUP else None
        moved = rotate.move(self.vault, self.keyring, name, progress=progress)
        if file is not None:
            self._renest(file)
        return moved + (self._move_wrapped() if name == KEK else 0)

    def destroy(self, name: str, version: int) -> None:
        """Destroy a version for good; of a signer the public half stays.

        Raises:
            KeyUnknown, KeyInUse: there is none of this number, or something needs it.
        """
        said = {"key": name, "version": str(version)}
        self.audit("key:destruction-asked", said)
        if name == PID:
            raise KeyUnknown("pseudonyms have no key of their own; nothing was there to destroy")
        if name == MID:
            message_life.destroy(self.store, self.keyring, version)
        elif name in rotate.ROTATED:
            self._destroy(name, version)
        else:
            signer_life.destroy(self.vault, self.keyring, name, version)
        self.audit("key:destroyed", said)

    def _destroy(self, name: Rotated, version: int) -> None:
        left = self.rows_under(name)[version]
        if left:
            raise KeyInUse(f"{left} rows are left under the version; none was needed")
        rotate.destroy(self.vault, self.keyring, name, version)

    def unannounced(self, name: str) -> list[int]:
        """Give the versions of a signer that took over without the audit log saying so yet."""
        return signers.unannounced(self.vault, name) if name in SIGNERS else []

    def ratchet(self, schedule: Schedule | None, now: datetime) -> list[str]:
        """Do what is due; give it in words, none where another process does it.

        Without a *schedule* that is only what a stopped rotation of a signer left unsaid: nobody
        who kept the key of before can check what is signed until the log says who took over.
        """
        self.keyring.reload()
        with self._turn() as ours:
            return list(self._due(schedule, now)) if ours else []

    def overdue(self, schedule: Schedule, now: datetime) -> timedelta:
        """Give for how long a version should have been made or destroyed that was not."""
        in_use, since = self._standing()
        old = ratchet.superseded(self.keyring.provider, in_use)
        return schedule.overdue(since, old, now)

    def _due(self, schedule: Schedule | None, now: datetime) -> Iterator[str]:
        for name in SIGNERS:
            if signer_life.announce(self.vault, name, self.audit):
                yield f"the log says who took over from {name}"
        if schedule is not None:
            yield from self._ratcheted(schedule, now)

    def _ratcheted(self, schedule: Schedule, now: datetime) -> Iterator[str]:
        if schedule.due(self._standing()[1], now):
            yield f"version {self.rotate(KEK)} of kek is in use"
        in_use = self.in_use(KEK)
        if any(version < in_use for version in self.rows_under(KEK)):
            yield f"{self.move(KEK)} rows were moved"
        old = ratchet.superseded(self.keyring.provider, in_use)
        for version in ratchet.ended(old, schedule, now):
            self.destroy(KEK, version)
            yield f"version {version} of kek is destroyed"

    def _journal_of_marks(self) -> JournalFile | None:
        """Give the file whose marks are nested with those of the vault; none if nobody was erased.

        Raises:
            JournalMissing: somebody was.  The file that the gateways write would be left behind
                under the old version without a word.
        """
        if self.journal is None or self.journal.exists():
            return self.journal
        with transaction(self.vault) as vault:
            if not journal.anybody(vault):
                return None
        raise JournalMissing(
            "people were erased, and there is no erasure journal where this command looks; the"
            " file that the gateways write was needed"
        )

    def _renest(self, file: JournalFile) -> None:
        in_use = self.in_use(SUP)
        file.renest(lambda marks: tombstones.nested_to(self.keyring, marks, in_use))

    def _standing(self) -> tuple[int, datetime]:
        return rotate.standing(self.vault, KEK)

    def _move_wrapped(self) -> int:
        moved = 0
        while True:
            with transaction(self.rights) as rights:
                some = wrapped.move(rights, self.keyring)
            if not some:
                return moved
            moved += some

    @contextmanager
    def _turn(self) -> Iterator[bool]:
        """Take the turn, unless another process has it; it ends with the connection, too.

        A server that ends it early, since it looks idle, costs nothing but the report: two that
        move or destroy at once do no harm, and rotating comes first.
        """
        with transaction(self.rights) as rights:
            yield bool(rights.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": TURN}))


def by_schedule(ports: Ports) -> Audit:
    """Give how what the schedule does is put on record."""
    return lambda action, fields: ports.audit(action, {"by": "schedule", **fields})


async def keep(
    life: KeyLife,
    schedule: Schedule | None,
    *,
    first_s: float = FIRST_LOOK_S,
    every_s: float = EVERY_S,
) -> None:
    """Do what is due, again and again; what keeps from it is logged, and tried again."""
    wait = first_s
    while True:
        await asyncio.sleep(wait)
        wait = every_s
        try:
            done = await asyncio.to_thread(life.ratchet, schedule, datetime.now(UTC))
        except Exception as error:  # noqa: BLE001  # who stops trying never ends a key again
            log.warning("keys-not-kept", error=type(error).__name__)
        else:
            for each in done:
                log.info("keys-kept", done=each)
