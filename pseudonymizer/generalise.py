"""What is left of addresses, browsers, pages and instants: coarse enough to point at nobody.

The functions are pure.  ``Generaliser`` adds what a batch needs: the scrubber's eye on what is
kept, and a memory under keyed digests, since pages and browsers repeat.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Collection, Sequence
from typing import Final, Literal

from pseudonymizer.scrub.decode import hides_text
from pseudonymizer.scrub.engine import Scrubber
from pseudonymizer.scrub.finding import Plain
from pseudonymizer.scrub.memory import Memory
from pseudonymizer.scrub.own import Own, naming
from pseudonymizer.urls import (
    CAMPAIGN_PARAMETERS,
    PLACEHOLDER,
    campaign_parameters,
    campaign_value,
    host_as_written,
    parts,
    referrer_host,
    segments,
    template,
)
from pseudonymizer.user_agents import resolver, user_agent

__all__ = ["Generaliser", "ip", "referrer_host", "rounded", "url", "user_agent"]

Precision = Literal["microsecond", "second", "minute", "hour", "day"]

_MICROSECONDS: Final[dict[Precision, int]] = {
    "microsecond": 1,
    "second": 1_000_000,
    "minute": 60_000_000,
    "hour": 3_600_000_000,
    "day": 86_400_000_000,
}
_REMEMBERED: Final = 50_000
_REMEMBERED_SECONDS: Final = 600.0
_NOTHING: Final = ""  # remembered for "nothing is left", which is not "not remembered"


def ip(text: str) -> str | None:
    """Give the network of an address, /24 or /48; ``None`` where it is no address.

    A reduction, not anonymity: the network still is personal data beside a pseudonym (R-72).
    """
    try:
        address = ipaddress.ip_address(text.strip().partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    prefix = 24 if address.version == 4 else 48
    return str(ipaddress.ip_network(f"{address}/{prefix}", strict=False))


def rounded(at_us: int, precision: Precision) -> int:
    """Round an instant (microseconds since the epoch, UTC) down to *precision*."""
    return at_us - at_us % _MICROSECONDS[precision]


def url(text: str, *, scrubber: Scrubber, allowed_hosts: Collection[str] = ()) -> str | None:
    """Reduce one page address to its path template; see ``Generaliser.pages``."""
    return Generaliser(scrubber, allowed_hosts=allowed_hosts).pages([text])[0]


class Generaliser:
    """Generalises the columns of a batch.  Safe to share between threads.

    Args:
        scrubber: looks at every word that would be kept.
        allowed_hosts: the controller's own hosts; a page elsewhere is left out.  Empty: any host.
        allowed_parameters: query parameters that ``campaigns`` may keep.
    """

    def __init__(
        self,
        scrubber: Scrubber,
        *,
        allowed_hosts: Collection[str] = (),
        allowed_parameters: Collection[str] = CAMPAIGN_PARAMETERS,
    ) -> None:
        self._scrubber = scrubber
        self._hosts = frozenset(host.lower() for host in allowed_hosts)
        self._parameters = frozenset(allowed_parameters)
        self._pages = Memory[str](size=_REMEMBERED, seconds=_REMEMBERED_SECONDS)
        self._referrers = Memory[str](size=_REMEMBERED, seconds=_REMEMBERED_SECONDS)
        resolver()  # built here, not at the first agent that comes
        self._devices = Memory[str](size=_REMEMBERED, seconds=_REMEMBERED_SECONDS)

    def pages(self, texts: Sequence[str], *, own: Sequence[Own] | None = None) -> list[str | None]:
        """Reduce page addresses to path templates; ``None`` where one is no page of ours.

        Args:
            texts: URLs or paths.
            own: for each, the names its sender goes by, which no segment may hold.
        """
        marks = [self._pages.mark(text) for text in texts]
        known = [self._pages.recall(mark) for mark in marks]
        missing = [position for position, page in enumerate(known) if page is None]
        fresh = self._templates([texts[position] for position in missing])
        for position, page in zip(missing, fresh, strict=True):
            known[position] = page
            self._pages.keep(marks[position], page)
        pages = [page or None for page in known]
        if own is None:
            return pages
        named = naming(own, [page or "" for page in pages])
        return [
            _without(page, names) if page and mine else page
            for page, names, mine in zip(pages, own, named, strict=True)
        ]

    def referrers(
        self, texts: Sequence[str], *, own: Sequence[Own] | None = None
    ) -> list[str | None]:
        """Reduce referrers to registered domains; ``None`` where none is, or it names somebody.

        *own* is as for ``pages``.
        """
        sites = [_remembered(self._referrers, text, self._site) or None for text in texts]
        if own is None:
            return sites
        named = naming(own, [site or "" for site in sites])
        return [None if mine else site for site, mine in zip(sites, named, strict=True)]

    def devices(self, texts: Sequence[str]) -> list[str]:
        """Reduce user agents to family, system and class."""
        return [_remembered(self._devices, text, user_agent) for text in texts]

    def campaigns(self, texts: Sequence[str]) -> list[dict[str, str]]:
        """Give the allowed campaign parameters of page addresses, without those naming people."""
        found = [
            campaign_parameters(split.query, self._parameters) if (split := parts(text)) else {}
            for text in texts
        ]
        names = iter(self.campaign_names([value for each in found for value in each.values()]))
        named = [{parameter: next(names) for parameter in each} for each in found]
        return [{name: value for name, value in each.items() if value} for each in named]

    def campaign_names(
        self, texts: Sequence[str], *, own: Sequence[Own] | None = None
    ) -> list[str | None]:
        """Give campaign names sent outside a URL, in the form they have inside one.

        *own* is as for ``pages``.
        """
        return [name for name, _ in self.campaign_looks(texts, own=own)]

    def campaign_looks(
        self, texts: Sequence[str], *, own: Sequence[Own] | None = None
    ) -> list[tuple[str | None, bool]]:
        """Give campaign names, and of each whether the look at it saw nothing at all (``Plain``).

        They are looked at as they came: in small letters no base64 can be read any more.
        """
        looks = self._scrubber.scrub_many(texts, own=own)
        return [
            (
                None if look.kinds or hides_text(text) else campaign_value(text),
                isinstance(look, Plain),
            )
            for text, look in zip(texts, looks, strict=True)
        ]

    def _templates(self, texts: Sequence[str]) -> list[str]:
        """Write the templates of pages not met before, with one scan over all their segments."""
        paths = [self._segments_of(text) for text in texts]
        looks = iter(self._scrubber.scrub_many([s for path in paths if path for s in path]))
        templates = []
        for path in paths:
            if path is None:
                templates.append(_NOTHING)
                continue
            suspect = {
                position
                for position, segment in enumerate(path)
                if next(looks).kinds or hides_text(segment)
            }
            templates.append(template(path, suspect=suspect))
        return templates

    def _site(self, text: str) -> str:
        """Give the registered domain of a referrer, or nothing where it hides or names somebody."""
        site = referrer_host(text)
        if site is None:
            return _NOTHING
        written = host_as_written(text).rstrip(".")[-len(site) :]
        return _NOTHING if hides_text(written) or self._scrubber.kinds_in(written) else site

    def _segments_of(self, text: str) -> list[str] | None:
        split = parts(text)
        if split is None or (split.host and self._hosts and split.host not in self._hosts):
            return None
        return segments(split.path)


def _remembered(memory: Memory[str], text: str, reduce: Callable[[str], str]) -> str:
    mark = memory.mark(text)
    known = memory.recall(mark)
    if known is None:
        known = reduce(text)
        memory.keep(mark, known)
    return known


def _without(page: str, own: Own) -> str:
    """Replace the segments that hold one of its sender's names in a template that holds one.

    A name that only several segments hold together takes all of them along.
    """
    segments_ = page.split("/")
    mine = naming([own] * len(segments_), segments_)
    if not any(mine):
        return f"/{PLACEHOLDER}"
    return "/".join(
        PLACEHOLDER if named else segment for named, segment in zip(mine, segments_, strict=True)
    )
