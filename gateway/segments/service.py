"""What may be said about segments, and about one person's place in them?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine

from gateway.errors import SegmentUnknown
from gateway.ingest.binding import Bound, InForce
from gateway.ingest.ledger import intervals
from gateway.ingest.resolve import spelled
from gateway.pseudonyms import every_name
from gateway.segments.schemas import Labels, LookupOut, MembershipOut, SegmentOut, SegmentsOut
from policies.consent import covers
from policies.ruleset import SegmentRule
from pseudonymizer.errors import IdentifierInvalid
from pseudonymizer.keyring import Identifier
from pseudonymizer.lookup import Called
from workers.segments.floor import SegmentSize, disclosed
from workers.store import in_force, pseudonyms, registry, segments
from workers.store.segments import Holder, Size
from workers.store.transactions import transaction

# Gives what whoever an identifier names is called, or nobody, by the same work.
LookUp = Callable[[Identifier, Sequence[str]], Called]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class SegmentService:
    """Reads segments above the floor, and memberships that consent covers now."""

    store: Engine
    in_force: InForce
    alike: LookUp
    clock_us: Callable[[], int]

    def listed(self) -> SegmentsOut:
        """Give every segment of the rulebook in force."""
        return self.in_force.under(self._listed)

    def _listed(self, bound: Bound) -> SegmentsOut:
        sizes = self._sizes(bound)
        return SegmentsOut(
            rulebook=bound.rules.ruleset.hash,
            segments=[
                _shown(bound, rule, sizes.get(bound.computation.segments[rule.key]))
                for rule in bound.rules.ruleset.segments.values()
            ],
        )

    def shown(self, key: str) -> SegmentOut:
        """Give one segment.

        Raises:
            SegmentUnknown: the rulebook has none of that key.
        """
        return self.in_force.under(lambda bound: self._one(bound, key))

    def _one(self, bound: Bound, key: str) -> SegmentOut:
        sizes = self._sizes(bound)
        rule = bound.rules.ruleset.segments.get(key)
        if rule is None:
            raise SegmentUnknown("The rulebook in force has no segment of that key.")
        return _shown(bound, rule, sizes.get(bound.computation.segments[key]))

    def _sizes(self, bound: Bound) -> Mapping[int, Size]:
        with transaction(self.store) as connection:
            in_force.check(connection, bound.computation.rulebook)
            return segments.sizes(connection)

    def of(self, kind: str, value: str) -> LookupOut:
        """Give the memberships of one person; none for somebody we may not know.

        Consent is asked again here: what was computed yesterday is not
        permission to release it today (R-88).
        """
        return self.in_force.under(lambda bound: self._of(bound, kind, value))

    def _of(self, bound: Bound, kind: str, value: str) -> LookupOut:
        pair = spelled(bound.rules.ruleset.identifiers, (kind, value))
        if pair is None:
            raise IdentifierInvalid("The kind of identifier is not declared in the rulebook.")
        # Nobody's, where nobody is known: the store is asked all the same.
        called = self.alike(pair, tuple(bound.rules.domain_masks))
        with transaction(self.store) as connection:
            in_force.check(connection, bound.computation.rulebook)
            holders = segments.of_pids(connection, every_name(called))
            first = called.epoch - len(called.past)
            pseudonyms.refuse_apart(connection, first, called.epoch)
        now_us = self.clock_us()
        found = [each for holder in holders.values() for each in _released(bound, holder, now_us)]
        return LookupOut(segments=sorted(found, key=lambda each: each.key))


def _released(bound: Bound, holder: Holder, now_us: int) -> list[MembershipOut]:
    if holder.state != registry.ALIVE:
        return []
    rules = bound.rules
    consent = intervals(holder.consent)
    released = []
    for rule in rules.ruleset.segments.values():
        since_us = holder.memberships.get(bound.computation.segments[rule.key])
        if since_us is None:
            continue
        number, bit = rules.numbers[rule.purpose], rules.bit(rule.purpose)
        permitted = bit & rules.free or covers(consent.get(number), now_us, now_us)
        if permitted and not holder.objected & bit:
            since = EPOCH + timedelta(microseconds=since_us)
            released.append(MembershipOut(key=rule.key, version=rule.version, since=since))
    return released


def _shown(bound: Bound, rule: SegmentRule, size: Size | None) -> SegmentOut:
    floor = bound.rules.ruleset.disclosure.count_floor
    counted = None if size is None else SegmentSize(size.members, size.population)
    shown = disclosed(counted, floor)
    return SegmentOut(
        key=rule.key,
        version=rule.version,
        label=Labels(fr=rule.label_fr, en=rule.label_en),
        description=Labels(fr=rule.description_fr, en=rule.description_en),
        purpose=rule.purpose,
        size=shown,
        below_floor=counted is not None and shown is None,
        floor=floor,
        counted_at=None if size is None else EPOCH + timedelta(microseconds=size.counted_at_us),
    )
