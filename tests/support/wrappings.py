"""How careless programs wrap a text: what a browser, a form, a page, a log or a mail makes of it.

``CHAINS`` are all of them, and each after each: a link in a page, a form in a log.
"""

from __future__ import annotations

import base64
import html
import itertools
import json
import re
from collections.abc import Callable, Mapping
from html.entities import html5
from typing import Final
from urllib.parse import quote, quote_plus

from tests.support.canaries import WIDE, base64_url, decimal_entities, percent

Wrap = Callable[[str], str]

_NAMED: Final = {
    character: name
    for name, character in sorted(html5.items(), reverse=True)
    if len(character) == 1 and name.endswith(";")
}
_LABEL: Final = re.compile(r"[^\s.@:/+()]+")


def named_entities(text: str) -> str:
    """Write every character by its name that has one: most signs, hardly any letter."""
    return "".join(
        f"&{_NAMED[character]}" if character in _NAMED else html.escape(character)
        for character in text
    )


def punycode(text: str) -> str:
    """Write each label outside ASCII as host names are sent; the others stay."""
    return _LABEL.sub(
        lambda label: (
            label[0] if label[0].isascii() else "xn--" + label[0].encode("punycode").decode()
        ),
        text,
    )


WRAPPINGS: Final[Mapping[str, Wrap]] = {
    "percent": percent,
    "percent twice": lambda text: quote(percent(text), safe=""),
    "percent, reserved only": lambda text: quote(text, safe=""),
    "plus": quote_plus,
    "named entities": named_entities,
    "decimal entities": decimal_entities,
    "hexadecimal entities": lambda text: "".join(f"&#x{ord(each):x};" for each in text),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64url": base64_url,
    "JSON in a string": lambda text: json.dumps(json.dumps({"q": text})),
    "punycode": punycode,
    "zero width": "\u200b".join,
    "full width": lambda text: text.translate(WIDE),
}


def _after(first: Wrap, then: Wrap) -> Wrap:
    return lambda text: then(first(text))


CHAINS: Final[Mapping[str, Wrap]] = dict(WRAPPINGS) | {
    f"{first}, then {then}": _after(WRAPPINGS[first], WRAPPINGS[then])
    for first, then in itertools.product(WRAPPINGS, repeat=2)
}
