"""Who may learn whose a pseudonym is, and how?  Asked by one, approved by another, opened once.

Each step is in the audit log before it counts (decision 6).  Who has the pseudonym, nobody learns
before the opening, and nobody who is erased, being erased or unknown can be told apart by the way
there: the same steps, the same answers, and at the end nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, NoReturn

from sqlalchemy import Connection

from gateway.rights.domains import domain_keys
from gateway.rights.operators import Operator
from gateway.rights.ports import Ports
from gateway.rights.reidentification import register
from gateway.rights.reidentification.errors import (
    ApprovalMissing,
    ApproverAsked,
    DomainUnknown,
    OpenerOther,
    ReidentificationDecided,
    ReidentificationOff,
    ReidentificationOver,
    ReidentificationPurposeClosed,
    ReidentificationQuota,
    ReidentificationUnknown,
)
from gateway.rights.reidentification.opening import opened
from gateway.rights.reidentification.purposes import Purpose
from gateway.rights.reidentification.register import ReidentificationRow
from gateway.rights.reidentification.terms import Terms
from policies.errors import ParaventError
from pseudonymizer.vault.reveal import HeldIdentifier
from pseudonymizer.vault.seek import Behind, seek
from pseudonymizer.vault.subjects import hold_alive, names_of
from pseudonymizer.vault.transactions import transaction

DAY: Final = timedelta(days=1)
KEPT: Final = timedelta(days=365)
LISTED: Final = 200
OUTCOMES: Final = ("asked", "approved", "refused", "opened", "expired", "denied", "off")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose a pseudonym is, somebody wants to know: what for, and under which reference."""

    pid: bytes = field(repr=False)
    domain: str
    purpose: Purpose
    ticket: str


def uncounted(_outcome: str) -> None:
    """Count nothing: a command is no process that is asked for its counters."""


def unwatched(_done: int, _of: int) -> None:
    """Tell nobody how far it is."""


