"""Which other addresses may be the requester's, for a human to judge (R-41, "erase wide")?

A provider delivers ``ada+shop@`` where it delivers ``ada@``; linked they never are, since they may
be two people.  What is found is listed for the data protection officer, who asks; an erasure that
is to reach an address names it.
"""

import hashlib
from typing import Any, Final

from gateway.rights.access import COLUMN
from gateway.rights.cases import CaseReason, CaseState, Step
from gateway.rights.claimed import canonical_forms
from gateway.rights.dossier import seal_document
from gateway.rights.work import Closure, Work
from pseudonymizer.keyring import Identifier
from pseudonymizer.vault.reveal import reveal_these
from pseudonymizer.vault.transactions import transaction as vault_transaction
from pseudonymizer.vault.variants import variants_of

WHAT_FOLLOWS: Final = (
    "Candidates, not findings: each may be somebody else's. Ask the requester which are theirs, and"
    " name those in `identifiers` of the request; what is not named is not reached."
)

Listed = dict[str, Any]


def list_them(work: Work) -> Closure:
    """List the known variants of the addresses in the case, and seal the list."""
    ports = work.ports
    forms, invalid = canonical_forms(work.dossier.claimed, ports.rules)
    if not forms:
        reason = CaseReason.IDENTIFIER_INVALID if invalid else CaseReason.NOT_IDENTIFIABLE
        return Closure(CaseState.CLOSED, Step.VARIANTS_LISTED, reason)
    listed = _listed(work, forms)
    document = {
        "schema_v": 1,
        "case": str(work.case),
        "variants": listed,
        "explanation": WHAT_FOLLOWS,
    }
    sealed = seal_document(ports.keyring, work.case, COLUMN, document)
    return Closure(
        CaseState.CLOSED,
        Step.VARIANTS_LISTED,
        result=sealed,
        digest=hashlib.sha256(sealed).hexdigest(),
    )


def _listed(work: Work, forms: list[Identifier]) -> list[Listed]:
    ports = work.ports
    with vault_transaction(ports.vault) as vault:
        found = variants_of(vault, ports.keyring, forms)
        subjects = sorted({each.subject for each in found})
        # Their addresses and nothing else of them: whose they are is still to be found out.
        known = reveal_these(
            vault,
            ports.keyring,
            work.sink(),
            blind_indexes=[each.blind_index for each in found],
            warrant=work.warrant(),
        )
    # As long as the list is kept, an erasure of anybody in it ends it.
    work.subject_ids = tuple(subjects)
    numbered = {number: place for place, number in enumerate(subjects, start=1)}
    return [
        {
            "kind": one.kind,
            "value": None if one.identifier is None else one.identifier.reveal(),
            "kept": "keyed index only" if one.identifier is None else "sealed",
            "first_seen_on": one.first_seen_on.isoformat(),
            "person": numbered[one.subject],
        }
        for one in known
    ]
