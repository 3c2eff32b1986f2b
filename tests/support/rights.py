"""The rights service over real databases, and a person about whom every table holds something."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, text

from gateway.rights.cases import CaseType, Step
from gateway.rights.needles import finds, identifier_needles
from gateway.rights.ports import no_failpoint
from gateway.rights.register import CaseRow
from gateway.rights.service import Request, RightsService
from gateway.rights.verification import CheckMethod, CheckOutcome, IdentityCheck
from tests.support.builders import ADA, Person, identify, page, track
from tests.support.store_rows import set_aside
from workers.jobs.refresh import refresh
from workers.store import held, lanes, withdrawals
from workers.store.transactions import transaction

if TYPE_CHECKING:
    from tests.support.edge import TestEdge

CONFIRMED = IdentityCheck(CheckMethod.IN_PERSON, CheckOutcome.CONFIRMED)
DOUBTFUL = IdentityCheck(CheckMethod.DOCUMENT_SEEN, CheckOutcome.NOT_CONFIRMED)


class Killed(BaseException):
    """The process died here: nothing in the product catches it."""


@dataclass
class RightsDesk:
    """One installation's rights service, its edge, and the engines to look behind it."""

    edge: TestEdge
    rights: Engine
    auditor: Engine
    workers: Engine
    die_after: Step | None = None
    service: RightsService = field(init=False)

    def __post_init__(self) -> None:
        self.service = self.make_service()

    def make_service(self, failpoint: Callable[[Step], None] = no_failpoint) -> RightsService:
        return RightsService(
            store_engine=self.edge.store,
            vault_engine=self.edge.vault,
            rights_engine=self.rights,
            auditor_engine=self.auditor,
            keyring=self.edge.keyring,
            rulebook=lambda: self.edge.ingest.bound.computation.rules,
            resolver=self.edge.resolver,
            failpoint=failpoint,
        )

    def ask(
        self,
        kind: CaseType,
        *claimed: tuple[str, str],
        check: IdentityCheck = CONFIRMED,
    ) -> CaseRow:
        """Open a request and run it in this thread."""
        case = self.service.open(None, Request(kind, claimed, check))
        return self.service.run(case.id)

    def report(self, *claimed: tuple[str, str]) -> dict[str, Any]:
        return self.service.result(None, self.ask(CaseType.ACCESS, *claimed).id)

    def erase(self, *claimed: tuple[str, str]) -> dict[str, Any]:
        return self.service.result(None, self.ask(CaseType.ERASURE, *claimed).id)

    def kill_after(self, step: Step) -> RightsService:
        def die(done: Step) -> None:
            if done is step:
                raise Killed

        return self.make_service(die)

    def surrogates(self) -> list[int]:
        with transaction(self.edge.store) as store:
            return list(store.execute(text("select id from store.subject")).scalars())

    def rows_left(self, surrogates: list[int]) -> dict[str, int]:
        """Count what the store still holds about *surrogates*, the fence rows aside."""
        with transaction(self.edge.store) as store:
            found = {table: len(rows) for table, rows in held.records(store, surrogates).items()}
        return {table: rows for table, rows in found.items() if table != "store.subject" and rows}

    def entries(self) -> list[str]:
        with transaction(self.auditor) as store:
            found = store.execute(text("select header from audit.entry order by seq"))
            return list(found.scalars())


def seed_everywhere(desk: RightsDesk, person: Person = ADA, *, days: int = 3) -> list[int]:
    """Make every table of the data map hold a row about *person*; give their surrogates."""
    edge = desk.edge
    before = set(desk.surrogates())
    now = datetime.fromtimestamp(edge.now_us / 1_000_000, UTC)
    edge.send(identify(person, at=now - timedelta(days=days), sentAt=None))
    edge.send(
        page("/catalogue", person, at=now - timedelta(days=2), sentAt=None),
        product("Product Viewed", person, now - timedelta(days=2)),
        product("Product Added", person, now - timedelta(hours=3)),
    )
    ctx = edge.ingest.bound.computation
    refresh(desk.workers, ctx, full=True)
    surrogates = sorted(set(desk.surrogates()) - before)
    with transaction(edge.store) as store:
        batch = store.execute(text("select max(id) from store.batch")).scalar_one()
        lanes.mark_dirty(store, batch, {number: [1] for number in surrogates})
        no = [(number, ctx.purposes["advertising"]) for number in surrogates]
        withdrawals.ask(store, no, edge.now_us)
        set_aside(store, surrogates, ctx.rulebook, edge.now_us)
        missing = [table for table, rows in held.records(store, surrogates).items() if not rows]
    assert not missing, f"the seed leaves {missing} empty"
    return surrogates


def product(event: str, person: Person, at: datetime) -> dict[str, Any]:
    properties = {"product_id": "SKU-42", "category": "books", "price": 19.9, "currency": "EUR"}
    return track(event, person, at=at, properties=properties, sentAt=None)


def canaries(person: Person, text_: str) -> tuple[str, ...]:
    """Give the forms of *person*'s identifiers found in *text_*."""
    values = {
        "user_id": person.user_id,
        "email": person.email,
        "phone": person.phone,
        "anonymous_id": person.anonymous_id,
    }
    return tuple(
        form
        for kind, value in values.items()
        for form in finds(identifier_needles(kind, [value]), text_)
    )


__all__ = ["CONFIRMED", "DOUBTFUL", "Killed", "RightsDesk", "canaries", "seed_everywhere"]
