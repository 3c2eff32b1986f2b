"""Erase wide (R-41): known variants of an address are listed for review, and reached when named."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.rights.cases import CaseType
from gateway.rights.errors import ResultExpired
from tests.support.builders import ADA, GRACE, Person, identify
from tests.support.rights import RightsDesk, canaries

SHOP = replace(ADA, user_id="cust-ada-shop", email="ada.lovelace+shop@example.org")
NEWS = replace(ADA, user_id="cust-ada-news", email="ada.lovelace+news@example.org")


@pytest.fixture
def desk(desk: RightsDesk) -> RightsDesk:
    at = datetime.fromtimestamp(desk.edge.now_us / 1_000_000, UTC) - timedelta(hours=3)
    for person in (SHOP, NEWS, GRACE):
        said = identify(person, at=at, sentAt=None, traits={"phone": ""})
        desk.edge.send({**said, "anonymousId": None})
    return desk


def variants(desk: RightsDesk, person: Person) -> dict[str, Any]:
    row = desk.ask(CaseType.VARIANTS, ("email", person.email))
    return desk.service.result(None, row.id)


def test_a_request_lists_both_tags_and_whose_each_is_in_numbers(desk: RightsDesk) -> None:
    for asked in (SHOP, NEWS, ADA):
        listed = variants(desk, asked)["variants"]
        assert {each["value"] for each in listed} == {SHOP.email, NEWS.email}
        assert {each["person"] for each in listed} == {1, 2}


def test_nothing_else_of_theirs_is_shown(desk: RightsDesk) -> None:
    document = json.dumps(variants(desk, SHOP))
    assert SHOP.user_id not in document
    assert NEWS.user_id not in document
    assert canaries(GRACE, document) == ()


def test_what_is_not_named_is_not_reached(desk: RightsDesk) -> None:
    variants(desk, SHOP)
    desk.erase(("email", SHOP.email))
    assert desk.report(("email", NEWS.email))["held"]["vault.subject"] == 1


def test_what_was_confirmed_is_erased_with_the_rest(desk: RightsDesk) -> None:
    both = tuple(("email", each["value"]) for each in variants(desk, SHOP)["variants"])
    assert desk.erase(*both)["per_store"]["vault"]["vault.subject"] == 2
    assert desk.ask(CaseType.ACCESS, *both).reason == "not_identifiable"
    assert desk.report(("email", GRACE.email))["held"]["vault.subject"] == 1


def test_the_list_is_gone_once_somebody_in_it_is_erased(desk: RightsDesk) -> None:
    row = desk.ask(CaseType.VARIANTS, ("email", SHOP.email))
    desk.erase(("email", NEWS.email))
    with pytest.raises(ResultExpired):
        desk.service.result(None, row.id)


def test_each_seal_that_is_opened_is_in_the_log_first(desk: RightsDesk) -> None:
    variants(desk, SHOP)
    entries = desk.entries()
    actions = [json.loads(entry)["action"] for entry in entries]
    assert actions[0] == "case:opened"
    assert actions.count("identity:reveal") == 2
    assert actions.index("identity:reveal") < actions.index("case:closed")
    assert canaries(SHOP, "".join(entries)) == ()


def test_somebody_unknown_is_answered_with_an_empty_list(desk: RightsDesk) -> None:
    nobody = replace(ADA, email="alan.turing@example.org")
    assert variants(desk, nobody)["variants"] == []
