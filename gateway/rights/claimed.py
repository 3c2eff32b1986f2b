"""Which spellings of the requester's identifiers does the vault know them by?"""

from collections.abc import Iterable

from policies.ruleset import RuleSet
from pseudonymizer.errors import IdentifierInvalid
from pseudonymizer.keyring import Identifier
from pseudonymizer.normalise import canonical


def canonical_forms(
    claimed: Iterable[tuple[str, str]], rules: RuleSet
) -> tuple[list[Identifier], int]:
    """Give the canonical form of each identifier, and how many have none.

    The numbering region of a phone is the rulebook's, as at ingest, so that what was stored is
    found again.
    """
    forms: dict[Identifier, None] = {}
    invalid = 0
    for kind, value in claimed:
        rule = rules.identifiers.get(kind)
        try:
            form = canonical(kind, value, region=None if rule is None else rule.region)
        except IdentifierInvalid:
            invalid += 1
        else:
            forms[kind, form] = None
    return list(forms), invalid
