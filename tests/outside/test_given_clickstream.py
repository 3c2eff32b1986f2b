"""The same checks on a real clickstream file of somebody else's: ``make clickstream FILE=...``.

Outside the suite, because the file is not part of the project.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import Engine

from gateway.importing.mapping import read_map
from gateway.importing.run import Import, run
from tests.journeys.test_clickstream import ASSERTED, longer
from tests.support.clickstream import MAP, computed, differences, expected
from tests.support.edge import TestEdge, make_edge, shop_rules
from workers.jobs.drain import drain_all
from workers.jobs.refresh import refresh

AS_OF = datetime(2024, 6, 30, tzinfo=UTC)


@pytest.fixture
def file() -> Path:
    named = os.environ.get("CLICKSTREAM_FILE")
    if not named:
        pytest.fail("no file was named; run `make clickstream FILE=clicks.csv.gz`")
    return Path(named)


def test_a_given_clickstream_is_carried_counted_and_computed(
    edge: TestEdge,
    store_gateway: Engine,
    store_workers: Engine,
    vault_engine: Engine,
    tmp_path: Path,
    file: Path,
) -> None:
    map_file = tmp_path / "map.yaml"
    map_file.write_text(MAP)
    map_ = read_map(map_file)
    rows = len(pd.read_csv(file))
    shipped = run(edge.ingest, edge.store, Import(file, map_, 1, ASSERTED), lambda _: None)
    assert shipped.refused == {"retention-expired": rows}
    roomy = make_edge(
        store_gateway, vault_engine, tmp_path, longer(shop_rules(), timedelta(days=4000))
    )
    silent = run(roomy.ingest, roomy.store, Import(file, map_, 1, None), lambda _: None)
    assert (silent.stored, silent.refused) == (0, {"consent-missing": rows})
    for stored in (rows, 0):
        report = run(roomy.ingest, roomy.store, Import(file, map_, 1, ASSERTED), lambda _: None)
        assert (report.stored, report.duplicates) == (stored, rows - stored)
        assert roomy.count("event") == rows
    drain_all(store_workers, roomy.ingest.bound.computation, clock=lambda: roomy.now_us)
    refresh(store_workers, roomy.ingest.bound.computation, as_of=AS_OF, full=False)
    frame = expected(file, AS_OF)
    found = computed(roomy, list(frame.index))
    print(f"\n{rows} rows, {len(frame)} people, {frame['sessions'].sum():.0f} sessions")  # noqa: T201
    print(f"{frame.size} features compared with pandas")  # noqa: T201
    assert differences(frame, found) == []
