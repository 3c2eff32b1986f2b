"""`paravent audit`: check the log, hand it to an auditor, and try what a thief could join."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.children import keys_of
from gateway.cli.linkability import linkability
from gateway.cli.opened import Opened, opened
from gateway.cli.output import Data, Json, answer, progress
from gateway.rights.audit_check import Log, check, export_to, promised_in_receipts, read_log
from gateway.rights.checkpoints import SIGNER
from policies.audit.checkpoint import verifier_key
from policies.audit.verify import Finding, open_checkpoint, read_key
from pseudonymizer.key_opening import open_keys
from pseudonymizer.keyring import Keyring
from pseudonymizer.vault.signers import published
from pseudonymizer.vault.transactions import connect as connect_rights
from workers.store.transactions import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

app = typer.Typer(
    no_args_is_help=True, help="Check and export the audit log, and what a thief could join."
)
app.command()(linkability)

Key = Annotated[
    str | None,
    typer.Option(
        "--key",
        metavar="NAME+ID+BASE64",
        help="The verifier key you kept from before. Default: the installation's own, which"
        " proves less: whoever could replace the log could replace that key, too.",
    ),
]


@app.command()
def verify(*, key: Key = None, data: Data = None, as_json: Json = False) -> None:
    """Recompute every entry and checkpoint of the log; exit 1 and say what differs if any does."""
    with opened(data, announce=progress) as home:
        log, findings = checked(home, key)
        signed = log.signed(read_key(_own_key(home, log)) if key is None else _read(key))
    document = {
        "entries": len(log.headers),
        "checkpoints": len(log.notes),
        "signed": signed,
        "root": log.root.hex(),
        "holds": not findings,
        "findings": [{"where": finding.where, "what": finding.what} for finding in findings],
    }
    lines = [f"{finding.where}: {finding.what}" for finding in findings]
    verdict = "the log holds" if not findings else f"{len(findings)} things differ"
    lines.append(f"{len(log.headers)} entries, {len(log.notes)} checkpoints: {verdict}")
    if later := max(0, len(log.headers) - signed):
        lines.append(
            f"{later} entries are newer than the newest checkpoint, and not vouched for yet"
        )
    answer(document, as_json=as_json, lines=lines)
    if findings:
        raise typer.Exit(1)


def checked(home: Opened, key: str | None = None) -> tuple[Log, list[Finding]]:
    """Read the whole log and give it with everything that differs."""
    with _auditor(home) as engine:
        log = read_log(engine)
    rights = connect_rights(home.addresses.rights, pool_size=1, application_name="paravent-audit")
    try:
        log = replace(log, promised=promised_in_receipts(rights))
    finally:
        rights.dispose()
    return log, check(log, read_key(_own_key(home, log)) if key is None else _read(key))


@app.command()
def export(
    out: Annotated[Path, typer.Argument(metavar="FOLDER", help="Made if it does not exist.")],
    *,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Write the log, its checkpoints, the verifier key and the verifier itself to a folder.

    The verifier there is one file that needs Python and `cryptography`, and nothing of Paravent.
    """
    with opened(data, announce=progress) as home, _auditor(home) as engine:
        log = read_log(engine)
        command = export_to(out, log, _own_key(home, log))
    document = {"folder": str(out), "entries": len(log.headers), "verify": command}
    lines = [f"{len(log.headers)} entries in {out}; check them anywhere with:", f"  {command}"]
    answer(document, as_json=as_json, lines=lines)


def _read(key: str) -> tuple[str, bytes]:
    try:
        return read_key(key)
    except ValueError:
        raise typer.BadParameter("this is no verifier key; NAME+ID+BASE64 was needed") from None


@contextlib.contextmanager
def _auditor(home: Opened) -> Iterator[Engine]:
    engine = connect(home.addresses.auditor, pool_size=1, application_name="paravent-audit")
    try:
        yield engine
    finally:
        engine.dispose()


def _own_key(home: Opened, log: Log) -> str:
    """Give the installation's verifier key, of those it had the one of the newest checkpoint."""
    publics = _public_keys(home)
    for note in reversed(log.notes):
        name = note.rpartition("\n\n")[2].split(" ")[1]
        for public in publics:
            key = verifier_key(name, public)
            if open_checkpoint(note, read_key(key)):
                return key
    return verifier_key(DEFAULT_NAME, publics[0])


def _public_keys(home: Opened) -> list[bytes]:
    """Give the public keys of the log's signer, the newest first."""
    engine = connect_rights(home.addresses.vault, pool_size=1, application_name="paravent-audit")
    try:
        with contextlib.closing(open_keys(keys_of(home.installation))) as provider:
            every = published(engine, Keyring(provider))
    finally:
        engine.dispose()
    return [each.public_key for each in reversed(every) if each.name == SIGNER]


DEFAULT_NAME = "paravent.example/audit"
