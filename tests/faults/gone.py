"""Is whoever was erased gone for good, and is it proven?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine, text

from gateway.rights import receipt as receipts
from gateway.rights.errors import ReceiptInvalid
from pseudonymizer.keyring import Keyring
from pseudonymizer.lookup import Lookup
from pseudonymizer.vault.transactions import transaction as vault_transaction
from tests.faults.leaving import Departure
from tests.faults.model import Books, Model, Places
from workers.store import held, registry
from workers.store.transactions import transaction

SUBJECTS = "select id, pid, state from store.subject"
MESSAGES = "select count(*) from store.event where mid = any(:mids)"
CASES = "select state, receipt from rights.case where type = 'erasure'"
REMEMBERED = """
select (select count(*) from vault.identifier join vault.subject s on s.id = subject
        where s.state <> 'alive')
     + (select count(*) from vault.subject
        where state = 'erasing' or state = 'erased' and wrapped_sk is not null)"""


@dataclass(frozen=True, slots=True)
class Gone:
    """How the databases stand to those who were erased; all but the first three should be nothing.

    Attributes:
        people: who asked to be erased, and was.
        cases: requests on record, those included whose answer nobody heard.
        receipts: those among them that end with a receipt.
        unclosed: cases that are still open.
        forged: receipts that do not check against the installation's key.
        unproven: people without a receipt, neither of their own case nor of an unheard one.
        rows: rows that are left about anybody erased, by table of the data map.
        messages: events of theirs in the store, under whatever pseudonym.
        remembered: identifiers and keys that the vault still has of them.
        back: people whom the vault would not refuse.
        strangers: pseudonyms alive that belong to nobody who may be known.
    """

    people: int
    cases: int
    receipts: int
    unclosed: int
    forged: int
    unproven: int
    rows: dict[str, int]
    messages: int
    remembered: int
    back: list[str]
    strangers: int

    def clean(self) -> bool:
        """Say whether everybody is gone, and that is proven."""
        wrong = (self.unclosed, self.forged, self.unproven, self.messages, self.remembered)
        return not (any(wrong) or any(self.rows.values()) or self.back or self.strangers)


def unclosed(vault: Engine) -> int:
    """Count the erasures that are still under way."""
    return sum(state != "closed" for state, _ in _cases(vault))


def look(
    books: Books,
    vault: Engine,
    keyring: Keyring,
    *,
    departures: Sequence[Departure],
    sent: Model,
    others: Places,
) -> Gone:
    """Look for everybody who left, and for *others* than those who may be there."""
    cases = _cases(vault)
    proofs = [receipt for _, receipt in cases if receipt is not None]
    with vault_transaction(vault) as connection:
        remembered = connection.execute(text(REMEMBERED)).scalar_one()
    rows, messages, strangers = _in_store(books, sent, others)
    people = [departure.person for departure in departures]
    names = [("user_id", each.user_id) for each in people] + [("email", e.email) for e in people]
    answers = books.lookup([Lookup(identifiers=(name,)) for name in names])
    return Gone(
        people=len(people),
        cases=len(cases),
        receipts=len(proofs),
        unclosed=sum(state != "closed" for state, _ in cases),
        forged=sum(not _signed(receipt, keyring) for receipt in proofs),
        unproven=_unproven(departures, len(proofs)),
        rows=rows,
        messages=messages,
        remembered=remembered,
        back=[n[1] for n, a in zip(names, answers, strict=True) if a.status != "suppressed"],
        strangers=strangers,
    )


def _unproven(departures: Sequence[Departure], proofs: int) -> int:
    """Count who has no receipt; one whose answer was not heard may have that of another case."""
    without = [departure for departure in departures if departure.receipt is None]
    unheard = sum(departure.unheard > 0 for departure in without)
    spare = proofs - (len(departures) - len(without))
    return len(without) - min(unheard, spare)


def _cases(vault: Engine) -> list[tuple[str, Mapping[str, object] | None]]:
    with vault_transaction(vault) as connection:
        return [(row.state, row.receipt) for row in connection.execute(text(CASES))]


def _in_store(books: Books, sent: Model, others: Places) -> tuple[dict[str, int], int, int]:
    allowed = {pid for pids in others.values() for pid in pids.values()}
    mids = [mid for name in sent.sent for mid in books.message_ids(name)]
    with transaction(books.store) as connection:
        subjects = connection.execute(text(SUBJECTS)).all()
        erased = [row.id for row in subjects if row.state == registry.ERASED]
        found = {table: len(rows) for table, rows in held.records(connection, erased).items()}
        messages = connection.execute(text(MESSAGES), {"mids": mids}).scalar_one()
    alive = {row.pid.bytes for row in subjects if row.state != registry.ERASED}
    # The row of the register stays, as a fence.
    rows = {table: count for table, count in found.items() if count and table != "store.subject"}
    return rows, messages, len(alive - allowed)


def _signed(receipt: Mapping[str, object], keyring: Keyring) -> bool:
    try:
        receipts.check(receipt, keyring.public_keys()[receipts.SIGNER])
    except ReceiptInvalid:
        return False
    return True
