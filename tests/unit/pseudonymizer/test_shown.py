"""What carries somebody's identifiers or pseudonyms does not show them when it is printed."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from pseudonymizer.lookup import Lookup, Resolved
from pseudonymizer.vault.journal import Erasure

PID, AREF = bytes(range(16)), "aref-of-ada"


def test_a_look_up_and_its_answer_show_nobody() -> None:
    shown = repr(Lookup((("email", "ada@example.org"),), mint=True))
    assert "ada" not in shown
    assert "mint=True" in shown
    answer = Resolved("known", {"marketing": PID}, past=({"marketing": PID},))
    assert repr(PID) not in repr(answer)
    assert "marketing" not in repr(answer)


def test_an_erasure_shows_no_pseudonym_of_who_was_erased() -> None:
    case, now = UUID(int=1), datetime.now(UTC)
    erasure = Erasure(case, case, (7,), (PID,), (AREF,), 1, (), now, None, None)
    assert repr(PID) not in repr(erasure)
    assert AREF not in repr(erasure)
