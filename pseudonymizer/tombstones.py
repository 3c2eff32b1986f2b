"""Who must not come back, and for which uses?

A tombstone is a keyed mark of an erased identifier (R-59): its own key, its own schema, no way to
a subject.  It is personal data still, kept for this one use and for a stated time.  Statements
take the connection first and never commit.

When the key gets a new version, a mark is nested into it without anybody's identifier (R-60): the
new mark is the MAC of the old one.  Whoever has the table then needs every version to try an
address, and so do we.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from operator import itemgetter
from typing import Final

from sqlalchemy import Connection

from pseudonymizer.errors import KeyDestroyed
from pseudonymizer.keyring import Keyring
from pseudonymizer.vault.driver import run
from pseudonymizer.vault.in_use import key_in_use, put_key_in_use, span_in_use

__all__ = [
    "KEPT",
    "SCOPE_ALL",
    "Mark",
    "Stone",
    "every",
    "expire",
    "in_force",
    "lift",
    "move",
    "nested",
    "nested_to",
    "place",
]

Mark = tuple[int, bytes]
"""A version of the key, and the mark that is nested up to it."""

SCOPE_ALL: Final = "all"
SOME: Final = 400  # marks a transaction; of a key service each layer of them is one journey
KEPT: Final = timedelta(days=3 * 365 + 1)
"""Three years, the least the CNIL recommends for a list of objectors ("liste repoussoir")."""


@dataclass(frozen=True, slots=True)
class Stone:
    """Why marks are placed, for which uses, and until when."""

    scope: str
    reason: str
    placed_at: datetime
    kept: timedelta = KEPT


def place(connection: Connection, keyring: Keyring, marks: Iterable[Mark], stone: Stone) -> int:
    """Place tombstones for *marks*, each with its key version; give how many are in force now.

    They are nested up to the version in use.  One that is there already is kept, for the longer of
    both periods.
    """
    ordered = nested(connection, keyring, marks)
    if not ordered:
        return 0
    placed_on = stone.placed_at.date()
    run(
        connection,
        "INSERT INTO tombstone.mark (mark, scope, reason, created_month, expires_on, key_version)"
        " SELECT mark, %b, %b, %b, %b, version FROM unnest(%b::bytea[], %b::int[])"
        " AS new (mark, version) ON CONFLICT (mark, scope) DO UPDATE"
        " SET expires_on = greatest(mark.expires_on, excluded.expires_on)",
        stone.scope,
        stone.reason,
        placed_on.replace(day=1),
        placed_on + stone.kept,
        [mark for _, mark in ordered],
        [version for version, _ in ordered],
    )
    return len(ordered)


def nested(connection: Connection, keyring: Keyring, marks: Iterable[Mark]) -> list[Mark]:
    """Give *marks* nested up to the version in use, which stays so until the commit; sorted.

    Marks of a later version than the vault has in use are of after a backup it was restored from:
    it goes on with that one, so that everybody who looks computes them.

    Raises:
        KeyDestroyed: a mark is of before the version that all are nested from.
        KeyUnknown: the provider has not the version in use.
    """
    known = set(marks)
    latest = max((version for version, _ in known), default=0)
    if latest > key_in_use(connection, "sup"):
        keyring.reach("sup", latest)
        put_key_in_use(connection, "sup", latest, at=datetime.now(UTC))
    in_use = span_in_use(connection, "sup")
    keyring.reach("sup", in_use.version)
    if any(version < in_use.first for version, _ in known):
        raise KeyDestroyed("a mark needs a version of sup that was destroyed; it was needed")
    made = nested_to(keyring, known, in_use.version)
    return sorted(set(made.values()), key=itemgetter(1))


def nested_to(keyring: Keyring, marks: Iterable[Mark], version: int) -> dict[Mark, Mark]:
    """Give what each of *marks* is nested up to *version*; one of a later version stays as it is.

    Version by version, each for all of them at once.
    """
    made = {mark: mark for mark in marks}
    for step in range(min((under for under, _ in made), default=version) + 1, version + 1):
        due = [mark for mark, (under, _) in made.items() if under == step - 1]
        layer = keyring.nest(step, [made[mark][1] for mark in due])
        made |= {mark: (step, new) for mark, new in zip(due, layer, strict=True)}
    return made


def move(connection: Connection, keyring: Keyring) -> int:
    """Nest some of the marks under older versions into the one in use; give how many."""
    in_use = span_in_use(connection, "sup").version
    keyring.reach("sup", in_use)
    rows = run(
        connection,
        "SELECT key_version, mark, scope FROM tombstone.mark WHERE key_version < %b"
        " ORDER BY key_version, mark LIMIT %b FOR UPDATE SKIP LOCKED",
        in_use,
        SOME,
    ).fetchall()
    made = nested_to(keyring, ((row[0], row[1]) for row in rows), in_use)
    new = [made[row[0], row[1]][1] for row in rows]
    run(connection, _MOVE, [row[1] for row in rows], [row[2] for row in rows], new, in_use)
    return len(rows)


# One statement, so that nobody looks between the one mark and the other.  Somebody who was erased
# under two versions has two marks that become one.
_MOVE: Final = """
WITH gone AS (
    DELETE FROM tombstone.mark AS m
     USING unnest(%b::bytea[], %b::text[], %b::bytea[]) AS new (old, scope, mark)
     WHERE m.mark = new.old AND m.scope = new.scope
    RETURNING new.mark, m.scope, m.reason, m.created_month, m.expires_on)
INSERT INTO tombstone.mark (mark, scope, reason, created_month, expires_on, key_version)
SELECT mark, scope, min(reason), min(created_month), max(expires_on), %b
  FROM gone GROUP BY mark, scope
    ON CONFLICT (mark, scope) DO UPDATE
   SET expires_on = greatest(mark.expires_on, excluded.expires_on)
"""


def in_force(connection: Connection, marks: Collection[bytes], *, on: date) -> set[str]:
    """Give the scopes in which any of *marks* is in force."""
    rows = run(
        connection,
        "SELECT DISTINCT scope FROM tombstone.mark"
        " WHERE mark = ANY(%b::bytea[]) AND expires_on > %b",
        list(marks),
        on,
    )
    return {row[0] for row in rows.fetchall()}


def every(connection: Connection) -> list[tuple[int, bytes]]:
    """Give key version and mark of every tombstone."""
    rows = run(connection, "SELECT key_version, mark FROM tombstone.mark ORDER BY mark")
    return [(int(version), bytes(mark)) for version, mark in rows.fetchall()]


def lift(connection: Connection, marks: Collection[bytes], *, scope: str = SCOPE_ALL) -> int:
    """Remove tombstones, once the person consents anew (R-58); give how many there were."""
    return run(
        connection,
        "DELETE FROM tombstone.mark WHERE mark = ANY(%b::bytea[]) AND scope = %b",
        list(marks),
        scope,
    ).rowcount


def expire(connection: Connection, *, on: date) -> int:
    """Remove the tombstones whose time is over; give how many."""
    return run(connection, "DELETE FROM tombstone.mark WHERE expires_on <= %b", on).rowcount
