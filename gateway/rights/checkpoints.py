"""Who signs the head of the audit log, and when?

A checkpoint is signed at every closure of a case and whenever one is asked for that does not
exist yet (R-117).  The text is a C2SP checkpoint; the key is used for nothing else.
"""

import base64
import contextlib

from gateway.rights.ports import Ports
from gateway.rights.schemas import CheckpointOut
from policies.audit.checkpoint import (
    Checkpoint,
    parse_checkpoint,
    parse_note,
    sign_note,
    verifier_key,
)
from policies.errors import AuditUnavailable
from pseudonymizer.vault import signers
from pseudonymizer.vault.signers import Current
from pseudonymizer.vault.transactions import transaction as vault_transaction
from workers.store import audit_log
from workers.store.transactions import transaction

SIGNER = "sign-audit"
ATTEMPTS = 20  # each failure means another entry was appended in a millisecond


def sign_head(ports: Ports) -> str:
    """Sign the log as it stands, keep the note, and give it.

    Raises:
        AuditUnavailable: the log grew faster than it could be signed, many times over.
    """
    for _ in range(ATTEMPTS):
        # Another entry may be appended between the look at the head and the keeping of its note;
        # the log takes no checkpoint of a tree that is not its head.
        with contextlib.suppress(AuditUnavailable), transaction(ports.store) as store:
            size, root = audit_log.head(store)
            # Who signs is asked after the head: no checkpoint by a key whose time is over is of a
            # log that says so.
            note = _signed(ports, Checkpoint(ports.origin, size, root).text())
            audit_log.keep_checkpoint(store, size, root, note=note)
            return note
    raise AuditUnavailable("no checkpoint was kept; the log at rest for a moment was needed")


def current(ports: Ports) -> CheckpointOut:
    """Give a checkpoint over all that is in the log now."""
    note = sign_head(ports)
    text, _ = parse_note(note)
    found = parse_checkpoint(text)
    return CheckpointOut(
        size=found.size,
        root=found.root.hex(),
        note=note,
        public_key=base64.b64encode(_current(ports).public_key).decode(),
        verifier_key=verifier(ports),
    )


def verifier(ports: Ports) -> str:
    """Give the key that checkpoints are checked with, in the form an auditor keeps."""
    return verifier_key(key_name(ports), _current(ports).public_key)


def handovers(ports: Ports) -> list[dict[str, str | int | None]]:
    """Give how each version of the signing key vouched for the next, and which entry says so."""
    with vault_transaction(ports.vault) as vault:
        found = signers.handovers(vault, SIGNER)
    return [{**said.fields(signature), "entry": entry} for said, signature, entry in found]


def key_name(ports: Ports) -> str:
    """Give the name of the signing key in notes: the log's own name, as C2SP recommends."""
    return ports.origin.replace(" ", "-").replace("+", "-")


def _signed(ports: Ports, text: str) -> str:
    now = _current(ports)
    return sign_note(
        text,
        key_name(ports),
        now.public_key,
        sign=lambda data: ports.keyring.sign(SIGNER, data, version=now.version),
    )


def _current(ports: Ports) -> Current:
    return signers.current(ports.vault, ports.keyring, SIGNER)
