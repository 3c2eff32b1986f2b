"""User agents, reduced to a small closed vocabulary: ``chrome 126 / android / mobile``.

Read by ``ua-parser`` with the rules it ships, offline.  For agents it half knows, the library
copies words of the text into its answer, and a name written into an agent would pass through.  So
nothing it says is passed on: every word that comes out is one of those written below, with a number
below 1000.  It does not know classes of devices; those are told here.
"""

from __future__ import annotations

import functools
import re
from typing import Final

from ua_parser import BestAvailableResolver, Domain, Resolver, load_builtins

UNKNOWN: Final = "other"
_MAX_CHARS: Final = 512

# Programs that say what they are, also where the library takes them for the browser they drive.
_BOT: Final = re.compile(
    r"bot\b|bot/|crawl|spider|slurp|headless|lighthouse|preview|monitor|curl/|wget/|python|java/"
    r"|go-http|node-fetch|axios|scrapy",
    re.IGNORECASE,
)
_SPIDER: Final = "Spider"  # the library's device of a robot

_FAMILIES: Final = {
    name: family
    for family, names in {
        "amazon silk": ("Amazon Silk",),
        "android browser": ("Android",),
        "brave": ("Brave",),
        "chrome": (
            "Chrome", "Chrome Mobile", "Chrome Mobile iOS", "Chrome Mobile WebView", "Chromium",
        ),
        "duckduckgo": ("DuckDuckGo", "DuckDuckGo Mobile"),
        "edge": ("Edge", "Edge Mobile"),
        "facebook": ("Facebook", "Facebook Messenger"),
        "firefox": ("Firefox", "Firefox Mobile", "Firefox iOS", "Firefox (Klar)", "Firefox Focus"),
        "huawei browser": ("Huawei Browser",),
        "instagram": ("Instagram",),
        "internet explorer": ("IE", "IE Mobile"),
        "linkedin": ("LinkedIn",),
        "miui browser": ("MiuiBrowser",),
        "opera": ("Opera", "Opera Mobile", "Opera Mini", "Opera Tablet", "Opera Touch", "Opera GX"),
        "pinterest": ("Pinterest",),
        "safari": ("Safari", "Mobile Safari", "Mobile Safari UI/WKWebView"),
        "samsung internet": ("Samsung Internet",),
        "snapchat": ("Snapchat",),
        "tiktok": ("TikTok",),
        "uc browser": ("UC Browser",),
        "vivaldi": ("Vivaldi",),
        "whale": ("Whale",),
        "yandex": ("Yandex Browser",),
    }.items()
    for name in names
}  # fmt: skip
_SYSTEMS: Final = {
    name: system
    for system, names in {
        "android": ("Android",),
        "chromeos": ("Chrome OS",),
        "ios": ("iOS",),
        "linux": ("Linux", "Ubuntu", "Fedora", "Debian", "Linux Mint", "CentOS", "Red Hat", "SUSE",
                  "Gentoo", "Arch Linux", "Mandriva", "Slackware"),
        "macos": ("Mac OS X", "Mac OS"),
        "windows": ("Windows", "Windows Phone", "Windows Mobile"),
    }.items()
    for name in names
}  # fmt: skip
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
    seen = resolver()(known, Domain.ALL)
    if seen.device is not None and seen.device.family == _SPIDER:
        return f"bot / {UNKNOWN} / bot"
    system = _SYSTEMS.get(seen.os.family, UNKNOWN) if seen.os is not None else UNKNOWN
    agent = seen.user_agent
    family = _FAMILIES.get(agent.family, UNKNOWN) if agent is not None else UNKNOWN
    major = agent.major if agent is not None else None
    if family != UNKNOWN and major and re.fullmatch("[0-9]{1,3}", major):
        family = f"{family} {int(major)}"
    return f"{family} / {system} / {_device_class(known, system)}"


@functools.cache
def resolver() -> Resolver:
    """Build what reads agents; half a second."""
    return BestAvailableResolver(load_builtins())


def _device_class(text: str, system: str) -> str:
    if _TELEVISION.search(text):
        return "television"
    mobile = _MOBILE.search(text) is not None
    if _TABLET.search(text) or (system == "android" and not mobile):
        return "tablet"
    if mobile:
        return "mobile"
    return UNKNOWN if system == UNKNOWN else "desktop"
