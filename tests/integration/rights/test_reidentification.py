"""Whose a pseudonym is: asked by one, approved by another, opened once, and told to the person."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from gateway.rights import pseudonym_life
from gateway.rights.operators import Operator, Role, add_operator, authenticate_operator
from gateway.rights.reidentification.errors import (
    ApprovalMissing,
    ApproverAsked,
    DomainUnknown,
    OpenerOther,
    ReidentificationDecided,
    ReidentificationOff,
    ReidentificationOver,
    ReidentificationPurposeClosed,
    ReidentificationQuota,
    ReidentificationUnknown,
)
from gateway.rights.reidentification.purposes import Purpose
from gateway.rights.reidentification.register import ReidentificationRow
from gateway.rights.reidentification.service import Reidentifications, Wanted
from gateway.rights.reidentification.terms import Terms
from policies.errors import StoreUnavailable
from pseudonymizer.errors import VaultUnavailable
from pseudonymizer.vault.transactions import connect as vault_connect
from pseudonymizer.vault.transactions import transaction
from tests.support.builders import ADA, GRACE, Person, identify
from tests.support.rights import RightsDesk, canaries, seed_everywhere
from tests.support.statements import counted
from workers.store import registry
from workers.store.errors import PseudonymsMoved
from workers.store.transactions import connect as store_connect
from workers.store.transactions import transaction as store_transaction

NOBODY = uuid.UUID("0f1e2d3c-4b5a-8978-8a6b-5c4d3e2f1a0b")
TERMS = Terms(frozenset({Purpose.FRAUD, Purpose.LEGAL_CLAIMS}), timedelta(hours=4), 5, 8)
NOW = datetime.now(UTC)


class Office:
    """Two people who handle requests, two DPOs, and the service they use."""

    def __init__(self, desk: RightsDesk, terms: Terms = TERMS) -> None:
        self.desk = desk
        self.outcomes: list[str] = []
        self.now = NOW
        ports = replace(desk.service.ports, clock=lambda: self.now)
        self.service = Reidentifications(ports, terms, self.outcomes.append)
        self.asker = self.operator("Margaret", Role.OPERATOR)
        self.dpo = self.operator("Barbara", Role.DPO)
        self.other = self.operator("Radia", Role.DPO)

    def operator(self, name: str, role: Role) -> Operator:
        with transaction(self.desk.rights) as rights:
            token = add_operator(rights, name, role, now=NOW)
        return authenticate_operator(self.desk.rights, f"Bearer {token}")

    def pid(self, person: Person = ADA) -> tuple[str, bytes]:
        """Meet *person*; give one of their pseudonyms, with its domain."""
        before = self.pids()
        seed_everywhere(self.desk, person)
        return next(each for each in self.pids() if each not in before)

    def pids(self) -> list[tuple[str, bytes]]:
        found = self.desk.edge.rows(
            "select d.key, s.pid from store.subject s join store.domain d on d.id = s.domain"
            " order by s.id"
        )
        return [(domain, pid.bytes) for domain, pid in found]

    def wanted(self, pid: tuple[str, bytes], purpose: Purpose = Purpose.FRAUD) -> Wanted:
        return Wanted(pid[1], pid[0], purpose, "FRAUD-17")

    def ask(self, pid: tuple[str, bytes], purpose: Purpose = Purpose.FRAUD) -> ReidentificationRow:
        return self.service.ask(self.asker, self.wanted(pid, purpose))

    def approved(
        self, pid: tuple[str, bytes], purpose: Purpose = Purpose.FRAUD
    ) -> ReidentificationRow:
        return self.service.approve(self.dpo, self.ask(pid, purpose).id)

    def shown(self, number: uuid.UUID) -> dict[str, str | None]:
        _, known = self.service.open(self.asker, number)
        return {
            one.kind: None if one.identifier is None else one.identifier.reveal() for one in known
        }

    def log(self) -> list[dict[str, Any]]:
        entries = map(json.loads, self.desk.entries())
        return [each for each in entries if each["action"].partition(":")[0] in WATCHED]


WATCHED = {"reidentification", "identity"}


@pytest.fixture
def office(desk: RightsDesk) -> Office:
    return Office(desk)


def actions(office: Office) -> list[str]:
    return [entry["action"].partition(":")[2] for entry in office.log()]


# What two people can do


def test_what_was_kept_is_shown_once_to_who_asked(office: Office) -> None:
    office.pid(GRACE)
    row = office.approved(office.pid(ADA))
    assert (row.state, row.asked_by, row.decided_by) == (
        "approved", office.asker.id, office.dpo.id
    )  # fmt: skip
    shown = office.shown(row.id)
    assert shown["user_id"] == ADA.user_id
    assert shown.items() <= {
        "user_id": ADA.user_id, "email": ADA.email, "phone": ADA.phone
    }.items()  # fmt: skip
    with pytest.raises(ReidentificationDecided, match="opened"):
        office.service.open(office.asker, row.id)
    assert office.outcomes == ["asked", "approved", "opened"]


def test_every_step_is_in_the_log_before_and_names_nobody(office: Office) -> None:
    domain, pid = office.pid(ADA)
    row = office.approved((domain, pid))
    office.shown(row.id)
    entries = office.log()
    assert actions(office) == ["asked", "approved", "opened", "reveal"]
    assert len({entry["subject_ref"] for entry in entries}) == 1
    assert entries[0]["subject_ref"]
    assert entries[-1]["fields"] == {
        "approved_by": str(office.dpo.id), "by": str(office.asker.id), "purpose": "fraud",
        "request": str(row.id), "ticket": "FRAUD-17",
    }  # fmt: skip
    with office.desk.rights.connect() as rights:
        stored = rights.execute(text("select r::text from rights.reidentification r")).scalars()
        said = [*office.desk.entries(), *stored, repr(row)]
    for line in said:
        assert canaries(ADA, line) == ()
        assert str(uuid.UUID(bytes=pid)) not in line
        assert pid.hex() not in line


def test_an_opening_without_a_log_shows_nothing_and_is_not_spent(office: Office) -> None:
    row = office.approved(office.pid())
    before = office.log()
    nowhere = store_connect("postgresql:///away?host=/nowhere", pool_size=1, application_name="x")
    broken = replace(office.service, ports=replace(office.service.ports, store=nowhere))
    with pytest.raises(StoreUnavailable):
        broken.open(office.asker, row.id)
    assert office.log() == before
    assert office.shown(row.id)


def test_a_vault_that_goes_away_costs_the_opening_and_shows_nothing(office: Office) -> None:
    row = office.ask(office.pid())
    nowhere = vault_connect("postgresql:///away?host=/nowhere", pool_size=1)
    broken = replace(office.service, ports=replace(office.service.ports, vault=nowhere))
    with pytest.raises(VaultUnavailable):
        broken.approve(office.dpo, row.id)
    assert office.service.one(row.id).state == "asked"
    assert actions(office) == ["asked"]


# What one person cannot


def test_nobody_approves_what_they_asked_under_any_token(office: Office) -> None:
    pid = office.pid()
    row = office.service.ask(office.dpo, office.wanted(pid))
    again = office.operator(office.dpo.name, Role.DPO)
    for who in (office.dpo, again):
        with pytest.raises(ApproverAsked):
            office.service.approve(who, row.id)
    assert actions(office) == ["asked", "denied", "denied"]
    assert office.outcomes == ["asked", "denied", "denied"]
    assert office.service.one(row.id).state == "asked"


def test_nobody_opens_what_nobody_approved(office: Office) -> None:
    row = office.ask(office.pid())
    with pytest.raises(ApprovalMissing):
        office.service.open(office.asker, row.id)
    assert actions(office) == ["asked", "denied"]


def test_nobody_opens_what_somebody_else_asked(office: Office) -> None:
    row = office.approved(office.pid())
    for who in (office.dpo, office.other):
        with pytest.raises(OpenerOther):
            office.service.open(who, row.id)
    assert "reveal" not in actions(office)
    assert office.shown(row.id)


@pytest.mark.parametrize("state", ["approved", "opened"])
def test_the_database_itself_wants_two_people(office: Office, state: str) -> None:
    row = office.ask(office.pid())
    for by in ("asked_by", "null"):
        with office.desk.rights.connect() as rights, pytest.raises(IntegrityError):
            rights.execute(
                text(
                    f"update rights.reidentification set state = :state, decided_by = {by}"
                    " where id = :id"
                ),
                {"state": state, "id": row.id},
            )


# When it ends


def test_after_the_time_box_nothing_is_approved_or_opened(office: Office) -> None:
    pid = office.pid()
    asked, approved = office.ask(pid), office.approved(pid)
    office.now += TERMS.time_box
    with pytest.raises(ReidentificationOver):
        office.service.approve(office.dpo, asked.id)
    with pytest.raises(ReidentificationOver):
        office.service.open(office.asker, approved.id)
    assert office.service.expire() == 2
    assert office.service.expire() == 0
    assert actions(office) == ["asked", "asked", "approved", "expired", "expired"]
    assert {row.state for row in office.service.listed()} == {"expired"}
    with pytest.raises(ReidentificationDecided, match="expired"):
        office.service.open(office.asker, approved.id)


def test_what_was_refused_is_not_opened(office: Office) -> None:
    pid = office.pid()
    for row in (office.ask(pid), office.approved(pid)):
        assert office.service.refuse(office.other, row.id).state == "refused"
        for act in (office.service.approve, office.service.open, office.service.refuse):
            with pytest.raises(ReidentificationDecided):
                act(office.asker, row.id)
    assert actions(office).count("refused") == 2


def test_the_register_forgets_after_a_year(office: Office) -> None:
    office.ask(office.pid())
    office.now += timedelta(days=365)
    office.service.expire()
    assert len(office.service.listed()) == 1
    office.now += timedelta(seconds=1)
    office.service.expire()
    assert office.service.listed() == []


def test_what_was_never_asked_is_not_found(office: Office) -> None:
    for act in (office.service.approve, office.service.refuse, office.service.open):
        with pytest.raises(ReidentificationUnknown):
            act(office.dpo, uuid.uuid4())


# On which terms


def test_it_is_off_unless_a_purpose_is_open(desk: RightsDesk) -> None:
    office = Office(desk, Terms())
    wanted = Wanted(NOBODY.bytes, "marketing", Purpose.FRAUD, "FRAUD-1")
    tried: list[Callable[[], object]] = [
        lambda: office.service.ask(office.asker, wanted),
        lambda: office.service.approve(office.dpo, uuid.uuid4()),
        lambda: office.service.refuse(office.dpo, uuid.uuid4()),
        lambda: office.service.open(office.asker, uuid.uuid4()),
    ]
    for attempt in tried:
        with pytest.raises(ReidentificationOff):
            attempt()
    assert office.outcomes == ["off"] * 4
    assert office.service.listed() == []


def test_another_purpose_or_domain_is_refused(office: Office) -> None:
    pid = office.pid()
    with pytest.raises(ReidentificationPurposeClosed):
        office.ask(pid, Purpose.PRODUCT_SAFETY)
    with pytest.raises(DomainUnknown):
        office.ask(("elsewhere", pid[1]))
    assert office.service.listed() == []


def test_each_operator_and_all_of_them_have_a_number_for_the_day(office: Office) -> None:
    pid = office.pid()
    for _ in range(TERMS.per_operator):
        office.ask(pid)
    with pytest.raises(ReidentificationQuota):
        office.ask(pid)
    again = office.operator(office.asker.name, Role.OPERATOR)
    with pytest.raises(ReidentificationQuota):  # another token of the same person
        office.service.ask(again, office.wanted(pid))
    for _ in range(TERMS.in_all - TERMS.per_operator):
        office.service.ask(office.dpo, office.wanted(pid))
    with pytest.raises(ReidentificationQuota):
        office.service.ask(office.other, office.wanted(pid))
    assert actions(office).count("denied") == 3
    office.now += timedelta(days=1)
    assert office.ask(pid)


def test_databases_of_different_epochs_answer_of_nobody_as_of_somebody(
    office: Office, vault_owner: Engine
) -> None:
    known, unknown = office.approved(office.pid()), office.approved(("marketing", NOBODY.bytes))
    pseudonym_life.rotate(office.desk.edge.store, office.desk.edge.vault)
    with store_transaction(vault_owner) as owner:  # a vault of before it was put back
        owner.execute(text("update vault.key_in_use set version = 0, first = 0 where name = 'pid'"))
    for row in (known, unknown):
        with pytest.raises(PseudonymsMoved):
            office.service.open(office.asker, row.id)


# Whom it leads to


def test_nobody_and_somebody_cost_the_same_and_look_the_same(office: Office) -> None:
    domain, pid = office.pid(ADA)
    ports, found = office.service.ports, []
    engines = {"vault": ports.vault, "rights": ports.rights, "store": ports.store}
    for each in (pid, NOBODY.bytes):
        with counted(engines, threads="MainThread") as sent:
            row = office.ask((domain, each))
        shown = {name: getattr(row, name) for name in ("state", "domain", "purpose", "decided_by")}
        found.append((sent, shown))
    assert found[0] == found[1]
    assert found[0][0]["vault"] > 100, "the whole vault was gone through"
    row = office.approved((domain, NOBODY.bytes))
    assert office.shown(row.id) == {}
    assert actions(office)[-1] == "opened"


def test_in_another_domain_the_pseudonym_is_nobodys(office: Office) -> None:
    pid = office.pid(ADA)
    others = {domain for domain, _ in office.pids()} - {pid[0]}
    assert others
    for domain in others:
        assert office.shown(office.approved((domain, pid[1])).id) == {}


@pytest.mark.parametrize("when", ["asked", "approved"])
def test_whoever_is_erased_meanwhile_is_nobody(office: Office, when: str) -> None:
    row = office.ask(office.pid(ADA))
    if when == "approved":
        office.service.approve(office.dpo, row.id)
    office.desk.erase(("user_id", ADA.user_id))
    with office.desk.rights.connect() as rights:
        left = rights.execute(text("select subject from rights.reidentification")).scalars().all()
    assert left == [None]
    if when == "asked":
        office.service.approve(office.dpo, row.id)
    assert office.shown(row.id) == {}
    assert "reveal" not in actions(office)[actions(office).index("opened") :]


def test_whoever_is_being_erased_is_nobody(office: Office) -> None:
    pid = office.pid(ADA)
    row = office.approved(pid)
    with office.desk.edge.vault.connect() as vault:
        vault.execute(text("update vault.subject set state = 'erasing'"))
        vault.commit()
    assert office.shown(row.id) == {}
    assert office.shown(office.approved(pid).id) == {}
    assert "reveal" not in actions(office)


def test_whoever_is_restricted_is_shown_for_what_the_law_leaves_only(office: Office) -> None:
    pid = office.pid(ADA)
    with store_transaction(office.desk.edge.store) as store:
        registry.set_state(store, office.desk.surrogates()[:1], registry.RESTRICTED)
    assert office.shown(office.approved(pid, Purpose.FRAUD).id) == {}
    assert actions(office)[-2:] == ["opened", "withheld"]
    assert office.shown(office.approved(pid, Purpose.LEGAL_CLAIMS).id)["user_id"] == ADA.user_id


def test_the_person_reads_when_what_for_and_by_which_role(office: Office) -> None:
    row = office.approved(office.pid(ADA))
    office.shown(row.id)
    office.approved(office.pid(GRACE))
    report = office.desk.report(("user_id", ADA.user_id))
    (told,) = report["records"]["rights.reidentification"]
    assert told["meaning"] == "to look into a fraud that was reported"
    assert (told["purpose"], told["asked_role"], told["state"]) == ("fraud", "operator", "opened")
    assert told["opened_at"].startswith(f"{office.now:%Y-%m-%d}")
    whole = json.dumps(report)
    for who in (office.asker, office.dpo):
        assert str(who.id) not in whole
        assert who.name not in whole


def test_somebody_met_by_a_device_only_has_nothing_to_show(office: Office) -> None:
    known = set(office.pids())
    visit = identify(ADA, userId=None, traits={"email": None, "phone": None})
    office.desk.edge.send(visit)
    met = [pid for pid in office.pids() if pid not in known]
    assert met
    assert office.shown(office.approved(met[0]).id) == {"anonymous_id": None}
