"""How does a key get a new version while others work, and how does the old one come to an end?

Two steps before anything is moved: the provider makes the version, which every process can compute
with from then on once it looks, and the vault says that it is in use.  Who writes a row reads that
in their own transaction, so that nobody makes a row by an older version than the one in use.  Then
rows are moved in small transactions; each stands by itself, so a run that was stopped is simply
begun again.  The old version is destroyed when no row is left under it (R-52, R-123).

* ``kek`` wraps the bucket keys: all of them are wrapped anew.  A backup from before opens as long
  as the old version lives, and never again after it.
* ``idx`` makes the blind indexes: what is kept sealed is indexed anew here; of what is known by its
  index alone nobody has the text, and it is moved when it is next sent (``remember``).
* ``sup`` makes the marks of tombstones: they are nested into the new version (``tombstones``).  The
  older ones stay needed to make the mark of somebody, so they end only when there is no mark left.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import Connection, Engine

from pseudonymizer import tombstones
from pseudonymizer.errors import KeyInUse, KeyUnknown
from pseudonymizer.keyring import Keyring
from pseudonymizer.vault import store
from pseudonymizer.vault.buckets import Buckets, unwrap_subject
from pseudonymizer.vault.driver import columns, run
from pseudonymizer.vault.in_use import key_in_use, put_key_in_use
from pseudonymizer.vault.mint import Indexed, move_identifier
from pseudonymizer.vault.store import BucketRow
from pseudonymizer.vault.transactions import transaction

__all__ = [
    "ROTATED",
    "Progress",
    "Rotated",
    "destroy",
    "in_use",
    "move",
    "newer",
    "rotate",
    "rows_under",
    "standing",
]

Rotated = Literal["idx", "kek", "sup"]
ROTATED: Final[tuple[Rotated, ...]] = ("idx", "kek", "sup")

Progress = Callable[[int], None]
"""Told after each transaction how many rows were moved by this call."""

IDENTIFIERS: Final = 500  # a transaction; some 20 ms of sealing
NEW: Final = timedelta(hours=1)
BUCKETS: Final = 64  # a transaction: each is a call of the key service

_COUNT: Final = {
    "idx": "SELECT index_version, count(*) FROM vault.identifier GROUP BY 1",
    "kek": "SELECT kek_version, count(*) FROM vault.bucket GROUP BY 1",
    "sup": "SELECT key_version, count(*) FROM tombstone.mark GROUP BY 1",
}


def rotate(engine: Engine, keyring: Keyring, name: Rotated) -> int:
    """Make a new version of a key and put it in use; give its number."""
    with transaction(engine) as vault:
        in_use = key_in_use(vault, name)
    primary = newer(keyring, name, in_use)
    with transaction(engine) as vault:
        if name == "idx":
            # Who is minting has looked the new person up under the old version.
            store.keep_minting_out(vault)
        put_key_in_use(vault, name, primary, at=datetime.now(UTC))
    return primary


def newer(keyring: Keyring, name: str, in_use: int) -> int:
    """Make a version of a key that is newer than the one in use; give its number.

    Where an earlier call made a version and was stopped before it was in use, that one is taken if
    it is new.  An old one was in use before the database was restored, and is to end when it was.
    """
    keyring.reload()
    primary = keyring.versions(name).primary
    if primary <= in_use or not _is_new(keyring, name, primary):
        return keyring.provider.new_version(name)
    return primary


def _is_new(keyring: Keyring, name: str, version: int) -> bool:
    attested: Any = keyring.provider.attest()
    made_at = attested["keys"][name]["versions"][str(version)]["made_at"]
    if not made_at:  # a service that does not say: it was asked for by whoever was stopped
        return True
    return datetime.now(UTC) - datetime.fromisoformat(made_at) < NEW


def move(
    engine: Engine,
    keyring: Keyring,
    name: Rotated,
    *,
    progress: Progress = lambda _done: None,
    until: Callable[[], bool] = lambda: False,
) -> int:
    """Bring the rows under older versions of *name* to the one in use; give how many.

    Args:
        engine: the vault.
        keyring: knows every version that a row may be under.
        name: which key.
        progress: called after each transaction.
        until: asked between transactions; once true, what is left is for another call.
    """
    keyring.reload()
    some = _SOME[name]
    done = turn = 0
    after = b""
    while not until():
        with transaction(engine) as vault:
            moved, after = some(vault, keyring, after)
        if moved:
            done += moved
            turn += moved
            progress(done)
        elif turn:
            turn, after = 0, b""  # once more: what somebody held was passed over
        else:
            break
    return done


def in_use(engine: Engine, name: str) -> int:
    """Give the version of a key that new rows are made under."""
    with transaction(engine) as vault:
        return key_in_use(vault, name)


def standing(engine: Engine, name: Rotated) -> tuple[int, datetime]:
    """Give the version of a key that new rows are made under, and since when."""
    with transaction(engine) as vault:
        row = run(vault, "SELECT version, since FROM vault.key_in_use WHERE name = %b", name)
        version, since = row.fetchall()[0]
    return int(version), since


def rows_under(engine: Engine, name: Rotated) -> dict[int, int]:
    """Count the rows that are under each version of a key."""
    with transaction(engine) as vault:
        return {int(row[0]): int(row[1]) for row in run(vault, _COUNT[name]).fetchall()}


def destroy(engine: Engine, keyring: Keyring, name: Rotated, version: int) -> None:
    """Destroy a version for good, if nothing is left under it.

    Raises:
        KeyUnknown: there is no such version.
        KeyInUse: it is in use, or rows are left under it; what the message says is how many.
    """
    keyring.reload()
    if not keyring.is_left(name, version):
        raise KeyUnknown(
            "no such version is left; one that `paravent keys status` lists was needed"
        )
    if name == "sup":
        _begin_marks_above(engine, version)
    with transaction(engine) as vault:
        store.keep_minting_out(vault)  # who minted by an older version has committed after this
    with transaction(engine) as vault:
        # Who moves rows, or wraps a bucket, shares this; from here on nobody makes one under it.
        if version >= key_in_use(vault, name, alone=True):
            raise KeyInUse("the version is in use; an older one was needed")
        rows = dict(run(vault, _COUNT[name]).fetchall())
        left = int(rows.get(version, 0))
        if left:
            raise KeyInUse(f"{left} rows are left under the version; none was needed")
        keyring.provider.destroy_version(name, version)


def _begin_marks_above(engine: Engine, version: int) -> None:
    """Have marks begin above *version*, where none needs it and nobody is kept with one.

    In a transaction of its own and before the end: from here on nobody asks for that version.
    """
    with transaction(engine) as vault:
        store.keep_minting_out(vault)
        if version >= key_in_use(vault, "sup", alone=True):
            raise KeyInUse("the version is in use; an older one was needed")
        ((marks, people),) = run(vault, _MARKED).fetchall()
        if marks or people:
            raise KeyInUse(
                f"{marks} tombstones are nested through the version, and {people} identifiers keep"
                " a mark that is; none was needed"
            )
        run(
            vault,
            "UPDATE vault.key_in_use SET first = %b WHERE name = 'sup' AND first < %b",
            version + 1,
            version + 1,
        )


_MARKED: Final = """
SELECT (SELECT count(*) FROM tombstone.mark), (SELECT count(*) FROM vault.identifier)"""


def _buckets(vault: Connection, keyring: Keyring, _after: bytes) -> tuple[int, bytes]:
    """Wrap some bucket keys anew; the bucket keys themselves stay what they are."""
    in_use = key_in_use(vault, "kek", share=True)
    keyring.reach("kek", in_use)
    rows = run(
        vault,
        "SELECT id, version, kek_version, wrapped_key FROM vault.bucket"
        " WHERE kek_version < %b ORDER BY id LIMIT %b FOR NO KEY UPDATE",
        in_use,
        BUCKETS,
    ).fetchall()
    moved = [
        (row[0], *keyring.rewrap("vault.bucket", f"{row[0]}:{row[1]}", row[2], row[3]))
        for row in rows
    ]
    run(
        vault,
        "UPDATE vault.bucket AS b SET kek_version = new.kek_version,"
        " wrapped_key = new.wrapped_key, rewrapped_at = now()"
        " FROM unnest(%b::smallint[], %b::int[], %b::bytea[]) AS new (id, kek_version, wrapped_key)"
        " WHERE b.id = new.id",
        *columns(moved, 3),
    )
    return len(moved), b""


def _identifiers(vault: Connection, keyring: Keyring, after: bytes) -> tuple[int, bytes]:
    """Index some of what is kept sealed anew; give how many, and how far this came."""
    in_use = key_in_use(vault, "idx", share=True)  # none ends while these rows get it
    keyring.reach("idx", in_use)
    rows = run(
        vault,
        "SELECT i.blind_index, i.subject, i.kind, i.sealed, i.sealed_mark, s.wrapped_sk,"
        " b.id, b.version, b.kek_version, b.wrapped_key"
        " FROM vault.identifier AS i JOIN vault.subject AS s ON s.id = i.subject"
        " JOIN vault.bucket AS b ON b.id = s.bucket"
        " WHERE i.blind_index > %b AND i.sealed IS NOT NULL AND s.wrapped_sk IS NOT NULL"
        " AND (i.index_version < %b OR i.kind = 'email' AND i.variant_index IS NULL)"
        " ORDER BY i.blind_index LIMIT %b FOR NO KEY UPDATE OF i SKIP LOCKED",
        after,
        in_use,
        IDENTIFIERS,
    ).fetchall()
    buckets = Buckets(keyring)
    moved = [
        move_identifier(
            keyring,
            unwrap_subject(buckets.key(BucketRow(*row[6:])), row[1], row[5]),
            Indexed(*row[:5]),
            version=in_use,
        )
        for row in rows
    ]
    store.move_identifiers(vault, moved, version=in_use)
    return len(moved), rows[-1][0] if rows else b""


def _marks(vault: Connection, keyring: Keyring, _after: bytes) -> tuple[int, bytes]:
    return tombstones.move(vault, keyring), b""


_SOME: Final[dict[Rotated, Callable[[Connection, Keyring, bytes], tuple[int, bytes]]]] = {
    "idx": _identifiers,
    "kek": _buckets,
    "sup": _marks,
}
