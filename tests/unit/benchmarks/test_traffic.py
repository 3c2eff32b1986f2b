"""The traffic that figures rest on is like that of a shop, and the same for the same seed."""

from __future__ import annotations

import json
import re
import zlib
from typing import Any

from benchmarks.traffic import MARK, Population, Traffic, packed
from gateway.ingest.commit_group import LARGEST_BODY_BYTES

CROWD = Population(10_000)
NAMED = re.compile(r"@example\.org|06( \d\d){4}")


def calls(traffic: Traffic, count: int = 500) -> list[dict[str, Any]]:
    return [traffic.event() for _ in range(count)]


def timeless(event: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in event.items() if name != "timestamp"}


def test_the_same_seed_makes_the_same_events() -> None:
    first, second = (map(timeless, calls(Traffic(7, CROWD))) for _ in range(2))
    assert list(first) == list(second)


def test_a_batch_is_as_large_as_one_may_be_and_compresses_as_real_ones_do() -> None:
    text = Traffic(7, CROWD, personal=0.03).text(500)
    assert 0.9 * LARGEST_BODY_BYTES < len(text) < LARGEST_BODY_BYTES
    assert 5 < len(text) / len(packed(text)) < 8


def test_a_batch_sent_again_has_other_message_numbers() -> None:
    text = Traffic(7, CROWD).text(500)
    again = text.replace(MARK.encode(), b"deadbeef")
    sent = [{call["messageId"] for call in json.loads(body)["batch"]} for body in (text, again)]
    assert len(sent[0]) == 500
    assert not sent[0] & sent[1]


def test_a_product_has_one_price() -> None:
    prices: dict[str, set[float]] = {}
    for call in calls(Traffic(7, CROWD), 5_000):
        properties = call["properties"]
        if "price" in properties:
            prices.setdefault(properties["product_id"], set()).add(properties["price"])
    assert all(len(each) == 1 for each in prices.values())


def test_only_personal_traffic_names_anybody() -> None:
    assert not NAMED.search(Traffic(7, CROWD).text(500).decode())
    assert NAMED.search(Traffic(7, CROWD, personal=0.03).text(500).decode())


def test_everybody_is_met_once() -> None:
    crowd = Population(1_200)
    bodies = [json.loads(zlib.decompress(body, 31)) for body in Traffic(7, crowd).everybody(500)]
    met = [call["userId"] for body in bodies for call in body["batch"]]
    assert len(met) == len(set(met)) == 1_200
