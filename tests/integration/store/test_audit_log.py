"""The log kept by the database is the log the verifier's arithmetic expects."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from policies.audit.record import AuditRecord, opens
from policies.audit.tree import EMPTY_ROOT, CompactRange, leaf_hash
from policies.errors import AuditUnavailable
from workers.store import audit_log
from workers.store.audit_log import AuditLog
from workers.store.errors import StoreRefused
from workers.store.transactions import rows_of, run, transaction


def write(engine: Engine, *fields: dict[str, str], detail: str | None = None) -> None:
    with transaction(engine) as connection:
        for each in fields:
            AuditLog(connection).append("event:expire", None, each, detail=detail)


def test_the_empty_log_has_the_root_of_nothing(store_gateway: Engine) -> None:
    with transaction(store_gateway) as connection:
        assert audit_log.head(connection) == (0, EMPTY_ROOT)


def test_the_root_is_the_trees_at_every_size(store_gateway: Engine, store_auditor: Engine) -> None:
    tree = CompactRange()
    for number in range(17):
        write(store_gateway, {"count": str(number)})
        with transaction(store_auditor) as auditor:
            (entry,) = audit_log.entries(auditor, number, number)
            tree.append(leaf_hash(entry.header.encode()))
            assert entry.leaf_hash == leaf_hash(entry.header.encode())
            assert audit_log.head(auditor) == (number + 1, tree.root())
            assert audit_log.range_of(auditor).levels == tree.levels


names = st.from_regex(r"[a-z][a-z0-9_]{0,9}", fullmatch=True)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
references = st.from_regex(r"[0-9a-f]{0,64}", fullmatch=True)
scalars = texts | st.integers(-(10**14), 10**14) | st.booleans()


def test_headers_are_canonical_whatever_was_said(
    store_workers: Engine, store_auditor: Engine
) -> None:
    @given(st.dictionaries(names, scalars, max_size=6), st.none() | references)
    @settings(max_examples=40)
    def canonical(fields: dict[str, str | int | bool], reference: str | None) -> None:
        with transaction(store_workers) as connection:
            seq = AuditLog(connection).append("event:expire", reference, fields)
        with transaction(store_auditor) as auditor:
            (entry,) = audit_log.entries(auditor, seq, seq)
        said = json.loads(entry.header)
        record = AuditRecord(
            seq, said["at"], "paravent_workers", "event:expire", reference or "", fields
        )
        assert entry.header.encode() == record.header()
        assert datetime.fromisoformat(said["at"]) == entry.at.astimezone(UTC)

    canonical()


def test_detail_is_committed_to_and_can_be_erased(
    store_gateway: Engine, store_auditor: Engine
) -> None:
    write(store_gateway, {}, detail="raison : doublon à vérifier")
    with transaction(store_auditor) as auditor:
        (entry,) = audit_log.entries(auditor, 0, 0)
        salt, detail = audit_log.details(auditor, [0])[0]
        assert entry.commitment is not None
        assert opens(entry.commitment, salt, detail.encode())
        assert json.loads(entry.header)["commitment"] == entry.commitment.hex()
    with transaction(store_gateway) as connection:
        before = audit_log.head(connection)
        assert audit_log.forget_details(connection, [0, 7]) == 1
        assert audit_log.head(connection) == before
    with transaction(store_auditor) as auditor:
        assert audit_log.details(auditor, [0]) == {}


def test_an_entry_rolls_back_with_what_it_announced(store_gateway: Engine) -> None:
    with suppress(ZeroDivisionError), transaction(store_gateway) as connection:
        AuditLog(connection).append("subject:erase", "ab12", {})
        raise ZeroDivisionError
    write(store_gateway, {})
    with transaction(store_gateway) as connection:
        assert audit_log.head(connection)[0] == 1


def test_writers_at_once_leave_no_gap_and_no_fork(
    store_gateway: Engine, store_workers: Engine, store_auditor: Engine
) -> None:
    def many(engine: Engine) -> None:
        for number in range(10):
            write(engine, {"count": str(number)})

    threads = [threading.Thread(target=many, args=(e,)) for e in (store_gateway, store_workers) * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with transaction(store_auditor) as auditor:
        entries = audit_log.entries(auditor, 0, 100)
        assert [json.loads(entry.header)["seq"] for entry in entries] == list(range(40))
        tree = CompactRange()
        tree.extend(entry.leaf_hash for entry in entries)
        assert audit_log.head(auditor) == (40, tree.root())


def test_a_checkpoint_is_kept_only_for_the_logs_own_head(
    store_gateway: Engine, store_auditor: Engine
) -> None:
    write(store_gateway, {})
    with transaction(store_gateway) as connection:
        size, root = audit_log.head(connection)
        audit_log.keep_checkpoint(connection, size, root, note="signed")
        audit_log.keep_checkpoint(connection, size, root, note="signed again")
    with transaction(store_auditor) as auditor:
        assert [(c.size, c.root, c.note) for c in audit_log.checkpoints(auditor)] == [
            (1, root, "signed"),
        ]  # fmt: skip
    with pytest.raises(AuditUnavailable), transaction(store_gateway) as connection:
        audit_log.keep_checkpoint(connection, 1, bytes(32), note="forged")


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        ("no verb", "{}"),
        ("event:expire", "[]"),
        ("event:expire", '{"a": null}'),
        ("event:expire", '{"a": 1.5}'),
        ("event:expire", '{"a": {"b": 1}}'),
        ("event:expire", '{"a": 12345678901234567890}'),
    ],
)
def test_the_function_takes_nothing_that_is_not_of_the_form(
    store_workers: Engine, action: str, fields: str
) -> None:
    with pytest.raises(StoreRefused, match="22023"), transaction(store_workers) as connection:
        rows_of(connection, "select audit.append_entry(%s, '', %s::jsonb)", (action, fields))


@pytest.mark.parametrize(
    ("action", "reference"),
    [
        ("event:expire", "ada.lovelace@example.org"),
        ("event:expire", "CUST-ADA-1815"),
        ("event:expire", "0" * 65),
        ("erasure:completed", ""),
        ("case:closed", "ab12"),
        ("identity:reveal", "ab12"),
    ],
)
def test_a_stolen_login_of_the_workers_names_nobody_and_claims_no_act_of_the_gateway(
    store_workers: Engine, action: str, reference: str
) -> None:
    with pytest.raises(StoreRefused, match="23514"), transaction(store_workers) as connection:
        rows_of(connection, "select audit.append_entry(%s, %s, '{}')", (action, reference))


def test_a_log_that_cannot_be_written_stops_the_act(store_auditor: Engine) -> None:
    with pytest.raises(AuditUnavailable), transaction(store_auditor) as connection:
        AuditLog(connection).append("identity:reveal", None, {})


def test_the_inner_functions_are_nobodys(store_gateway: Engine) -> None:
    with pytest.raises(StoreRefused, match="42501"), transaction(store_gateway) as connection:
        run(connection, "select audit.grow(0, '')", ())
