"""What does one visit to the shop look like, page by page, in the words of its tracker?"""

from __future__ import annotations

import base64
import hashlib
import random
import uuid
from dataclasses import dataclass, field
from typing import Any

DEPARTMENTS = ("luminaires", "cuisine", "jardin", "textile", "papeterie", "jouets")
WORDS = (
    "lampe", "fauteuil", "nappe", "carnet", "tisane", "vase", "rideau", "panier", "bouilloire",
    "arrosoir", "puzzle", "coussin", "étagère", "applique", "torchon", "plume", "moule", "plaid",
)  # fmt: skip
TONES = ("bleu", "ocre", "lin", "noyer", "blanc", "vert", "laiton", "rouge", "gris", "sable")
AGENTS = tuple(
    f"Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko)"
    f" Chrome/{version}.0.0.0 Safari/537.36"
    for system in (
        "Windows NT 10.0; Win64; x64",
        "Macintosh; Intel Mac OS X 10_15_7",
        "Linux; Android 10; K",
        "X11; Linux x86_64",
    )
    for version in (124, 125, 126)
)
REFERRERS = ("https://search.example/", "https://news.example.com/", "", "https://social.example/")
CAMPAIGNS = ("soldes-ete", "rentree", "fete-des-meres", "nouveautes")
PEOPLE = ("ada.lovelace", "grace.hopper", "alan.turing", "edith.clarke", "kateryna.yushchenko")


@dataclass(frozen=True, slots=True)
class Product:
    """One thing that is sold: its name, department and price never change."""

    number: str
    name: str
    department: str
    price: float


def _product(number: int) -> Product:
    dice = random.Random(number)  # noqa: S311  # a catalogue, not a secret
    name = f"{dice.choice(WORDS).capitalize()} {dice.choice(TONES)} {dice.choice(WORDS)}"
    return Product(
        f"ref-{number:04d}", name, dice.choice(DEPARTMENTS), (499 + 137 * number % 20_000) / 100
    )


PRODUCTS = tuple(_product(number) for number in range(1_200))


@dataclass(slots=True)
class Visit:
    """A few pages of one visitor, who came from somewhere and has looked at something."""

    person: str
    anonymous: str
    address: str
    agent: str
    referrer: str
    campaign: dict[str, Any]
    ids: dict[str, Any]
    personal: float
    product: Product
    pages: int
    seen: list[str] = field(default_factory=list)

    def event(
        self, dice: random.Random, at: str, consent: dict[str, Any], mark: str
    ) -> dict[str, Any]:
        """Make the call of the next page."""
        self.pages -= 1
        name, properties, path = self._next(dice, mark)
        title = f"{properties.get('name', name)} - La Boutique"
        url = self._text(dice, f"https://boutique.example{path}?")
        page = {"url": url, "title": title, "referrer": self.referrer}
        call = (
            {"type": "page", "name": name}
            if name == "Accueil"
            else {"type": "track", "event": name}
        )
        return call | {
            "messageId": f"ajs-next-{mark}-{dice.getrandbits(128):032x}",
            "userId": self.person,
            "anonymousId": self.anonymous,
            "timestamp": at,
            "properties": properties,
            "context": {
                "ip": self.address,
                "userAgent": self.agent,
                "page": page,
                **self.campaign,
                "consent": consent,
            },
            "integrations": self.ids,
        }

    def _next(self, dice: random.Random, mark: str) -> tuple[str, dict[str, Any], str]:
        """Give name, properties and path of what happens next."""
        draw = dice.random()
        if draw < 0.12 or not self.seen:
            self.seen.append("home")
            return "Accueil", {"duration": dice.randrange(3, 90)}, "/"
        if draw < 0.2:
            query = f"{dice.choice(WORDS)} {dice.choice(TONES)}"
            said = f"{query} {mark}{dice.randrange(10**4)}" if draw < 0.13 else query
            return "Products Searched", {"query": self._text(dice, said)}, "/recherche"
        if draw < 0.4:
            department = dice.choice(DEPARTMENTS)
            listed = {"category": department, "list_id": self._text(dice, f"rayon {department}")}
            return "Product List Viewed", listed, f"/{department}"
        return self._shopping(dice, draw)

    def _shopping(self, dice: random.Random, draw: float) -> tuple[str, dict[str, Any], str]:
        if draw < 0.86:
            self.product = dice.choice(PRODUCTS)
        product = self.product
        properties = {
            "product_id": product.number, "name": product.name, "category": product.department,
            "price": product.price, "quantity": 1, "currency": "EUR",
        }  # fmt: skip
        path = f"/{product.department}/{product.number}"
        if draw < 0.86:
            return "Product Viewed", properties, path
        if draw < 0.96:
            return "Product Added", properties, path
        total = {"currency": "EUR", "order_id": f"{dice.getrandbits(40):010x}"}
        if draw < 0.98:
            return "Checkout Started", total | {"value": product.price}, "/commande"
        return "Order Completed", total | {"total": product.price, "quantity": 1}, "/merci"

    def _text(self, dice: random.Random, text: str) -> str:
        """Give *text*, now and then with somebody in it."""
        if not self.personal or dice.random() >= self.personal:
            return text
        if dice.random() < 0.5:
            return f"{text} {dice.choice(PEOPLE)}{dice.randrange(10_000)}@example.org"
        return f"{text} 06 " + " ".join(f"{dice.randrange(100):02d}" for _ in range(4))


def begun(dice: random.Random, person: str, personal: float) -> Visit:
    """Begin the visit of *person*, whose browser keeps its cookies from one to the next."""
    cookie = hashlib.blake2b(person.encode(), digest_size=16).digest()
    own = int.from_bytes(cookie)
    campaign: dict[str, Any] = {}
    if dice.random() < 0.5:
        name, clicked = dice.choice(CAMPAIGNS), base64.b64encode(dice.randbytes(41)).decode()
        campaign["campaign"] = {"name": name, "source": "courrier", "medium": "email"}
        campaign["referrer"] = {"id": clicked, "type": "gclid"}
    began = dice.randrange(1_780_000_000, 1_782_000_000)
    ids = {
        "All": True,
        "Google Analytics 4": {
            "clientId": f"{own % 10**9}.{own % 7**11}", "sessionId": began,
        },
        "Facebook Pixel": {"fbp": f"fb.1.{began}{own % 1000:03d}.{own % 2**60}"},
    }  # fmt: skip
    anonymous = str(uuid.UUID(bytes=cookie, version=4))
    return Visit(
        person, anonymous, f"203.0.113.{1 + own % 254}", AGENTS[own % len(AGENTS)],
        dice.choice(REFERRERS), campaign, ids, personal, dice.choice(PRODUCTS),
        pages=1 + min(11, int(dice.expovariate(0.25))),
    )  # fmt: skip
