"""The audit log: entries, erasable detail, the frontier of the tree, and signed checkpoints."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Integer, LargeBinary, Table, Text

from policies.data_map import Erasure
from policies.vocabulary import DataCategory
from workers.store.tables.notes import (
    ACCOUNTABILITY,
    AUDIT_PERIOD,
    DETAIL_PERIOD,
    erased_by,
    noted,
)
from workers.store.tables.schema import AUDIT, INSTANT, metadata

LOGGED = (DataCategory.AUDIT, ACCOUNTABILITY, AUDIT_PERIOD)
ERASABLE = (DataCategory.AUDIT, ACCOUNTABILITY, DETAIL_PERIOD)

entry = Table(
    "entry",
    metadata,
    noted("seq", BigInteger, LOGGED, primary_key=True, autoincrement=False),
    noted("at", INSTANT, LOGGED),
    # The canonical JSON whose bytes are the leaf; it names nobody.
    noted("header", Text, LOGGED),
    noted("commitment", LargeBinary, LOGGED, nullable=True),
    noted("leaf_hash", LargeBinary, LOGGED),
    # Whom it is about by reference only; and the workers say what workers do.
    CheckConstraint("header::jsonb ->> 'subject_ref' ~ '^[0-9a-f]{0,64}$'", name="reference"),
    CheckConstraint(
        "header::jsonb ->> 'actor' <> 'paravent_workers'"
        " or starts_with(header::jsonb ->> 'action', 'event:')",
        name="workers",
    ),
    CheckConstraint("octet_length(header) <= 16384", name="length"),
    info=erased_by(Erasure.KEEP),
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
    info=erased_by(Erasure.KEEP),
    schema=AUDIT,
)

frontier = Table(
    "frontier",
    metadata,
    noted("level", Integer, LOGGED, primary_key=True, autoincrement=False),
    noted("hash", LargeBinary, LOGGED),
    info=erased_by(Erasure.KEEP),
    schema=AUDIT,
)

checkpoint = Table(
    "checkpoint",
    metadata,
    noted("size", BigInteger, LOGGED, primary_key=True, autoincrement=False),
    noted("at", INSTANT, LOGGED),
    noted("root", LargeBinary, LOGGED),
    noted("note", Text, LOGGED),
    info=erased_by(Erasure.KEEP),
    schema=AUDIT,
)
