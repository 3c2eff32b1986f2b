"""Which rulebook does a command go by?  The one in force, wherever its folder is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policies.load import load_rulebook
from workers.store import in_force
from workers.store.transactions import connect, transaction

if TYPE_CHECKING:
    from gateway.cli.opened import Opened
    from policies.ruleset import RuleSet


def rules_of(home: Opened) -> RuleSet:
    """Give the rulebook in force; before a gateway ever started, that of the installation."""
    engine = connect(home.addresses.store, pool_size=1, application_name="paravent rules")
    try:
        with transaction(engine) as store:
            found = in_force.rules(store)
    finally:
        engine.dispose()
    return found or load_rulebook(home.installation.policies())
