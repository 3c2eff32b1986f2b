"""Which subjects were said to be one person, by whom, and which of these links were undone?

A link is a row and nothing else: it moves no identifier and no event.  One that was undone stays,
as history, and keeps its two apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from sqlalchemy import Connection

from pseudonymizer.lookup import Said
from pseudonymizer.vault.driver import columns, run

__all__ = ["Linkage", "circles_of", "insert_links"]

_CIRCLES: Final = """
WITH RECURSIVE circle (root, member) AS (
    SELECT id, id FROM unnest(%b::bigint[]) AS id
    UNION
    SELECT circle.root, next.id
      FROM circle CROSS JOIN LATERAL (
           SELECT other AS id FROM vault.link WHERE subject = circle.member AND undone_at IS NULL
           UNION ALL
           SELECT subject FROM vault.link WHERE other = circle.member AND undone_at IS NULL) AS next
)
SELECT root, member, EXISTS (
           SELECT FROM vault.identifier WHERE subject = member AND kind = 'user_id')
  FROM circle
UNION ALL
SELECT circle.member, undone.id, NULL
  FROM circle CROSS JOIN LATERAL (
       SELECT other AS id FROM vault.link WHERE subject = circle.member AND undone_at IS NOT NULL
       UNION ALL
       SELECT subject FROM vault.link WHERE other = circle.member AND undone_at IS NOT NULL
       ) AS undone
"""


class Linkage(NamedTuple):
    """Members of circles as (root, member, whether it has a user id); pairs that were undone."""

    members: list[tuple[int, int, bool]]
    apart: list[tuple[int, int]]


def circles_of(connection: Connection, subjects: Iterable[int]) -> Linkage:
    """Give, for each subject, all it is linked with (itself too), and what keeps them apart."""
    rows = run(connection, _CIRCLES, sorted(subjects)).fetchall()
    return Linkage(
        [(row[0], row[1], row[2]) for row in rows if row[2] is not None],
        [(row[0], row[1]) for row in rows if row[2] is None],
    )


def insert_links(connection: Connection, links: Mapping[tuple[int, int], Said]) -> None:
    """Record who said that the two subjects of each pair are one person.

    A pair that is there stays as it is; above all one that was undone stays undone.
    """
    rows = sorted((min(pair), max(pair), *said) for pair, said in links.items())
    run(
        connection,
        "INSERT INTO vault.link (subject, other, source, linked_at, asserted)"
        " SELECT subject, other, source, now(), nullif(asserted, '')"
        " FROM unnest(%b::bigint[], %b::bigint[], %b::int[], %b::text[])"
        " AS new (subject, other, source, asserted) ON CONFLICT DO NOTHING",
        *columns(rows, 4),
    )
