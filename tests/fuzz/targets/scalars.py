"""What single values become: instants, numbers, addresses, browsers."""

from __future__ import annotations

import ipaddress
import math
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

import msgspec

from gateway.ingest import values
from gateway.ingest.clock import corrected_us, instant_us
from pseudonymizer import user_agents
from pseudonymizer.generalise import ip
from pseudonymizer.user_agents import user_agent
from tests.fuzz.payloads import SAFARI
from tests.fuzz.strange import BROKEN_NUMBERS, NUMBERS, TEXTS, TIMES

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
FAMILIES: Final = "|".join(sorted(set(user_agents._FAMILIES.values())))  # no other word may pass
DEVICE: Final = re.compile(
    rf"(?:other|(?:{FAMILIES})(?: \d{{1,3}})?)"
    r" / (?:ios|android|chromeos|windows|macos|linux|other)"
    r" / (?:desktop|mobile|tablet|television|other)|bot / other / bot"
)


def moments(data: bytes) -> None:
    """An instant is read or is none; written down again it is the same."""
    said = _value(data)
    if not isinstance(said, str | int | float | None):
        return
    at_us = instant_us(said)
    if at_us is None:
        return
    for sent_us in (None, 0, at_us, -(2**63), 2**63):
        assert isinstance(corrected_us(at_us, sent_us, 10**15), int)
    try:
        again = (EPOCH + timedelta(microseconds=at_us)).isoformat()
    except OverflowError:  # a numeric one beyond the year 9999
        return
    assert instant_us(again) == at_us


def moment_seeds() -> list[bytes]:
    return [msgspec.json.encode(each) for each in TIMES]


def numbers(data: bytes) -> None:
    """A number fits its column and is the number that was said, or it is none."""
    said = _value(data)
    whole = values.integer(said)
    assert whole is None or abs(whole) <= values.INT4_MAX
    real = values.number(said)
    assert real is None or math.isfinite(real)
    cents = values.money(said)
    if cents is not None:
        assert abs(cents) <= values.MAX_MINOR
        assert abs(Decimal(str(said).strip()) * 100 - cents) <= Decimal("0.5")
    for limit in (1, 60, 2_000):
        word = values.text(said, limit)
        assert word is None or (0 < len(word) <= limit and "\0" not in word)
    for number in (whole, real, cents):
        if number is not None:
            values.telling(number, minor=True)


def number_seeds() -> list[bytes]:
    texts = [msgspec.json.encode(each) for each in ("19,90", " 18.15 ", "1e40", "\u0661\u0662", "")]
    return [*(each.encode() for each in NUMBERS + BROKEN_NUMBERS), *TEXTS, *texts, b"true", b"[1]"]


def addresses(data: bytes) -> None:
    """Of an address a network remains; of a browser words of ours."""
    said = data.decode("utf-8", "replace")
    network = ip(said)
    if network is not None:
        parsed = ipaddress.ip_network(network)
        assert parsed.prefixlen == {4: 24, 6: 48}[parsed.version]
    assert DEVICE.fullmatch(user_agent(said))


def address_seeds() -> list[bytes]:
    return [b"203.0.113.77", b"2001:db8::7%eth0", b"::ffff:203.0.113.77", b"1.2.3", SAFARI.encode()]


def _value(data: bytes) -> object:
    """Read a JSON value as a body's decoder does; what it refuses is a text here."""
    try:
        return msgspec.json.decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return data.decode("utf-8", "replace")
