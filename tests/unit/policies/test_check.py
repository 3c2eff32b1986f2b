"""What a check finds, and what a data map annotation may say."""

from __future__ import annotations

from pathlib import Path

import pytest

from policies.check import Level, check, check_data_map, forbidden
from policies.data_map import ColumnNote, Erasure, TableNote, note
from policies.errors import RulebookInvalid
from policies.examples import ExampleEvent, run_examples
from policies.load import load_rulebook
from policies.ruleset import RuleSet
from policies.vocabulary import DataCategory
from tests.support.rulebooks import copied


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return copied(tmp_path)


def changed(folder: Path, file: str, old: str, new: str) -> RuleSet:
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    return load_rulebook(folder)


def test_the_shipped_rulebook_is_clean_and_says_so_without_the_workers_too() -> None:
    rules = load_rulebook()
    assert check(rules) == []
    skipped = [result for result in run_examples(rules) if result.skipped]
    assert {result.file for result in skipped} == {"features.examples.yaml"}


@pytest.mark.parametrize(
    ("file", "old", "new", "found"),
    [
        (
            "consent.yaml",
            "  marketing: [email_marketing]\n",
            "",
            ("consent.yaml", "email_marketing"),
        ),
        (
            "retention.yaml",
            "  choice:",
            "  spare:\n    label: {fr: a, en: a}\n    period: 1 day\n    reason: none\n\n  choice:",
            ("retention.yaml", "spare"),
        ),
        (
            "events.yaml",
            "steps:\n",
            "steps:\n  look: {label: {fr: a, en: a}, funnel: true}\n",
            ("events.yaml", "look"),
        ),
        ("consent.yaml", "proof: proof\n", "", ("consent.yaml", "proof")),
        ("events.yaml", "properties: [topic]", "properties: []", ("properties.yaml", "topic")),
        (
            "purposes.yaml",
            "retention: behaviour",
            "retention: choice",
            ("purposes.yaml", "personalisation"),
        ),
        (
            "retention.yaml",
            "period: 13 months",
            "period: 20 days",
            ("segments/recent_buyers.yaml", "purchases_30d"),
        ),
    ],
)
def test_what_is_probably_not_meant_is_a_warning(
    folder: Path, file: str, old: str, new: str, found: tuple[str, str]
) -> None:
    rules = changed(folder, file, old, new)
    warnings = [(each.file, each.key) for each in check(rules) if each.level is Level.WARNING]
    assert found in warnings


def test_free_text_nobody_looks_through_is_an_error(folder: Path) -> None:
    rules = changed(folder, "properties.yaml", "scan: true", "scan: false")
    assert [(found.level, found.key) for found in check(rules)] == [(Level.ERROR, "query")]


@pytest.mark.parametrize(
    "text",
    ["Femmes enceintes", "diabetic_patients_health", "Électeurs politiques", "Enfants", "Halal"],
)
def test_a_segment_of_a_special_category_is_an_error(folder: Path, text: str) -> None:
    rules = changed(folder, "segments/newcomers.yaml", "en: Newcomers", f"en: {text}")
    assert [(found.level, found.file) for found in check(rules, folder)] == [
        (Level.ERROR, "segments/newcomers.yaml")
    ]


@pytest.mark.parametrize(
    ("file", "old", "new", "key"),
    [
        ("features.yaml", "en: Product pages seen", "en: Medicines looked at", "views"),
        ("events.yaml", "aliases: [home,", "aliases: [Pregnancy Test, home,", "Page Viewed"),
    ],
)
def test_nothing_else_may_be_named_after_a_special_category_either(
    folder: Path, file: str, old: str, new: str, key: str
) -> None:
    rules = changed(folder, file, old, new)
    found = [(each.file, each.key) for each in forbidden(rules)]
    assert found == [(file, key)]


def test_a_rulebook_that_names_no_special_categories_goes_by_the_shipped_words(
    folder: Path,
) -> None:
    (folder / "special_categories.yaml").unlink()
    (folder / "special_categories.examples.yaml").unlink()
    rules = changed(folder, "segments/newcomers.yaml", "en: Newcomers", "en: Patients' health")
    assert rules.special_categories == load_rulebook().special_categories
    assert [each.file for each in check(rules, folder) if each.level is Level.ERROR] == [
        "segments/newcomers.yaml"
    ]


def test_what_was_said_is_not_forgotten_while_it_counts(folder: Path) -> None:
    rules = changed(folder, "retention.yaml", "period: 5 years", "period: 30 days")
    assert [(each.file, each.key) for each in forbidden(rules)] == [("consent.yaml", "proof")]


