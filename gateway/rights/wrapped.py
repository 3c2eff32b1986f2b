"""What of the rights cases is wrapped by which version of a key?  It moves before that ends.

A dossier and a kept report are sealed under keys of their own, which ``kek`` wraps: once the
version is destroyed, neither can be opened by anybody, and a case under way never ends.
"""

from __future__ import annotations

from collections import Counter

from sqlalchemy import Connection, text

from gateway.rights.dossier import rewrapped
from pseudonymizer.keyring import Keyring

__all__ = ["move", "under"]

_COLUMNS = ("sealed_identifiers", "result")
_SOME = 100  # cases a call


# The version stands in front, as ``dossier`` packs it.
_VERSION = "CAST(CAST('x' || encode(substr({0}, 1, 4), 'hex') AS bit(32)) AS int)"


def under(rights: Connection) -> Counter[int]:
    """Count the sealed documents under each version of the wrapping key."""
    found: Counter[int] = Counter()
    for column in _COLUMNS:
        rows = rights.exec_driver_sql(
            f"SELECT {_VERSION.format(column)}, count(*) FROM rights.case"  # noqa: S608  # ours
            f" WHERE {column} IS NOT NULL GROUP BY 1"
        )
        found.update({int(version): int(count) for version, count in rows})
    return found


def move(rights: Connection, keyring: Keyring) -> int:
    """Wrap the keys of some documents anew under the newest version; give how many there were.

    The caller commits, and calls again until there are none.
    """
    newest = keyring.versions("kek").primary
    moved = 0
    for column in _COLUMNS:
        rows = rights.execute(
            text(
                f"SELECT id, {column} FROM rights.case"  # noqa: S608  # ours
                f" WHERE {column} IS NOT NULL AND {_VERSION.format(column)} < :newest"
                " ORDER BY id LIMIT :some FOR UPDATE"
            ),
            {"newest": newest, "some": _SOME},
        ).all()
        for case, sealed in rows:
            rights.execute(
                text(f"UPDATE rights.case SET {column} = :sealed WHERE id = :id"),  # noqa: S608
                {"sealed": rewrapped(keyring, case, bytes(sealed)), "id": case},
            )
        moved += len(rows)
    return moved
