"""The audit log: entries, erasable detail, the frontier of the tree, and signed checkpoints."""

from sqlalchemy import BigInteger, ForeignKey, Integer, LargeBinary, Table, Text

from workers.store.tables.notes import (
    ACCOUNTABILITY,
    AUDIT_PERIOD,
    DETAIL_PERIOD,
    SECURITY,
    noted,
)
from workers.store.tables.schema import AUDIT, INSTANT, metadata

LOGGED = (ACCOUNTABILITY, SECURITY, AUDIT_PERIOD)
ERASABLE = (ACCOUNTABILITY, SECURITY, DETAIL_PERIOD)

entry = Table(
    "entry",
    metadata,
    noted("seq", BigInteger, LOGGED, primary_key=True, autoincrement=False),
    noted("at", INSTANT, LOGGED),
    # The canonical JSON whose bytes are the leaf; it names nobody.
    noted("header", Text, LOGGED),
    noted("commitment", LargeBinary, LOGGED, nullable=True),
    noted("leaf_hash", LargeBinary, LOGGED),
    schema=AUDIT,
)

detail = Table(
    "detail",
    metadata,
    noted(
        "seq", BigInteger, ERASABLE, ForeignKey(entry.c.seq), primary_key=True, autoincrement=False
    ),
    noted("salt", LargeBinary, ERASABLE),
    noted("detail", Text, ERASABLE),
    schema=AUDIT,
)

frontier = Table(
    "frontier",
    metadata,
    noted("level", Integer, LOGGED, primary_key=True, autoincrement=False),
    noted("hash", LargeBinary, LOGGED),
    schema=AUDIT,
)

checkpoint = Table(
    "checkpoint",
    metadata,
    noted("size", BigInteger, LOGGED, primary_key=True, autoincrement=False),
    noted("at", INSTANT, LOGGED),
    noted("root", LargeBinary, LOGGED),
    noted("note", Text, LOGGED),
    schema=AUDIT,
)
