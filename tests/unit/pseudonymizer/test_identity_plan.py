"""Who is who, decided without a database."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pseudonymizer.keyring import Identifier
from pseudonymizer.lookup import Lookup
from pseudonymizer.reach import reach
from pseudonymizer.vault.identity import Circles, Known, Outcome, Plan, needs_circles, plan

ADA, GRACE = ("user_id", "ada"), ("user_id", "grace")
LAPTOP, PHONE = ("anonymous_id", "laptop"), ("anonymous_id", "phone")
MAIL = ("email", "ada@example.org")


def known(owners: dict[Identifier, int], *, tombstoned: object = (), gone: object = ()) -> Known:
    return Known(owners, frozenset(tombstoned), frozenset(gone))  # type: ignore[call-overload]


def decide(owners: dict[Identifier, int], *lookups: Lookup, links: object = ()) -> Plan:
    """Plan with circles as the database would give them."""
    rows = [(n, n, any(k == "user_id" and o == n for (k, _), o in owners.items()))
            for n in set(owners.values())]  # fmt: skip
    circles = Circles([*rows, *((a, b, False) for a, b in links)])  # type: ignore[attr-defined]
    return plan(lookups, known(owners), circles)


def asserted(*identifiers: Identifier, mint: bool = True) -> Lookup:
    return Lookup(identifiers, mint=mint, link=True)


def test_somebody_new_is_minted_once_however_many_events_name_them() -> None:
    planned = decide({}, Lookup((ADA,), mint=True), Lookup((ADA,), mint=True))
    assert [o.status for o in planned.outcomes] == ["minted", "known"]
    assert planned.minted == 1
    assert planned.attached == {ADA: -1}


def test_nothing_is_kept_about_somebody_new_whose_event_may_not_be_stored() -> None:
    planned = decide({}, Lookup((ADA,)), asserted(GRACE, LAPTOP, mint=False))
    assert [o.status for o in planned.outcomes] == ["unknown", "unknown"]
    assert not planned.writes()


def test_an_event_that_asserts_nothing_keeps_its_further_identifiers_out() -> None:
    planned = decide({}, Lookup((ADA, LAPTOP), mint=True))
    assert planned.attached == {ADA: -1}


def test_identifiers_asserted_together_become_a_new_person_and_their_devices() -> None:
    planned = decide({}, asserted(ADA, LAPTOP, MAIL, PHONE))
    assert planned.attached == {ADA: -1, LAPTOP: -2, MAIL: -1, PHONE: -3}
    assert planned.links.keys() == {(-1, -2), (-1, -3)}
    assert planned.outcomes == [Outcome("minted", -1, "joined")]


def test_a_visitor_who_names_an_address_stays_a_device_beside_one_person() -> None:
    planned = decide({}, asserted(LAPTOP, ADA, MAIL))
    assert planned.attached == {LAPTOP: -1, ADA: -2, MAIL: -2}
    assert planned.links.keys() == {(-1, -2)}
    assert planned.outcomes == [Outcome("minted", -1, "joined")]


def test_a_login_is_linked_with_the_visitor_who_was_known_by_the_cookie() -> None:
    planned = decide({LAPTOP: 1}, asserted(ADA, LAPTOP))
    assert planned.attached == {ADA: -1}
    assert planned.links.keys() == {(-1, 1)}
    assert planned.outcomes == [Outcome("minted", -1, "joined")]


def test_a_login_that_may_not_be_kept_takes_nothing_of_the_visitor() -> None:
    planned = decide({LAPTOP: 1}, asserted(ADA, LAPTOP, mint=False))
    assert planned.outcomes[0].subject is None
    assert not planned.writes()


def test_a_number_attaches_to_the_person_who_was_known_by_an_address() -> None:
    planned = decide({MAIL: 1}, asserted(ADA, MAIL))
    assert planned.attached == {ADA: 1}
    assert planned.outcomes == [Outcome("known", 1, "attached")]


def test_an_assertion_is_kept_even_where_nobody_new_may_be_minted() -> None:
    planned = decide({ADA: 1}, asserted(ADA, MAIL, LAPTOP, mint=False))
    assert planned.attached == {MAIL: 1, LAPTOP: -1}
    assert planned.links.keys() == {(1, -1)}


def test_a_cookie_that_becomes_another_is_the_same_device() -> None:
    planned = decide({LAPTOP: 1}, asserted(PHONE, LAPTOP))
    assert planned.attached == {PHONE: 1}


def test_a_second_person_on_a_shared_device_stays_a_second_person() -> None:
    planned = decide({ADA: 1, LAPTOP: 1}, asserted(GRACE, LAPTOP))
    assert planned.outcomes[0].status == "minted"
    assert planned.outcomes[0].linked == "conflict"
    assert planned.attached == {GRACE: -1}
    assert not planned.links


def test_a_second_person_who_may_not_be_minted_gets_nothing_of_the_first() -> None:
    planned = decide({ADA: 1, LAPTOP: 1}, asserted(GRACE, LAPTOP, mint=False))
    assert planned.outcomes[0] .status == "unknown"  # fmt: skip
    assert planned.outcomes[0].linked == "conflict"
    assert not planned.writes()


def test_two_known_subjects_are_joined_when_one_of_them_has_no_user_id() -> None:
    planned = decide({ADA: 1, PHONE: 2}, asserted(ADA, PHONE))
    assert planned.links.keys() == {(1, 2)}
    assert (planned.outcomes[0].subject, planned.outcomes[0].linked) == (1, "joined")


def test_two_known_subjects_with_user_ids_are_never_joined() -> None:
    planned = decide({ADA: 1, LAPTOP: 1, GRACE: 2}, asserted(GRACE, LAPTOP))
    assert planned.outcomes[0].linked == "conflict"
    assert not planned.writes()


def test_a_device_joined_to_one_person_does_not_pull_in_another() -> None:
    owners = {ADA: 1, LAPTOP: 2, GRACE: 3}
    planned = decide(owners, asserted(GRACE, LAPTOP), links=[(1, 2)])
    assert planned.outcomes[0].linked == "conflict"
    fresh = decide({ADA: 1, LAPTOP: 2}, asserted(GRACE, LAPTOP), links=[(1, 2)])
    assert fresh.attached == {GRACE: -1}


def test_a_join_planned_earlier_in_the_batch_counts() -> None:
    owners = {ADA: 1, LAPTOP: 2, GRACE: 3}
    planned = decide(owners, asserted(ADA, LAPTOP), asserted(GRACE, LAPTOP))
    assert [o.linked for o in planned.outcomes] == ["joined", "conflict"]


def test_an_old_user_id_is_no_alias_of_a_new_one() -> None:
    planned = decide({ADA: 1}, asserted(GRACE, ADA))
    assert planned.outcomes[0].linked == "conflict"
    assert planned.attached == {GRACE: -1}


def test_subjects_joined_before_stay_joined_without_a_write() -> None:
    planned = decide({ADA: 1, PHONE: 2}, asserted(ADA, PHONE), links=[(1, 2)])
    assert planned.outcomes[0].linked == "joined"
    assert not planned.writes()


def test_one_tombstoned_name_suppresses_the_whole_event() -> None:
    facts = known({ADA: 1, LAPTOP: 2}, tombstoned={MAIL})
    planned = plan([asserted(ADA, MAIL), asserted(LAPTOP, MAIL), Lookup((ADA,))], facts, Circles())
    assert [o.status for o in planned.outcomes] == ["suppressed", "suppressed", "known"]
    assert planned.outcomes[0].subject is None


def test_who_signs_in_on_the_device_of_somebody_erased_is_heard() -> None:
    facts = known({ADA: 1}, tombstoned={LAPTOP})
    planned = plan([asserted(ADA, LAPTOP), Lookup((LAPTOP,), mint=True)], facts, Circles())
    assert planned.outcomes == [Outcome("known", 1), Outcome("suppressed", None)]
    assert not planned.writes()


def test_a_subject_being_erased_is_suppressed_and_takes_nothing_new() -> None:
    planned = plan([asserted(ADA, LAPTOP)], known({ADA: 1}, gone={1}), Circles())
    assert planned.outcomes[0].status == "suppressed"
    assert not planned.writes()


def test_links_are_read_only_where_they_decide_something() -> None:
    facts = known({ADA: 1, LAPTOP: 1, PHONE: 2})
    assert needs_circles([Lookup((ADA,), mint=True), asserted(ADA, LAPTOP)], facts) == set()
    assert needs_circles([asserted(ADA, PHONE)], facts) == {1, 2}
    assert needs_circles([asserted(ADA, MAIL)], facts) == {1}


IDENTIFIERS = st.sampled_from([ADA, GRACE, LAPTOP, PHONE, MAIL, ("user_id", "alan")])
LOOKUPS = st.builds(
    Lookup,
    st.lists(IDENTIFIERS, min_size=1, max_size=4, unique=True).map(tuple),
    mint=st.booleans(),
    link=st.booleans(),
)


@given(st.lists(LOOKUPS, max_size=12))
def test_whatever_is_asserted_nobody_ever_has_two_user_ids(lookups: list[Lookup]) -> None:
    planned = decide({}, *lookups)
    people: dict[int, set[Identifier]] = {}
    for identifier, subject in planned.owners.items():
        if identifier[0] == "user_id":
            people.setdefault(planned.circles.root(subject), set()).add(identifier)
    assert all(len(user_ids) == 1 for user_ids in people.values())
    assert len(planned.outcomes) == len(lookups)


@given(st.lists(LOOKUPS, max_size=12))
def test_whatever_is_asserted_no_subject_is_both_a_person_and_a_device(
    lookups: list[Lookup],
) -> None:
    planned = decide({}, *lookups)
    reaches: dict[int, set[str]] = {}
    for identifier, subject in planned.owners.items():
        reaches.setdefault(subject, set()).add(reach(identifier[0]))
    assert all(len(found) == 1 for found in reaches.values())


@given(st.lists(LOOKUPS, max_size=8))
def test_only_what_may_be_kept_is_planned(lookups: list[Lookup]) -> None:
    planned = decide({}, *lookups)
    may = {i for lookup in lookups if lookup.mint or lookup.link for i in lookup.identifiers}
    assert planned.attached.keys() <= may
    if not any(lookup.mint for lookup in lookups):
        assert not planned.writes()
