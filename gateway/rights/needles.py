"""In which forms could what was erased still be lying about?

Pure.  A *needle* is one thing that must be gone, in one form: a canary of the kinds R-61 names
(clear, upper case, percent-encoded, base64 in its three alignments, hex, and the unkeyed digests
nobody should ever have stored).  Pseudonyms and blind indexes are needles as well.
"""

import base64
import hashlib
import json
import re
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, quote_plus

# Below this many characters (all digits: below the second number) an identifier looks like an
# ordinary word or quantity of somebody else's row, so a find in clear proves nothing.  Such a
# form is searched all the same and reported as ambiguous, never as residue.
SHORT_CHARS: Final = 6
SHORT_DIGITS: Final = 9
# A base64 needle shorter than this would match by chance in any sealed column of a large store.
_SHORTEST_BASE64: Final = 8
_DIGESTS: Final = ("md5", "sha1", "sha256")


@dataclass(frozen=True, slots=True)
class Needle:
    """One form of one thing that must be gone.

    Attributes:
        form: what the form is called in the scan's report; it names no value.
        text: what a text column would hold; ``None`` where the form is bytes only.
        data: what a bytes column would hold.
        folded: the text is compared without regard to case.
        bounded: the text must stand alone, not inside a longer word: ``u-100`` is not ``u-1001``.
        ambiguous: a find proves nothing, because the value is too short to be anyone's alone.
    """

    form: str
    text: str | None
    data: bytes
    folded: bool = True
    bounded: bool = False
    ambiguous: bool = False

    def __repr__(self) -> str:
        return f"Needle({self.form})"


def is_short(value: str) -> bool:
    """Say whether *value* is too short for a find in clear to prove anything."""
    return len(value) < SHORT_CHARS or (value.isdigit() and len(value) < SHORT_DIGITS)


def identifier_needles(kind: str, values: Iterable[str]) -> tuple[Needle, ...]:
    """Give every form of an identifier, given as written and as canonicalised.

    *kind* names the forms in the report; the values appear in no ``repr``.
    """
    found: dict[tuple[str | None, bytes], Needle] = {}
    for value in dict.fromkeys(_spellings(kind, values)):
        for needle in (*_readable(kind, value), *_encoded(kind, value), *_digests(kind, value)):
            found.setdefault((needle.text, needle.data), needle)
    return tuple(found.values())


def pseudonym_needles(pids: Iterable[bytes]) -> tuple[Needle, ...]:
    """Give every form of the pseudonyms: as UUID text, bare hex, base64 and raw bytes."""
    needles: list[Needle] = []
    for pid in pids:
        text = str(uuid.UUID(bytes=pid))
        needles += (
            Needle("pid:uuid", text, text.encode()),
            Needle("pid:hex", pid.hex(), pid.hex().encode()),
            Needle("pid:base64", *_base64_pair(pid), folded=False),
            Needle("pid:bytes", None, pid),
        )
    return tuple(needles)


def index_needles(indexes: Iterable[bytes]) -> tuple[Needle, ...]:
    """Give every form of the blind indexes: raw bytes, hex and base64."""
    needles: list[Needle] = []
    for index in indexes:
        needles += (
            Needle("blind-index:bytes", None, index),
            Needle("blind-index:hex", index.hex(), index.hex().encode()),
            Needle("blind-index:base64", *_base64_pair(index), folded=False),
        )
    return tuple(needles)


def text_patterns(needles: Sequence[Needle]) -> tuple[tuple[str, bool], ...]:
    """Give the regular expressions (POSIX, PostgreSQL) that together find any needle in a text.

    Each comes with whether it is compared without regard to case.
    """
    groups: dict[tuple[bool, bool], set[str]] = {}
    for needle in needles:
        if needle.text is not None:
            groups.setdefault((needle.folded, needle.bounded), set()).add(_escape(needle.text))
    return tuple(
        (_pattern("|".join(sorted(texts)), bounded=bounded), folded)
        for (folded, bounded), texts in sorted(groups.items())
    )


