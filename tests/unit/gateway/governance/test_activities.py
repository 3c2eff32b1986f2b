"""The record of processing leaves nothing of the rulebook and the schemas out (R-27)."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest

from gateway.governance import activities
from gateway.governance.controls import CONTROLS, Control
from gateway.governance.labels import BASES, CATEGORIES, PERIODS
from gateway.rights.databases import tables
from policies.data_map import Erasure, TableNote
from policies.load import load_rulebook
from policies.ruleset import RecipientRule
from policies.vocabulary import DataCategory, LegalBasis
from tests.support.lints import ROOT

RULES = load_rulebook()
TABLES = tables()
ABROAD = RecipientRule("mailer", "Example Mail Inc.", "US", ("email_marketing",))
NEAR = RecipientRule("printer", "Imprimerie d'exemple", "FR", ("email_marketing", "advertising"))


def read(text: str) -> list[dict[str, str]]:
    """Read a sheet as a French spreadsheet does."""
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), delimiter=";"))


def test_every_purpose_and_operation_is_one_activity() -> None:
    found = [each.key for each in activities.activities(RULES, TABLES)]
    assert found == [*RULES.purposes, *activities.OPERATIONS]


def test_every_table_of_both_databases_is_in_the_record() -> None:
    held = {name for each in activities.activities(RULES, TABLES) for name in each.tables}
    assert held == {f"{table.schema}.{table.name}" for table in TABLES}


def test_a_column_kept_for_something_unheard_of_would_be_missed_and_is_not() -> None:
    """Whoever adds an operation to the notes of the tables has to name it here, too."""
    kept = {column.purpose for table in TABLES for column in table.columns.values()}
    assert kept <= {activities.DECLARED, *activities.OPERATIONS, *RULES.purposes}


def test_every_word_an_export_needs_is_there_in_both_languages() -> None:
    ends = {column.retention for table in TABLES for column in table.columns.values()}
    assert ends <= PERIODS.keys()
    assert set(DataCategory) == CATEGORIES.keys()
    assert set(LegalBasis) == BASES.keys()
    labels = [*PERIODS.values(), *CATEGORIES.values(), *BASES.values(), *activities.HEADS]
    assert all(label.fr and label.en for label in labels)


def test_recipients_are_named_with_their_country_and_a_transfer_is_called_one() -> None:
    rules = replace(RULES, recipients={"mailer": ABROAD, "printer": NEAR})
    by_key = {each.key: each for each in activities.activities(rules, TABLES)}
    mail = by_key["email_marketing"]
    assert mail.recipients == ("Example Mail Inc. (US)", "Imprimerie d'exemple (FR)")
    assert mail.transfers == ("Example Mail Inc. (US)",)
    assert by_key["advertising"].recipients == ("Imprimerie d'exemple (FR)",)
    assert by_key["personalisation"].recipients == ()


def test_an_activity_says_which_data_its_own_events_carry() -> None:
    by_key = {each.key: each for each in activities.activities(RULES, TABLES)}
    assert DataCategory.TRANSACTION in by_key["personalisation"].categories
    for key, activity in by_key.items():
        needed = {
            each.category
            for event in RULES.events.values()
            if key in event.purposes
            for each in event.properties.values()
            if key in each.purposes
        }
        assert needed <= set(activity.categories)


def test_the_sheet_has_a_row_an_activity_and_no_empty_cell_that_the_law_asks_for() -> None:
    rows = read(activities.spreadsheet(RULES, TABLES))
    assert [row["Activité / Activity"] for row in rows] == [
        each.key for each in activities.activities(RULES, TABLES)
    ]
    words = ("Purpose", "Legal basis", "Controller", "Data subjects", "Categories of data",
             "Recipients", "Retention", "Security measures")  # fmt: skip
    asked = [head.both() for head in activities.HEADS if head.en in words]
    assert len(asked) == len(words)
    empty = [(row[asked[0]], head) for row in rows for head in asked if not row[head]]
    assert empty == []


def test_the_document_says_the_same() -> None:
    found = activities.document(RULES, TABLES)
    assert found["rulebook"] == RULES.hash
    assert found["controller"]["data_protection_officer"] == RULES.controller.dpo
    assert [each["activity"] for each in found["activities"]] == [
        *RULES.purposes, *activities.OPERATIONS
    ]  # fmt: skip


def test_a_table_without_a_label_for_its_end_fails() -> None:
    note = next(iter(TABLES[0].columns.values()))
    odd = TableNote("store", "odd", Erasure.KEEP, {"x": replace(note, retention="whenever")})
    with pytest.raises(KeyError):
        activities.activities(RULES, [odd])


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.test)
def test_every_measure_names_a_test_that_exists(control: Control) -> None:
    page = (ROOT / control.test).read_text(encoding="utf-8")
    assert "def test_" in page
