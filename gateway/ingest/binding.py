"""What is a rulebook once it is bound to one store's numbers?"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine

from gateway.ingest.rules import CompiledRules
from gateway.ingest.signals import Told, unheard
from policies.ruleset import RuleSet
from workers.store.computation import Computation
from workers.store.transactions import transaction


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
