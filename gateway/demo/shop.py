"""Who visits the made-up shop, and what do they do there?

Seeded: the same seed and instant give the same visitors, to the last event.
Visitors differ as real ones do: most look around, some come back, few buy; a
part refuses, a part changes its mind, and somebody types an e-mail address
into the search box.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

CATALOGUE = {
    "luminaires": ("lampe-arc", "applique-laiton", "suspension-opaline", "veilleuse-lune"),
    "cuisine": ("cocotte-fonte", "couteau-office", "balance-laiton", "bouilloire-emaillee"),
    "jardin": ("arrosoir-zinc", "serre-balcon", "secateur-courbe", "graines-capucine"),
    "textile": ("plaid-laine", "coussin-lin", "torchon-raye", "nappe-brodee"),
    "papeterie": ("carnet-relie", "encre-bleue", "plume-acier", "enveloppe-kraft"),
}
SEARCHES = ("lampe", "cadeau mariage", "plaid", "carnet", "arrosoir", "coussin lin", "encre")
AGENTS = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Mobile Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
)
SITE = "https://boutique.example"
HEROINE = "ada"  # the visitor whose rights the story exercises
ALL = ("analytics", "personalisation", "marketing", "advertising")

REFUSES, SILENT, PARTLY, FULLY = 0.12, 0.06, 0.20, 0.62  # shares, of visitors


@dataclass(frozen=True, slots=True)
class Visit:
    """One event as the shop's page reports it."""

    at: datetime
    kind: str
    event: str
    properties: dict[str, Any]
    context: dict[str, Any]


@dataclass(slots=True)
class Visitor:
    """One visitor: a name in the shop's own books, what they chose, and what they did."""

    user_id: str
    choices: dict[str, bool] | None
    email: str | None = None
    changes_mind: bool = False
    visits: list[Visit] = field(default_factory=list)


def visitors(count: int, *, seed: int, now: datetime, cast: str) -> list[Visitor]:
    """Make *count* visitors and their last sixty days; the first is the heroine.

    *cast* is part of everybody's name: on databases that have seen a demo
    before, last time's Ada was forgotten and stays so.
    """
    random = Random(seed)  # noqa: S311  # a play, not a secret
    cohort = [_heroine(cast, random, now)]
    cohort += [_visitor(number, cast, random, now) for number in range(1, count)]
    return cohort


def _heroine(cast: str, random: Random, now: datetime) -> Visitor:
    visitor = Visitor(
        f"{HEROINE}-{cast}", dict.fromkeys(ALL, True), email=f"ada.{cast}@lovelace.example"
    )
    for days in (40, 21, 9, 2):
        begins = now - timedelta(days=days, hours=3)
        visitor.visits += _session(visitor, random, begins, keen=0.97)
    return visitor


def _visitor(number: int, cast: str, random: Random, now: datetime) -> Visitor:
    draw = random.random()
    choices: dict[str, bool] | None = dict.fromkeys(ALL, True)
    if draw < REFUSES:
        choices = dict.fromkeys(ALL, False)
    elif draw < REFUSES + SILENT:
        choices = None
    elif draw < REFUSES + SILENT + PARTLY:
        choices = {category: random.random() < 0.6 for category in ALL}
    visitor = Visitor(f"client-{cast}-{number:04d}", choices, changes_mind=draw > 0.97)
    # Few come often: the usual long tail.
    for _ in range(min(12, int(random.paretovariate(1.1)))):
        begins = now - timedelta(days=random.uniform(0.2, 60))
        visitor.visits += _session(visitor, random, begins, keen=random.betavariate(2, 2.4))
    visitor.visits.sort(key=lambda visit: visit.at)
    return visitor


def _session(visitor: Visitor, random: Random, begins: datetime, *, keen: float) -> list[Visit]:
    """One session, as far down the funnel as *keen* carries it."""
    context: dict[str, Any] = {"userAgent": random.choice(AGENTS), "ip": _address(random)}
    if visitor.choices is not None:
        context["consent"] = {"categoryPreferences": visitor.choices}
    clock = _Clock(begins, random)
    return [
        Visit(clock.tick(), kind, event, properties, context | {"page": {"url": url}})
        for kind, event, properties, url in _steps(visitor, random, keen)
    ]


Step = tuple[str, str, dict[str, Any], str]


def _steps(visitor: Visitor, random: Random, keen: float) -> Iterator[Step]:
    yield "page", "Accueil", {}, f"{SITE}/?utm_source=lettre&client={visitor.user_id}"
    if random.random() < 0.4:
        yield "track", "Products Searched", {"query": _query(random)}, f"{SITE}/recherche"
    department, products = random.choice(list(CATALOGUE.items()))
    listed = {"category": department}
    yield "track", "Product List Viewed", listed, f"{SITE}/{department}"
    seen = random.sample(products, k=random.randint(1, len(products)))
    for product in seen:
        item = {"product_id": product, "category": department, "price": _price(product)}
        yield "track", "Product Viewed", item, f"{SITE}/{department}/{product}"
    if random.random() > keen:
        return
    item = {"product_id": seen[-1], "category": department, "price": _price(seen[-1])}
    yield "track", "Product Added", item | {"quantity": 1}, f"{SITE}/panier"
    if random.random() > keen:
        return
    yield "track", "Checkout Started", {"value": _price(seen[-1])}, f"{SITE}/commande"
    if random.random() > keen:
        return
    total = round(_price(seen[-1]) * random.randint(1, 3) + 4.9, 2)
    reference = f"BC-{random.randrange(10**9):09d}"
    order = {"order_id": reference, "total": total, "currency": "EUR", "coupon": "PRINTEMPS"}
    yield "track", "Order Completed", order, f"{SITE}/merci/{reference}"


def _query(random: Random) -> str:
    """Give what somebody typed; once in a while the wrong thing in the wrong box."""
    if random.random() < 0.03:
        return f"grace.hopper{random.randrange(1000)}@navy.example"
    return random.choice(SEARCHES)


def _price(product: str) -> float:
    return round(9 + (sum(product.encode()) % 220) * 0.9, 2)


def _address(random: Random) -> str:
    return f"203.0.113.{random.randrange(1, 255)}"


class _Clock:
    """Time between two acts of a visitor: seconds to minutes, seldom longer."""

    def __init__(self, begins: datetime, random: Random) -> None:
        self._at = begins
        self._random = random

    def tick(self) -> datetime:
        self._at += timedelta(seconds=4 + self._random.expovariate(1 / 45))
        return self._at
