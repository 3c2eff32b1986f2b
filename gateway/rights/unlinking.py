"""How does a data protection officer undo that two were taken for one person (R-42)?

A tablet in a kitchen, an address typed wrong: a source said that two belong together, and they do
not.  The entry in the log comes first, then one transaction of the vault; no event moves, since
none moved when they were linked.  What two recorded under one subject cannot be told apart any
more: it stays with the first, and every no with both.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from gateway.pseudonyms import every_name
from gateway.rights import register
from gateway.rights.access import COLUMN
from gateway.rights.asides import erase_aside
from gateway.rights.cases import CaseReason, CaseState, Step
from gateway.rights.claimed import canonical_forms
from gateway.rights.decode import instant
from gateway.rights.domains import domain_keys
from gateway.rights.dossier import seal_document
from gateway.rights.noes import copy_noes
from gateway.rights.work import Closure, Work
from pseudonymizer.vault.subjects import names_of
from pseudonymizer.vault.transactions import transaction as rights_transaction
from pseudonymizer.vault.transactions import transaction as vault_transaction
from pseudonymizer.vault.unlink import (
    Parting,
    Undone,
    Verdict,
    mint_aside,
    number_aside,
    undo_link,
)
from workers.store import held
from workers.store.transactions import transaction as store_transaction

PAIR: Final = 2
WHAT_FOLLOWS: Final = (
    "From now on the two are separate: an erasure, a report and a choice of one do not reach the"
    " other. Events stay with whom they were recorded; none was moved when they were linked."
    " No later assertion of a source links them again."
)
_REASONS: Final[Mapping[Verdict, CaseReason]] = {
    "unknown": CaseReason.NOT_IDENTIFIABLE,
    "one-subject": CaseReason.NOT_LINKED,
    "not-linked": CaseReason.NOT_LINKED,
    "linked-through-others": CaseReason.LINKED_THROUGH_OTHERS,
}


def prepare(work: Work) -> Closure | None:
    """Where both identifiers name one subject: mint the second's own, and give it every no.

    Before anything is taken off, so that it is never without them.  Its number is on record before
    it is minted: a run that was killed goes on with the same one.
    """
    ports = work.ports
    forms, _ = canonical_forms(work.dossier.claimed, ports.rules)
    if len(forms) != PAIR:
        return None
    pair = forms[0], forms[1]
    if not work.subject_ids:
        with vault_transaction(ports.vault) as vault:
            work.subject_ids = number_aside(vault, ports.keyring, pair) or ()
    if not work.subject_ids:
        return None
    with rights_transaction(ports.rights) as rights:
        register.set_subjects(rights, work.case, work.subject_ids)
    subject, aside = work.subject_ids
    with vault_transaction(ports.vault) as vault:
        minted = mint_aside(vault, ports.keyring, pair, (subject, aside))
    if minted:
        _copy(work)
    return None


def undo(work: Work) -> Closure:
    """Undo the link between the two identifiers of the case, and seal what was done.

    A subject minted for the second that it did not get goes again, with what was copied to it.
    """
    aside = work.subject_ids[1] if work.subject_ids else None
    closure, parted = _undo(work, aside)
    if aside is not None and aside not in parted:
        erase_aside(work, aside)
    work.subject_ids = parted  # last: what is done again begins with the same subjects
    return closure


def _undo(work: Work, aside: int | None) -> tuple[Closure, tuple[int, ...]]:
    """Give how the case ends, and the two that are parted, if they are."""
    ports = work.ports
    forms, invalid = canonical_forms(work.dossier.claimed, ports.rules)
    if len(forms) != PAIR:
        reason = CaseReason.IDENTIFIER_INVALID if invalid else CaseReason.NOT_IDENTIFIABLE
        return Closure(CaseState.CLOSED, Step.UNLINKED, reason), ()
    ports.audit("link:undo", {"case": str(work.case), "by": work.by})
    parting = Parting((forms[0], forms[1]), work.case, ports.clock(), aside)
    with vault_transaction(ports.vault) as vault:
        done = undo_link(vault, ports.keyring, parting)
    if done.verdict != "undone":
        return Closure(CaseState.CLOSED, Step.UNLINKED, _REASONS[done.verdict]), ()
    if aside in done.subjects:
        _copy(work)  # once more: what was said in between
    sealed = seal_document(ports.keyring, work.case, COLUMN, _document(work, done))
    digest = hashlib.sha256(sealed).hexdigest()
    closure = Closure(CaseState.CLOSED, Step.UNLINKED, result=sealed, digest=digest)
    return closure, done.subjects


def _copy(work: Work) -> None:
    """Copy every no to the subject aside, and forget whose its identifier was."""
    ports, domains = work.ports, domain_keys(work.ports)
    with vault_transaction(ports.vault) as vault:
        names = names_of(vault, ports.keyring, work.subject_ids, domains=domains)
    called = {name.subject: name for name in names}
    if called.keys() != set(work.subject_ids):  # one of them was erased meanwhile
        return
    old, new = (called[number] for number in work.subject_ids)
    copy_noes(ports, old, new, ports.clock())
    if ports.resolver is not None:
        ports.resolver.invalidate(every_name(old))


def _document(work: Work, done: Undone) -> dict[str, Any]:
    with store_transaction(work.ports.store) as store:
        source = held.numbered(store)["source"].get(done.source)
    return {
        "schema_v": 1,
        "case": str(work.case),
        "link": {
            "asserted_by": source,
            "asserted_in": done.asserted,
            "linked_at": None if done.linked_at is None else instant(done.linked_at),
            "undone_at": None if done.undone_at is None else instant(done.undone_at),
        },
        "separate": done.apart,
        "explanation": WHAT_FOLLOWS if done.apart else STILL_LINKED,
    }


STILL_LINKED: Final = (
    "The link was undone, and the two are still linked through a third, so that an erasure of one"
    " reaches the other. Undo that link, too: name one of them and the third in a new request."
)
