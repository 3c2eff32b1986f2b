"""What of the rights cases is wrapped by which version of a key?  It moves before that ends.

A dossier and a kept report are sealed under keys of their own, which ``kek`` wraps: once the
version is destroyed, neither can be opened by anybody, and a case under way never ends.
"""

from __future__ import annotations

from collections import Counter

from sqlalchemy import Connection, text

from gateway.rights.dossier import rewrapped, version_of
from pseudonymizer.keyring import Keyring

__all__ = ["move", "under"]

_COLUMNS = ("sealed_identifiers", "result")
_SOME = 100  # cases a call


def under(rights: Connection) -> Counter[int]:
    """Count the sealed documents under each version of the wrapping key."""
    heads: Counter[int] = Counter()
    for column in _COLUMNS:
        rows = rights.execute(
            text(f"SELECT substr({column}, 1, 6) FROM rights.case WHERE {column} IS NOT NULL")  # noqa: S608  # ours
        )
        heads.update(version_of(bytes(head)) for (head,) in rows)
    return heads


def move(rights: Connection, keyring: Keyring) -> int:
    """Wrap the keys of some documents anew under the newest version; give how many there were.

    The caller commits, and calls again until there are none.
    """
    newest = keyring.versions("kek").primary
    rows = rights.execute(
        text(
            "SELECT id, sealed_identifiers, result FROM rights.case"
            " WHERE sealed_identifiers IS NOT NULL OR result IS NOT NULL ORDER BY id FOR UPDATE"
        )
    ).all()
    moved = 0
    for row in rows:
        for column in _COLUMNS:
            sealed = getattr(row, column)
            if sealed is None or version_of(bytes(sealed)) >= newest or moved >= _SOME:
                continue
            rights.execute(
                text(f"UPDATE rights.case SET {column} = :sealed WHERE id = :id"),  # noqa: S608  # ours
                {"sealed": rewrapped(keyring, row.id, bytes(sealed)), "id": row.id},
            )
            moved += 1
    return moved
