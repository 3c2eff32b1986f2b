"""What happened in the shop, as rows of the store: drawn in columns, because there are millions."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import numpy.typing as npt

from workers.store.computation import Computation
from workers.store.event_rows import EventRow

# Share of the events, and whether they are about a product with its price.
NAMES = {
    "Page Viewed": (0.30, False),
    "Product List Viewed": (0.20, False),
    "Product Viewed": (0.38, True),
    "Product Added": (0.08, True),
    "Checkout Started": (0.02, False),
    "Order Completed": (0.02, True),
}
PRODUCTS, CATEGORIES, PAGES, DEVICES = 1_200, 6, 1_300, 4

Subjects = npt.NDArray[np.int64]
Instants = npt.NDArray[np.int64]
CONSENTED_US = 200 * 86_400_000_000  # ago
VALID_US = 366 * 86_400_000_000


class Happenings:
    """Makes rows for subjects of the rulebook's first domain, who consented to all of it."""

    def __init__(self, ctx: Computation, source: int, dice: np.random.Generator) -> None:
        key = next(iter(ctx.rules.domains))
        self.domain = ctx.domains[key]
        purposes = sorted(
            ctx.purposes[rule.key] for rule in ctx.rules.purposes.values() if rule.domain == key
        )
        since = int(time.time() * 1e6) - CONSENTED_US
        self.consent = [each for purpose in purposes for each in (purpose, since, since + VALID_US)]
        self._mask = sum(1 << (purpose - 1) for purpose in purposes)
        self._names = np.array([ctx.names[name] for name in NAMES])
        self._shares = [share for share, _ in NAMES.values()]
        self._sells = np.array([sells for _, sells in NAMES.values()])
        self._source, self._dice = source, dice

    def rows(self, whose: Subjects, happened: Instants, batch: int) -> list[EventRow]:
        """Give a row for each of *whose* (subjects) and *happened* (microseconds)."""
        dice, count = self._dice, len(whose)
        which = dice.choice(len(self._names), count, p=self._shares)
        products, sells = dice.integers(1, PRODUCTS + 1, count), self._sells[which]
        columns: dict[str, list[Any]] = {
            "subject": whose.tolist(),
            "mid": dice.integers(-(2**63), 2**63 - 1, count).tolist(),
            "at": happened.tolist(),
            "batch": [batch] * count,
            "amount": _where(sells, 499 + 137 * products % 20_000),
            "name": self._names[which].tolist(),
            "purposes": [self._mask] * count,
            "page": dice.integers(1, PAGES + 1, count).tolist(),
            "product": _where(sells, products),
            "category": _where(sells, products % CATEGORIES + 1),
            "device": dice.integers(1, DEVICES + 1, count).tolist(),
            "quantity": _where(sells, np.ones(count, int)),
            "source": [self._source] * count,
            "kind": [0] * count,
        }
        absent = [None] * count
        return [
            EventRow._make(row)
            for row in zip(*(columns.get(name, absent) for name in EventRow._fields), strict=True)
        ]


def _where(there: npt.NDArray[np.bool_], values: npt.NDArray[np.int64]) -> list[Any]:
    """Give *values* where they are there, and null elsewhere."""
    return [v if yes else None for yes, v in zip(there.tolist(), values.tolist(), strict=True)]
