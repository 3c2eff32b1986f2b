"""What may somebody be re-identified for?  A closed list; an installation opens some of it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Purpose(StrEnum):
    """Why a pseudonym has to become a person again."""

    LEGAL_CLAIMS = "legal_claims"
    RIGHTS_OF_OTHERS = "rights_of_others"
    SECURITY_INCIDENT = "security_incident"
    FRAUD = "fraud"
    PRODUCT_SAFETY = "product_safety"


# For the person's own report, and for whoever reads the register.
MEANINGS: Final[Mapping[Purpose, str]] = MappingProxyType(
    {
        Purpose.LEGAL_CLAIMS: "to establish, exercise or defend a legal claim",
        Purpose.RIGHTS_OF_OTHERS: "to protect the rights of another person",
        Purpose.SECURITY_INCIDENT: "to tell those whom an incident affects (Article 34)",
        Purpose.FRAUD: "to look into a fraud that was reported",
        Purpose.PRODUCT_SAFETY: "to warn of a dangerous product",
    }
)

# Whoever has their data restricted keeps it from every use but a few (Article 18(2)); consent, the
# first of them, nobody gives to being looked up.
DESPITE_RESTRICTION: Final = frozenset({Purpose.LEGAL_CLAIMS, Purpose.RIGHTS_OF_OTHERS})
