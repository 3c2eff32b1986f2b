"""Whom does chance choose?  For an audit that is about nobody in particular."""

from __future__ import annotations

from random import Random

from sqlalchemy import Connection

from pseudonymizer.vault.driver import run

__all__ = ["draw"]


def draw(vault: Connection, count: int, random: Random) -> list[int]:
    """Give up to *count* subjects who are alive, each as likely as every other, in random order.

    Numbers are drawn and looked up, so that the cost is that of the sample and not of the table.
    A number without a subject behind it is lost: fewer come than were drawn for.
    """
    newest = run(vault, "SELECT coalesce(max(id), 0) FROM vault.subject").fetchall()[0][0]
    numbers = random.sample(range(1, newest + 1), min(count, newest))
    rows = run(
        vault,
        "SELECT id FROM vault.subject WHERE id = ANY(%b::bigint[]) AND state = 'alive'",
        numbers,
    )
    alive = {row[0] for row in rows.fetchall()}
    return [number for number in numbers if number in alive]