def finds(needles: Sequence[Needle], text: str) -> tuple[str, ...]:
    """Give the forms found in *text*, by the same patterns the database is asked with."""
    forms: dict[str, None] = {}
    for needle in needles:
        for pattern, folded in text_patterns([needle]):
            if re.search(pattern, text, re.IGNORECASE if folded else 0):
                forms[needle.form] = None
    return tuple(forms)


def _pattern(body: str, *, bounded: bool) -> str:
    if not bounded:
        return f"({body})"
    # A percent or JSON escape ends in letters and digits, yet it ends a word.
    before = r"(^|[^A-Za-z0-9]|%[0-9A-Fa-f][0-9A-Fa-f]|\\u[0-9A-Fa-f]{4})"
    return rf"{before}({body})($|[^A-Za-z0-9])"


def _spellings(kind: str, values: Iterable[str]) -> Iterable[str]:
    for value in values:
        yield value
        if kind == "phone" and value.startswith("+"):
            yield value[1:]
            yield f"00{value[1:]}"


def _readable(kind: str, value: str) -> tuple[Needle, ...]:
    short = is_short(value)
    spelled = {
        "clear": value,
        "percent": quote(value, safe=""),
        "plus": quote_plus(value),
        "percent-twice": quote(quote(value, safe=""), safe=""),
        "json": json.dumps(value)[1:-1],
    }
    readable = tuple(
        Needle(f"{kind}:{name}", text, text.encode(), bounded=True, ambiguous=short)
        for name, text in spelled.items()
    )
    folded = (value.lower(), value.upper())
    return readable + tuple(
        Needle(f"{kind}:clear-bytes", None, text.encode(), ambiguous=short) for text in folded
    )


def _encoded(kind: str, value: str) -> tuple[Needle, ...]:
    needles: list[Needle] = []
    for spelled in dict.fromkeys((value, value.lower(), value.upper())):
        raw = spelled.encode()
        short = is_short(value)
        needles.append(Needle(f"{kind}:hex", raw.hex(), raw.hex().encode(), ambiguous=short))
        needles.extend(
            Needle(f"{kind}:base64", text, text.encode(), folded=False, ambiguous=short)
            for text in _base64_alignments(raw)
        )
    return tuple(needles)


def _digests(kind: str, value: str) -> tuple[Needle, ...]:
    needles: list[Needle] = []
    for name in _DIGESTS:
        for spelled in dict.fromkeys((value, value.lower(), value.upper())):
            # What is searched for is exactly what R-38 forbids anyone to have stored.
            digest = hashlib.new(name, spelled.encode(), usedforsecurity=False)
            needles += (
                Needle(f"{kind}:{name}", digest.hexdigest(), digest.hexdigest().encode()),
                Needle(f"{kind}:{name}-bytes", None, digest.digest()),
            )
    return tuple(needles)


def _base64_alignments(raw: bytes) -> tuple[str, ...]:
    """Give the stable part of the base64 text of *raw* at each of its three offsets.

    Source: the alignment argument of Unicode-safe "base64 grep": characters that share bits with
    a neighbour are cut, the rest is the same whatever stands around the value.
    """
    found: dict[str, None] = {}
    for offset in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            text = encode(bytes(offset) + raw).decode()
            start = (0, 2, 3)[offset]
            end = len(text.rstrip("=")) - (1 if (offset + len(raw)) % 3 else 0)
            stable = text[start:end]
            if len(stable) >= _SHORTEST_BASE64:
                found[stable] = None
    return tuple(found)


def _base64_pair(raw: bytes) -> tuple[str, bytes]:
    text = base64.b64encode(raw).decode().rstrip("=")
    return text, text.encode()


def _escape(text: str) -> str:
    """Escape *text* for a PostgreSQL regular expression."""
    return re.sub(r"([^\w])", r"\\\1", text, flags=re.ASCII)