@dataclass(frozen=True, slots=True)
class Reidentifications:
    """Takes, approves, refuses and opens re-identifications, in the name of operators."""

    ports: Ports
    terms: Terms
    count: Callable[[str], None] = uncounted

    def ask(
        self,
        operator: Operator,
        wanted: Wanted,
        progress: Callable[[int, int], None] = unwatched,
    ) -> ReidentificationRow:
        """Register that *operator* wants to know; find whom it is about, and tell nobody.

        Raises:
            ReidentificationOff, ReidentificationPurposeClosed, DomainUnknown: not here, not for
                this, not there.
            ReidentificationQuota: too often today.
        """
        self._refuse_off()
        if wanted.purpose not in self.terms.purposes:
            raise ReidentificationPurposeClosed(
                "the purpose is not open here; an open one was needed"
            )
        if wanted.domain not in domain_keys(self.ports):
            raise DomainUnknown(
                "no such domain was ever declared; one of the rulebook's was needed"
            )
        row = self._reserve(operator, wanted)
        behind = seek(
            self.ports.vault,
            self.ports.keyring,
            pid=wanted.pid,
            domain=wanted.domain,
            progress=progress,
        )
        fields = _said(operator, row) | {
            "domain": row.domain,
            "role": row.asked_role,
            "until": row.ends_at.isoformat(),
        }
        aref = None if behind is None else behind.aref
        self.ports.audit("reidentification:asked", fields, aref)
        self._keep(row.id, behind)
        self.count("asked")
        return self.one(row.id)

    def approve(self, operator: Operator, number: uuid.UUID) -> ReidentificationRow:
        """Approve what somebody else has asked for.

        Raises:
            ApproverAsked: *operator* asked, under this token or another one of theirs.
            ReidentificationDecided, ReidentificationOver, ReidentificationUnknown: too late.
        """
        self._refuse_off()
        with transaction(self.ports.rights) as rights:
            row = self._held(rights, number, register.ASKED)
            if operator.id == row.asked_by or operator.name == row.asked_name:
                self._deny(operator, row, ApproverAsked("you asked; a second person was needed"))
            self._decide(rights, operator, row, register.APPROVED)
        return self.one(number)

    def refuse(self, operator: Operator, number: uuid.UUID) -> ReidentificationRow:
        """Refuse it, approved or not yet; whoever asked may take it back so, if they are a DPO."""
        self._refuse_off()
        with transaction(self.ports.rights) as rights:
            row = self._held(rights, number, register.ASKED, register.APPROVED)
            self._decide(rights, operator, row, register.REFUSED)
        return self.one(number)

    def open(
        self, operator: Operator, number: uuid.UUID
    ) -> tuple[ReidentificationRow, list[HeldIdentifier]]:
        """Give the identifiers kept of whoever has the pseudonym: to who asked, once.

        It is spent before the first seal opens.  A vault that does not answer then costs the
        opening, and somebody has to ask anew.

        Raises:
            OpenerOther, ApprovalMissing: two people were needed, and the one who asked.
            ReidentificationDecided, ReidentificationOver, ReidentificationUnknown: not any more.
        """
        self._refuse_off()
        with transaction(self.ports.rights) as rights:
            row = self._held(rights, number, register.ASKED, register.APPROVED)
            if operator.id != row.asked_by:
                self._deny(
                    operator, row, OpenerOther("somebody else asked; their token was needed")
                )
            if row.state != register.APPROVED:
                self._deny(
                    operator, row, ApprovalMissing("nobody approved it; a second was needed")
                )
            self.ports.audit("reidentification:opened", _said(operator, row), self._aref(row))
            register.open_once(rights, number, self.ports.clock())
        self.count("opened")
        return self.one(number), opened(self.ports, row)

    def one(self, number: uuid.UUID) -> ReidentificationRow:
        """Give one.

        Raises:
            ReidentificationUnknown: there is none.
        """
        with transaction(self.ports.rights) as rights:
            return _there(register.one(rights, number))

    def listed(self) -> list[ReidentificationRow]:
        """Give the newest."""
        with transaction(self.ports.rights) as rights:
            return register.newest(rights, LISTED)

    def expire(self) -> int:
        """End those whose time box is over, forget those of a year ago; give how many ended."""
        now = self.ports.clock()
        with transaction(self.ports.rights) as rights:
            ended = register.over(rights, now)
            for number in ended:
                self.ports.audit("reidentification:expired", {"request": str(number)})
            register.expire(rights, ended)
            register.forget_before(rights, now - KEPT)
        for _ in ended:
            self.count("expired")
        return len(ended)

    def opened_lately(self, within: timedelta) -> int:
        """Count the openings of late, through whatever door."""
        with transaction(self.ports.rights) as rights:
            return register.opened_since(rights, self.ports.clock() - within)

    def _refuse_off(self) -> None:
        if not self.terms.purposes:
            self.count("off")
            raise ReidentificationOff("nobody is re-identified here; an open purpose was needed")

    def _reserve(self, operator: Operator, wanted: Wanted) -> ReidentificationRow:
        """Register it before the vault is gone through, so that a burst is bounded, too."""
        now = self.ports.clock()
        row = ReidentificationRow(
            id=uuid.uuid4(),
            subject=None,
            domain=wanted.domain,
            purpose=wanted.purpose,
            ticket=wanted.ticket,
            state=register.SOUGHT,
            asked_by=operator.id,
            asked_role=operator.role,
            asked_at=now,
            ends_at=now + self.terms.time_box,
        )
        with transaction(self.ports.rights) as rights:
            own, all_ = register.asked_since(rights, operator.id, now - DAY)
            if own >= self.terms.per_operator or all_ >= self.terms.in_all:
                refusal = ReidentificationQuota(
                    "the day's number was asked for; a later hour was needed"
                )
                self._deny(operator, row, refusal)
            register.insert(rights, row)
        return row

    def _keep(self, number: uuid.UUID, behind: Behind | None) -> None:
        """Keep whom it is about, unless their erasure has begun; it deletes what is kept before."""
        with transaction(self.ports.vault) as vault:
            alive = hold_alive(vault, [] if behind is None else [behind.subject])
            with transaction(self.ports.rights) as rights:
                register.found(rights, number, alive[0] if alive else None)

    def _held(self, rights: Connection, number: uuid.UUID, *states: str) -> ReidentificationRow:
        row = _there(register.one(rights, number, lock=True))
        if row.state not in states:
            raise ReidentificationDecided(f"it is {row.state}; {' or '.join(states)} was needed")
        if row.ends_at <= self.ports.clock():
            raise ReidentificationOver("its time box has ended; a new one was needed")
        return row

    def _decide(
        self, rights: Connection, operator: Operator, row: ReidentificationRow, state: str
    ) -> None:
        self.ports.audit(f"reidentification:{state}", _said(operator, row), self._aref(row))
        register.decide(rights, row.id, state, by=operator.id, at=self.ports.clock())
        self.count(state)

    def _aref(self, row: ReidentificationRow) -> str | None:
        """Give the person's name in the log, as long as they have one."""
        with transaction(self.ports.vault) as vault:
            alive = hold_alive(vault, row.about)
            names = names_of(vault, self.ports.keyring, alive, domains=(row.domain,))
        return names[0].aref if names else None

    def _deny(
        self, operator: Operator, row: ReidentificationRow, refusal: ParaventError
    ) -> NoReturn:
        """Write down that somebody reached for more than they may, then refuse."""
        fields = _said(operator, row) | {"code": refusal.code}
        self.ports.audit("reidentification:denied", fields)
        self.count("denied")
        raise refusal


def _said(operator: Operator, row: ReidentificationRow) -> dict[str, str]:
    return {
        "by": str(operator.id),
        "request": str(row.id),
        "purpose": row.purpose,
        "ticket": row.ticket,
    }


def _there(row: ReidentificationRow | None) -> ReidentificationRow:
    if row is None:
        raise ReidentificationUnknown("none has this id; the id of one that was asked was needed")
    return row
