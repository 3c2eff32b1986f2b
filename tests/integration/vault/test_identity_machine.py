"""Any order of assertions, undone links and erasures, against a real PostgreSQL (R-42).

The vault is held against what can be read off its own rows in the plainest way, and against what
was promised before: who was erased stays away, who was set apart stays apart, and nobody's
pseudonyms change.
"""

from __future__ import annotations

import os
from itertools import pairwise
from typing import Any, ClassVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Engine

from pseudonymizer.keyring import Identifier
from pseudonymizer.lookup import Lookup, Said
from pseudonymizer.vault.transactions import transaction
from tests.support.vault import Vault

EVERYBODY: tuple[Identifier, ...] = (
    ("user_id", "ada"), ("user_id", "grace"), ("anonymous_id", "laptop"),
    ("anonymous_id", "tablet"), ("device_id", "phone"), ("email", "ada@example.org"),
    ("email", "ada+shop@example.org"),
)  # fmt: skip
LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
TABLES = ("vault.identifier", "vault.link", "vault.subject", "tombstone.mark")
some = st.lists(st.sampled_from(EVERYBODY), min_size=1, max_size=3, unique=True)
pairs = st.lists(st.sampled_from(EVERYBODY), min_size=2, max_size=2, unique=True)


class Identities(RuleBasedStateMachine):
    """Talks to one vault, which it empties for each run."""

    vault: ClassVar[Vault]
    owner: ClassVar[Engine]

    def __init__(self) -> None:
        super().__init__()
        self.erased: set[Identifier] = set()
        self.apart: set[frozenset[int]] = set()
        self.called: dict[Identifier, Any] = {}

    @initialize()
    def empty(self) -> None:
        with transaction(self.owner) as connection:
            for table in TABLES:
                connection.exec_driver_sql(f"DELETE FROM {table}")

    @rule(identifiers=some, mint=st.booleans(), link=st.booleans())
    def say(self, identifiers: list[Identifier], *, mint: bool, link: bool) -> None:
        lookup = Lookup(tuple(identifiers), mint=mint, link=link, said=Said(1, "identify"))
        self.vault.ask(lookup)

    @rule(pair=pairs)
    def assert_one_person(self, pair: list[Identifier]) -> None:
        lookup = Lookup(tuple(pair), mint=True, link=True, said=Said(1, "identify"))
        self.vault.ask(lookup)

    @rule(identifiers=st.lists(st.sampled_from(EVERYBODY), min_size=3, unique=True))
    def meet_and_assert_in_a_row(self, identifiers: list[Identifier]) -> None:
        """Each is somebody by themselves before any two are said to be one."""
        for identifier in identifiers:
            self.vault.ask(Lookup((identifier,), mint=True))
        for one, other in pairwise(identifiers):
            self.assert_one_person([one, other])

    @rule(place=st.integers(0, 5))
    def undo_a_link(self, place: int) -> None:
        links = self.vault.rows(
            "SELECT subject, other FROM vault.link WHERE undone_at IS NULL ORDER BY subject, other"
        )
        if links:
            named = {subject: identifier for identifier, subject in self.owners().items()}
            link = links[place % len(links)]
            self.undo([named[link["subject"]], named[link["other"]]], part=False)

    @rule(pair=pairs, part=st.booleans())
    def undo(self, pair: list[Identifier], *, part: bool) -> None:
        before = self.owners()
        done = self.vault.part(*pair) if part else self.vault.unlink(*pair)
        if done.verdict == "undone" and before[pair[0]] == before[pair[1]]:
            self.called.pop(pair[1])  # the one way in which somebody gets another name
        if done.verdict == "undone" and done.apart:
            self.apart.add(frozenset(done.subjects))

    @rule(identifier=st.sampled_from(EVERYBODY), again=st.booleans())
    def erase(self, identifier: Identifier, *, again: bool) -> None:
        circle = self.reached(self.owners().get(identifier))
        gone = {each for each, owner in self.owners().items() if owner in circle}
        case = self.vault.begin(identifier).case_id
        self.vault.destroy(case)
        if again:
            self.vault.begin(identifier, case=case)
            self.vault.destroy(case)
        self.erased |= gone | {identifier}

    @invariant()
    def nobody_who_was_erased_is_found(self) -> None:
        for identifier in self.erased:
            assert self.vault.find(identifier).status == "suppressed"
        assert self.vault.rows(
            "SELECT 1 AS one FROM vault.link JOIN vault.subject ON id IN (subject, other)"
            " WHERE state <> 'alive'"
        ) == []  # fmt: skip

    @invariant()
    def nobody_set_apart_is_one_with_the_other_again(self) -> None:
        for pair in self.apart:
            one, other = pair
            assert other not in self.reached(one)

    @invariant()
    def nobody_is_called_otherwise_and_nobody_has_two_numbers(self) -> None:
        owners = self.owners()
        for identifier in owners:
            pids = self.vault.find(identifier).pids
            assert self.called.setdefault(identifier, pids) == pids
        for subject in owners.values():
            circle = self.reached(subject)
            numbers = [i for i, o in owners.items() if o in circle and i[0] == "user_id"]
            assert len(numbers) <= 1

    @invariant()
    def every_link_says_who_asserted_it(self) -> None:
        said = self.vault.rows("SELECT DISTINCT source, asserted FROM vault.link")
        assert [dict(row) for row in said] in ([], [{"source": 1, "asserted": "identify"}])

    def owners(self) -> dict[Identifier, int]:
        rows = self.vault.rows("SELECT blind_index, subject FROM vault.identifier")
        by_index = {bytes(row["blind_index"]): int(row["subject"]) for row in rows}
        indexes = self.vault.keyring.blind_indexes(EVERYBODY)
        named = zip(EVERYBODY, indexes, strict=True)
        return {each: by_index[index] for each, index in named if index in by_index}

    def reached(self, subject: int | None) -> set[int]:
        """Follow links in force, one at a time."""
        if subject is None:
            return set()
        links = self.vault.rows("SELECT subject, other FROM vault.link WHERE undone_at IS NULL")
        found, fresh = {subject}, [subject]
        while fresh:
            here = fresh.pop()
            for link in links:
                for one, other in ((link["subject"], link["other"]),
                                   (link["other"], link["subject"])):  # fmt: skip
                    if one == here and other not in found:
                        found.add(other)
                        fresh.append(other)
        return found


def test_whatever_is_said_undone_and_erased_in_whatever_order(
    vault: Vault, vault_owner: Engine
) -> None:
    few = settings(max_examples=200 if LONG else 10, stateful_step_count=15)
    bound = type("Bound", (Identities,), {"vault": vault, "owner": vault_owner})
    run_state_machine_as_test(bound, settings=few)