def test_a_controller_s_own_word_forbids_from_then_on(folder: Path) -> None:
    rules = changed(folder, "special_categories.yaml", "fr: [santé,", "fr: [santé, nouveaux,")
    assert [each.file for each in forbidden(rules)] == ["segments/newcomers.yaml"]


def test_a_rule_that_contradicts_its_example_is_an_error(folder: Path) -> None:
    rules = changed(folder, "segments/newcomers.yaml", "at_most: 14", "at_most: 1")
    (found,) = check(rules, folder)
    assert (found.level, found.file) == (Level.ERROR, "segments/newcomers.examples.yaml")
    assert "the rules say False; the example says True" in found.what


def test_rules_without_examples_are_an_error(folder: Path) -> None:
    (folder / "events.examples.yaml").unlink()
    (folder / "domains.examples.yaml").write_text("examples: []", encoding="utf-8")
    found = {result.file: result.fault for result in run_examples(load_rulebook(folder), folder)}
    assert found["events.examples.yaml"] == "there is no file of examples"
    assert found["domains.examples.yaml"] == "there is no example in the file"


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("controller", "'2026-07-01T22:30:00Z'", "'2026-07-01T22:30:00'"),
        ("controller", "'2026-07-01T22:30:00Z'", "'tonight'"),
        ("domains", "one_pseudonym: true", "one_pseudonym: true\n    more: 1"),
        ("events", "name: product_view", "name: 3"),
        ("features", "recency_days: 3", "income: 3"),
        ("features", "recency_days: 3", "recency_days: [3]"),
        ("features", "event: Product Viewed", "event: Product Vued"),
    ],
)
def test_an_example_that_cannot_be_understood_is_refused(
    folder: Path, file: str, old: str, new: str
) -> None:
    path = folder / f"{file}.examples.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")

    def nothing(_: RuleSet, __: object, ___: int) -> dict[str, float | None]:
        return {}

    with pytest.raises(RulebookInvalid) as refused:
        run_examples(load_rulebook(), folder, compute=nothing)
    assert refused.value.file == f"{file}.examples.yaml"


def test_a_segment_example_may_state_other_segments(folder: Path) -> None:
    rules = changed(
        folder,
        "segments/newcomers.yaml",
        "- {feature: age_days, at_most: 14}",
        "- {segment: engaged_visitors}",
    )
    (folder / "segments/newcomers.examples.yaml").write_text(
        "examples:\n"
        "  - title: a\n    features: {purchases: 0}\n    segments: {engaged_visitors: true}\n"
        "    member: true\n"
        "  - {title: b, features: {purchases: none}, member: false}\n",
        encoding="utf-8",
    )
    assert check(rules, folder) == []


def test_an_example_event_carries_the_rule_and_its_amount(folder: Path) -> None:
    seen: list[ExampleEvent] = []

    def remember(_: RuleSet, history: object, __: int) -> dict[str, float | None]:
        assert isinstance(history, list)
        seen.extend(history)
        return {}

    run_examples(load_rulebook(), folder, compute=remember)
    assert (seen[3].rule.name, seen[3].amount) == ("Order Completed", 4990)


def test_a_note_is_read_back_from_a_column() -> None:
    info = note("pseudonym", "*", "row", "surrogate")
    assert ColumnNote.read(info) == ColumnNote(DataCategory.PSEUDONYM, "*", "row", "surrogate")
    assert ColumnNote.read({"note": ColumnNote.read(info)}) == ColumnNote.read(info)
    assert ColumnNote.read(note(DataCategory.TIME, "audit", "row")) == ColumnNote(
        DataCategory.TIME, "audit", "row"
    )
    assert ColumnNote.read({}) is None


def test_an_unknown_category_or_link_is_refused() -> None:
    with pytest.raises(ValueError, match="astrology"):
        note("astrology", "*", "row")
    with pytest.raises(ValueError, match="no known way"):
        ColumnNote(DataCategory.TIME, "*", "row", "guess")  # type: ignore[arg-type]


def test_the_data_map_tells_which_columns_lead_to_a_person() -> None:
    columns = {
        "subject": ColumnNote(DataCategory.PSEUDONYM, "*", "row", "surrogate"),
        "at": ColumnNote(DataCategory.TIME, "*", "row"),
    }
    table = TableNote("store", "event", Erasure.DELETE, columns)
    assert table.subject_columns == ("subject",)
    assert check_data_map([table]) == []


def test_a_table_an_erasure_would_miss_is_an_error() -> None:
    kept = TableNote(
        "store",
        "copy",
        Erasure.KEEP,
        {"subject": ColumnNote(DataCategory.PSEUDONYM, "", "row", "pid")},
    )
    assert [(found.level, found.key) for found in check_data_map([kept])] == [
        (Level.ERROR, "*"),
        (Level.ERROR, "subject"),
    ]
