"""URLs, reduced to what says which page it was and not who was on it (R-70).

Of a page remains its path with every segment that could be somebody's replaced by ``:id``; of a
referrer the domain that was registered; of the query three campaign parameters.  Scheme, host,
user information, port, path parameters, query and fragment never leave this module.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from typing import Final, NamedTuple
from urllib.parse import parse_qsl, unquote

from pseudonymizer.scrub.suffixes import split_host

PLACEHOLDER: Final = ":id"
CAMPAIGN_PARAMETERS: Final = ("utm_source", "utm_medium", "utm_campaign")

MAX_URL_CHARS: Final = 2048
MAX_DEPTH: Final = 8  # segments; a shop's pages have two to five
MAX_SEGMENT_CHARS: Final = 48  # the longest category names of real shops; beyond it, a token
_MAX_CAMPAIGN_CHARS: Final = 64
_MAX_QUERY_FIELDS: Final = 64
_DECODINGS: Final = 3

_URL: Final = re.compile(
    r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):)?(?://(?P<authority>[^/?#]*))?"
    r"(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?",
    re.DOTALL,
)
_WORDS: Final = re.compile(r"[^\W\d_](?:[^\W\d_]|[-_.](?=[^\W\d_]))*")
_LONG_WORD: Final = re.compile(r"[^\W\d_]{25}")  # "anticonstitutionnellement" has 25; tokens more
_HEX: Final = re.compile(r"[0-9a-f]{8,}")
_CAMPAIGN: Final = re.compile(r"[^\W_](?:[\w .:|+-]*[^\W_])?")
_REFERENCE: Final = re.compile(r"\d{6}|[0-9a-f]{12}")  # in a campaign's name: somebody's, not its
_HOST: Final = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+")
# What follows one of these in a path is a person, however plain the word.
# Letters as they are drawn by lot: small, capital, small and capital again, or five consonants.
_DRAWN: Final = re.compile(r"[a-z][A-Z].*[a-z][A-Z]|(?i:[b-df-hj-np-tv-xz]{5})")
_OWNED_BY: Final = frozenset({
    "auteur", "auteurs", "author", "authors", "autrice", "autrices", "client", "cliente",
    "clientes", "clients", "customer", "customers", "member", "members", "membre", "membres",
    "people", "person", "personne", "personnes", "profil", "profile", "profiles", "profils",
    "seller", "sellers", "u", "user", "users", "utilisateur", "utilisateurs", "utilisatrice",
    "utilisatrices", "vendeur", "vendeurs", "vendeuse", "vendeuses",
})  # fmt: skip


class Parts(NamedTuple):
    """A URL taken apart: a lower-case host without user information and port, a path, a query."""

    host: str
    path: str
    query: str


def parts(text: str) -> Parts | None:
    """Take a web address or a path apart; ``None`` where it is neither, or too long."""
    if len(text) > MAX_URL_CHARS:
        return None
    found = _URL.match(text.strip().replace("\\", "/"))
    if found is None or (found["scheme"] or "https").lower() not in {"http", "https"}:
        return None
    host = host_as_written(text).lower()
    return Parts(host.rstrip("."), found["path"], found["query"] or "")


def segments(path: str) -> list[str]:
    """Give the decoded segments of a path, in their own spelling, no more than are looked at."""
    bare = (segment.partition(";")[0] for segment in path.split("/"))
    return [_unquoted(segment) for segment in bare if segment not in {"", ".", ".."}][
        : MAX_DEPTH + 1
    ]


def template(spelled: Sequence[str], *, suspect: Collection[int] = ()) -> str:
    """Write segments as a path template in small letters.

    Kept are plain words, such as ``robes-longues`` and ``panier.html``, that follow no word for a
    person.  Digits, hexadecimal, long and foreign-looking segments become ``:id``, and so do those
    at the positions *suspect*.
    """
    kept: list[str] = []
    previous = ""
    for position, segment in enumerate(spelled[:MAX_DEPTH]):
        word = unicodedata.normalize("NFKC", segment).lower()
        drawn = _DRAWN.search(segment) is not None
        mine = position in suspect or previous in _OWNED_BY or drawn or not _is_plain(word)
        kept.append(PLACEHOLDER if mine else word)
        previous = word
    if len(spelled) > MAX_DEPTH:
        kept.append("*")
    return "/" + "/".join(kept)


def host_as_written(text: str) -> str:
    """Give the host of a web address in its own spelling; only there can hidden text be read."""
    found = _URL.match(text.strip().replace("\\", "/"))
    return (found["authority"] or "").rpartition("@")[2].partition(":")[0] if found else ""


def referrer_host(text: str) -> str | None:
    """Give the registered domain of a referrer, without what stands before it; ``None`` if unknown.

    ``https://ada.blog.example.co.uk/x`` becomes ``example.co.uk``.  An address by number, a host
    under no public suffix and a scheme of an app have no registered domain.
    """
    split = parts(text)
    if split is None or not _HOST.fullmatch(split.host):
        return None
    return split_host(split.host).top_domain_under_public_suffix or None


def campaign_value(text: str) -> str | None:
    """Give a campaign's name in small letters; ``None`` where it looks like a reference or a text.

    Not yet scanned: the caller hands it to the scrubber.
    """
    value = unicodedata.normalize("NFKC", _unquoted(text)).strip().lower()
    if len(value) > _MAX_CAMPAIGN_CHARS or not _CAMPAIGN.fullmatch(value):
        return None
    return None if _REFERENCE.search(value) else value


def campaign_parameters(query: str, allowed: Collection[str]) -> dict[str, str]:
    """Give the first of each *allowed* parameter of a query that ``campaign_value`` takes.

    As it came: what may be hidden in it shows in its own spelling only.
    """
    if "=" not in query:
        return {}
    try:
        pairs = parse_qsl(query, max_num_fields=_MAX_QUERY_FIELDS)
    except ValueError:  # more fields than any campaign has
        return {}
    found: dict[str, str] = {}
    for name, text in pairs:
        if name in allowed and name not in found and campaign_value(text) is not None:
            found[name] = text
    return found


def _is_plain(word: str) -> bool:
    return (
        len(word) <= MAX_SEGMENT_CHARS
        and _WORDS.fullmatch(word) is not None
        and _LONG_WORD.search(word) is None
        and _HEX.fullmatch(word) is None
    )


def _unquoted(text: str) -> str:
    """Undo percent-encoding, repeatedly; what is still encoded then stays so, and is no word."""
    for _ in range(_DECODINGS):
        if "%" not in text:
            break
        text = unquote(text)
    return text
