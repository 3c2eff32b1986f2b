"""`paravent consent`: prove a choice, and check a proof anywhere."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.opened import opened
from gateway.cli.output import Data, Json, answer, progress
from gateway.cli.rights import rights_service, write_private
from gateway.consent.proof import Proofs
from policies.audit.verify import read_key
from policies.audit.verify_consent import check_proof

app = typer.Typer(no_args_is_help=True, help="Prove a choice, and check a proof.")


@app.command("proof")
def proof(
    receipt: Annotated[
        str, typer.Argument(metavar="RECEIPT", help="The receipt_id that a choice was answered.")
    ],
    out: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write the proof.")],
    *,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Write the proof of a choice to a file that nobody else can read; it is logged.

    Without the person's name: by the record it is about a pseudonym.
    """
    with opened(data, announce=progress) as home, rights_service(home) as service:
        document = Proofs(service.ports).of(None, _receipt(receipt))
    write_private(out, document)
    key = document["verifier_key"]
    lines = [
        f"{len(document['records'])} records in {out}; check them anywhere with:",
        f"  paravent consent verify {out} --key '{key}'",
    ]
    early = sum(each["anchor"] is None for each in document["records"])
    if early:
        lines.append(
            f"It will not hold: {early} of them are not in the log yet."
            " Write it again in a quarter of an hour."
        )
    answer({"file": str(out), "records": len(document["records"]), "not_in_the_log": early,
            "verifier_key": key}, as_json=as_json, lines=lines)  # fmt: skip


@app.command("verify")
def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False)],
    *,
    key: Annotated[
        str, typer.Option("--key", metavar="NAME+ID+BASE64", help="The key you kept from before.")
    ],
    as_json: Json = False,
) -> None:
    """Check a proof, with nothing but the verifier key; exit 1 and say what does not hold."""
    try:
        known = read_key(key)
        document = json.loads(file.read_bytes())
    except ValueError:
        raise typer.BadParameter("a proof and a verifier key were needed") from None
    findings = check_proof(document, known)
    lines = [f"{each.where}: {each.what}" for each in findings] or ["the proof holds"]
    said = {"holds": not findings, "findings": [f"{each.where}: {each.what}" for each in findings]}
    answer(said, as_json=as_json, lines=lines)
    if findings:
        raise typer.Exit(1)


def _receipt(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise typer.BadParameter("this is no receipt; a UUID was needed") from None
