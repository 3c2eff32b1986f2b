"""The audit says how much can be joined, finds what is planted, and tells nobody who anybody is."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import Engine, text

from gateway.linkability import planted
from gateway.linkability.asked import Asked
from gateway.linkability.report import Report
from gateway.rights import drawing
from gateway.rights.linkage import measure
from policies.errors import AuditUnavailable
from pseudonymizer.vault.draw import draw
from pseudonymizer.vault.transactions import transaction as vault_transaction
from tests.support.builders import ADA, Person
from tests.support.rights import RightsDesk, canaries
from workers.store.transactions import transaction

LIMITS = {"sample": 50, "candidates": 200}


def chance(seed: int) -> Random:
    return Random(seed)  # noqa: S311  the same in every run, not a secret


def audit(desk: RightsDesk, **asked: Any) -> Report:
    return measure(desk.service.ports, Asked(**LIMITS, random=chance(7), **asked))


def rate_of(report: Report, path: str) -> float:
    (found,) = [
        outcome
        for question in (report.domains, report.identifiers)
        for outcome in question.outcomes
        if outcome.name == path
    ]
    return found.rate


def counted(desk: RightsDesk) -> dict[str, int]:
    return {name: desk.edge.count(name) for name in ("subject", "event", "domain", "state")}


@pytest.mark.usefixtures("crowd")
def test_everybody_is_followed_and_nobody_is_named(desk: RightsDesk) -> None:
    report = audit(desk)
    assert (
        report.domains.asked == report.identifiers.asked == len(report.document()["planted"]) + 26
    )
    assert report.identifiers.worst == 0
    assert report.proven
    assert report.unread == []


@pytest.mark.usefixtures("crowd")
def test_what_is_known_to_be_joined_is_reported_as_the_rate_it_is(desk: RightsDesk) -> None:
    # One message is a row in each domain, with one instant.  The day these rates fall is the day
    # this test and docs/linkability.md have to say so.
    report = audit(desk)
    for path in (
        "store.event.at (value)",
        "store.subject.consent (value)",
        # Everybody came in requests of their own.
        "store.event.batch (value)",
        "store.event.xmin (value)",
        "store.subject.registered_at (value)",
    ):
        assert rate_of(report, path) == 1.0
    assert rate_of(report, "store.subject.id (next number)") > 0.5
    assert rate_of(report, "store.subject.pid (value)") == 0
    # A message has a number of its own in each domain (decision 33).
    for path in (
        "store.event.mid (value)",
        "store.consent_record.signal_hash (value)",
        "store.state.last_mid (value)",
    ):
        assert rate_of(report, path) == 0
    assert rate_of(report, "store.consent_record.receipt_id (value)") == 0
    assert report.worst == 1.0


@pytest.mark.usefixtures("crowd")
def test_a_column_made_equal_across_domains_is_found(desk: RightsDesk, store_owner: Engine) -> None:
    path = "store.subject.generation (value)"
    assert path not in [outcome.name for outcome in audit(desk).domains.beyond()]
    pids = _pids(desk)
    with transaction(store_owner) as store:
        for number, (one, other) in enumerate(pids, 1):
            store.execute(
                text("update store.subject set generation = :n where pid in (:one, :other)"),
                {"n": number, "one": one, "other": other},
            )
    report = audit(desk)
    assert rate_of(report, path) == 1.0
    assert path in [outcome.name for outcome in report.domains.beyond()]


def test_an_identifier_in_the_text_of_ones_own_event_is_found(
    desk: RightsDesk, crowd: tuple[Person, ...]
) -> None:
    pids = {pid for pair in _pids(desk) for pid in pair}
    assert len(pids) == 2 * len(crowd)
    with transaction(desk.edge.store) as store:
        row = store.execute(text("select id, pid from store.subject order by id limit 1")).one()
        whose = _person_of(desk, row.pid, crowd)
        store.execute(
            text(
                "insert into store.event (subject, mid, at, batch, name, purposes, source, kind,"
                " text) values (:id, 1, now(), 1, 1, 1, 1, 0, :said)"
            ),
            {"id": row.id, "said": f"write to {whose.email.upper()} please"},
        )
    report = audit(desk)
    assert rate_of(report, "store.event.text") == 1 / 30
    assert report.identifiers.worst == 1 / 30


def test_an_identifier_in_a_word_that_an_event_points_at_is_found(
    desk: RightsDesk, crowd: tuple[Person, ...], store_owner: Engine
) -> None:
    row = desk.edge.rows("select s.pid, e.page from store.event e join store.subject s on"
                         " s.id = e.subject where e.page is not null limit 1")[0]  # fmt: skip
    whose = _person_of(desk, row.pid, crowd)
    with transaction(store_owner) as store:
        store.execute(
            text("update store.dictionary set value = :v where id = :id"),
            {"v": f"/hello?who={whose.email.replace('@', '%40')}", "id": row.page},
        )
    report = audit(desk)
    assert rate_of(report, "store.event.page (its word)") == 1 / 30
    assert rate_of(report, "store.dictionary: the identifier alone") == 1 / 30


def test_logs_and_exports_are_searched_for_names_and_pseudonyms(
    desk: RightsDesk, crowd: tuple[Person, ...], tmp_path: Path
) -> None:
    one, other = _pids(desk)[0]
    log = f"{one} and {other}\nmail to {crowd[4].email}\n"
    size = (tmp_path / "gateway.log").write_text(log)
    (tmp_path / "sent.csv").write_text(f"{one};{_person_of(desk, one, crowd).user_id}\n")
    report = audit(desk, logs=[tmp_path / "gateway.log"], exports=[tmp_path / "sent.csv"])
    assert rate_of(report, "logs (in one record)") == 1 / 30
    assert rate_of(report, "logs: the identifier alone") == 1 / 30
    assert rate_of(report, "logs") == 0
    assert rate_of(report, "exports") == 1 / 30
    assert report.read["logs"] == {"files": 1, "bytes": size, "whole": True}


@pytest.mark.usefixtures("crowd")
def test_a_table_that_somebody_added_by_hand_is_searched_or_named_as_unread(
    desk: RightsDesk, store_owner: Engine
) -> None:
    one, other = _pids(desk)[0]
    with transaction(store_owner) as store:
        store.execute(text('create table store."who 100% is who" (a uuid, "b:""b" uuid)'))
        store.execute(
            text('insert into store."who 100% is who" values (:one, :other)'),
            {"one": one, "other": other},
        )
    assert audit(desk).unread == ["store.who 100% is who"]
    with transaction(store_owner) as store:
        store.execute(text('grant select on store."who 100% is who" to paravent_gateway'))
    report = audit(desk)
    assert report.unread == []
    assert rate_of(report, "store.who 100% is who (in one record)") == 1 / 30


@pytest.mark.usefixtures("crowd")
def test_what_was_planted_is_gone_when_the_audit_ends(desk: RightsDesk) -> None:
    before = counted(desk)
    audit(desk)
    assert counted(desk) == before


@pytest.mark.usefixtures("crowd")
def test_an_audit_that_misses_what_was_planted_says_that_it_proves_nothing(
    desk: RightsDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planted, "SHARED", "store.event.quantity")  # where nothing was planted
    assert not audit(desk).proven


def test_the_answer_and_the_log_name_nobody(desk: RightsDesk, crowd: tuple[Person, ...]) -> None:
    report = audit(desk)
    said = json.dumps(report.document()) + "\n".join([*report.lines(), *desk.entries()])
    assert [form for person in crowd for form in canaries(person, said)] == []
    pids = [pid for pair in _pids(desk) for pid in pair]
    assert [pid for pid in pids if str(pid) in said or pid.hex in said] == []
    assert "planted-" not in said


@pytest.mark.usefixtures("crowd")
def test_the_log_says_that_it_was_asked_before_a_seal_was_opened_and_what_came_of_it(
    desk: RightsDesk,
) -> None:
    report = audit(desk)
    actions = [json.loads(header)["action"] for header in desk.entries()]
    assert actions == ["linkability:asked", *["identity:reveal"] * 30, "linkability:measured"]
    last = json.loads(desk.entries()[-1])
    assert last["fields"]["run"] == report.run
    assert last["fields"]["proven"] is True


@pytest.mark.usefixtures("crowd")
def test_nothing_is_read_when_the_audit_log_cannot_be_written(
    desk: RightsDesk, store_owner: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with transaction(store_owner) as store:
        store.execute(text("revoke execute on all functions in schema audit from paravent_gateway"))
    monkeypatch.setattr(drawing, "people", lambda *_: pytest.fail("somebody was drawn"))
    with pytest.raises(AuditUnavailable):
        audit(desk)


def test_an_empty_store_has_nobody_to_try_it_on_and_the_plants_are_found_all_the_same(
    desk: RightsDesk,
) -> None:
    report = audit(desk)
    assert (report.drawn, report.domains.asked, report.worst) == (0, 0, 0)
    assert report.proven


def test_somebody_who_was_erased_is_not_drawn(desk: RightsDesk, crowd: tuple[Person, ...]) -> None:
    desk.erase(("user_id", crowd[0].user_id))
    assert audit(desk).drawn == len(crowd) - 1


@pytest.mark.usefixtures("crowd")
def test_a_small_sample_is_drawn_from_everybody(desk: RightsDesk) -> None:
    seen: set[int] = set()
    for seed in range(12):
        with vault_transaction(desk.edge.vault) as vault:
            drawn = draw(vault, 5, chance(seed))
        assert len(drawn) == len(set(drawn)) == 5
        seen |= set(drawn)
    assert len(seen) > 20
    assert measure(desk.service.ports, Asked(sample=5, random=chance(1))).domains.asked == 5


def _pids(desk: RightsDesk) -> list[tuple[uuid.UUID, uuid.UUID]]:
    """Give everybody's two pseudonyms, from the vault."""
    ports = desk.service.ports
    people = drawing.people(ports, uuid.uuid4(), 50, chance(2))
    return [tuple(uuid.UUID(bytes=one.pid) for one in each.pseudonyms) for each in people]  # type: ignore[misc]


def _person_of(desk: RightsDesk, pid: uuid.UUID, crowd: tuple[Person, ...]) -> Person:
    people = drawing.people(desk.service.ports, uuid.uuid4(), 50, chance(2))
    (found,) = [each for each in people if pid.bytes in {one.pid for one in each.pseudonyms}]
    named = dict(found.identifiers)
    return next(person for person in (*crowd, ADA) if person.user_id == named["user_id"])
