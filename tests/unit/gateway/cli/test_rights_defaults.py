"""What the command records when nobody says how the requester was checked."""

from __future__ import annotations

from gateway.cli.rights import DEFAULT_CHECK
from gateway.rights.schemas import RequestIn


def test_no_check_is_claimed_that_was_not_stated_by_command_or_over_http() -> None:
    body = {"type": "access", "identifier": {"kind": "user_id", "value": "cust-ada-1815"}}
    assert RequestIn.model_validate(body).identity_check.method is DEFAULT_CHECK
    assert DEFAULT_CHECK == "operator_answers"
