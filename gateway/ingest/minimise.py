"""Which values of an event survive, and in which form?

Only declared properties are read (R-03).  Values met before are taken as they
were judged then, unless they hold their sender's own name; the others, where
people may be in them, are looked at together, one pass a kind for the group.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from gateway.ingest import values
from gateway.ingest.drafts import Draft, Found, Suspect, Tally, Value
from gateway.ingest.known import GONE, Digests, KnownValues, Memory, New
from gateway.ingest.own import names_of
from gateway.ingest.published import published_name
from gateway.ingest.reaching import getters
from gateway.ingest.rules import EventPlan, PropertyPlan, Treatment
from policies.vocabulary import Column, SpecialCategory, Suspicion
from pseudonymizer.generalise import Generaliser
from pseudonymizer.scrub.engine import Scrubber
from pseudonymizer.scrub.finding import NIR, UNREAD, UNREADABLE, Plain
from pseudonymizer.scrub.own import Own, bare, could_hold
from pseudonymizer.scrub.second_line import SecondLine

# Columns whose values are vocabulary, shared by many events through the dictionary.  There a
# scrubbed remainder has no use, and a value that named somebody must not become vocabulary.
VOCABULARY: Final = frozenset({Column.PRODUCT, Column.CATEGORY, Column.LABEL, Column.PAGE})
# Kept as they came, but for what is scrubbed; of the others it is the reduced value that counts.
FREE: Final = frozenset({Treatment.FREE_DROP, Treatment.FREE_MASK})
AS_IT_CAME: Final = FREE | {Treatment.NONE, Treatment.SCAN}
SCANNED: Final = frozenset({Treatment.SCAN, Treatment.NUMBER})


@dataclass(slots=True, eq=False)
class _Look:
    """One value that has to be looked at before it may be kept, and the text to look at.

    ``memory`` and ``key`` say where it is remembered, once what it becomes is known.
    """

    draft: Draft
    found: Found
    name: str
    text: str
    memory: Memory
    key: Hashable | None


@dataclass(slots=True, eq=False)
class _Group:
    """What one commit group's values need: to be looked at together, and to be counted."""

    known: KnownValues
    tally: Tally
    looks: dict[Treatment, list[_Look]] = field(default_factory=dict)
    digests: Digests = field(default_factory=dict, repr=False)

    def drop(self, look: _Look, how: str) -> None:
        """Take a value out of its event."""
        look.draft.found.remove(look.found)
        self.count(look, how)

    def count(self, look: _Look, how: str) -> None:
        """Count what happened to a value."""
        self.tally.drop(look.draft.source, look.draft.name, f"{look.name}:{how}")


Reduce = Callable[[Sequence[str], Sequence[Own] | None], Sequence[str | None]]


class Minimiser:
    """Turns raw parts into the values that may be kept; shared by the writer threads."""

    def __init__(self, scrubber: Scrubber, second_line: SecondLine | None = None) -> None:
        self._scrubber = scrubber
        self._second_line = second_line or SecondLine()
        self._known = KnownValues()
        self._generaliser = generaliser = Generaliser(scrubber)
        self._reduce: dict[Treatment, Reduce] = {
            Treatment.PAGE: lambda texts, own: generaliser.pages(texts, own=own),
            Treatment.REFERRER: lambda texts, own: generaliser.referrers(texts, own=own),
            Treatment.DEVICE: lambda texts, _own: generaliser.devices(texts),
        }

    def forget(self) -> None:
        """Forget what values became, and with it the numbers that stand for them in the store."""
        self._known.forget()

    def __call__(self, drafts: Iterable[Draft], tally: Tally) -> None:
        """Fill ``found`` of every draft still going."""
        self._known.turn()
        group = _Group(self._known, tally)
        for draft in drafts:
            if draft.plan is not None and draft.outcome is None:
                _read(draft, draft.plan, group)
        for treatment, looks in group.looks.items():
            if treatment in SCANNED:
                self._scan(group, looks)
            elif treatment is Treatment.CAMPAIGN:
                self._name(group, looks)
            elif treatment in FREE:
                self._read_through(group, looks, mask=treatment is Treatment.FREE_MASK)
            else:
                self._generalise(group, looks, treatment)

    def _scan(self, group: _Group, looks: Sequence[_Look]) -> None:
        own = [_own(look.draft) for look in looks]
        cleaned = self._scrubber.scrub_many([look.text for look in looks], own=own)
        for look, clean in zip(looks, cleaned, strict=True):
            if not clean.kinds:
                # Kept by its own text: only one that stays as it came.
                if (
                    isinstance(clean, Plain)
                    and look.key is not None
                    and look.found.value == look.key
                ):
                    look.found.bare = bare(look.text)
                    group.known.keep(look.memory, look.key, look.found)
                continue
            _suspect(look, clean.kinds)
            if look.found.column in VOCABULARY or not isinstance(look.found.value, str):
                group.drop(look, "scrubbed")
            else:
                group.count(look, "scrubbed")
                look.found.value = clean.text

    def _read_through(self, group: _Group, looks: Sequence[_Look], *, mask: bool) -> None:
        """Keep of free text what neither line objects to; what nobody has read is dropped."""
        own, texts = [_own(look.draft) for look in looks], [look.text for look in looks]
        left = self._second_line.read_through(self._scrubber, texts, own=own)
        for look, clean in zip(looks, left, strict=True):
            _suspect(look, clean.kinds)
            if not {UNREAD, UNREADABLE}.isdisjoint(clean.kinds):
                group.drop(look, "unread")
            elif clean.kinds and mask:
                group.count(look, "scrubbed")
                look.found.value = clean.text
            elif clean.kinds:
                group.drop(look, "scrubbed")

    def _name(self, group: _Group, looks: Sequence[_Look]) -> None:
        own = [_own(look.draft) for look in looks]
        named = self._generaliser.campaign_looks([look.text for look in looks], own=own)
        for look, (value, plain) in zip(looks, named, strict=True):
            if value is None:
                group.drop(look, "invalid")
                continue
            look.found.value = value
            _guard(look.draft, look.found, value)
            if plain and look.key is not None:
                look.found.bare = bare(look.text)
                group.known.keep(look.memory, look.key, look.found)

    def _generalise(self, group: _Group, looks: Sequence[_Look], treatment: Treatment) -> None:
        """Reduce values; what one becomes for everybody is remembered, not what for its sender."""
        reduce = self._reduce[treatment]
        for look, value in zip(looks, reduce([look.text for look in looks], None), strict=True):
            if value is None:
                group.drop(look, "invalid")
                if look.key is not None:
                    group.known.keep(look.memory, look.key, GONE)
                continue
            look.found.value, look.found.bare = value, bare(value)
            if treatment is not Treatment.DEVICE:
                _guard(look.draft, look.found, value)
            own = _own(look.draft)
            if not could_hold(own, look.found.bare):
                if look.key is not None:
                    group.known.keep(look.memory, look.key, look.found)
            elif (mine := reduce([look.text], [own])[0]) is None:
                group.drop(look, "invalid")
            else:
                look.found.value = mine


