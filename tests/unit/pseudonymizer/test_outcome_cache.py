from __future__ import annotations

from pseudonymizer.lookup import Lookup, Resolved
from pseudonymizer.vault.cache import OutcomeCache

ADA = Lookup((("user_id", "ada"),))
GRACE = Lookup((("user_id", "grace"),))
PID = bytes(range(16))
KNOWN = Resolved("known", {"marketing": PID})


class Clock:
    """An instant that the test moves."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def cached(*, ttl_s: float = 60, size: int = 10) -> tuple[OutcomeCache, Clock]:
    clock = Clock()
    cache = OutcomeCache(ttl_s=ttl_s, size=size, clock=clock)
    cache.put([(name(cache, ADA), KNOWN)], epoch=cache.epoch)
    return cache, clock


def name(cache: OutcomeCache, lookup: Lookup, domains: tuple[str, ...] = ("marketing",)) -> bytes:
    return cache.name(lookup, cache.contexts(domains))


def recall(
    cache: OutcomeCache, lookup: Lookup = ADA, domains: tuple[str, ...] = ("marketing",)
) -> object:
    return cache.get(name(cache, lookup, domains), cache.now())


def test_an_outcome_is_remembered_for_a_minute_and_no_longer() -> None:
    cache, clock = cached(ttl_s=3600)
    clock.at = 59.9
    assert recall(cache) == KNOWN
    clock.at = 60
    assert recall(cache) is None


def test_what_is_too_old_is_not_kept_in_memory_either() -> None:
    cache, clock = cached()
    clock.at = 30
    cache.put([(name(cache, GRACE), KNOWN)], epoch=cache.epoch)
    assert len(cache) == 2
    clock.at = 60
    cache.put([(name(cache, Lookup((("user_id", "cust-alan"),))), KNOWN)], epoch=cache.epoch)
    assert len(cache) == 2
    assert recall(cache, GRACE) == KNOWN


def test_whoever_is_met_again_is_kept_from_then_on() -> None:
    cache, clock = cached()
    clock.at = 59
    for lookup in (GRACE, ADA):
        cache.put([(name(cache, lookup), KNOWN)], epoch=cache.epoch)
    clock.at = 118
    cache.put([(name(cache, GRACE), KNOWN)], epoch=cache.epoch)
    assert recall(cache) == KNOWN
    assert len(cache) == 2


def test_the_cache_is_bounded_and_the_oldest_go_first() -> None:
    cache, _ = cached(size=1)
    cache.put([(name(cache, GRACE), KNOWN)], epoch=cache.epoch)
    assert recall(cache) is None
    assert recall(cache, GRACE) == KNOWN


def test_other_domains_identifiers_or_assertions_are_other_entries() -> None:
    cache, _ = cached()
    assert recall(cache, domains=("measurement",)) is None
    assert recall(cache, GRACE) is None
    assert recall(cache, Lookup(ADA.identifiers, link=True)) is None
    assert recall(cache, Lookup((("user", "id\0ada"),))) is None


def test_whether_it_may_be_minted_makes_no_difference_to_somebody_known() -> None:
    cache, _ = cached()
    assert recall(cache, Lookup(ADA.identifiers, mint=True)) == KNOWN


def test_an_erased_pseudonym_is_forgotten_at_once() -> None:
    cache, _ = cached()
    cache.invalidate([b"\xff" * 16])
    assert recall(cache) == KNOWN
    cache.invalidate([PID])
    assert recall(cache) is None


def test_an_outcome_read_before_an_invalidation_is_not_remembered_after_it() -> None:
    cache, _ = cached()
    read_at = cache.epoch
    cache.invalidate([PID])
    cache.put([(name(cache, ADA), KNOWN)], epoch=read_at)
    assert recall(cache) is None


def test_a_cache_switched_off_remembers_nothing() -> None:
    cache, _ = cached(ttl_s=0)
    assert recall(cache) is None


def test_no_identifier_is_kept_in_the_cache() -> None:
    cache, _ = cached()
    cache.clear()
    given = name(cache, ADA)
    assert b"ada" not in given
    assert len(given) == 16
    assert name(OutcomeCache(ttl_s=1, size=1), ADA) != given
