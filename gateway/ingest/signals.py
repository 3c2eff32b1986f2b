"""What does everything that an event says about consent come to?

Each signal is read by itself (``policies.signals``), remembered by what it said, and put beside the
others: the most restrictive wins, purpose by purpose.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any, Final

from gateway.consent.tcf import Flaw, TcInvalid, TcString, Terms, believed, decode, granted
from gateway.ingest.decide import ALL, SILENT, Signals
from gateway.ingest.wire import Said, Signal
from policies.ruleset import RuleSet, TcfRule
from policies.signals import Signalled, age, google, privacy_control, signalled, tcf

MAX_REMEMBERED: Final = 2_000  # distinct statements; a site has a handful, an attacker any number
TENTH_US: Final = 100_000  # of a second, in which TC strings count

BELIEVED: Final = "believed"

Mask = Callable[[Iterable[str]], int]
Told = Callable[[str], None]
"""Hears of each TC string that it was believed, or its flaw; never a part of it."""


def unheard(_read: str) -> None:
    """Hear nothing of it."""


@dataclass(slots=True)
class SignalReader:
    """Reads statements under one rulebook.  *mask* gives the bits of purposes."""

    rules: RuleSet
    mask: Mask
    told: Told = unheard
    _categories: dict[tuple[bool | None, ...], Signals] = field(default_factory=dict)
    _others: dict[Said, Signals] = field(default_factory=dict)
    _tcf: TcfReader = field(init=False)
    _known: Mapping[Signal, frozenset[str]] = field(init=False)

    def __post_init__(self) -> None:
        self._tcf = TcfReader(self.rules, self.mask, self.told)
        self._known = {
            Signal.CATEGORIES: frozenset(self.rules.categories),
            Signal.GOOGLE: frozenset(self.rules.signals.google),
        }

    def heard(
        self, categories: Mapping[str, bool] | None, others: Iterable[Said], now_us: int
    ) -> Signals:
        """Give what *categories* and all *others* say together."""
        signals = self.categories(categories)
        for said in others:
            signals = signals.beside(self._read(said, now_us))
        return signals

    def categories(self, categories: Mapping[str, bool] | None) -> Signals:
        """Read what the consent platform said by categories."""
        if categories is None:
            return SILENT
        # What the rulebook does not name means nothing, and its name is nowhere kept.
        key = tuple(map(categories.get, self.rules.categories))
        found = self._categories.get(key)
        if found is None:
            found = self._masks(signalled(self.rules, categories))._replace(spoken=ALL)
            if len(self._categories) < MAX_REMEMBERED:
                self._categories[key] = found
        return found

    def _read(self, said: Said, now_us: int) -> Signals:
        kind = said[0]
        content: Any = said[1]
        if kind is Signal.TCF:
            return self._tcf.read(str(content), now_us)
        # Only words that mean something here are remembered: a member may be named by anything.
        known = self._known.get(kind)
        if known is not None:
            content = frozenset(each for each in content if each[0] in known)
            said = kind, content
        found = self._others.get(said)
        if found is None:
            found = self._other(kind, content)
            if len(self._others) < MAX_REMEMBERED:
                self._others[said] = found
        return found

    def _other(self, kind: Signal, content: Any) -> Signals:  # noqa: ANN401  # of each kind another
        if kind is Signal.CATEGORIES:
            return self.categories(dict(content))
        if kind is Signal.GOOGLE:
            return self._masks(google(self.rules, dict(content)))
        if kind is Signal.AGE:
            return self._masks(age(self.rules, content))
        return self._masks(privacy_control(self.rules))

    def _masks(self, said: Signalled) -> Signals:
        return Signals(*map(self.mask, (said.speaks, said.grants, said.refuses)))


@dataclass(slots=True)
class TcfReader:
    """Reads TC strings for the vendor of the rulebook.

    A string is personal data and a fingerprint, so it is remembered by a digest under a key of this
    process, and of what it says only its parts.
    """

    rules: RuleSet
    mask: Mask
    told: Told = unheard
    _terms: Terms | None = field(init=False)
    _key: bytes = field(init=False, default_factory=lambda: secrets.token_bytes(32))
    _known: dict[bytes, TcString | Flaw] = field(init=False, default_factory=dict)
    _signals: dict[Collection[int] | None, Signals] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        rule = self.rules.signals.tcf
        self._terms = None if rule is None else _terms(self.rules, rule)

    def read(self, text: str, now_us: int) -> Signals:
        """Give what *text* says at *now_us*; nothing where the rulebook does not listen to it."""
        if self._terms is None:
            return SILENT
        given = self._granted(text, self._terms, now_us)
        found = self._signals.get(given)
        if found is None:
            said = tcf(self.rules, given)
            masks = map(self.mask, (said.speaks, said.grants, said.refuses))
            found = self._signals[given] = Signals(*masks)
        return found

    def _granted(self, text: str, terms: Terms, now_us: int) -> frozenset[int] | None:
        tc = self._decoded(text)
        if isinstance(tc, Flaw):
            self.told(tc)
            return None
        if terms.vendor is None:
            return None
        try:
            believed(tc, Terms(now_us // TENTH_US, *_fixed(terms)))
        except TcInvalid as flawed:
            self.told(flawed.flaw)
            return None
        self.told(BELIEVED)
        return granted(tc, vendor=terms.vendor) & frozenset(range(1, 12))

    def _decoded(self, text: str) -> TcString | Flaw:
        digest = blake2b(
            text.encode("utf-8", "surrogatepass"), key=self._key, digest_size=16
        ).digest()
        if digest in self._known:
            return self._known[digest]
        found: TcString | Flaw
        try:
            found = decode(text)
        except TcInvalid as flawed:
            found = flawed.flaw
        if len(self._known) >= MAX_REMEMBERED:
            self._known.clear()
        self._known[digest] = found
        return found


def _terms(rules: RuleSet, rule: TcfRule) -> Terms:
    """Give what a string is held against: the strictest that any purpose it speaks for asks."""
    purposes = [rules.purposes[key] for keys in rule.purposes.values() for key in keys]
    shown = [rules.notices[purpose.notice].valid_from for purpose in purposes]
    oldest = min((purpose.consent_validity for purpose in purposes), default=timedelta(0))
    return Terms(
        now=0,
        vendor=rule.vendor,
        least_policy=rule.least_policy,
        oldest=oldest // timedelta(milliseconds=100),
        notice_since=max(map(_since, shown), default=0),
    )


def _since(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()) * 10


def _fixed(terms: Terms) -> tuple[int | None, int, int, int]:
    return terms.vendor, terms.least_policy, terms.oldest, terms.notice_since
