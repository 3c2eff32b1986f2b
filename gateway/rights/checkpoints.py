"""Who signs the head of the audit log, and when?

A checkpoint is signed at every closure of a case and whenever one is asked for that does not
exist yet (R-117).  The text is a C2SP checkpoint; the key is used for nothing else.
"""

import base64

from sqlalchemy.exc import IntegrityError

from gateway.rights.ports import Ports
from gateway.rights.schemas import CheckpointOut
from policies.audit.checkpoint import (
    Checkpoint,
    parse_checkpoint,
    parse_note,
    sign_note,
    verifier_key,
)
from workers.store import audit_log
from workers.store.transactions import transaction

SIGNER = "sign-audit"


def sign_head(ports: Ports) -> str:
    """Sign the log as it stands, keep the note, and give it.

    Two processes may sign the same size at once; the log keeps the first of two equal notes.
    """
    with transaction(ports.store) as store:
        size, root = audit_log.head(store)
    text = Checkpoint(ports.origin, size, root).text()
    name = key_name(ports)
    note = sign_note(text, name, _public(ports), sign=lambda data: ports.keyring.sign(SIGNER, data))
    try:
        with transaction(ports.store) as store:
            audit_log.add_checkpoint(store, size, root, at=ports.clock(), note=note)
    except IntegrityError:
        pass  # this size is signed already; Ed25519 is deterministic, so the note is the same
    return note


def current(ports: Ports) -> CheckpointOut:
    """Give a checkpoint over all that is in the log now."""
    note = sign_head(ports)
    text, _ = parse_note(note)
    found = parse_checkpoint(text)
    return CheckpointOut(
        size=found.size,
        root=found.root.hex(),
        note=note,
        public_key=base64.b64encode(_public(ports)).decode(),
        verifier_key=verifier_key(key_name(ports), _public(ports)),
    )


def key_name(ports: Ports) -> str:
    """Give the name of the signing key in notes: the log's own name, as C2SP recommends."""
    return ports.origin.replace(" ", "-").replace("+", "-")


def _public(ports: Ports) -> bytes:
    return ports.keyring.public_keys()[SIGNER]
