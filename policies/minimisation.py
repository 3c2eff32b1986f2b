"""Which purposes may use an event, and which of its properties survive for them."""

from __future__ import annotations

from collections.abc import Collection

from policies.ruleset import EventRule, PropertyRule, RuleSet


def granted_purposes(event: EventRule, in_force: Collection[str]) -> tuple[str, ...]:
    """Give the purposes declared for *event* that are also in force; empty means refuse it."""
    return tuple(purpose for purpose in event.purposes if purpose in in_force)


def surviving(event: EventRule, granted: Collection[str]) -> tuple[PropertyRule, ...]:
    """Give the properties of *event* that at least one granted purpose needs, in their order.

    Everything else is dropped (Art. 5(1)(c)): what is not declared for the event, and what is
    declared only for purposes that were not granted.  Nothing granted means nothing survives.
    """
    return tuple(
        rule
        for rule in event.properties.values()
        if any(purpose in granted for purpose in rule.purposes)
    )


def by_domain(rules: RuleSet, granted: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Split granted purposes by pseudonymisation domain, leaving out domains without any.

    An event is kept once per domain, under that domain's pseudonym and with that domain's
    purposes only, so that no query can join them.
    """
    split = {
        domain.key: tuple(purpose for purpose in domain.purposes if purpose in granted)
        for domain in rules.domains.values()
    }
    return {domain: purposes for domain, purposes in split.items() if purposes}
