"""What texts and pages become: other readings, drawings, templates, texts without people."""

from __future__ import annotations

import functools
import re
from typing import Final
from urllib.parse import quote

from pseudonymizer.generalise import Generaliser
from pseudonymizer.scrub.decode import MAX_READINGS, TooManyReadings, hides_text, readings
from pseudonymizer.scrub.engine import MAX_CHARS, Scrubber
from pseudonymizer.scrub.fold import fold
from pseudonymizer.urls import campaign_parameters, campaign_value, parts, segments, template
from tests.fuzz.payloads import SAFARI
from tests.support.canaries import CONTROL, ENCODINGS, KANARI

# NFKC makes eighteen letters of one at most, and a step of base64 less than four of one.
LONGEST_READING: Final = 80
SEGMENT: Final = re.compile(r":id|\*|[^\W\d_](?:[^\W\d_]|[-_.])*")


@functools.cache
def scrubber() -> Scrubber:
    return Scrubber().warm()


@functools.cache
def generaliser() -> Generaliser:
    return Generaliser(scrubber())


def unwrapped(data: bytes) -> None:
    """A text has few other readings, none much longer than itself, or it is refused."""
    text = _text(data)
    assert len(fold(text)) == len(text)
    assert fold(text).isascii()
    try:
        others = readings(text)
    except TooManyReadings:
        return
    assert len(others) <= MAX_READINGS
    assert text not in others
    assert all(len(other) <= LONGEST_READING * len(text) for other in others)


def pages(data: bytes) -> None:
    """Of a page remain plain words, of a referrer a domain, of a campaign a name."""
    text = _text(data)
    split = parts(text)
    if split is not None:
        page = template(segments(split.path))
        assert all(SEGMENT.fullmatch(each) for each in page.split("/")[1:] if each), page
        campaign_parameters(split.query, ["utm_source"])
    value = campaign_value(text)
    assert value is None or campaign_value(value) in (value, None)
    hidden = f"https://shop.example.com/{quote(text, safe='')}/{quote(KANARI.email)}?{text}"
    for page in generaliser().pages([text, hidden, f"{text}/{KANARI.email}"]):
        assert page is None or not KANARI.found_in(page), page
    for site in generaliser().referrers([text]):
        assert site is None or re.fullmatch(r"[a-z0-9.-]+", site)
    generaliser().campaign_names([text])


def page_seeds() -> list[bytes]:
    said = [
        "https://shop.example.com/robes-longues/panier.html?utm_source=lettre&a=b#x",
        "/a/b/c/d/e/f/g/h/i/j",
        "https://ada:pw@blog.example.co.uk:8080/u/ada;v=1/%41%2525/",
        "android-app://com.example/x", "//",
        "http:\\\\example.com\\x", "/%E9/%FF/%", "rentree 2024 | soldes",
        "https://xn--exmple-cua.org/é",
        *(f"/compte/{encode(CONTROL.email)}/x" for encode in ENCODINGS.values()),
    ]  # fmt: skip
    return [each.encode() for each in said]


def scrubbed(data: bytes) -> None:
    """What is left of a text names nobody, whatever stood around an address."""
    text = _text(data)
    half = text[: (MAX_CHARS - len(KANARI.email)) // 2 - 2]
    looks = scrubber().scrub_many([text, f"{half} {KANARI.email} {half}"])
    for look in looks:
        assert look.text == "" or scrubber().kinds_in(look.text) == (), look.kinds
    assert not KANARI.found_in(looks[1].text)
    assert looks[1].kinds
    hides_text(text)


def text_seeds() -> list[bytes]:
    said = [
        SAFARI, "abaque", "Écrire à ada@example.org ou au 01 99 00 41 27 avant 18 h",
        "&#x41;&amp;%2525",
        "FR76 3000 6000 0112 3456 7890 189", "AB-123-CD", "1 84 12 76 451 089 46",
        "\\u0061\\x41\\U00000041",
        *(encode(value) for value in CONTROL.kinds.values() for encode in ENCODINGS.values()),
    ]  # fmt: skip
    return [each.encode() for each in said]


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")[:MAX_CHARS]
