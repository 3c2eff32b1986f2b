"""Which request is number *n* of seed *s*?  Always the same one, whatever was sent before it."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from tests.faults.seed import dice
from tests.fuzz import octets, oracle, packing, strange, tree
from tests.fuzz.oracle import BATCHES
from tests.fuzz.payloads import Call, calls, instant
from tests.fuzz.writing import Members, Raw, contained, written
from tests.support.canaries import CONTROL, KANARI, Canary

SINGLE: Final = (
    "track",
    "identify",
    "page",
    "screen",
    "group",
    "alias",
    "t",
    "i",
    "p",
    "s",
    "g",
    "a",
)
SIZES: Final = (0, 1, 1, 2, 3, 5, 12, 49, 50, 51, 200)
BROKEN: Final = (
    b"{]",
    b"\xff",
    b'{"type":"track","userId":"u","event":NaN}',
    b'{"a":"\\ud800"}',
    b"01",
)


@dataclass(frozen=True)
class Case:
    """One request, and what is known of it.

    ``said`` is how many events went into a batch as they were put there one by one; ``None`` where
    something was done to the whole afterwards.
    """

    number: int
    path: str
    headers: packing.Headers
    body: bytes = field(repr=False)
    said: int | None
    told: tuple[str, ...]

    @property
    def call(self) -> str:
        """Give the last part of the path."""
        return self.path.strip("/").rpartition("/")[2]

    @property
    def plain(self) -> bytes | None:
        """Give the body unpacked; ``None`` where it is not packed as it says."""
        return oracle.plain(self.body, self.headers.get("content-encoding", ""))

    def __str__(self) -> str:
        shown = self.body if len(self.body) < 1_500 else self.body[:1_500] + b"..."
        return f"case {self.number}: POST {self.path} {', '.join(self.told)}\n{shown!r}"


@dataclass
class Dealer:
    """Deals the cases of one seed.

    People of bytes that were spoiled are others than those of documents that were: an address of
    which a byte is gone is no address any more, and may be kept.
    """

    seed: int
    key: str
    now: datetime

    def __post_init__(self) -> None:
        self._calls = {whose: calls(whose, self.now) for whose in (KANARI, CONTROL)}
        sound = [written(call) for call in self._calls[CONTROL]]
        self._others = [*sound, b'{"batch":[' + b",".join(sound) + b"]}"]

    def case(self, number: int) -> Case:
        """Give case *number*."""
        roll = dice(self.seed, "case", number)
        made = roll.choice(_MADE)(self, roll)
        sent = packing.packed(made.body, roll)
        headers = sent.headers | packing.signed(self.key, roll)
        path = f"/v1/{made.call}{roll.choice(['', '', '', '/'])}"
        return Case(number, path, headers, sent.body, made.said, tuple(made.told))

    def _call(self, whose: Canary, roll: random.Random) -> Call:
        call = dict(roll.choice(self._calls[whose]))
        if roll.random() < 0.8:  # else it was sent before, and is a duplicate
            call["messageId"] = f"fuzz-{roll.getrandbits(48):012x}"
        if roll.random() < 0.3:
            call["writeKey"] = self.key
        return call

    def single(self, roll: random.Random) -> _Made:
        """Give one call with changes in its members."""
        call, told = tree.spoiled(self._call(KANARI, roll), roll, roll.choice([0, 1, 1, 2, 4]))
        return _Made(roll.choice(SINGLE), written(call, roll), 1, told)

    def batch(self, roll: random.Random) -> _Made:
        """Give a batch in which one item or several have changes, or what surrounds them."""
        items, told = self._items(roll, roll.choice(SIZES))
        # A quotation mark without its other half swallows whoever comes after.
        said = len(items) if all(contained(item.text) for item in items) else None
        outer: Any = Members([("batch", items), ("integrations", {})])
        if roll.random() < 0.7:
            outer += [("sentAt", instant(self.now)), ("context", {})]
        if roll.random() < 0.2:
            outer.append(("writeKey", self.key))
        if roll.random() < 0.05:
            said, twice = None, self._items(roll, 2)[0]
            outer.insert(roll.randrange(len(outer) + 1), ("batch", roll.choice([twice, [], None])))
        if roll.random() < 0.25:
            outer, how = tree.spoiled(outer, roll, 1)
            said, told = None, [*told, *how]
        return _Made(roll.choice(BATCHES), written(outer, roll), said, told)

    def _items(self, roll: random.Random, count: int) -> tuple[list[Raw], list[str]]:
        items, told = [], []
        poisoned = 0.3 / (count or 1)
        for _ in range(count):
            call, how = tree.spoiled(self._call(KANARI, roll), roll, roll.choice([0, 0, 1, 1, 3]))
            broken = roll.random() < poisoned
            items.append(Raw(roll.choice(BROKEN) if broken else written(call, roll)))
            told += how
        return items, told

    def sums(self, roll: random.Random) -> _Made:
        """Give several orders of one person, each of one strange amount."""
        amount, count = strange.number(roll), roll.choice([1, 2, 3, 60])
        items = [self._call(KANARI, roll) | {"event": "Order Completed", "type": "track"}
                 | {"properties": {"total": amount, "price": amount, "currency": "EUR"}}
                 for _ in range(count)]  # fmt: skip
        return _Made(roll.choice(BATCHES), written({"batch": items}), count, ["sums"])

    def many(self, roll: random.Random) -> _Made:
        """Give a batch at the edge of what a batch may hold."""
        item = roll.choice(
            [{"type": "track"}, {}, 7, "x", Raw(b"{]"), {"type": "track", "userId": "u"}]
        )
        count = roll.choice([2_499, 2_500, 2_501, 10_000])
        body = written(Members([("batch", [item] * count), ("writeKey", self.key)]))
        return _Made(roll.choice(BATCHES), body, count, ["many"])

    def large(self, roll: random.Random) -> _Made:
        """Give a call or a batch at the edge of its size in bytes."""
        edge, call = roll.choice([(32 * 1024, "track"), (500 * 1024, "batch")])
        whole: Any = self._call(KANARI, roll)
        if call == "batch":
            whole = {"batch": [whole, {"properties": {"x": strange.long(roll)}}]}
        body = written(whole)
        body = (
            body[:-1]
            + b',"ballast":"'
            + b"x" * (edge - len(body) - 13 + roll.choice([-1, 0, 1, 99]))
        )
        return _Made(call, body + b'"}', None, ["large"])

    def mangled(self, roll: random.Random) -> _Made:
        """Give a body some bytes of which are others."""
        items = [self._call(CONTROL, roll) for _ in range(roll.choice([1, 2, 5]))]
        whole = written({"batch": items, "sentAt": instant(self.now)}, roll)
        call, body = roll.choice([(BATCHES[0], whole), (SINGLE[0], written(items[0], roll))])
        return _Made(call, octets.spoiled(body, roll, self._others), None, ["octets"])

    def recoded(self, roll: random.Random) -> _Made:
        """Give a body in another encoding of text, or with something before or after it."""
        body = written({"batch": [self._call(CONTROL, roll)]})
        ways: Sequence[Callable[[bytes], bytes]] = [
            lambda it: b"\xef\xbb\xbf" + it,
            lambda it: it.decode().encode("utf-16"),
            lambda it: it.decode().encode("utf-32"),
            lambda it: it.decode().encode("utf-7"),
            lambda it: it + b"\0",
            lambda it: b" " * 1_000 + it + b"\n" * 1_000,
            lambda it: it + it,
            lambda it: b"[" + it + b"]",
            lambda it: b")]}',\n" + it,
            lambda it: b"callback(" + it + b")",
        ]
        return _Made("batch", roll.choice(ways)(body), None, ["recoded"])


@dataclass
class _Made:
    call: str
    body: bytes
    said: int | None
    told: list[str]


# How often each comes: most of a run goes into members and items, where the most code reads.
_MADE: Final = (
    *[Dealer.single] * 20, *[Dealer.batch] * 20, *[Dealer.mangled] * 16, *[Dealer.recoded] * 2,
    *[Dealer.sums] * 3, Dealer.many, Dealer.large,
)  # fmt: skip
