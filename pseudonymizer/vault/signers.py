"""Which public keys do our signatures verify under, and how does one hand over to the next (R-123)?

A new version is vouched for by the one before: it signs the new public key before that is in use.
The public halves stay here for good, so that what was signed long ago verifies after its private
half was destroyed.  Who signs looks here which version is in use.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Final

from sqlalchemy import Connection, Engine

from policies.audit.handover import Handover
from pseudonymizer.errors import KeyUnknown
from pseudonymizer.keyring import Keyring
from pseudonymizer.vault.driver import run
from pseudonymizer.vault.in_use import key_in_use, put_key_in_use
from pseudonymizer.vault.transactions import transaction

__all__ = [
    "SIGNERS",
    "Current",
    "SignerKey",
    "announce_next",
    "current",
    "hand_over",
    "handovers",
    "published",
    "unannounced",
]

SIGNERS: Final = ("sign-receipt", "sign-audit", "sign-callback")

_SINCE: Final = "SELECT since FROM vault.key_in_use WHERE name = %b"
_READ: Final = "SELECT name, version, public_key, since, handover, announced FROM vault.signer"


@dataclass(frozen=True, slots=True)
class Current:
    """The version of a signer that signs now, and its public key."""

    version: int
    public_key: bytes


@dataclass(frozen=True, slots=True)
class SignerKey:
    """A public key, and for how long its private half signed.

    Attributes:
        until: when the next version took over; ``None`` while it signs.
        handover: the signature of the version before over this one; ``None`` of the first.
    """

    name: str
    version: int
    public_key: bytes
    since: datetime
    until: datetime | None
    handover: bytes | None


def current(engine: Engine, keyring: Keyring, name: str) -> Current:
    """Give who signs now.

    Raises:
        KeyUnknown: the provider has not the version that the vault has in use.
    """
    with transaction(engine) as vault:
        version = key_in_use(vault, name)
    keyring.reach(name, version)
    return Current(version, keyring.provider.public_key(name, version))


def hand_over(engine: Engine, keyring: Keyring, name: str, version: int) -> None:
    """Put *version* in use, its public key signed by the one before.

    Where the private half of that one is gone, as in a vault restored from before its end, nobody
    vouches for the new one: whoever checks has to be given it by another way.
    """
    at = datetime.now(UTC)
    public = keyring.provider.public_key(name, version)
    with transaction(engine) as vault:
        before = key_in_use(vault, name, alone=True)
        if before >= version:
            raise KeyUnknown("a later version is in use; one newer than it was needed")
        signature = None
        if before in keyring.versions(name).live:
            ((since,),) = run(vault, _SINCE, name).fetchall()
            known = keyring.provider.public_key(name, before)
            said = Handover(name, version, at.isoformat(), known, public)
            signature = keyring.sign(name, said.input(), version=before)
            _keep(vault, (name, before, known, since, None))
        _keep(vault, (name, version, public, at, signature))
        put_key_in_use(vault, name, version, at=at)


def _keep(vault: Connection, row: tuple[object, ...]) -> None:
    run(
        vault,
        "INSERT INTO vault.signer (name, version, public_key, since, handover)"
        " VALUES (%b, %b, %b, %b, %b) ON CONFLICT DO NOTHING",
        *row,
    )


def published(engine: Engine, keyring: Keyring) -> list[SignerKey]:
    """Give every public key there ever was, of each signer oldest first."""
    with transaction(engine) as vault:
        rows = run(vault, f"{_READ} ORDER BY name, version").fetchall()
        used = run(vault, "SELECT name, version, since FROM vault.key_in_use").fetchall()
    found: list[SignerKey] = []
    for name, version, since in sorted(each for each in used if each[0] in SIGNERS):
        kept = [row for row in rows if row[0] == name]
        if not kept:  # never rotated, so that there is but the one
            keyring.reach(name, version)
            kept = [(name, version, keyring.provider.public_key(name, version), since, None)]
        ends = [row[3] for row in kept[1:]] + [None]
        found += [
            SignerKey(row[0], row[1], bytes(row[2]), row[3], until, row[4])
            for row, until in zip(kept, ends, strict=True)
        ]
    return found


def handovers(vault: Connection, name: str) -> list[tuple[Handover, bytes, int | None]]:
    """Give how each version of a signer was vouched for, and the entry of the log that says so."""
    rows: list[Any] = run(vault, f"{_READ} WHERE name = %b ORDER BY version", name).fetchall()
    found = []
    for before, row in pairwise(rows):
        if row[4] is None:
            continue
        at = row[3].astimezone(UTC).isoformat()
        said = Handover(name, row[1], at, bytes(before[2]), bytes(row[2]))
        found.append((said, bytes(row[4]), row[5]))
    return found


def unannounced(engine: Engine, name: str) -> list[int]:
    """Give the versions of which the audit log does not say yet that they took over."""
    with transaction(engine) as vault:
        return [said.version for said, _ in _pending(vault, name)]


def announce_next(engine: Engine, name: str, say: Callable[[Handover, bytes], int]) -> bool:
    """Have *say* write the oldest handover that is not in the audit log yet; say if there was one.

    It gives the number of the entry, durable.  Of several processes at it at once each finds what
    the one before it has written down.  Killed between the entry and the note of it, it is written
    once more, which does no harm: the first one counts.
    """
    with transaction(engine) as vault:
        key_in_use(vault, name, alone=True)
        pending = _pending(vault, name)
        if not pending:
            return False
        said, sealed = pending[0]
        run(
            vault,
            "UPDATE vault.signer SET announced = %b WHERE name = %b AND version = %b",
            say(said, sealed),
            said.name,
            said.version,
        )
    return True


def _pending(vault: Connection, name: str) -> list[tuple[Handover, bytes]]:
    return [(said, sealed) for said, sealed, entry in handovers(vault, name) if entry is None]
