"""The documents hang together: links lead somewhere, words are listed, decisions are complete."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.lints import ROOT

PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
SECTIONS = ["Context", "Decision", "Consequences", "Alternatives", "Enforced by"]
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text()

# Tables whose names are plain words of databases and programs, not of our field.
PLAIN = {
    "batch",
    "consent_record",
    "detail",
    "import_run",
    "state",
    "identifier",
    "operator",
}


def broken_links(page: Path, text: str) -> list[str]:
    """Give the relative links of *text* that lead nowhere."""
    targets = re.findall(r"\]\(([^)#\s]+)", text)
    return [t for t in targets if "://" not in t and not (page.parent / t).exists()]


def broken_paths(text: str) -> list[str]:
    """Give the files that *text* names in code and that do not exist."""
    named = re.findall(
        r"`((?:gateway|pseudonymizer|workers|policies|tests|docs|docker|benchmarks|\.ci)/[\w./-]*)`",
        text,
    )
    return [path for path in named if not (ROOT / path).exists()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_and_every_file_named_exists(page: Path) -> None:
    assert broken_links(page, page.read_text()) == []
    assert broken_paths(page.read_text()) == []


def test_a_dead_link_would_be_noticed() -> None:
    assert broken_links(ROOT / "README.md", "[x](docs/nothing.md) [y](docs/style.md)") == [
        "docs/nothing.md"
    ]
    assert broken_paths("`gateway/nothing.py` and `gateway/errors.py`") == ["gateway/nothing.py"]


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.stem)
def test_a_decision_says_all_it_should(page: Path) -> None:
    assert re.findall(r"^## (.+)$", page.read_text(), re.MULTILINE) == SECTIONS


def test_decisions_are_numbered_without_a_gap_and_listed() -> None:
    index = (ROOT / "docs" / "decisions" / "README.md").read_text()
    assert [int(page.name[:4]) for page in DECISIONS] == list(range(1, len(DECISIONS) + 1))
    assert [page.name for page in DECISIONS if f"({page.name})" not in index] == []


def unlisted(names: set[str]) -> set[str]:
    """Give those of *names* that the glossary has under no term."""
    words = GLOSSARY.lower().replace("_", " ")
    return {name for name in names if name.lower().replace("_", " ") not in words}


def test_every_table_is_a_word_of_the_glossary() -> None:
    from workers.store.tables import metadata

    assert unlisted({table.name for table in metadata.tables.values()} - PLAIN) == set()


def test_a_word_without_an_entry_would_be_noticed() -> None:
    assert unlisted({"thingamajig", "erasure_journal"}) == {"thingamajig"}


def test_the_words_we_do_not_use_are_not_terms() -> None:
    terms = [line.split("|")[1].strip() for line in GLOSSARY.splitlines() if line.startswith("| ")]
    assert not {"user", "customer", "profile", "cohort", "token"} & set(terms)
    assert terms[1:] == sorted(terms[1:], key=str.lower)
