"""Which statements run on the schema ``rights`` of the vault database?

The tables stand in ``gateway.rights.tables`` and are migrated with the vault.  The role
``paravent_gateway`` reads and writes this schema there and nothing else; every statement takes the
connection first and never commits.
"""

import json
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, text


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorRow:
    """An operator as stored; the token's hash, never the token."""

    id: uuid.UUID
    name: str
    role: str
    token_prefix: str
    token_hash: bytes
    created_at: datetime
    expires_at: datetime | None = None

    def __repr__(self) -> str:
        return f"OperatorRow({self.token_prefix}, {self.role})"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRow:
    """A case as stored.

    Attributes:
        step: the last step that is durably done; ``None`` before the first.
        sealed_dossier: the case's working memory (identifiers, pseudonyms, counts), sealed with
            the case's own key and deleted at closure.
        result: the sealed access report; gone after ``result_expires_at``.
    """

    id: uuid.UUID
    type: str
    state: str
    received_at: datetime
    due_at: datetime
    operator: uuid.UUID | None
    channel: str
    identity_check: str
    step: str | None = None
    closed_at: datetime | None = None
    sealed_dossier: bytes | None = None
    subject_ids: tuple[int, ...] = ()
    result: bytes | None = None
    result_expires_at: datetime | None = None
    receipt: dict[str, Any] | None = None
    reason: str | None = None

    def __repr__(self) -> str:
        return f"CaseRow({self.id}, {self.type}, {self.state}, {self.step})"


_CASE_COLUMNS = (
    'id, type, state, step, received_at, due_at, closed_at, "operator", channel, identity_check, '
    "sealed_identifiers AS sealed_dossier, subject_ids, result, result_expires_at, receipt, reason"
)


def insert_operator(rights: Connection, row: OperatorRow) -> None:
    """Register an operator."""
    rights.execute(
        text(
            "INSERT INTO rights.operator"
            " (id, name, role, token_prefix, token_hash, created_at, expires_at)"
            " VALUES (:id, :name, :role, :token_prefix, :token_hash, :created_at, :expires_at)"
        ),
        {name: getattr(row, name) for name in OperatorRow.__slots__},
    )


def operator_by_prefix(rights: Connection, prefix: str) -> OperatorRow | None:
    """Give the operator whose token has this public prefix."""
    found = rights.execute(
        text(
            "SELECT id, name, role, token_prefix, token_hash, created_at, expires_at"
            " FROM rights.operator WHERE token_prefix = :prefix"
        ),
        {"prefix": prefix},
    ).one_or_none()
    return None if found is None else OperatorRow(**found._asdict())


def operators(rights: Connection) -> list[OperatorRow]:
    """Give every operator, oldest first, those whose token has ended too."""
    found = rights.execute(
        text(
            "SELECT id, name, role, token_prefix, token_hash, created_at, expires_at"
            " FROM rights.operator ORDER BY created_at, id"
        )
    )
    return [OperatorRow(**row) for row in found.mappings()]


def end_token(rights: Connection, prefix: str, at: datetime) -> bool:
    """End the token with this public prefix; ``False`` when none is in force with it."""
    ended = rights.execute(
        text(
            "UPDATE rights.operator SET expires_at = :at WHERE token_prefix = :prefix"
            " AND (expires_at IS NULL OR expires_at > :at)"
        ),
        {"prefix": prefix, "at": at},
    )
    return bool(ended.rowcount)


def touch_operator(rights: Connection, operator: uuid.UUID, today: date) -> None:
    """Note the day of use; at most one write a day."""
    rights.execute(
        text(
            "UPDATE rights.operator SET last_used_on = :today"
            " WHERE id = :id AND last_used_on IS DISTINCT FROM :today"
        ),
        {"id": operator, "today": today},
    )


def insert_case(rights: Connection, row: CaseRow) -> None:
    """Open a case."""
    rights.execute(
        text(
            "INSERT INTO rights.case (id, type, state, step, received_at, due_at, closed_at,"
            ' "operator", channel, identity_check, sealed_identifiers, subject_ids, reason)'
            " VALUES (:id, :type, :state, :step, :received_at, :due_at, :closed_at,"
            " :operator, :channel, :identity_check, :sealed_dossier, :subject_ids, :reason)"
        ),
        {
            "id": row.id,
            "type": row.type,
            "state": row.state,
            "step": row.step,
            "received_at": row.received_at,
            "due_at": row.due_at,
            "closed_at": row.closed_at,
            "operator": row.operator,
            "channel": row.channel,
            "identity_check": row.identity_check,
            "sealed_dossier": row.sealed_dossier,
            "subject_ids": list(row.subject_ids),
            "reason": row.reason,
        },
    )


