"""What do decisions about consent cost, and the strict reading of a TC string?"""

from __future__ import annotations

import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, ParamSpec, TypeVar
from unittest.mock import patch

from benchmarks.front import PEOPLE
from benchmarks.rows import Row, at_most
from benchmarks.suite import Place, Run, interleaved, measures
from benchmarks.tc_strings import tc_strings
from benchmarks.traffic import Population, Traffic
from gateway.app import settle_garbage
from gateway.cli.edge import edge_of
from gateway.cli.opened import opened
from gateway.cli.sources import first_key
from gateway.consent.tcf import decode
from gateway.ingest import storing
from gateway.ingest.dialects import segment
from gateway.ingest.service import IngestService
from gateway.ingest.signals import SignalReader
from gateway.ingest.wire import Request
from policies.load import SHIPPED
from pseudonymizer.key_providers import FileKeyProvider

P = ParamSpec("P")
Done = TypeVar("Done")

STRINGS = 300
BATCH = 400  # events; what they say of ten purposes makes them larger, and a body has its limit
BATCHES = 12
MORE = 6  # purposes beside the shop's four
SHARE = Row("consent-share", f"consent decisions at {4 + MORE} purposes, {BATCH}-event batches",
            "ms", "the gateway's whole work on the batch, decoding included",
            at_most(0.1))  # fmt: skip
TCF = Row("tcf", "decoding a TC 2.3 string strictly", "µs",
          "iab-tcf on the same strings", at_most(0.5))  # fmt: skip


@measures(Place.NOWHERE, TCF)
def decoding(run: Run) -> Iterator[Row]:
    """Read the same strings with both."""
    from iab_tcf import decode_v2  # noqa: PLC0415  # a module of the benchmarks only

    strings = tc_strings(max(50, int(STRINGS * run.scale)))
    ours, theirs = ((lambda read=read: _each_us(read, strings)) for read in (decode, decode_v2))
    yield from interleaved(run, [(TCF, ours, theirs)])


def _each_us(read: Callable[[str], object], strings: list[str]) -> float:
    began = time.thread_time()
    for string in strings:
        read(string)
    return (time.thread_time() - began) * 1e6 / len(strings)


@measures(Place.NOWHERE, SHARE)
def deciding(run: Run) -> Iterator[Row]:
    """Take batches in this process, as a writer thread does, and see where its time goes."""
    with _edge() as ingest:
        crowd = Population(max(2_000, int(PEOPLE * run.scale)))
        _meet(ingest, crowd)
        settle_garbage()  # as a gateway does; one full look would be a tenth of a second
        for number in range(run.rounds):
            traffic = Traffic(number + 1, crowd, consent=_everything())
            bodies = [traffic.text(BATCH) for _ in range(max(3, int(BATCHES * run.scale)))]
            with _watched() as spent:
                began = time.thread_time()
                for body in bodies:
                    _take(ingest, body)
                whole = time.thread_time() - began
            SHARE.figures.append(spent.seconds * 1000 / len(bodies))
            SHARE.limits.append(whole * 1000 / len(bodies))
    yield SHARE


@dataclass(slots=True)
class _Spent:
    looked_s: float = 0.0
    looks: int = 0

    @property
    def seconds(self) -> float:
        """Give the time that passed, without what of it was the clock's own."""
        return self.looked_s - self.looks * _look_s()


@cache
def _look_s() -> float:
    """Give what two looks at the clock count for when nothing is between them."""
    spans = sorted(-time.thread_time() + time.thread_time() for _ in range(20_001))
    return spans[len(spans) // 2]


@contextmanager
def _watched() -> Iterator[_Spent]:
    """Add up what consent takes: reading signals, the ledger, decisions."""
    spent = _Spent()

    def timed(work: Callable[P, Done]) -> Callable[P, Done]:
        def measured(*given: P.args, **named: P.kwargs) -> Done:
            began = time.thread_time()
            try:
                return work(*given, **named)
            finally:
                spent.looked_s += time.thread_time() - began
                spent.looks += 1

        return measured

    with (
        patch.object(SignalReader, "heard", timed(SignalReader.heard)),
        patch.object(storing, "record_consent", timed(storing.record_consent)),
        patch.object(storing, "decide_all", timed(storing.decide_all)),
    ):
        yield spent


@contextmanager
def _edge() -> Iterator[IngestService]:
    with tempfile.TemporaryDirectory(prefix="paravent-bench-") as folder:
        rules = ten_purposes(Path(folder) / "rules")
        with opened(Path(folder) / "data", create=True) as home:
            home.installation.remember(rules, {})
            FileKeyProvider.create(home.installation.keys)
            first_key(home.addresses)
            with edge_of(home) as edge:
                yield edge.ingest


def ten_purposes(folder: Path) -> Path:
    """Write the shop's rulebook with six purposes more, each served by every event."""
    names = [f"purpose_{number}" for number in range(1, MORE + 1)]
    for path in SHIPPED.rglob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        target = folder / path.relative_to(SHIPPED)
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.name == "purposes.yaml":
            own = text[text.index("  advertising:") : text.index("  audience_measurement:")]
            text += "".join(f"\n{own.replace('advertising:', f'{name}:', 1)}" for name in names)
        elif path.name == "consent.yaml":
            fed = "".join(f"\n  {name}: [{name}]" for name in names)
            text = text.replace("\ncategories:", f"\ncategories:{fed}", 1)
        else:
            more = ", ".join(names)
            text = text.replace(
                "email_marketing, advertising", f"email_marketing, advertising, {more}"
            )
        target.write_text(text, encoding="utf-8")
    return folder


def _everything() -> dict[str, Any]:
    named = ("analytics", "personalisation", "marketing", "advertising")
    more = (f"purpose_{number}" for number in range(1, MORE + 1))
    return {"categoryPreferences": dict.fromkeys((*named, *more), True)}


def _meet(ingest: IngestService, crowd: Population) -> None:
    for body in Traffic(0, crowd, consent=_everything()).everybody(BATCH):
        _take(ingest, zlib.decompress(body, wbits=31))


def _take(ingest: IngestService, body: bytes) -> None:
    now_us = time.time_ns() // 1_000
    ingest.store_group([Request(1, segment.decode("batch", body, now_us), now_us)])
