"""User agents, reduced to a small closed vocabulary: ``chrome 126 / android / mobile``.

Own and small on purpose.  The libraries for this copy words of the text into their answer for
agents they do not know, so that a name written into an agent would pass through; here every word
that comes out is one of those written below, and a number below 1000.
"""

from __future__ import annotations

import re
from typing import Final

UNKNOWN: Final = "other"
_MAX_CHARS: Final = 512

_BOT: Final = re.compile(
    r"bot\b|bot/|crawl|spider|slurp|headless|lighthouse|preview|monitor|curl/|wget/|python|java/"
    r"|go-http|node-fetch|axios|scrapy",
    re.IGNORECASE,
)
# In order: browsers name those they descend from, and nearly all descend from Safari.
_FAMILIES: Final = tuple(
    (family, re.compile(pattern))
    for family, pattern in (
        ("edge", r"\bEdg(?:e|A|iOS)?/(\d{1,3})\b"),
        ("opera", r"\b(?:OPR|OPT|Opera)/(\d{1,3})\b"),
        ("samsung internet", r"\bSamsungBrowser/(\d{1,3})\b"),
        ("facebook", r"\bFBAV/(\d{1,3})\b"),
        ("instagram", r"\bInstagram (\d{1,3})\b"),
        ("duckduckgo", r"\b(?:DuckDuckGo|Ddg)/(\d{1,3})\b"),
        ("vivaldi", r"\bVivaldi/(\d{1,3})\b"),
        ("firefox", r"\b(?:Firefox|FxiOS)/(\d{1,3})\b"),
        ("chrome", r"\b(?:Chrome|CriOS|Chromium)/(\d{1,3})\b"),
        ("safari", r"\bVersion/(\d{1,3})\b(?=[^()]*\bSafari/)"),
        ("internet explorer", r"\b(?:MSIE |Trident/.{0,40}rv:)(\d{1,3})\b"),
    )
)
_SYSTEMS: Final = (
    ("ios", re.compile(r"\b(?:iPhone|iPad|iPod)\b")),
    ("android", re.compile(r"\bAndroid\b")),
    ("chromeos", re.compile(r"\bCrOS\b")),
    ("windows", re.compile(r"\bWindows\b")),
    ("macos", re.compile(r"\b(?:Macintosh|Mac OS X)\b")),
    ("linux", re.compile(r"\b(?:Linux|X11)\b")),
)
_TELEVISION: Final = re.compile(r"SmartTV|SMART-TV|AppleTV|HbbTV|BRAVIA|CrKey|\bTV\b")
_TABLET: Final = re.compile(r"\b(?:iPad|Tablet)\b")
_MOBILE: Final = re.compile(r"\bMobile\b|\biPhone\b|\biPod\b")


def user_agent(text: str) -> str:
    """Reduce a user agent to ``family major / system / class``; what is not known is ``other``.

    The major version is left out for bots and where it has more than three digits.
    """
    known = text[:_MAX_CHARS]
    if _BOT.search(known):
        return f"bot / {UNKNOWN} / bot"
    system = next((name for name, sign in _SYSTEMS if sign.search(known)), UNKNOWN)
    return f"{_family(known)} / {system} / {_device_class(known, system)}"


def _family(text: str) -> str:
    for family, pattern in _FAMILIES:
        found = pattern.search(text)
        if found:
            return f"{family} {int(found[1])}"
    return UNKNOWN


def _device_class(text: str, system: str) -> str:
    if _TELEVISION.search(text):
        return "television"
    mobile = _MOBILE.search(text) is not None
    if _TABLET.search(text) or (system == "android" and not mobile):
        return "tablet"
    if mobile:
        return "mobile"
    return UNKNOWN if system == UNKNOWN else "desktop"
