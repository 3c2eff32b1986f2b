"""Settings, error codes and reasons are documented, because the pages are written from them."""

from __future__ import annotations

from collections import defaultdict

import pytest

from policies.decisions import Reason
from tests.support import reference
from tests.support.lints import ROOT


@pytest.mark.parametrize("path", reference.PAGES)
def test_the_page_says_what_the_program_does(path: str) -> None:
    written = (ROOT / path).read_text()
    assert "<!-- written: " in written
    assert written == reference.filled(written), "run `python -m tests.support.reference`"


def test_a_page_that_lags_behind_would_be_noticed() -> None:
    stale = "<!-- written: reasons -->\n\n| `consent-lost` |\n\n<!-- end -->"
    assert reference.filled(stale) != stale


def test_every_setting_is_described() -> None:
    bare = [
        name
        for _, settings in reference.settings_classes()
        for name, field in reference.variables(settings)
        if not field.description
    ]
    assert bare == []


def test_every_error_has_a_code_and_a_remedy_of_its_own() -> None:
    from policies.errors import ParaventError

    unsaid = [
        cls.__name__
        for cls in reference.error_classes()
        if cls is not ParaventError and ("code" not in vars(cls) or "remedy" not in vars(cls))
    ]
    assert unsaid == []


def test_no_two_errors_share_a_code() -> None:
    by_code = defaultdict(list)
    for cls in reference.error_classes():
        by_code[cls.code].append(cls.__name__)
    assert {code: names for code, names in by_code.items() if len(names) > 1} == {}


def test_every_reason_is_explained() -> None:
    assert set(reference.REASONS) == set(Reason)
