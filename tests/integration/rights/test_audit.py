"""The log checks out, here and at an auditor's desk; whatever is changed in it shows."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from gateway.rights import operators
from gateway.rights.audit_check import check, export_to, promised_in_receipts, read_log
from gateway.rights.cases import CaseType
from gateway.rights.checkpoints import SIGNER, key_name
from gateway.rights.errors import OperatorUnknown, ResultExpired
from gateway.rights.operators import Role, add_operator, authenticate_operator
from policies.audit.checkpoint import verifier_key
from policies.audit.verify import read_key
from pseudonymizer.vault.transactions import transaction
from tests.support.builders import ADA
from tests.support.rights import RightsDesk, seed_everywhere


def key_of(desk: RightsDesk) -> str:
    ports = desk.service.ports
    return verifier_key(key_name(ports), ports.keyring.public_keys()[SIGNER])


def logged(desk: RightsDesk) -> None:
    for _ in range(3):
        desk.ask(CaseType.ACCESS, ("user_id", ADA.user_id))


def test_an_untouched_log_holds(desk: RightsDesk) -> None:
    logged(desk)
    log = read_log(desk.auditor)
    assert check(log, read_key(key_of(desk))) == []
    assert len(log.notes) == 3


@pytest.mark.parametrize(
    "tampering",
    [
        "update audit.entry set header = replace(header, 'access', 'accuse') where seq = 0",
        "delete from audit.entry where seq = (select max(seq) from audit.entry)",
        "update audit.entry set leaf_hash = sha256('x') where seq = 1",
        "update audit.frontier set hash = sha256('x')",
        "update audit.checkpoint set note = replace(note, 'audit', 'other')",
        "delete from audit.checkpoint",
    ],
)
def test_whatever_the_owner_changes_shows(
    desk: RightsDesk, store_owner: Engine, tampering: str
) -> None:
    logged(desk)
    with store_owner.begin() as owner:
        owner.execute(text(tampering))
    assert check(read_log(desk.auditor), read_key(key_of(desk)))


CUT_SHORT = """
delete from audit.detail where seq >= {size};
delete from audit.entry where seq >= {size};
delete from audit.frontier;
insert into audit.frontier select 0, leaf_hash from audit.entry where seq = 0
"""


def test_a_log_cut_short_with_its_head_made_to_fit_shows(
    desk: RightsDesk, store_owner: Engine
) -> None:
    logged(desk)
    with store_owner.begin() as owner:
        owner.execute(text(CUT_SHORT.format(size=1)))
    findings = check(read_log(desk.auditor), read_key(key_of(desk)))
    assert {finding.what for finding in findings} == {"the log is shorter than it was"}


def test_receipts_vouch_for_a_log_whose_checkpoints_were_taken_away(
    desk: RightsDesk, store_owner: Engine
) -> None:
    seed_everywhere(desk)
    desk.erase(("user_id", ADA.user_id))
    whole = replace(read_log(desk.auditor), promised=promised_in_receipts(desk.rights))
    key = read_key(key_of(desk))
    assert check(whole, key) == []
    with store_owner.begin() as owner:
        owner.execute(text(CUT_SHORT.format(size=1) + "; delete from audit.checkpoint"))
    rest = replace(read_log(desk.auditor), promised=whole.promised)
    assert "the log is shorter than it was" in {finding.what for finding in check(rest, key)}


def test_what_no_checkpoint_vouches_for_yet_is_counted(desk: RightsDesk) -> None:
    logged(desk)
    log = read_log(desk.auditor)
    assert log.signed(read_key(key_of(desk))) == len(log.headers)
    desk.service.ports.audit("case:opened", {})
    later = read_log(desk.auditor)
    assert len(later.headers) - later.signed(read_key(key_of(desk))) == 1


def test_an_exported_log_is_checked_by_one_file_and_nothing_of_ours(
    desk: RightsDesk, tmp_path: Path
) -> None:
    logged(desk)
    export_to(tmp_path / "out", read_log(desk.auditor), key_of(desk))
    notes = [name for path in sorted((tmp_path / "out").glob("checkpoint-*"))
             for name in ("--checkpoint", path.name)]  # fmt: skip
    command = [sys.executable, "-I", "verify.py", "log.jsonl", "--key", key_of(desk), *notes]
    done = subprocess.run(
        command, cwd=tmp_path / "out", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert "0 findings" in done.stdout


def test_every_closure_has_its_checkpoint(desk: RightsDesk) -> None:
    seed_everywhere(desk)
    desk.erase(("user_id", ADA.user_id))
    log = read_log(desk.auditor)
    closed = max(n for n, header in enumerate(log.headers) if b"case:closed" in header)
    sizes = [int(note.split("\n")[1]) for note in log.notes]
    assert closed + 1 in sizes


def test_a_report_is_gone_after_thirty_days(desk: RightsDesk) -> None:
    seed_everywhere(desk)
    case = desk.ask(CaseType.ACCESS, ("user_id", ADA.user_id))
    with desk.rights.begin() as rights:
        rights.execute(
            text('update rights."case" set result_expires_at = :then where id = :id'),
            {"id": case.id, "then": datetime.now(UTC) - timedelta(seconds=1)},
        )
    with pytest.raises(ResultExpired):
        desk.service.result(None, case.id)
    desk.service.unfinished()
    assert desk.service.case(case.id).result is None


def test_an_expired_or_foreign_token_is_no_operator(rights_engine: Engine) -> None:
    now = datetime.now(UTC)
    with transaction(rights_engine) as rights:
        token = add_operator(rights, "ada", Role.DPO, now=now, expires_at=now + timedelta(hours=1))
    assert authenticate_operator(rights_engine, f"Bearer {token}").role is Role.DPO
    later = now + timedelta(hours=2)
    with pytest.raises(OperatorUnknown):
        authenticate_operator(rights_engine, f"Bearer {token}", clock=lambda: later)
    with pytest.raises(OperatorUnknown):
        authenticate_operator(rights_engine, f"Bearer {token[:-1]}x")
    with rights_engine.connect() as rights:
        stored = rights.execute(text("select o::text from rights.operator o")).scalar_one()
    assert token.split("_")[2] not in stored
    assert operators.token_digest(token).hex() in stored.replace("\\\\x", "")


def test_the_schema_of_the_cases_is_the_one_the_tables_declare(vault_owner: Engine) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from gateway.rights.tables import METADATA

    with vault_owner.connect() as owner:
        context = MigrationContext.configure(
            owner,
            opts={
                "include_schemas": True,
                "include_name": lambda name, kind, _: kind != "schema" or name == "rights",
                "compare_type": True,
                "compare_server_default": False,
            },
        )
        assert compare_metadata(context, METADATA) == []
