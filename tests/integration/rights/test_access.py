"""Everything held about a person is in their report, and nothing of anybody else."""

from __future__ import annotations

import hashlib
import json
import uuid

from gateway.rights.access import _all_notes
from gateway.rights.bundle import NOT_REPORTED, tables_leading_to_subjects
from gateway.rights.cases import CaseReason, CaseState, CaseType
from policies.conditions import holds
from tests.support.builders import ADA, GRACE
from tests.support.rights import DOUBTFUL, RightsDesk, canaries, seed_everywhere
from workers.store import held


def test_a_row_in_every_table_of_the_data_map_is_in_the_report(desk: RightsDesk) -> None:
    surrogates = seed_everywhere(desk)
    report = desk.report(("user_id", ADA.user_id))
    asked = held.tables_about_subjects()
    for table, column in asked.items():
        numbers = {row[column] for row in report["records"][table]}
        # Not every domain has segments; every other table has a row under each pseudonym.
        assert numbers <= set(surrogates), table
        assert numbers if table == "store.membership" else numbers == set(surrogates), table
    assert tables_leading_to_subjects(_all_notes()) - NOT_REPORTED <= set(report["records"])
    assert report["held"]["vault.subject"] == 2  # and their browser
    assert report["held"]["vault.identifier"] == len(report["identifiers"]) >= 3


def test_the_report_says_who_what_why_and_how_long(desk: RightsDesk) -> None:
    seed_everywhere(desk)
    report = desk.report(("email", ADA.email.upper()))
    rules = desk.edge.ingest.bound.computation.rules
    assert report["controller"]["name"] == rules.controller.name
    assert {part["purpose"] for part in report["purposes"]} == set(rules.purposes)
    assert report["recipients"]["statement"] == "Nothing was released to any recipient."
    assert report["sources"] == ["web"]
    assert report["retention"]
    names = {row["name"] for row in report["records"]["store.event"]}
    assert {"Product Viewed", "Product Added"} <= names
    assert {row["product"] for row in report["records"]["store.event"]} >= {"SKU-42"}
    pids = {row["pid"] for row in report["records"]["store.subject"]}
    # Their browser has pseudonyms, too, under which nothing was ever stored.
    assert {part["pseudonym"] for part in report["domains"]} > pids
    assert all(uuid.UUID(pid).version == 8 for pid in pids)


def test_identifiers_kept_sealed_are_opened_after_an_audit_entry(desk: RightsDesk) -> None:
    seed_everywhere(desk)
    report = desk.report(("anonymous_id", ADA.anonymous_id), ("email", ADA.email))
    shown = {one["kind"]: one["value"] for one in report["identifiers"]}
    rules = desk.edge.ingest.bound.computation.rules
    sealed = {kind for kind, rule in rules.identifiers.items() if rule.keep == "sealed"}
    known = {"email": ADA.email, "user_id": ADA.user_id, "phone": ADA.phone}
    for kind in set(shown) & sealed & set(known):
        assert shown[kind] == known[kind]
    for kind in set(shown) - sealed:
        assert shown[kind] is None
    actions = [json.loads(entry)["action"] for entry in desk.entries()]
    assert actions.index("case:opened") < actions.index("identity:reveal")
    assert actions.index("identity:reveal") < actions.index("case:closed")


def test_every_membership_is_explained_and_can_be_recomputed_from_the_report(
    desk: RightsDesk,
) -> None:
    seed_everywhere(desk)
    rules = desk.edge.ingest.bound.computation.rules
    report = desk.report(("user_id", ADA.user_id))
    explained = [segment for domain in report["domains"] for segment in domain["segments"]]
    assert explained
    assert {segment["segment"] for segment in explained} == {
        row["segment"].partition("@")[0] for row in report["records"]["store.membership"]
    }
    for domain in report["domains"]:
        values = {feature["feature"]: feature["value"] for feature in domain["features"]}
        for segment in domain["segments"]:
            assert segment["recomputed"] is True
            assert holds(rules.segments[segment["segment"]].condition, values, {}) is True
            assert segment["rule_text"]["fr"]
            assert segment["inputs"]


def test_a_report_holds_nothing_of_another_person(desk: RightsDesk) -> None:
    seed_everywhere(desk, GRACE)
    seed_everywhere(desk, ADA)
    report = desk.report(("user_id", ADA.user_id))
    assert canaries(GRACE, json.dumps(report, ensure_ascii=False)) == ()


def test_an_unknown_person_gets_the_same_shape_with_a_reason(desk: RightsDesk) -> None:
    seed_everywhere(desk, ADA)
    known = desk.ask(CaseType.ACCESS, ("user_id", ADA.user_id))
    unknown = desk.ask(CaseType.ACCESS, ("user_id", GRACE.user_id))
    assert (known.state, unknown.state) == (CaseState.CLOSED, CaseState.CLOSED)
    assert unknown.reason == CaseReason.NOT_IDENTIFIABLE
    answer = desk.service.result(None, unknown.id)
    assert answer["remedies"]
    assert "Article 11(2)" in answer["explanation"]


def test_a_failed_identity_check_is_refused_and_opens_nothing(desk: RightsDesk) -> None:
    seed_everywhere(desk)
    case = desk.ask(CaseType.ACCESS, ("user_id", ADA.user_id), check=DOUBTFUL)
    assert case.state == CaseState.REFUSED
    assert case.reason == CaseReason.IDENTITY_NOT_VERIFIED
    assert case.sealed_dossier is None
    assert not any("identity:reveal" in entry for entry in desk.entries())


def test_no_case_row_or_audit_entry_holds_the_identifier(desk: RightsDesk) -> None:
    seed_everywhere(desk)
    desk.service.open(None, desk_request())
    desk.report(("email", ADA.email))
    with desk.rights.connect() as rights:
        rows = rights.exec_driver_sql('select c::text from rights."case" c').scalars().all()
    for said in (*rows, *desk.entries()):
        assert canaries(ADA, said) == ()


def test_the_log_names_a_report_by_its_sealed_form_alone(desk: RightsDesk) -> None:
    """A digest of the text would let whoever holds a copy prove, for ever, whose it was."""
    seed_everywhere(desk)
    case = desk.ask(CaseType.ACCESS, ("user_id", ADA.user_id))
    assert case.result is not None
    closing = [
        entry for entry in map(json.loads, desk.entries()) if entry["action"] == "case:closed"
    ]
    assert closing[-1]["fields"]["result"] == hashlib.sha256(case.result).hexdigest()


def desk_request():  # noqa: ANN201
    from gateway.rights.service import Request
    from tests.support.rights import CONFIRMED

    return Request(CaseType.ACCESS, (("email", ADA.email),), CONFIRMED)
