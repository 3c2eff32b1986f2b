"""What do the events of a commit group say about consent that the ledger does not know yet?

Pure but for the records it returns: the caller appends them in the same
transaction, before the first event is decided.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import msgspec

from gateway.ingest import decide
from gateway.ingest.decide import NOTHING, Instants, Signals, View
from gateway.ingest.drafts import Draft
from gateway.ingest.rules import CompiledRules
from policies.consent import ConsentRecord, fold
from policies.vocabulary import ConsentMethod, ConsentStatus, Scope
from workers.store.registry import RegistryRow

Intervals = dict[int, tuple[int, int]]


class Standing(msgspec.Struct, gc=False, eq=False):
    """One pseudonym as the registry has it: may it be written to, and for what.

    ``subject`` is the surrogate; ``said`` is its consent as the registry keeps it.
    """

    subject: int
    state: int
    objected: int
    said: Sequence[int]
    fresh: bool
    _consent: Intervals | None = None
    _now_us: int = -1
    _view: View = NOTHING

    @classmethod
    def of(cls, row: RegistryRow, *, fresh: bool = False) -> Standing:
        """Give how somebody stands by their *row*; *fresh* if this transaction wrote it."""
        return cls(row.id, row.state, row.objected, row.consent, fresh)

    @property
    def consent(self) -> Intervals:
        """Give the interval in which each purpose, by its number, is in force, or was last."""
        # Made when it is asked for: of most people only the view is.
        if self._consent is None:
            self._consent = intervals(self.said)
        return self._consent

    def knows(self, granted: int, when: Instants) -> bool:
        """Say whether a plain yes to *granted* (bits) is no news for any of them."""
        view = self._view if self._now_us == when.now_us else self._viewed(when.now_us)
        if granted == view.spoken:
            return view.opened_us <= when.at_us
        since_us = decide.known_since(self.consent, granted)
        return since_us is not None and since_us <= when.at_us

    def covered(self, when: Instants) -> int:
        """Give the purposes consented to then and now, as ``decide.covered`` does."""
        view = self._view if self._now_us == when.now_us else self._viewed(when.now_us)
        if view.since_us <= when.at_us < view.until_us:
            return view.covered
        return decide.covered(self.consent, *when)

    def become(self, consent: Intervals) -> None:
        """Take *consent* as what holds from now on."""
        self.said, self._consent = triplets(consent), consent
        self._now_us = -1

    def _viewed(self, now_us: int) -> View:
        if self._now_us != now_us:
            self._now_us, self._view = now_us, decide.viewed(self.said, now_us)
        return self._view


@dataclass(frozen=True, slots=True)
class News:
    """One record the ledger has to gain.

    ``signal`` is the keyed hash of the message it came with, if that had a name; ``before`` are
    those it would have been recorded with, had it come a while ago.
    """

    subject: int
    purpose: int
    status: ConsentStatus
    method: ConsentMethod
    at_us: int
    valid_until_us: int
    source: int | None
    scope: Scope
    evidence: str | None = None
    notice: str | None = None
    signal: bytes | None = None
    before: tuple[bytes, ...] = ()


def intervals(triplets: Iterable[int]) -> Intervals:
    """Read the registry's flat triplets ``[purpose, since, until]*``."""
    flat = list(triplets)
    return {flat[i]: (flat[i + 1], flat[i + 2]) for i in range(0, len(flat), 3)}


def triplets(consent: Intervals) -> list[int]:
    """Write intervals as the registry keeps them, sorted by purpose."""
    return [
        number
        for purpose, (since_us, until_us) in sorted(consent.items())
        for number in (purpose, since_us, until_us)
    ]


def news_of(
    rules: CompiledRules,
    draft: Draft,
    standing: Standing,
    signals: Signals,
    hashes: Sequence[bytes] = (),
) -> Iterator[News]:
    """Give what *signals* of *draft*, about purposes of one domain, add to its *standing*.

    *hashes* are the keyed ones of the message in that domain, the one in use first.
    """
    act, said = draft.act, signals.granted | signals.withdrawn
    number = 0
    while said:
        number += 1
        bit, said_here = 1 << (number - 1), said & 1
        said >>= 1
        if not said_here:
            continue
        at_us = draft.when.at_us
        until_us = _valid_until(rules, draft, number)
        interval = standing.consent.get(number)
        if signals.withdrawn & bit:
            status = decide.no(interval, at_us, act)
            if interval is None and bit & rules.objectable:
                status = ConsentStatus.REFUSED  # an objection: else what needs no yes goes on
        else:
            status = decide.yes(interval, at_us, until_us, act)
        if status is not None:
            yield News(
                subject=standing.subject,
                purpose=number,
                status=status,
                method=draft.method,
                at_us=at_us,
                valid_until_us=until_us if status is ConsentStatus.GIVEN else at_us,
                source=draft.source,
                scope=draft.scope,
                evidence=draft.event.assertion.evidence if draft.event.assertion else None,
                signal=hashes[0] if hashes else None,
                before=tuple(hashes[1:]),
            )


def _valid_until(rules: CompiledRules, draft: Draft, number: int) -> int:
    """Say how long a consent given by *draft* lasts.

    A person's own signal lasts from the moment it was given; a controller's
    assertion about the past holds from the day it is made.
    """
    made_us = draft.when.now_us if draft.event.assertion else draft.when.at_us
    return made_us + rules.validity_us[number]


def refolded(records: Iterable[ConsentRecord]) -> Intervals:
    """Give the intervals that *records*, whose purposes are numbers as text, amount to."""
    return {int(purpose): interval for purpose, interval in fold(records).items()}
