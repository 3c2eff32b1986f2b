"""The house keeps its own rules; and every rule notices the thing it is there to notice."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from tests.support import lints
from tests.support.lints import Lint, Source

STORE_DEPENDENCY = """
def _store(request):
    with transaction(request.app.state.engine) as connection:
        yield connection

Store = Annotated[Connection, Depends(_store{scope})]
"""

# rule, path, kept, broken
CASES: list[tuple[Lint, str, str, str]] = [
    (
        lints.only_transactions_commit,
        "gateway/ingest/service.py",
        "with transaction(engine) as store: record(store)",
        "connection.commit()",
    ),
    (
        lints.only_transactions_commit,
        "workers/jobs/refresh.py",
        "engine = connect(dsn)",
        "engine = create_engine(dsn)",
    ),
    (
        lints.only_transactions_commit,
        "workers/store/events.py",
        "connection.begin_nested()",
        "with engine.begin() as store: pass",
    ),
    (
        lints.reveals_are_few,
        "gateway/console/views.py",
        "str(identifier)",
        "identifier.reveal()",
    ),
    (
        lints.statements_have_one_home,
        "workers/jobs/expire.py",
        "'selected from the menu'",
        "'select id from store.event'",
    ),
    (
        lints.files_are_short,
        "policies/long.py",
        "x = 1\n" * 300,
        "x = 1\n" * 301,
    ),
    (
        lints.functions_are_short,
        "policies/long.py",
        "def f():\n    '''Say much.\n" + "\n" * 40 + "    '''\n" + "    x = 1\n" * 40,
        "def f():\n" + "    x = 1\n" * 41,
    ),
    (
        lints.functions_are_short,
        "policies/wide.py",
        "def f(self, a, b, c, d, e, *, g, h): pass",
        "def f(a, b, c, d, e, g): pass",
    ),
    (
        lints.transactions_end_before_the_answer,
        "gateway/dependencies.py",
        STORE_DEPENDENCY.format(scope=', scope="function"'),
        STORE_DEPENDENCY.format(scope=""),
    ),
    (
        lints.rulebook_imports_nobody,
        "policies/load.py",
        "import re\nfrom ruamel.yaml import YAML\nfrom policies.errors import ParaventError",
        "import yaml",
    ),
    (
        lints.claims_are_honest,
        "docs/page.md",
        "Pseudonymised data is never anonymous data.",
        "We store anonymous data.",
    ),
    (lints.claims_are_honest, "README.md", "anonymous_id, anonymousId", "It is GDPR compliant."),
    (
        lints.claims_are_honest,
        "gateway/a.py",
        "# personal data",
        "# holds PII",
    ),
]


@pytest.mark.parametrize("lint", lints.PYTHON_LINTS, ids=lambda lint: lint.__name__)
def test_the_house_keeps_the_rule(lint: Lint) -> None:
    findings = [finding for source in lints.python_sources() for finding in lint(source)]
    assert findings == []


@pytest.mark.parametrize("lint", lints.TEXT_LINTS, ids=lambda lint: lint.__name__)
def test_every_text_keeps_the_rule(lint: Lint) -> None:
    findings = [finding for source in lints.written_sources() for finding in lint(source)]
    assert findings == []


@pytest.mark.parametrize(
    ("lint", "path", "kept", "broken"),
    CASES,
    ids=[f"{lint.__name__}-{number}" for number, (lint, *_) in enumerate(CASES)],
)
def test_the_rule_tells_kept_from_broken(lint: Lint, path: str, kept: str, broken: str) -> None:
    assert lint(Source(PurePosixPath(path), kept)) == []
    assert lint(Source(PurePosixPath(path), broken)) != []


@pytest.mark.parametrize("path", ["workers/utils.py", "gateway/helpers/x.py", "policies/common.py"])
def test_a_drawer_for_odds_and_ends_is_noticed(path: str) -> None:
    assert lints.names_say_something(Source(PurePosixPath(path), "")) != []


def test_a_telling_name_is_kept() -> None:
    assert lints.names_say_something(Source(PurePosixPath("policies/retention.py"), "")) == []


def test_the_places_that_may_commit_or_state_are_real() -> None:
    places = [*lints.COMMITTERS, *lints.STATEMENTS, *lints.REVEALERS]
    assert [place for place in places if not (lints.ROOT / place).exists()] == []


def test_every_rule_has_a_case() -> None:
    cased = {lint for lint, *_ in CASES} | {lints.names_say_something}
    assert cased == {*lints.PYTHON_LINTS, *lints.TEXT_LINTS}
