"""Our TC string decoder against the IAB's own, both ways: what it writes, and what we write.

The IAB's decoder checks next to nothing, so of strings that are spoiled it is only asked that ours
never grants more.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.consent.tcf import (
    PublisherTc,
    Restriction,
    TcInvalid,
    TcString,
    Vendors,
    decode,
    granted,
)
from tests.support.tc_strings import ALPHABET, HIGHEST, encoded

HERE = Path(__file__).parent / "tcf"
STRINGS = int(os.environ.get("TCF_STRINGS", "10000"))
VENDORS = 400  # of the made-up list of oracle.mjs
DAY_MS = 86_400_000

pytestmark = pytest.mark.skipif(
    shutil.which("node") is None or not (HERE / "node_modules").is_dir(),
    reason="NOT RUN: the IAB's encoder is not there; `make oracles` fetches it, node runs it",
)
Json = dict[str, Any]


def asked(questions: Iterable[Json]) -> Iterator[Json]:
    """Put *questions* to the oracle; give its answers."""
    lines = "".join(json.dumps(each) + "\n" for each in questions)
    done = subprocess.run(
        ["node", "oracle.mjs"],  # whichever node the machine has
        cwd=HERE, input=lines, capture_output=True, text=True, check=True, timeout=280,
    )  # fmt: skip
    return map(json.loads, done.stdout.splitlines())


def some(dice: random.Random, most: int, *, often: float = 0.5) -> list[int]:
    """Choose numbers from 1 to *most*, alone and in runs."""
    found: set[int] = set()
    while most and dice.random() < often:
        first = dice.randint(1, most)
        found.update(range(first, min(most, first + dice.choice((0, 0, 1, 5, 60))) + 1))
    return sorted(found)


def model(dice: random.Random) -> Json:
    """Make what the IAB's encoder writes unchanged: its list of vendors allows it."""
    at = dice.randrange(15_000, 21_000) * DAY_MS
    vendors = some(dice, VENDORS, often=0.8)
    custom = dice.choice((0, 0, 3, 63))
    return {
        "created": at, "updated": at, "cmp": dice.randint(2, 4095),
        "cmp_version": dice.randint(2, 4095), "screen": dice.randrange(64),
        "language": dice.choice(("FR", "EN", "DE", "BG")),
        "country": dice.choice(("FR", "BE", "ZZ")), "service_specific": True,
        "other_texts": dice.random() < 0.2, "purpose_one_undisclosed": dice.random() < 0.1,
        "special_features": some(dice, 2), "purposes": some(dice, 11, often=0.7),
        "legitimate_interests": [each for each in some(dice, 11) if each not in (1, 3, 4, 5, 6)],
        "vendors": vendors, "vendors_legitimate_interest": some(dice, VENDORS),
        "disclosed": sorted({*vendors, *some(dice, VENDORS)}),
        "restrictions": [
            [purpose, dice.randrange(3), named]
            for purpose in sorted(dice.sample(range(2, 12), dice.randrange(3)))
            if (named := some(dice, VENDORS, often=0.6))
        ],
        "publisher": {
            "custom": custom, "consents": some(dice, 11), "legitimate_interests": some(dice, 11),
            "custom_consents": some(dice, custom),
            "custom_legitimate_interests": some(dice, custom),
        },
    }  # fmt: skip


def vendors_of(dice: random.Random, numbers: list[int]) -> Vendors:
    """Write *numbers* in one form or the other."""
    highest = max(numbers, default=0)
    if dice.random() < 0.5:
        return Vendors(highest, mask=sum(1 << (highest - each) for each in numbers))
    return Vendors(highest, ranges=ranges_of(numbers))


def ranges_of(numbers: list[int]) -> tuple[tuple[int, int], ...]:
    ranges: list[tuple[int, int]] = []
    for each in numbers:
        if ranges and ranges[-1][1] == each - 1:
            ranges[-1] = (ranges[-1][0], each)
        else:
            ranges.append((each, each))
    return tuple(ranges)


def ours(dice: random.Random, given: Json) -> TcString:
    """Make the same for our own writer."""
    publisher = given["publisher"]
    return TcString(
        created=given["created"] // 100, updated=given["updated"] // 100, cmp=given["cmp"],
        cmp_version=given["cmp_version"], screen=given["screen"], language=given["language"],
        vendor_list=120, policy=5, service_specific=True, other_texts=given["other_texts"],
        special_features=frozenset(given["special_features"]),
        purposes=frozenset(given["purposes"]),
        legitimate_interests=frozenset(given["legitimate_interests"]),
        purpose_one_undisclosed=given["purpose_one_undisclosed"], country=given["country"],
        vendors=vendors_of(dice, given["vendors"]),
        vendors_legitimate_interest=vendors_of(dice, given["vendors_legitimate_interest"]),
        restrictions=tuple(
            Restriction(purpose, kind, Vendors(HIGHEST, ranges=ranges_of(named)))
            for purpose, kind, named in given["restrictions"]
        ),
        disclosed=vendors_of(dice, given["disclosed"]),
        publisher=PublisherTc(
            frozenset(publisher["consents"]), frozenset(publisher["legitimate_interests"]),
            frozenset(publisher["custom_consents"]),
            frozenset(publisher["custom_legitimate_interests"]),
        ),
    )  # fmt: skip