def _suspect(look: _Look, kinds: Sequence[str]) -> None:
    """Note what by itself makes the whole event suspect: it may have to be looked at (R-68)."""
    if NIR in kinds:
        suspicion = Suspicion.SOCIAL_SECURITY_NUMBER
    elif UNREADABLE in kinds:
        suspicion = Suspicion.UNREADABLE_TEXT
    else:
        return
    suspect = Suspect(suspicion, look.found.purposes)
    look.draft.suspects = {**(look.draft.suspects or {}), look.name: suspect}


def _guard(draft: Draft, found: Found, text: str) -> None:
    """Find out whether *text*, which would be kept, tells of a special category (R-73)."""
    if draft.plan is not None and draft.plan.lexicon.touched(text):
        found.special = True
        draft.special |= found.purposes


def _own(draft: Draft) -> Own:
    """Give the names the event's sender goes by: a page may carry its visitor's own number."""
    if draft.own is None:
        draft.own = names_of(draft.event)
    return draft.own


def _read(draft: Draft, plan: EventPlan, group: _Group) -> None:
    known, own = group.known, _own(draft)
    met = known.met(draft, plan, group.digests)
    # Asked of all texts at once, since nearly no event names its sender in them.
    if met.bare and could_hold(own, " ".join(met.bare)):
        met = known.met(draft, plan, group.digests, own)
    draft.special |= met.special
    if met.fresh:
        for each in met.found:
            if isinstance(each, Found):
                draft.found.append(each)
            else:
                _convert(draft, each, group)
    else:
        draft.found = met.found  # type: ignore[assignment]  # none of them is new
    properties = draft.event.parts.get("properties")
    if properties and not properties.keys() <= plan.readable:
        _count_unknown(draft, properties, plan.readable, group.tally)


def _convert(draft: Draft, new: New, group: _Group) -> None:
    """Take a value that was not met before, or that its sender may be named in."""
    (*_, memory, item), key, raw = new
    value = None if raw is None else item.convert(raw)
    if value is None:
        group.tally.drop(draft.source, draft.name, f"{item.name}:invalid")
        return
    found = Found(item.column, value, item.purposes)
    draft.found.append(found)
    if isinstance(value, str) and item.treatment in AS_IT_CAME:
        _guard(draft, found, value)
    text = _to_look_at(item, value)
    if text is not None:
        look = _Look(draft, found, item.name, text, memory, key)
        group.looks.setdefault(item.treatment, []).append(look)
    elif key is not None and (value == key or not isinstance(value, str)):
        group.known.keep(memory, key, found)


def _to_look_at(item: PropertyPlan, value: Value) -> str | None:
    """Give the text in which people are looked for, if there is a need to."""
    if isinstance(value, str):
        return None if item.treatment is Treatment.NONE else value
    return values.telling(value, minor=item.money)


def special_in(draft: Draft, plan: EventPlan) -> SpecialCategory | None:
    """Give the special category that a declared property of *draft* touches, for an explanation."""
    gets = getters(draft.event.parts, plan.holders)
    for item in plan.properties:
        raw = gets[item.holder](item.member)
        value = None if raw is None else item.convert(raw)
        if isinstance(value, str) and (found := plan.lexicon.touched(_kept_of(item, value))):
            return found
    return None


def _kept_of(item: PropertyPlan, value: str) -> str:
    """Give the part of *value* that would be kept and is judged; little else is left of an URL."""
    if item.treatment is Treatment.DEVICE:
        return ""
    if item.treatment not in {Treatment.PAGE, Treatment.REFERRER}:
        return value
    try:
        url = urlsplit(value)
    except ValueError:
        return ""  # it is not kept at all
    return url.path if item.treatment is Treatment.PAGE else url.hostname or ""


def _count_unknown(
    draft: Draft, properties: Mapping[str, object], readable: frozenset[str], tally: Tally
) -> None:
    """Count the properties nobody declared, by name only where the name is a published one.

    A name is the sender's text like any value: an e-mail address can be a key.
    """
    other = 0
    for name in properties:
        if name in readable:
            continue
        if published_name(name):
            tally.drop(draft.source, draft.name, name)
        else:
            other += 1
    if other:
        tally.drop(draft.source, draft.name, "(other)", other)
