"""A case survives the rotation of the key that wraps what it keeps sealed."""

from __future__ import annotations

from gateway.rights import wrapped
from gateway.rights.cases import CaseState, CaseType
from gateway.rights.service import Request
from pseudonymizer.vault import rotate
from pseudonymizer.vault.transactions import transaction
from tests.support.builders import ADA
from tests.support.rights import CONFIRMED, RightsDesk, seed_everywhere


def test_what_cases_keep_moves_with_the_key_and_opens_after_the_old_one_is_gone(
    desk: RightsDesk,
) -> None:
    seed_everywhere(desk)
    report = desk.ask(CaseType.ACCESS, ("user_id", ADA.user_id))
    erasure = desk.service.open(None, Request(CaseType.ERASURE, (("email", ADA.email),), CONFIRMED))
    vault, keyring = desk.edge.vault, desk.edge.keyring
    with transaction(desk.rights) as rights:
        assert wrapped.under(rights) == {1: 2}
    rotate.rotate(vault, keyring, "kek")
    rotate.move(vault, keyring, "kek")
    with transaction(desk.rights) as rights:
        assert wrapped.move(rights, keyring) == 2
        assert wrapped.move(rights, keyring) == 0
        assert wrapped.under(rights) == {2: 2}
    rotate.destroy(vault, keyring, "kek", 1)
    assert desk.service.result(None, report.id)["records"]
    assert desk.service.run(erasure.id).state == CaseState.CLOSED
