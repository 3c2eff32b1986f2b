"""Which rulebook does this process go by, and how does it notice that another is in force?"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Engine

from gateway.ingest.rules import CompiledRules
from gateway.ingest.signals import Told, unheard
from policies.errors import ParaventError, RulebookInvalid
from policies.ruleset import RuleSet
from workers.store import in_force, rulebook_changes
from workers.store.computation import Computation
from workers.store.errors import PseudonymsMoved, RulebookReplaced
from workers.store.transactions import transaction

Done = TypeVar("Done")

CHANGES = 5  # rulebooks, or epochs, that may follow each other while work waits for its turn


class RulebookUnreadable(ParaventError):
    """The rulebook in force is for another version of the product, or was tampered with."""

    code = "rulebook-unreadable"
    remedy = "Renew this process with the version that the rulebook was proposed with."

    def __init__(self) -> None:
        super().__init__("the rulebook in force cannot be read; nothing was kept")


@dataclass(frozen=True, slots=True)
class Bound:
    """The rulebook in force, bound to one store; replaced whole when the rulebook changes."""

    rules: CompiledRules
    computation: Computation


def bind(store: Engine, rules: RuleSet, told: Told = unheard) -> Bound:
    """Bind *rules* to the numbers of the store, giving numbers to names it has not met.

    *told* hears what became of each TC string.
    """
    with transaction(store) as connection:
        computation = Computation.build(connection, rules)
    compiled = CompiledRules(rules, computation.purposes, computation.domains, told)
    return Bound(compiled, computation)


class InForce:
    """The rulebook this process goes by.

    What is written asks the store, in its own transaction, whether that is still the one in force
    (``workers.store.in_force``); what has to wait for nothing asks once a second (``follow``).

    Attributes:
        bound: the rulebook.
        forget: forgets what is remembered of people, whose pseudonyms may be others now.
    """

    def __init__(self, store: Engine, bound: Bound, told: Told = unheard) -> None:
        self.bound = bound
        self.forget: Callable[[], None] = lambda: None
        self._store = store
        self._told = told
        self._turn = threading.Lock()
        self._foreseen = 0

    def follow(self) -> bool:
        """Go by what is in force now; say whether that is another rulebook than before.

        Raises:
            RulebookUnreadable: this version of the product cannot obey it.
        """
        try:
            return self._follow()
        except RulebookInvalid:
            raise RulebookUnreadable from None

    def _follow(self) -> bool:
        with self._turn:  # many threads notice at once; the first one reads
            with transaction(self._store) as connection:
                number = in_force.number(connection)
                if number in {None, self.bound.computation.rulebook}:
                    return False
                rules = in_force.rules(connection)
            if rules is not None:
                self.bound = bind(self._store, rules, self._told)
            return True

    def foresee(self) -> None:
        """Read what is proposed before it comes into force: then a request would wait for it."""
        with transaction(self._store) as connection:
            for change, hash_ in rulebook_changes.undecided(connection, self._foreseen):
                self._foreseen = change
                with suppress(RulebookInvalid):  # said by whoever has to obey it
                    in_force.read(rulebook_changes.content(connection, hash_), hash_)

    def under(self, act: Callable[[Bound], Done]) -> Done:
        """Do *act* by the rulebook in force, anew where another came into force meanwhile.

        So it is where people got other pseudonyms.

        *act* calls ``in_force.hold`` or ``check`` before it writes or reads anything.
        """
        forgot = False
        for _ in range(CHANGES):
            try:
                return act(self.bound)
            except RulebookReplaced:
                self.follow()
            except PseudonymsMoved:
                if forgot:  # then the databases are of different epochs, and it stays so
                    raise
                forgot = True
                self.forget()
        return act(self.bound)
