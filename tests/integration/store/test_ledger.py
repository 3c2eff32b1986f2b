"""The consent ledger is appended to, in order, and never changed."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from tests.support.store_rows import NOON_US, enrolled, ledger, seed
from workers.store import consent
from workers.store.errors import StoreRefused
from workers.store.transactions import run, transaction


def test_records_read_back_in_the_order_they_were_appended(store_gateway: Engine) -> None:
    words = seed(store_gateway)
    one, two = enrolled(store_gateway, words, 2)
    records = [
        ledger(two.id, words),
        ledger(one.id, words, status="refused", source=None),
        ledger(two.id, words, status="withdrawn", method="api", scope="account", at_us=NOON_US + 1,
               notice="2026-01", evidence="form 7", signal_hash=b"\x00\xff"),
    ]  # fmt: skip
    with transaction(store_gateway) as connection:
        places = consent.append(connection, records)
    assert places == sorted(places)
    kept = [record._replace(seq=place) for record, place in zip(records, places, strict=True)]
    with transaction(store_gateway) as connection:
        assert consent.append(connection, []) == []
        assert consent.of_subjects(connection, [one.id, two.id, 99]) == {
            one.id: [kept[1]], two.id: [kept[0], kept[2]], 99: [],
        }  # fmt: skip


@pytest.mark.parametrize("role", ["store_gateway", "store_workers"])
def test_no_role_rewrites_a_record(role: str, request: pytest.FixtureRequest) -> None:
    engine: Engine = request.getfixturevalue(role)
    with pytest.raises(StoreRefused, match="42501"), transaction(engine) as connection:
        run(connection, "update store.consent_record set status = 'given'", ())
