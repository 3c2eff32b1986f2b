"""A token ends when it is revoked, and only then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from gateway.rights import register
from gateway.rights.errors import OperatorUnknown
from gateway.rights.operators import Role, add_operator, authenticate_operator
from pseudonymizer.vault.transactions import transaction


def test_a_revoked_token_is_refused_and_its_neighbour_is_not(rights_engine: Engine) -> None:
    now = datetime.now(UTC) - timedelta(hours=1)
    with transaction(rights_engine) as rights:
        ended = add_operator(rights, "grace", Role.DPO, now=now)
        kept = add_operator(rights, "alan", Role.AUDITOR, now=now + timedelta(minutes=1))
    with transaction(rights_engine) as rights:
        assert register.end_token(rights, "_".join(ended.split("_")[:2]), datetime.now(UTC))
        assert not register.end_token(rights, "_".join(ended.split("_")[:2]), datetime.now(UTC))
        assert [row.name for row in register.operators(rights)] == ["grace", "alan"]
    with pytest.raises(OperatorUnknown):
        authenticate_operator(rights_engine, f"Bearer {ended}")
    assert authenticate_operator(rights_engine, f"Bearer {kept}").name == "alan"
