"""Anchoring the consent ledger in the audit log, so that no record can be made up afterwards."""

from __future__ import annotations

from functools import partial

from sqlalchemy import Engine

from policies.audit.tree import leaf_hash, root
from workers.jobs.attempts import attempted
from workers.jobs.clock import Clock, Over, never
from workers.store import proof
from workers.store.audit_log import AuditLog
from workers.store.transactions import transaction

# Longer than any transaction takes whose records have smaller numbers and come later.
SETTLED_US = 10 * 60 * 1_000_000
LIMIT = 4_096  # records a tree


def anchor_consents(engine: Engine, *, clock: Clock, until: Over = never) -> bool:
    """Anchor what has settled; say whether time was over before the work was."""
    while not until():
        if attempted(partial(_tree, engine, clock)) < LIMIT:
            return False
    return True


def _tree(engine: Engine, clock: Clock) -> int:
    """Put one tree over the next records, and its root into the log; give how many they were."""
    with transaction(engine) as connection:
        if not proof.take_turn(connection):
            return 0
        records = proof.unanchored(connection, before_us=clock() - SETTLED_US, limit=LIMIT)
        if records:
            leaves = [leaf_hash(record.canonical()) for record in records]
            fields: dict[str, str | int | bool] = {
                "records": len(records),
                "first": records[0].id,
                "last": records[-1].id,
                "root": root(leaves).hex(),
            }
            entry = AuditLog(connection).append(proof.ANCHORED, None, fields)
            proof.keep_anchor(connection, entry, [record.id for record in records], leaves)
        return len(records)
