"""Every import contract holds on a well-kept house and breaks on the one import it forbids."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tests.support.imports import ROOT, broken_contracts, build

DECLARED = {
    contract["id"]: contract["name"]
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
        "contracts"
    ]
}

# contract → cases; a case is the import that must break it, and perhaps others, since some locks
# lie on the same door on purpose.
BROKEN: list[tuple[str, str, str, set[str]]] = [
    ("sides", "policies.load", "import workers.store", {"rules-pure"}),
    ("sides", "pseudonymizer.keyring", "import workers.store", set()),
    ("sides", "pseudonymizer.keyring", "import gateway.ingest", set()),
    ("workers-blind", "workers.store", "import pseudonymizer.keyring", {"sides", "maths-pure"}),
    ("workers-blind", "workers.jobs", "import pseudonymizer.vault.remember", {"sides", "reveal"}),
    ("workers-blind", "workers.store", "import gateway.wiring", {"sides"}),
    ("rules-pure", "policies.consent", "import sqlalchemy", {"maths-pure"}),
    ("rules-pure", "policies.consent", "from pydantic import BaseModel", set()),
    ("maths-pure", "workers.features.state", "import sqlalchemy", set()),
    ("maths-pure", "workers.segments.floor", "import workers.store", {"workers-inside"}),
    ("workers-inside", "workers.store", "import workers.jobs", set()),
    ("workers-inside", "workers.jobs", "import workers.tasks", set()),
    ("workers-inside", "workers.attic", "", set()),
    ("edge-writes-only-store", "gateway.ingest.service", "import workers.segments", set()),
    ("edge-writes-only-store", "gateway.rights", "import workers.jobs", set()),
    ("thief-blind", "gateway.linkability", "import pseudonymizer.keyring", set()),
    ("reveal", "gateway.ingest.service", "import pseudonymizer.vault.remember", set()),
]


def test_every_contract_holds_on_a_well_kept_house(tmp_path: Path) -> None:
    build(tmp_path, {})
    broken, said = broken_contracts(tmp_path)
    assert broken == set(), said


@pytest.mark.parametrize(
    ("contract", "module", "statement", "also"),
    BROKEN,
    ids=[f"{contract}-{module}-{number}" for number, (contract, module, *_) in enumerate(BROKEN)],
)
def test_the_forbidden_import_breaks_its_contract(
    tmp_path: Path, contract: str, module: str, statement: str, also: set[str]
) -> None:
    build(tmp_path, {module: statement})
    broken, said = broken_contracts(tmp_path)
    assert DECLARED[contract] in broken, said
    assert broken <= {DECLARED[contract]} | {DECLARED[name] for name in also}, said


def test_a_way_round_through_the_edge_is_found_and_printed(tmp_path: Path) -> None:
    build(tmp_path, {"workers.store": "import gateway.wiring"})
    _, said = broken_contracts(tmp_path)
    assert "workers.store -> gateway.wiring" in said
    assert "gateway.wiring -> pseudonymizer.vault.remember" in said


def test_no_contract_is_without_a_broken_case() -> None:
    assert {contract for contract, *_ in BROKEN} == set(DECLARED)
