"""The shipped rulebook: complete, tried by its own examples, and in nobody's way."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.cli.trying import computed
from policies.check import check
from policies.conditions import features_of
from policies.examples import failures, run_examples
from policies.load import load_rulebook
from policies.vocabulary import Column, DataCategory, EventKind, PropertyType
from tests.support.rulebooks import copied

RULES = load_rulebook()
CLICKSTREAM = [
    "home",
    "promo_page",
    "product_view",
    "catalog",
    "search",
    "filter_results",
    "add_to_cart",
    "cart",
    "shipping_details",
    "payment_details",
    "purchase",
    "wishlist_add",
    "account_page",
    "review_page",
    "support_chat",
    "error_page",
    "compare",
    "payment_error",
    "checkout_bug",
]


def test_every_example_holds() -> None:
    results = run_examples(RULES, compute=computed)
    assert failures(results) == []
    assert not any(result.skipped for result in results)
    assert len(results) > 60


def test_there_is_nothing_to_complain_about() -> None:
    assert check(RULES, compute=computed) == []


def test_every_purpose_rests_on_consent_and_is_kept_for_25_months() -> None:
    for purpose in RULES.purposes.values():
        assert purpose.legal_basis == "consent"
        assert purpose.retention == timedelta(days=761)
        assert purpose.consent_validity == timedelta(days=183)
        assert purpose.feature_retention == timedelta(days=396)


def test_the_domains_share_no_purpose() -> None:
    assert {key: rule.purposes for key, rule in RULES.domains.items()} == {
        "marketing": ("personalisation", "email_marketing", "advertising"),
        "measurement": ("audience_measurement",),
    }


def test_the_funnel_comes_first_in_its_order() -> None:
    assert RULES.steps[:4] == ("view", "cart", "checkout", "purchase")


@pytest.mark.parametrize("name", CLICKSTREAM)
def test_a_plain_clickstream_is_understood_and_serves_every_purpose(name: str) -> None:
    rule = RULES.event_named(name, "track")
    assert rule is not None
    assert set(rule.purposes) == set(RULES.purposes)


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("Product Viewed", "track", "Product Viewed"),
        ("  product   viewed ", "track", "Product Viewed"),
        (None, "page", "Page Viewed"),
        ("", "page", "Page Viewed"),
        ("Payroll", "page", "Page Viewed"),
        ("Payroll", "screen", "Screen Viewed"),
        ("Payroll", "track", None),
        (None, "identify", None),
        ("Product Viewed", "identify", None),
    ],
)
def test_a_call_finds_its_event_or_none(name: str | None, kind: str, expected: str | None) -> None:
    rule = RULES.event_named(name, kind)
    assert (rule.name if rule else None) == expected


def test_what_people_type_serves_personalisation_only_and_is_scanned() -> None:
    query = RULES.events["Products Searched"].properties["query"]
    assert query.purposes == ("personalisation",)
    assert query.scan


def test_no_text_is_kept_unscanned_and_no_property_is_an_identifier() -> None:
    for rule in RULES.properties.values():
        assert rule.category is not DataCategory.IDENTIFIER
        if rule.type in {PropertyType.STRING, PropertyType.TEXT, PropertyType.URL}:
            assert rule.scan, rule.name


def test_purchases_carry_an_amount() -> None:
    bought = [event for event in RULES.events.values() if event.step == "purchase"]
    assert bought
    for event in bought:
        assert any(rule.column is Column.AMOUNT for rule in event.properties.values())


def test_identify_group_and_alias_leave_no_event() -> None:
    kinds = {event.kind for event in RULES.events.values()}
    assert kinds == {EventKind.TRACK, EventKind.PAGE, EventKind.SCREEN}


def test_segments_read_only_declared_features_of_their_domain() -> None:
    for segment in RULES.segments.values():
        domain = RULES.purposes[segment.purpose].domain
        read = features_of(segment.condition)
        assert read
        assert all(RULES.features[key].domain == domain for key in read)


def test_the_floor_is_twenty() -> None:
    assert RULES.disclosure.count_floor == 20


def test_a_domain_gives_its_purposes() -> None:
    assert RULES.purpose_of_domain("measurement") == ("audience_measurement",)


def test_everything_a_dpo_reads_is_there_in_french_and_english() -> None:
    for rules in (RULES.domains, RULES.purposes, RULES.identifiers, RULES.events, RULES.features,
                  RULES.segments, RULES.retention, RULES.step_rules):  # fmt: skip
        for rule in rules.values():
            assert rule.label_fr
            assert rule.label_en


def test_the_hash_names_the_content_and_not_its_spelling(tmp_path: Path) -> None:
    copy = copied(tmp_path)
    assert load_rulebook(copy).hash == RULES.hash
    file = copy / "disclosure.yaml"
    file.write_text("# another comment\n" + file.read_text().replace(": 20", ":    20"))
    assert load_rulebook(copy).hash == RULES.hash
    file.write_text(file.read_text().replace("20", "21"))
    changed = load_rulebook(copy)
    assert re.fullmatch(r"[0-9a-f]{64}", changed.hash)
    assert changed.hash != RULES.hash
