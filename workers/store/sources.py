"""Sources and the keys they send: only the hash of a key is here."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.dialects import postgresql

from workers.store.packing import Int4s
from workers.store.tables import source, source_key
from workers.store.transactions import run


class SourceRow(NamedTuple):
    """One system that sends events."""

    id: int
    key: str
    label: str
    enabled: bool
    created_at: datetime


class SourceKeyRow(NamedTuple):
    """One key of a source, as far as it is kept."""

    id: int
    source: int
    prefix: str
    key_hash: bytes
    scopes: tuple[str, ...]
    expires_at: datetime | None
    revoked_at: datetime | None
    enabled: bool  # of the source


_KEYS = (
    select(
        source_key.c.id,
        source_key.c.source,
        source_key.c.prefix,
        source_key.c.key_hash,
        source_key.c.scopes,
        source_key.c.expires_at,
        source_key.c.revoked_at,
        source.c.enabled,
    )
    .join(source, source.c.id == source_key.c.source)
    .order_by(source_key.c.id)
)

_USED = "update store.source_key set last_used_on = %s where id = any(%s)"


def add(connection: Connection, key: str, label: str) -> SourceRow | None:
    """Add a source; ``None`` when the key is taken."""
    statement = (
        postgresql.insert(source)
        .values(key=key, label=label)
        .on_conflict_do_nothing(index_elements=[source.c.key])
        .returning(*source.c)
    )
    found = connection.execute(statement).mappings().one_or_none()
    return None if found is None else SourceRow(**found)


def listed(connection: Connection) -> list[SourceRow]:
    """Give every source, by key."""
    found = connection.execute(select(source).order_by(source.c.key)).mappings()
    return [SourceRow(**row) for row in found]


def named(connection: Connection, key: str) -> SourceRow | None:
    """Give the source with this key, or ``None``."""
    found = connection.execute(select(source).where(source.c.key == key)).mappings().one_or_none()
    return None if found is None else SourceRow(**found)


def enable(connection: Connection, number: int, *, enabled: bool) -> None:
    """Let a source send, or stop it."""
    connection.execute(update(source).where(source.c.id == number).values(enabled=enabled))


def add_key(  # noqa: PLR0913  the row's own columns, by name
    connection: Connection,
    number: int,
    *,
    prefix: str,
    key_hash: bytes,
    scopes: Sequence[str],
    expires_at: datetime | None = None,
) -> int:
    """Give a source one more key; both stay valid until one is revoked (rotation)."""
    values = {
        "source": number,
        "prefix": prefix,
        "key_hash": key_hash,
        "scopes": list(scopes),
        "expires_at": expires_at,
    }
    statement = insert(source_key).values(values).returning(source_key.c.id)
    return int(connection.execute(statement).scalar_one())


def revoke_key(connection: Connection, prefix: str, at: datetime) -> bool:
    """End a key; ``False`` when there is none with this prefix, or it ended before."""
    statement = (
        update(source_key)
        .where(source_key.c.prefix == prefix, source_key.c.revoked_at.is_(None))
        .values(revoked_at=at)
    )
    return connection.execute(statement).rowcount == 1


def keys(connection: Connection) -> list[SourceKeyRow]:
    """Give every key ever made, revoked ones too: what a gateway keeps in memory."""
    return [
        SourceKeyRow(**{**row, "scopes": tuple(row["scopes"])})
        for row in connection.execute(_KEYS).mappings()
    ]


def key_with(connection: Connection, prefix: str) -> SourceKeyRow | None:
    """Give the key with this prefix, or ``None``: for a key newer than what is in memory."""
    found = connection.execute(_KEYS.where(source_key.c.prefix == prefix)).mappings().one_or_none()
    return None if found is None else SourceKeyRow(**{**found, "scopes": tuple(found["scopes"])})


def used(connection: Connection, key_ids: Sequence[int], day: date) -> None:
    """Note the day keys were last used on; call it once a day and key, not once a request."""
    run(connection, _USED, (day, Int4s.of(key_ids)))
