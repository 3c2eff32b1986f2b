"""Who may change the rulebook, and what becomes of a proposal?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from sqlalchemy import Connection

from gateway.rights.operators import Operator
from gateway.rights.ports import Ports
from gateway.rulebooks import adopting
from gateway.rulebooks.errors import (
    ChangeUnknown,
    RulebookFaulty,
    RulebookUnchanged,
    SameApprover,
)
from policies.check import forbidden
from policies.comparing import Change, compare
from policies.ruleset import RuleSet
from workers.store import in_force, numbering, rulebook_changes
from workers.store.audit_log import AuditLog
from workers.store.in_force import Standing
from workers.store.rulebook_changes import REFUSED, Proposal, RulebookChange
from workers.store.transactions import transaction

PROPOSED_ENTRY: Final = "rulebook:proposed"
REFUSED_ENTRY: Final = "rulebook:refused"
LISTED: Final = 200


class Told(NamedTuple):
    """A change, and what it does for people."""

    change: RulebookChange
    differences: Sequence[Change]


@dataclass(frozen=True, slots=True)
class Rulebooks:
    """Proposes, approves and refuses changes of the rulebook, in the name of operators.

    Attributes:
        follow: called when another rulebook came into force, so that this process goes by it.
    """

    ports: Ports
    follow: Callable[[], object] = bool

    def propose(self, operator: Operator, rules: RuleSet) -> Told:
        """Propose a rulebook; one that loosens nothing is in force at once.

        Raises:
            RulebookFaulty: it holds what `policy check` calls an error.
            RulebookUnchanged: it is the one in force.
            SegmentRedefined, NoticeRewritten: it contradicts what is on record.
        """
        faults = forbidden(rules)
        if faults:
            first = faults[0]
            raise RulebookFaulty(
                f"{first.file}: {first.key}: {first.what}; a rulebook without was needed"
            )
        adopting.begin(self.ports.store, self.ports.rules, self.ports.clock)
        with transaction(self.ports.store) as store:
            before = in_force.rules(store) or self.ports.rules
            if before.hash == rules.hash:
                raise RulebookUnchanged("this rulebook is in force; another one was needed")
            differences = compare(before, rules)
            number = self._kept(store, operator, (before, rules), differences)
        if not any(each.loosens for each in differences):
            return Told(self._adopt(number, None), differences)
        return self.one(number)

    def approve(self, operator: Operator, number: int) -> Told:
        """Put a change in force that another operator has proposed.

        Raises:
            SameApprover: it loosens, and *operator* proposed it.
        """
        told = self.one(number)
        if told.change.loosens and told.change.proposed_by == operator.id:
            raise SameApprover("a loosening was proposed by you; a second person was needed")
        return Told(self._adopt(number, operator), told.differences)

    def refuse(self, operator: Operator, number: int) -> Told:
        """Refuse a change; whoever proposed it may do that, too."""
        now = self.ports.clock()
        with transaction(self.ports.store) as store:
            adopting.undecided(store, number)
            AuditLog(store).append(REFUSED_ENTRY, None, {"by": str(operator.id), "change": number})
            rulebook_changes.decide(store, number, REFUSED, by=operator.id, now=now)
        return self.one(number)

    def one(self, number: int) -> Told:
        """Give one change and what it does for people."""
        with transaction(self.ports.store) as store:
            change = rulebook_changes.one(store, number)
            if change is None:
                raise ChangeUnknown("no change has this number; one that was proposed was needed")
            return Told(change, _differences(store, change))

    def listed(self) -> tuple[Standing | None, Sequence[RulebookChange]]:
        """Give what is in force, and the newest changes."""
        with transaction(self.ports.store) as store:
            return in_force.standing(store), rulebook_changes.newest(store, LISTED)

    def _kept(
        self,
        store: Connection,
        operator: Operator,
        rules: tuple[RuleSet, RuleSet],
        differences: Sequence[Change],
    ) -> int:
        (before, after), now = rules, self.ports.clock()
        loosens = any(each.loosens for each in differences)
        adopting.tried(store, after, now)
        proposed, replaced = (numbering.rulebook_number(store, each.hash) for each in rules[::-1])
        number = rulebook_changes.propose(
            store, Proposal(after, proposed, replaced, loosens=loosens, by=operator.id), now
        )
        AuditLog(store).append(
            PROPOSED_ENTRY,
            None,
            {
                "by": str(operator.id),
                "change": number,
                "loosens": loosens,
                "replaces": before.hash,
                "rulebook": after.hash,
            },
        )
        return number

    def _adopt(self, number: int, approver: Operator | None) -> RulebookChange:
        change = adopting.adopt(self.ports.store, number, approver, self.ports.clock)
        self.follow()
        return change


def _differences(store: Connection, change: RulebookChange) -> Sequence[Change]:
    """Give what a change does, judged against the rulebook it was proposed to replace."""
    if change.replaces is None:
        return []
    before, after = (
        in_force.read(rulebook_changes.content(store, hash_), hash_)
        for hash_ in (change.replaces, change.rulebook)
    )
    return compare(before, after)
