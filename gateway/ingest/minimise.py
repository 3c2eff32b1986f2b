"""Which values of an event survive, and in which form?

Only declared properties are read (R-03).  Values that people may be in are
looked at together, one pass a kind for the whole commit group.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from gateway.ingest import values
from gateway.ingest.drafts import Draft, Found, Tally, Value
from gateway.ingest.own import names_of
from gateway.ingest.published import published_name
from gateway.ingest.rules import PropertyPlan, Treatment
from policies.vocabulary import Column
from pseudonymizer.generalise import Generaliser
from pseudonymizer.scrub.engine import Scrubber
from pseudonymizer.scrub.own import Own

# Columns whose values are vocabulary, shared by many events through the dictionary.  There a
# scrubbed remainder has no use, and a value that named somebody must not become vocabulary.
VOCABULARY: Final = frozenset({Column.PRODUCT, Column.CATEGORY, Column.LABEL, Column.PAGE})
SCANNED: Final = frozenset({Treatment.SCAN, Treatment.NUMBER})


class _Look(NamedTuple):
    """One value that has to be looked at before it may be kept, and the text to look at."""

    draft: Draft
    found: Found
    name: str
    text: str


Looks = dict[Treatment, list[_Look]]
Owns = Sequence[Own]


class Minimiser:
    """Turns raw parts into the values that may be kept; shared by the writer threads."""

    def __init__(self, scrubber: Scrubber) -> None:
        self._scrubber = scrubber
        generaliser = Generaliser(scrubber)
        self._reduce: dict[Treatment, Callable[[Sequence[str], Owns], Sequence[str | None]]] = {
            Treatment.PAGE: lambda texts, own: generaliser.pages(texts, own=own),
            Treatment.REFERRER: lambda texts, own: generaliser.referrers(texts, own=own),
            Treatment.DEVICE: lambda texts, _own: generaliser.devices(texts),
            Treatment.CAMPAIGN: lambda texts, own: generaliser.campaign_names(texts, own=own),
        }

    def __call__(self, drafts: Iterable[Draft], tally: Tally) -> None:
        """Fill ``found`` of every draft still going."""
        looks: Looks = {}
        for draft in drafts:
            if draft.plan is not None and draft.outcome is None:
                _read(draft, looks, tally)
        own_of: dict[int, Own] = {}
        for treatment, items in looks.items():
            texts = [item.text for item in items]
            own = [_own(item.draft, own_of) for item in items]
            if treatment in SCANNED:
                self._scan(items, texts, own, tally)
            else:
                _keep(items, self._reduce[treatment](texts, own), tally)

    def _scan(self, items: Sequence[_Look], texts: Sequence[str], own: Owns, tally: Tally) -> None:
        for item, clean in zip(items, self._scrubber.scrub_many(texts, own=own), strict=True):
            if not clean.kinds:
                continue
            tally.drop(item.draft.source, item.draft.name, f"{item.name}:scrubbed")
            if item.found.column in VOCABULARY or not isinstance(item.found.value, str):
                item.draft.found.remove(item.found)
            else:
                item.found.value = clean.text


def _keep(items: Sequence[_Look], reduced: Sequence[str | None], tally: Tally) -> None:
    for item, value in zip(items, reduced, strict=True):
        if value is None:
            item.draft.found.remove(item.found)
            tally.drop(item.draft.source, item.draft.name, f"{item.name}:invalid")
        else:
            item.found.value = value


def _own(draft: Draft, known: dict[int, Own]) -> Own:
    """Give the names the event's sender goes by: a page may carry its visitor's own number."""
    found = known.get(id(draft))
    if found is None:
        found = known[id(draft)] = names_of(draft.event)
    return found


def _read(draft: Draft, looks: Looks, tally: Tally) -> None:
    plan = draft.plan
    if plan is None:
        return
    parts = draft.event.parts
    foreign = _foreign(parts.get("properties"), plan.currency)
    wanted, kept = draft.wanted, draft.found
    for item in plan.properties:
        raw = item.read(parts)
        if raw is None or not item.purposes & wanted:
            continue
        value = None if item.money and foreign else item.convert(raw)
        if value is None:
            tally.drop(draft.source, draft.name, f"{item.name}:invalid")
            continue
        found = Found(item.column, value, item.purposes)
        kept.append(found)
        text = _to_look_at(item, value)
        if text is not None:
            looks.setdefault(item.treatment, []).append(_Look(draft, found, item.name, text))
    _count_unknown(draft, parts.get("properties"), plan.readable, tally)


def _to_look_at(item: PropertyPlan, value: Value) -> str | None:
    """Give the text in which people are looked for, if there is a need to."""
    if isinstance(value, str):
        return None if item.treatment is Treatment.NONE else value
    return values.telling(value, minor=item.money)


def _foreign(properties: Mapping[str, object] | None, currency: str) -> bool:
    """Say whether the event's amounts are in another currency: added up they would be wrong."""
    said = properties.get("currency") if properties else None
    return isinstance(said, str) and said.strip().upper() != currency


def _count_unknown(
    draft: Draft, properties: Mapping[str, object] | None, readable: frozenset[str], tally: Tally
) -> None:
    """Count the properties nobody declared, by name only where the name is a published one.

    A name is the sender's text like any value: an e-mail address can be a key.
    """
    if not properties or properties.keys() <= readable:
        return
    other = 0
    for name in properties.keys() - readable:
        if published_name(name):
            tally.drop(draft.source, draft.name, name)
        else:
            other += 1
    if other:
        tally.drop(draft.source, draft.name, "(other)", other)