def told(tc: TcString) -> Json:
    """Say what we read as the oracle says it."""
    publisher = tc.publisher or PublisherTc(*[frozenset[int]()] * 4)
    return {
        "version": 2, "created": tc.created * 100, "updated": tc.updated * 100, "cmp": tc.cmp,
        "cmp_version": tc.cmp_version, "screen": tc.screen, "language": tc.language,
        "country": tc.country, "vendor_list": tc.vendor_list, "policy": tc.policy,
        "service_specific": tc.service_specific, "other_texts": tc.other_texts,
        "purpose_one_undisclosed": tc.purpose_one_undisclosed,
        "special_features": sorted(tc.special_features), "purposes": sorted(tc.purposes),
        "legitimate_interests": sorted(tc.legitimate_interests), "vendors": list(tc.vendors),
        "vendors_legitimate_interest": list(tc.vendors_legitimate_interest),
        "disclosed": list(tc.disclosed or ()),
        "restrictions": sorted(
            [each.purpose, each.type, list(each.vendors)] for each in tc.restrictions
        ),
        "publisher": {
            "consents": sorted(publisher.consents),
            "legitimate_interests": sorted(publisher.legitimate_interests),
            "custom_consents": sorted(publisher.custom_consents),
            "custom_legitimate_interests": sorted(publisher.custom_legitimate_interests),
        },
    }  # fmt: skip


def in_order(found: Json) -> Json:
    return found | {"restrictions": sorted(found["restrictions"])}


def test_we_read_what_they_write() -> None:
    dice = random.Random(1)  # noqa: S311
    models = [model(dice) for _ in range(STRINGS)]
    texts = [each["text"] for each in asked({"encode": given} for given in models)]
    theirs = [each["model"] for each in asked({"decode": text} for text in texts)]
    assert len(theirs) == STRINGS
    for text, given, read in zip(texts, models, theirs, strict=True):
        found = told(decode(text))
        assert found == in_order(read)
        for name in ("purposes", "vendors", "disclosed", "special_features", "created", "cmp"):
            assert found[name] == given[name]


def test_they_read_what_we_write() -> None:
    dice = random.Random(2)  # noqa: S311
    strings = [ours(dice, model(dice)) for _ in range(STRINGS)]
    answers = list(asked({"decode": encoded(each)} for each in strings))
    assert len(answers) == STRINGS
    for tc, answer in zip(strings, answers, strict=True):
        assert decode(encoded(tc)) == tc
        assert in_order(answer["model"]) == told(tc)


def spoiled(dice: random.Random, text: str) -> str:
    """Turn a few bits of *text*, or cut, double or swap characters."""
    characters = list(text)
    for _ in range(dice.choice((1, 1, 1, 2, 8))):
        at = dice.randrange(len(characters))
        match dice.randrange(6):
            case 0:
                del characters[at]
            case 1:
                characters.insert(at, dice.choice(ALPHABET + "."))
            case _ if characters[at] in ALPHABET:
                turned = ALPHABET.index(characters[at]) ^ 1 << dice.randrange(6)
                characters[at] = ALPHABET[turned]
    return "".join(characters)


def test_of_a_spoiled_string_we_never_grant_more() -> None:
    dice = random.Random(3)  # noqa: S311
    texts = [spoiled(dice, encoded(ours(dice, model(dice)))) for _ in range(STRINGS)]
    read = 0
    for text, answer in zip(texts, asked({"decode": text} for text in texts), strict=True):
        try:
            tc = decode(text)
        except TcInvalid:
            continue
        read += 1
        theirs = answer["model"]
        assert set(tc.vendors) <= set(theirs["vendors"])
        assert tc.purposes <= set(theirs["purposes"])
        barred = {
            (purpose, vendor)
            for purpose, kind, vendors in theirs["restrictions"]
            for vendor in vendors
            if kind != 1
        }
        for vendor in dice.sample(range(1, VENDORS + 1), 20):
            assert not {(each, vendor) for each in granted(tc, vendor=vendor)} & barred
    assert STRINGS / 4 < read < STRINGS
