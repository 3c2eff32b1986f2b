"""Which pseudonyms do these identifiers have, and who gets one at first sight?

One vault transaction per call and one look-up statement in it, whatever the size of the batch;
none at all when every answer is remembered.  Two processes that meet the same new person at once
make one subject: the unique blind index decides, the loser's transaction is rolled back with its
subject key, and it reads the winner's (R-48).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from sqlalchemy import Connection, Engine

from pseudonymizer.errors import VaultContended
from pseudonymizer.keyring import Keyring
from pseudonymizer.lookup import Linked, Lookup, Resolved
from pseudonymizer.vault import store
from pseudonymizer.vault.buckets import Buckets, unwrap_subject
from pseudonymizer.vault.cache import OutcomeCache
from pseudonymizer.vault.called import called
from pseudonymizer.vault.identity import (
    Circles,
    Outcome,
    Plan,
    needs_circles,
    plan,
)
from pseudonymizer.vault.in_use import InUse
from pseudonymizer.vault.links import circles_of
from pseudonymizer.vault.mint import Minter
from pseudonymizer.vault.question import Question
from pseudonymizer.vault.store import BucketRow, FoundRow
from pseudonymizer.vault.transactions import transaction

__all__ = ["Resolver"]

ATTEMPTS: Final = 12
"""Each lost race means somebody else won it, so one more try is nearly always enough."""


class _Rotated(Exception):  # not an error: the question is put again
    """The vault makes its rows by versions of the keys that this process does not know yet."""

    def __init__(self, in_use: Mapping[str, InUse]) -> None:
        super().__init__(in_use)
        self.in_use = in_use


class Resolver:
    """Resolves look-ups to pseudonyms; safe to share between threads."""

    def __init__(
        self,
        engine: Engine,
        keyring: Keyring,
        *,
        cache_ttl_s: float = 60,
        cache_size: int = 200_000,
    ) -> None:
        self._engine = engine
        self._keyring = keyring
        self._cache = OutcomeCache(ttl_s=cache_ttl_s, size=cache_size)
        self._buckets = Buckets(keyring)
        self._minter = Minter(keyring, self._buckets)

    def resolve(self, wanted: Sequence[Lookup], *, domains: Sequence[str]) -> list[Resolved]:
        """Resolve a batch, in order; every domain's pseudonym is given for each subject.

        Args:
            wanted: one look-up per event; equal ones cost one.
            domains: the rulebook's domain keys.

        Raises:
            VaultUnavailable: the vault does not answer.
            VaultContended: lost a race too many times over; nothing was kept.
            KeyUnavailable, KeyDestroyed: the key service could not unwrap.
        """
        cache, now = self._cache, self._cache.now()
        contexts = cache.contexts(tuple(domains))
        answers: dict[tuple[object, ...], Resolved | None] = {}
        missing: dict[tuple[object, ...], tuple[bytes, Lookup]] = {}
        keys = [(lookup.identifiers, lookup.mint, lookup.link) for lookup in wanted]
        for key, lookup in zip(keys, wanted, strict=True):
            if key not in answers:
                name = cache.name(lookup, contexts)
                answers[key] = remembered = cache.get(name, now)
                if remembered is None:
                    missing[key] = (name, lookup)
        if missing:
            epoch = cache.epoch
            lookups = [lookup for _, lookup in missing.values()]
            fetched = self._fetch(lookups, domains=tuple(domains))
            answers.update(zip(missing, fetched, strict=True))
            names = [name for name, _ in missing.values()]
            cache.put(list(_worth_keeping(names, fetched)), epoch=epoch)
        return [answers[key] for key in keys]  # type: ignore[misc]  # every None was fetched

    def invalidate(self, pids: Collection[bytes]) -> None:
        """Forget what is remembered about these pseudonyms, 16 bytes each."""
        self._cache.invalidate(pids)

    def clear(self) -> None:
        """Forget everything remembered, unwrapped keys included."""
        self._cache.clear()
        self._buckets.clear()

    def _fetch(self, lookups: Sequence[Lookup], *, domains: tuple[str, ...]) -> list[Resolved]:
        question = Question(self._keyring, lookups)
        for _ in range(ATTEMPTS):
            try:
                with transaction(self._engine) as vault:
                    outcomes, keys, epochs = self._once(vault, question)
            except VaultContended:
                continue
            except _Rotated as rotated:
                question = Question.anew(self._keyring, lookups, rotated.in_use)
                continue
            return _answers(outcomes, keys, domains, epochs)
        raise VaultContended("others minted the same identifiers at once; a later try was needed")

    def _once(
        self, vault: Connection, question: Question
    ) -> tuple[list[Outcome], dict[int, bytes], InUse]:
        """Run one attempt; give the outcomes, the keys of the subjects in them, and the epochs."""
        lookups = question.lookups
        writing = any(lookup.mint or lookup.link for lookup in lookups)
        if writing:
            store.keep_erasures_out(vault)
        found, marks, in_use = store.look_up(vault, list(question.indexes), list(question.marks))
        if not question.knows(in_use):
            raise _Rotated(in_use)
        question.use(in_use)
        known = question.known(found, marks)
        linked = needs_circles(lookups, known)
        circles = Circles(*circles_of(vault, linked)) if linked else Circles()
        planned = plan(lookups, known, circles)
        keys = self._unwrap(found, planned)
        if planned.writes():
            keys |= self._minter.write(vault, planned, question, keys=keys)
        if writing:
            self._minter.move(vault, question, found, keys)
        return planned.outcomes, keys, in_use["pid"]

    def _unwrap(self, found: Iterable[FoundRow], planned: Plan) -> dict[int, bytes]:
        """Unwrap the keys of the known subjects that the plan names."""
        wanted = {outcome.subject for outcome in planned.outcomes}
        wanted.update(planned.attached.values())
        keys: dict[int, bytes] = {}
        for row in found:
            if row.subject in wanted and row.subject not in keys and row.wrapped_sk is not None:
                bucket = self._buckets.key(
                    BucketRow(row.bucket, row.version, row.kek_version, row.wrapped_key)
                )
                keys[row.subject] = unwrap_subject(bucket, row.subject, row.wrapped_sk)
        return keys


def _answers(
    outcomes: Iterable[Outcome],
    keys: Mapping[int, bytes],
    domains: tuple[str, ...],
    epochs: InUse,
) -> list[Resolved]:
    names = {subject: called(key, domains, epochs) for subject, key in keys.items()}
    return [
        Resolved(outcome.status, None, outcome.linked)
        if outcome.subject is None
        else Resolved(
            outcome.status,
            names[outcome.subject].pids,
            outcome.linked,
            names[outcome.subject].past,
            epochs.version,
        )
        for outcome in outcomes
    ]


def _worth_keeping(
    names: Iterable[bytes], fetched: Iterable[Resolved]
) -> Iterator[tuple[bytes, Resolved]]:
    """Give what the next look-up may be answered with: the unknown may be minted any time."""
    for name, resolved in zip(names, fetched, strict=True):
        if resolved.status == "suppressed":
            yield name, resolved
        elif resolved.pids is not None:
            linked: Linked = "conflict" if resolved.linked == "conflict" else "none"
            yield name, replace(resolved, status="known", linked=linked)
