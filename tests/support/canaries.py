"""Canaries: people whose every trace can be found again, however a careless program spelled it.

A canary is looked for by its core, a run of characters that stands nowhere else, in every encoding
and, for base64, at each of its three offsets.  A part that escaped gives the whole away.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final
from urllib.parse import quote

Encode = Callable[[str], str]

WIDE: Final = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


def percent(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


def decimal_entities(text: str) -> str:
    return "".join(f"&#{ord(character)};" for character in text)


def escapes(text: str) -> str:
    return "".join(f"\\u{ord(character):04x}" for character in text)


def base64_url(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


ENCODINGS: Final[Mapping[str, Encode]] = {
    "clear": lambda text: text,
    "upper case": str.upper,
    "percent": percent,
    "percent, reserved only": lambda text: quote(text, safe=""),
    "percent twice": lambda text: percent(text).replace("%", "%25"),
    "entities": decimal_entities,
    "hexadecimal entities": lambda text: "".join(f"&#x{ord(each):x};" for each in text),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64url": base64_url,
    "hexadecimal": lambda text: text.encode().hex(),
    "escapes": escapes,
    "full width": lambda text: text.translate(WIDE),
}


@dataclass(frozen=True)
class Canary:
    """One person, by everything they can be told by."""

    email: str
    phone: str
    ip: str
    user_id: str
    anonymous_id: str
    name: str
    cores: tuple[str, ...]

    @property
    def kinds(self) -> dict[str, str]:
        return {
            "e-mail": self.email,
            "phone": self.phone,
            "address": self.ip,
            "user id": self.user_id,
            "anonymous id": self.anonymous_id,
            "name": self.name,
        }

    def spellings(self) -> Iterator[tuple[str, str, str]]:
        """Give every canary in every encoding: kind, encoding, text."""
        for kind, value in self.kinds.items():
            for encoding, encode in ENCODINGS.items():
                yield kind, encoding, encode(value)

    @cached_property
    def needles(self) -> dict[bytes, str]:
        """What to look for, in small letters, and what to call it."""
        found: dict[bytes, str] = {}
        for core in self.cores:
            for form, needle in _forms(core):
                found[needle.lower()] = f"{core} ({form})"
        for kind, value in self.kinds.items():
            for name in ("md5", "sha1", "sha256"):
                for spelled in (value, value.lower(), value.upper()):
                    digest = hashlib.new(name, spelled.encode(), usedforsecurity=False)
                    found[digest.hexdigest().encode()] = f"{name} of the {kind}"
        return found

    def found_in(self, data: bytes | str) -> list[str]:
        """Name what *data* holds of this canary."""
        folded = (data.encode("utf-8", "replace") if isinstance(data, str) else data).lower()
        return [name for needle, name in self.needles.items() if needle in folded]

    def found_in_files(self, paths: Iterable[Path]) -> dict[str, list[str]]:
        """Name what each file holds of this canary; files that hold nothing are left out."""
        found = {}
        for path in paths:
            if seen := self.found_in(path.read_bytes()):
                found[str(path)] = seen
        return found


def _forms(core: str) -> Iterator[tuple[str, bytes]]:
    for spelled in dict.fromkeys((core, core.upper(), core.capitalize())):
        for encoding, encode in ENCODINGS.items():
            if not encoding.startswith("base64"):
                yield encoding, encode(spelled).encode()
        for part in _base64_cores(spelled):
            yield "base64", part


def _base64_cores(core: str) -> Iterator[bytes]:
    """Give what base64 makes of *core* whatever stands around it, at each of the three offsets."""
    raw = core.encode()
    for offset in range(3):
        text = base64.b64encode(bytes(offset) + raw).rstrip(b"=")
        spoilt = 1 if (offset + len(raw)) % 3 else 0
        yield text[(0, 2, 3)[offset] : len(text) - spoilt]


# Made-up people.  The numbers are those the French regulator keeps for fiction, the addresses
# those of RFC 5737, the domains those of RFC 2606.
KANARI: Final = Canary(
    email="k.wrzsekanari@example.org",
    phone="+33199004127",
    ip="203.0.113.77",
    user_id="cust-wrzsekanari-7",
    anonymous_id="anon_wrzsekanari_b2",
    name="Konrad Wrzsekanari",
    cores=("wrzsekanari", "199004127", "99 00 41 27", "203.0.113.77"),
)
CONTROL: Final = Canary(
    email="g.qvxumelder@example.com",
    phone="+33199007350",
    ip="198.51.100.93",
    user_id="cust-qvxumelder-3",
    anonymous_id="anon_qvxumelder_c4",
    name="Grete Qvxumelder",
    cores=("qvxumelder", "199007350", "99 00 73 50", "198.51.100.93"),
)
