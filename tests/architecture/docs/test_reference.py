"""Settings, error codes and reasons are documented, because the pages are written from them."""

from __future__ import annotations

from collections import defaultdict

import pytest

from policies.decisions import Reason
from policies.errors import ParaventError
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


def test_every_error_has_a_code_and_a_remedy() -> None:
    silent = [
        cls.__name__
        for cls in reference.error_classes()
        if cls is not ParaventError
        and (cls.code == "internal" or cls.remedy == ParaventError.remedy)
    ]
    assert silent == []


# Said by a command and by an answer, about the same state of the world.
SAID_TWICE = {"segment-unknown": {"SegmentUndeclared", "SegmentUnknown"}}


def test_no_two_errors_share_a_code_unless_one_is_a_kind_of_the_other() -> None:
    by_code = defaultdict(set)
    for cls in reference.error_classes():
        if not any(
            parent.code == cls.code for parent in cls.__mro__[1:] if hasattr(parent, "code")
        ):
            by_code[cls.code].add(cls.__name__)
    shared = {code: names for code, names in by_code.items() if len(names) > 1}
    assert {code: names for code, names in shared.items() if SAID_TWICE.get(code) != names} == {}


def test_every_reason_is_explained() -> None:
    assert set(reference.REASONS) == set(Reason)
