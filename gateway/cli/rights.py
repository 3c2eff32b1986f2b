"""`paravent rights`: answer a person who asks what is held about them, or asks to be erased."""

from __future__ import annotations

import contextlib
import json
import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import SecretStr

from gateway.cli.children import erasures_of, keys_of
from gateway.cli.opened import Opened, opened
from gateway.cli.output import Data, Json, answer, progress, table
from gateway.cli.standing import rules_of
from gateway.rights.cases import CaseState, CaseType
from gateway.rights.schemas import CaseOut
from gateway.rights.service import Request, RightsService
from gateway.rights.verification import CheckMethod, CheckOutcome, IdentityCheck
from gateway.settings import GatewaySettings, KeySettings, read_schedule
from policies.vocabulary import IdentifierKind
from pseudonymizer.journal_file import JournalFile
from pseudonymizer.key_opening import open_keys
from pseudonymizer.keyring import Keyring
from pseudonymizer.ratchet import Schedule
from pseudonymizer.vault import transactions as vault_transactions
from workers.store import transactions as store_transactions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.rights.register import CaseRow

app = typer.Typer(no_args_is_help=True, help="Requests of data subjects: access and erasure.")

Kind = Annotated[IdentifierKind, typer.Option("--kind", help="Kind of the identifier.")]
Value = Annotated[
    str | None,
    typer.Option(
        "--value",
        help="The identifier. Others on this machine can read it in the list of processes and in"
        " your shell's history; prefer --value-stdin.",
    ),
]
ValueStdin = Annotated[
    bool, typer.Option("--value-stdin", help="Read the identifier from standard input.")
]
Checked = Annotated[
    CheckMethod,
    typer.Option(
        "--checked",
        help="How you made sure that the requester is the data subject. Only the method is kept,"
        " never the proof.",
    ),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", metavar="FILE", help="Write the result to FILE (mode 0600) as JSON."),
]
# Nobody said how they checked; to record a check that was not stated would be a false attestation.
DEFAULT_CHECK = CheckMethod.OPERATOR_ANSWERS


