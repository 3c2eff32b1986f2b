"""A rights desk whose store was filled through the front door, connected as the run-time roles."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from sqlalchemy import Engine

from tests.support.builders import Person, identify, page, track
from tests.support.edge import TestEdge
from tests.support.rights import RightsDesk

NAMES = ("ada.lovelace", "grace.hopper", "alan.turing", "katherine.johnson", "jean.bartik")
CROWD = tuple(
    Person(
        f"cust-{NAMES[number % 5]}-{number:04}",
        f"{NAMES[number % 5]}.{number}@example.org",
        f"+3319900{number:04}",
        f"anon-{NAMES[number % 5]}-{number:04}",
    )
    for number in range(1, 31)
)
PRODUCTS = ("difference-engine", "compiler", "bombe", "trajectory", "eniac")


@pytest.fixture
def desk(
    edge: TestEdge, rights_engine: Engine, store_auditor: Engine, store_workers: Engine
) -> RightsDesk:
    return RightsDesk(edge, rights_engine, store_auditor, store_workers)


@pytest.fixture
def crowd(desk: RightsDesk) -> tuple[Person, ...]:
    """Thirty people who consent to everything and look around, each in requests of their own."""
    random = Random(1815)  # noqa: S311  the same in every run, not a secret
    now = datetime.fromtimestamp(desk.edge.now_us / 1_000_000, UTC)
    for person in CROWD:
        at = now - timedelta(seconds=random.randrange(30 * 86_400))
        desk.edge.send(identify(person, at=at, sentAt=None))
        properties = {"product_id": random.choice(PRODUCTS), "price": 18.15, "currency": "EUR"}
        later = at + timedelta(seconds=random.randrange(600))
        desk.edge.send(
            page("/catalogue", person, at=at, sentAt=None),
            track("Product Viewed", person, at=later, properties=properties, sentAt=None),
        )
    return CROWD
