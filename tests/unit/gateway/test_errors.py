"""Whose fault is it, and should the client come again?"""

from __future__ import annotations

from typing import ClassVar

import pytest

from gateway.errors import BodyInvalid, QueueFull, headers_of, problem
from gateway.rights.errors import CaseBusy, DataMapIncomplete
from policies.errors import KeyDestroyed, ParaventError, StoreUnavailable
from pseudonymizer.errors import EnvelopeInvalid, IdentifierInvalid, VaultContended
from workers.store.errors import StoreBusy, StoreRefused


@pytest.mark.parametrize(
    "error",
    [
        StoreRefused("42501"),
        KeyDestroyed(),
        EnvelopeInvalid(),
        DataMapIncomplete(),
        ParaventError(),
    ],
)
def test_what_is_not_the_callers_to_mend_is_a_500(error: ParaventError) -> None:
    # As a 400 it would make client libraries throw their events away.
    assert problem(error).status == 500


def test_an_error_nobody_placed_is_ours() -> None:
    class Unplaced(ParaventError):
        """Something new went wrong."""

        code: ClassVar[str] = "unplaced"

    document = problem(Unplaced())
    assert (document.status, document.code) == (500, "unplaced")
    assert document.message == "Something new went wrong."


@pytest.mark.parametrize("error", [StoreUnavailable, StoreBusy, VaultContended])
def test_what_passes_by_itself_says_when_to_come_again(error: type[ParaventError]) -> None:
    document = problem(error("away"))
    assert document.status == 503
    assert int(headers_of(document)["retry-after"]) > 0


def test_too_much_at_once_says_when_in_both_words_of_the_dialect() -> None:
    headers = headers_of(problem(QueueFull("full")))
    assert headers["retry-after"] == headers["x-ratelimit-reset"]
    assert int(headers["retry-after"]) > 0


@pytest.mark.parametrize(
    ("error", "status"), [(BodyInvalid, 400), (CaseBusy, 409), (IdentifierInvalid, 422)]
)
def test_what_the_caller_must_mend_is_not_sent_again(
    error: type[ParaventError], status: int
) -> None:
    document = problem(error("so"))
    assert document.status == status
    assert "retry-after" not in headers_of(document)