@app.command()
def access(  # noqa: PLR0913  # one parameter an option
    *,
    kind: Kind,
    value: Value = None,
    value_stdin: ValueStdin = False,
    checked: Checked = DEFAULT_CHECK,
    out: Out = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Assemble everything held about a person (Article 15)."""
    claimed = (kind.value, _identifier(value, stdin=value_stdin))
    request = Request(CaseType.ACCESS, (claimed,), _attested(checked), "cli")
    _run(request, out=out, data=data, as_json=as_json)


@app.command()
def erase(  # noqa: PLR0913  # one parameter an option
    *,
    kind: Kind,
    value: Value = None,
    value_stdin: ValueStdin = False,
    checked: Checked = DEFAULT_CHECK,
    out: Out = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Erase a person for good and print the signed receipt (Article 17)."""
    claimed = (kind.value, _identifier(value, stdin=value_stdin))
    request = Request(CaseType.ERASURE, (claimed,), _attested(checked), "cli")
    _run(request, out=out, data=data, as_json=as_json)


@app.command()
def variants(  # noqa: PLR0913  # one parameter an option
    *,
    kind: Kind,
    value: Value = None,
    value_stdin: ValueStdin = False,
    checked: Checked = DEFAULT_CHECK,
    out: Out = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """List the known variants of an address, such as ada+shop@: to be asked for, then named."""
    claimed = (kind.value, _identifier(value, stdin=value_stdin))
    request = Request(CaseType.VARIANTS, (claimed,), _attested(checked), "cli")
    _run(request, out=out, data=data, as_json=as_json)


@app.command()
def unlink(  # noqa: PLR0913  # one parameter an option
    *,
    kind: Kind,
    other_kind: Annotated[
        IdentifierKind, typer.Option("--other-kind", help="Kind of the other identifier.")
    ],
    value: Value = None,
    other_value: Annotated[
        str | None, typer.Option("--other-value", help="The other identifier; see --value.")
    ] = None,
    value_stdin: Annotated[
        bool, typer.Option("--value-stdin", help="Read both from standard input, a line each.")
    ] = False,
    checked: Checked = DEFAULT_CHECK,
    out: Out = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Undo that two identifiers were said to be one person's, such as on a shared device."""
    pair = (
        (kind.value, _identifier(value, stdin=value_stdin)),
        (other_kind.value, _identifier(other_value, stdin=value_stdin)),
    )
    request = Request(CaseType.UNLINK, pair, _attested(checked), "cli")
    _run(request, out=out, data=data, as_json=as_json)


@app.command("list")
def list_cases(*, data: Data = None, as_json: Json = False) -> None:
    """List the requests, newest first; the list names nobody."""
    with opened(data, announce=progress) as home, rights_service(home) as service:
        rows = service.cases()
    document = {"requests": [_public(row) for row in rows]}
    heads = ("id", "type", "state", "step", "received", "due", "reason")
    cells = [
        (row.id, row.type, row.state, row.step or "", _day(row.received_at), _day(row.due_at),
         row.reason or "")
        for row in rows
    ]  # fmt: skip
    answer(document, as_json=as_json, lines=table(heads, cells))


@app.command()
def show(
    case: Annotated[uuid.UUID, typer.Argument(metavar="ID")],
    *,
    result: Annotated[
        bool, typer.Option("--result", help="Print its result, too; the reading is logged.")
    ] = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Say where a request stands."""
    with opened(data, announce=progress) as home, rights_service(home) as service:
        document = {"case": _public(service.case(case))}
        if result:
            document["result"] = service.result(None, case)
    answer(document, as_json=as_json, lines=[json.dumps(document, ensure_ascii=False, indent=2)])


def _run(request: Request, *, out: Path | None, data: Path | None, as_json: bool) -> None:
    with opened(data, announce=progress) as home, rights_service(home) as service:
        row = service.run(service.open(None, request).id)
        result = service.result(None, row.id)
    document: dict[str, Any] = {"case": _public(row), "result": result}
    if out is not None:
        write_private(out, result)
        document["result"] = str(out)
    answer(document, as_json=as_json, lines=_said(row, document["result"]))
    if CaseState(row.state) is not CaseState.CLOSED or row.reason is not None:
        raise typer.Exit(1)


def _said(row: CaseRow, result: object) -> list[str]:
    head = [
        f"case      {row.id}",
        f"state     {row.state}" + (f" ({row.reason})" if row.reason else ""),
    ]
    if isinstance(result, str):
        return [*head, f"result    {result}"]
    return [*head, json.dumps(result, ensure_ascii=False, indent=2)]


def _identifier(value: str | None, *, stdin: bool) -> str:
    if stdin == (value is not None):
        raise typer.BadParameter("give the identifier with --value or --value-stdin, one of them")
    given = sys.stdin.readline() if value is None else value
    if not given.strip():
        raise typer.BadParameter("the identifier is empty; one was needed")
    return given.strip()


def _attested(checked: CheckMethod) -> IdentityCheck:
    return IdentityCheck(checked, CheckOutcome.CONFIRMED)


def _public(row: CaseRow) -> dict[str, Any]:
    return CaseOut.of(row).model_dump(mode="json")


def _day(at: Any) -> str:  # noqa: ANN401 - a datetime, for a table of texts
    return str(at.date())


def write_private(out: Path, document: object) -> None:
    """Write JSON to a file that only its owner can read."""
    out.touch(mode=0o600)
    out.chmod(0o600)
    out.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _promised(home: Opened) -> Schedule | None:
    """Give the schedule that the gateways keep, whatever this command's own environment says."""
    days = home.installation.schedule()
    return (read_schedule() if days is None else KeySettings.model_validate(days)).schedule


@contextlib.contextmanager
def rights_service(home: Opened) -> Iterator[RightsService]:
    """Build the service this command needs, as the roles a gateway has."""
    at, keys = home.addresses, keys_of(home.installation)
    settings = GatewaySettings(
        store_dsn=SecretStr(at.store),
        vault_dsn=SecretStr(at.vault),
        rights_dsn=SecretStr(at.rights),
        auditor_dsn=SecretStr(at.auditor),
        keys=keys.where,
        erasure_journal=erasures_of(home.installation),
        policies=home.installation.policies(),
    )
    name, rules = "paravent-rights", rules_of(home)
    provider = open_keys(keys, mode=settings.mode)
    store = store_transactions.connect(at.store, pool_size=4, application_name=name)
    auditor = store_transactions.connect(at.auditor, pool_size=1, application_name=name)
    vault = vault_transactions.connect(at.vault, pool_size=4, application_name=name)
    rights = vault_transactions.connect(at.rights, pool_size=4, application_name=name)
    try:
        yield RightsService(
            store_engine=store,
            vault_engine=vault,
            rights_engine=rights,
            auditor_engine=auditor,
            keyring=Keyring(provider),
            rulebook=lambda: rules,
            origin=settings.origin,
            schedule=_promised(home),
            journal=JournalFile(settings.erasure_journal),
        )
    finally:
        for engine in (store, auditor, vault, rights):
            engine.dispose()
        provider.close()
