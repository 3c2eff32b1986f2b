"""Audit entries to the byte, and the commitment to what may be erased."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.audit.record import (
    AuditRecord,
    canonical,
    canonical_fields,
    commit,
    opens,
)
from policies.audit.sink import AuditSink
from policies.errors import AuditRecordInvalid

SALT = bytes(range(32))


def test_a_header_is_one_line_with_its_keys_in_order() -> None:
    record = AuditRecord(
        seq=7,
        at="2026-03-01T10:00:00.000000Z",
        actor="paravent_gateway",
        action="consent:given",
        subject_ref="a1b2",
        fields={"purpose": "email_marketing", "count": 2, "shown": True},
    )
    assert record.header().decode() == (
        '{"action":"consent:given","actor":"paravent_gateway","at":"2026-03-01T10:00:00.000000Z",'
        '"commitment":"","fields":{"count":2,"purpose":"email_marketing","shown":true},"seq":7,'
        '"subject_ref":"a1b2"}'
    )


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"])),
        st.one_of(
            st.booleans(),
            st.integers(-(2**53) + 1, 2**53 - 1),
            st.text(st.characters(exclude_categories=["Cs"])),
        ),
    )
)
def test_canonical_bytes_do_not_depend_on_the_order_of_writing(value: dict[str, object]) -> None:
    turned = dict(reversed(value.items()))
    assert canonical(value) == canonical(turned)  # type: ignore[arg-type]
    assert json.loads(canonical(value)) == value  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ({"a": 1.5}, "a is neither"),
        ({"a": None}, "a is neither"),
        ({"a": ["x"]}, "a is neither"),
        ({"a": {"b": 2**53}}, "a.b is too large"),
        ({"a": "\ud800"}, "surrogate"),
    ],
)
def test_a_value_no_reader_could_agree_on_is_refused_by_its_key(
    value: dict[str, object], complaint: str
) -> None:
    with pytest.raises(AuditRecordInvalid, match=complaint):
        canonical(value)  # type: ignore[arg-type]


@pytest.mark.parametrize("action", ["reveal", "Identity:reveal", "identity:", "a:b:c", "a b:c"])
def test_an_action_is_object_and_verb(action: str) -> None:
    with pytest.raises(AuditRecordInvalid, match="object:verb"):
        AuditRecord(0, "", "", action).header()


def test_fields_have_plain_names_and_short_values() -> None:
    assert canonical_fields({"b": "y", "a": 1}) == '{"a":1,"b":"y"}'
    with pytest.raises(AuditRecordInvalid, match="lower_case"):
        canonical_fields({"Ada Lovelace": "x"})
    with pytest.raises(AuditRecordInvalid, match="field note is too long"):
        canonical_fields({"note": "x" * 501})


def test_a_refusal_never_repeats_the_value() -> None:
    with pytest.raises(AuditRecordInvalid) as refusal:
        canonical_fields({"ada@example.org": "x"})
    assert "ada" not in str(refusal.value)


def test_a_commitment_opens_with_its_salt_and_detail_only() -> None:
    commitment = commit(SALT, b"detail")
    assert opens(commitment, SALT, b"detail")
    assert not opens(commitment, SALT, b"other")
    assert not opens(commitment, bytes(32), b"detail")


def test_a_short_salt_is_refused() -> None:
    with pytest.raises(AuditRecordInvalid, match="16 bytes; 32"):
        commit(bytes(16), b"detail")


class ListSink:
    """Keeps entries in a list."""

    def __init__(self) -> None:
        self.headers: list[bytes] = []

    def append(self, action: str, subject_ref: str | None, fields: Mapping[str, str]) -> int:
        seq = len(self.headers)
        record = AuditRecord(seq, "2026-03-01T10:00:00Z", "test", action, subject_ref or "", fields)
        self.headers.append(record.header())
        return seq


def test_whatever_keeps_headers_in_order_can_be_a_sink() -> None:
    sink: AuditSink = ListSink()
    assert [sink.append("event:expired", None, {"count": str(n)}) for n in range(3)] == [0, 1, 2]