def case_by_id(rights: Connection, case: uuid.UUID) -> CaseRow | None:
    """Give one case."""
    found = rights.execute(
        text(f"SELECT {_CASE_COLUMNS} FROM rights.case WHERE id = :id"),  # noqa: S608 - constant
        {"id": case},
    ).one_or_none()
    return None if found is None else _case(found)


def cases(rights: Connection, *, limit: int) -> list[CaseRow]:
    """Give the newest cases first."""
    found = rights.execute(
        text(
            f"SELECT {_CASE_COLUMNS} FROM rights.case"  # noqa: S608 - constant columns
            " ORDER BY received_at DESC, id LIMIT :limit"
        ),
        {"limit": limit},
    )
    return [_case(row) for row in found]


def unfinished_cases(rights: Connection) -> list[uuid.UUID]:
    """Give the cases that are neither closed nor refused, the oldest first."""
    found = rights.execute(
        text(
            "SELECT id FROM rights.case WHERE state NOT IN ('closed', 'refused')"
            " ORDER BY received_at, id"
        )
    )
    return [row.id for row in found]


def try_case_lock(rights: Connection, case: uuid.UUID) -> bool:
    """Take the right to run this case until the transaction ends; ``False`` when it is taken.

    An advisory lock dies with its connection, so a killed process never leaves a case locked.
    """
    key = int.from_bytes(case.bytes[:8], "big", signed=True)
    return bool(rights.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": key}))


def set_state(rights: Connection, case: uuid.UUID, state: str, reason: str | None = None) -> None:
    """Move a case to *state*."""
    rights.execute(
        text("UPDATE rights.case SET state = :state, reason = :reason WHERE id = :id"),
        {"id": case, "state": state, "reason": reason},
    )


def set_step(
    rights: Connection,
    case: uuid.UUID,
    step: str,
    *,
    dossier: bytes | None,
    subject_ids: tuple[int, ...] = (),
) -> None:
    """Record that *step* is durably done, with what the steps after it need."""
    rights.execute(
        text(
            "UPDATE rights.case SET step = :step, sealed_identifiers = :dossier,"
            " subject_ids = :subject_ids WHERE id = :id"
        ),
        {"id": case, "step": step, "dossier": dossier, "subject_ids": list(subject_ids)},
    )


def set_subjects(rights: Connection, case: uuid.UUID, subject_ids: tuple[int, ...]) -> None:
    """Record whom a step that is under way works on, so that it goes on with the same."""
    rights.execute(
        text("UPDATE rights.case SET subject_ids = :subject_ids WHERE id = :id"),
        {"id": case, "subject_ids": list(subject_ids)},
    )


def close_case(rights: Connection, case: uuid.UUID, closure: Mapping[str, Any]) -> None:
    """Close a case: keep its outcome, forget its dossier.

    *closure* holds ``state``, ``step``, ``closed_at``, ``reason``, ``result``,
    ``result_expires_at``, ``receipt`` and, for as long as there is a result, the ``subject_ids``
    it is about.
    """
    receipt = closure.get("receipt")
    rights.execute(
        text(
            "UPDATE rights.case SET state = :state, step = :step, closed_at = :closed_at,"
            " reason = :reason, result = :result, result_expires_at = :result_expires_at,"
            " receipt = CAST(:receipt AS jsonb), sealed_identifiers = NULL,"
            " subject_ids = :subject_ids"
            " WHERE id = :id"
        ),
        {
            "id": case,
            "state": closure["state"],
            "step": closure["step"],
            "closed_at": closure["closed_at"],
            "reason": closure.get("reason"),
            "result": closure.get("result"),
            "result_expires_at": closure.get("result_expires_at"),
            "receipt": None if receipt is None else json.dumps(receipt),
            "subject_ids": list(closure.get("subject_ids", ())),
        },
    )


def drop_expired_results(rights: Connection, now: datetime) -> int:
    """Forget the results whose period is over; give how many."""
    return rights.execute(
        text(
            "UPDATE rights.case SET result = NULL, subject_ids = '{}'"
            " WHERE result IS NOT NULL AND result_expires_at <= :now"
        ),
        {"now": now},
    ).rowcount


def drop_results_about(rights: Connection, subjects: Collection[int], now: datetime) -> int:
    """Forget the reports about any of *subjects*, who are being erased; give how many."""
    return rights.execute(
        text(
            "UPDATE rights.case SET result = NULL, subject_ids = '{}', result_expires_at = :now"
            " WHERE result IS NOT NULL AND subject_ids && CAST(:subjects AS bigint[])"
        ),
        {"now": now, "subjects": sorted(subjects)},
    ).rowcount


def _case(row: Row[Any]) -> CaseRow:
    values = row._asdict()
    values["subject_ids"] = tuple(values["subject_ids"] or ())
    for name in ("sealed_dossier", "result"):
        values[name] = None if values[name] is None else bytes(values[name])
    return CaseRow(**values)
