"""A clickstream file goes in; what comes out is what pandas makes of it, to the last digit."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType

import pytest
from sqlalchemy import Engine

from gateway.importing.mapping import read_map
from gateway.importing.run import Import, Report, run
from gateway.ingest.wire import Assertion
from policies.ruleset import RuleSet
from tests.support.clickstream import MAP, computed, differences, expected, write_clickstream
from tests.support.edge import TestEdge, make_edge, shop_rules
from workers.jobs.drain import drain_all
from workers.jobs.refresh import refresh

NEWEST = datetime(2026, 6, 29, 22, 0, tzinfo=UTC)
AS_OF = datetime(2026, 6, 30, tzinfo=UTC)
ASSERTED = Assertion(("personalisation",), "contract 2026/17")


def longer(rules: RuleSet, period: timedelta) -> RuleSet:
    """Give the shop's rulebook with another retention."""
    purposes = {
        key: dataclasses.replace(rule, retention=period) for key, rule in rules.purposes.items()
    }
    return dataclasses.replace(rules, purposes=MappingProxyType(purposes))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "clicks.csv"
    write_clickstream(path, people=60, seed=7, newest=NEWEST)
    return path


def carried(edge: TestEdge, file: Path, assertion: Assertion | None) -> Report:
    map_file = file.with_name("map.yaml")
    map_file.write_text(MAP)
    wanted = Import(file, read_map(map_file), 1, assertion)
    return run(edge.ingest, edge.store, wanted, lambda _: None)


def rows_in(file: Path) -> int:
    return len(file.read_text().splitlines()) - 1


@pytest.fixture
def roomy(edge: TestEdge, store_gateway: Engine, vault_engine: Engine, tmp_path: Path) -> TestEdge:
    del edge  # its rulebook is bound first, as in an installation that changes its retention
    return make_edge(
        store_gateway, vault_engine, tmp_path, longer(shop_rules(), timedelta(days=4000))
    )


def test_without_a_statement_about_consent_nothing_is_stored(roomy: TestEdge, file: Path) -> None:
    assert carried(roomy, file, None).refused == {"consent-missing": rows_in(file)}
    assert roomy.count("event") == 0
    assert roomy.count("subject") == 0


def test_every_row_is_stored_once_however_often_its_file_comes(roomy: TestEdge, file: Path) -> None:
    first = carried(roomy, file, ASSERTED)
    second = carried(roomy, file, ASSERTED)
    assert (first.stored, first.duplicates) == (rows_in(file), 0)
    assert (second.stored, second.duplicates) == (0, rows_in(file))
    assert roomy.count("event") == rows_in(file)


def test_an_interrupted_import_goes_on_where_it_stopped(
    roomy: TestEdge, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.importing.run.BATCH_ROWS", 100)
    stopped = 3

    def stop(done: int) -> None:
        if done >= stopped * 100:
            raise KeyboardInterrupt

    map_file = file.with_name("map.yaml")
    map_file.write_text(MAP)
    wanted = Import(file, read_map(map_file), 1, ASSERTED)
    with pytest.raises(KeyboardInterrupt):
        run(roomy.ingest, roomy.store, wanted, stop)
    assert roomy.count("event") == stopped * 100
    report = carried(roomy, file, ASSERTED)
    assert (report.received, report.stored, report.duplicates) == (rows_in(file), rows_in(file), 0)
    assert roomy.count("event") == rows_in(file)


def test_the_statement_stands_in_the_ledger_as_such(roomy: TestEdge, file: Path) -> None:
    carried(roomy, file, ASSERTED)
    said = roomy.rows("select distinct method, status, evidence from store.consent_record")
    assert [tuple(row) for row in said] == [("asserted", "given", ASSERTED.evidence)]


def test_features_equal_an_independent_recomputation_with_pandas(
    roomy: TestEdge, store_workers: Engine, file: Path
) -> None:
    carried(roomy, file, ASSERTED)
    computation = roomy.ingest.bound.computation
    drain_all(store_workers, computation, clock=lambda: roomy.now_us)
    refresh(store_workers, computation, as_of=AS_OF, full=False)
    frame = expected(file, AS_OF)
    assert differences(frame, computed(roomy, list(frame.index))) == []
