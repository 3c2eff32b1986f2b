"""What was done: events, the state folded from them, and the work still to be folded."""

from sqlalchemy import (
    BigInteger,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from policies.data_map import Erasure
from policies.vocabulary import DataCategory
from workers.store.tables.notes import (
    DECLARED,
    EVENT_PERIOD,
    OPERATION_PERIOD,
    SERVICE,
    SUBJECT_PERIOD,
    erased_by,
    noted,
)
from workers.store.tables.reference import rulebook
from workers.store.tables.schema import INSTANT, STORE, metadata, numbered
from workers.store.tables.subjects import subject

KEY = (DataCategory.PSEUDONYM, SERVICE, EVENT_PERIOD)
MARK = (DataCategory.TECHNICAL, SERVICE, EVENT_PERIOD)
TIME = (DataCategory.TIME, DECLARED, EVENT_PERIOD)
VISIT = (DataCategory.NAVIGATION, DECLARED, EVENT_PERIOD)
INTEREST = (DataCategory.PRODUCT_INTEREST, DECLARED, EVENT_PERIOD)
SALE = (DataCategory.TRANSACTION, DECLARED, EVENT_PERIOD)
CAMPAIGN = (DataCategory.CAMPAIGN, DECLARED, EVENT_PERIOD)
MACHINE = (DataCategory.DEVICE, DECLARED, EVENT_PERIOD)
WORDS = (DataCategory.FREE_TEXT, DECLARED, EVENT_PERIOD)
FOLD = (DataCategory.PROFILE, DECLARED, SUBJECT_PERIOD)
WORK = (DataCategory.TECHNICAL, SERVICE, OPERATION_PERIOD)

EVENT_PARTITIONS = 16

batch = Table(
    "batch",
    metadata,
    noted("id", BigInteger, WORK, numbered(), primary_key=True),
    noted("received_at", INSTANT, WORK, server_default=text("now()")),
    noted("source", Integer, WORK, nullable=True),
    noted("rulebook", Integer, WORK, ForeignKey(rulebook.c.id)),
    noted("events", Integer, WORK),
    noted("lane", SmallInteger, WORK),  # 0 live, 1 bulk
    info=erased_by(Erasure.KEEP),
    schema=STORE,
)

# The hot row.  Columns go from wide to narrow so that no padding is stored; what an event does
# not have is null and costs nothing.  The primary key is the only b-tree: it finds a duplicate, a
# subject's history, and what an erasure deletes.  No foreign key: a check per row at 10 us would
# double the cost of ingest, and the fence is the registry row the writer holds FOR SHARE.
event = Table(
    "event",
    metadata,
    noted(
        "subject",
        BigInteger,
        KEY,
        primary_key=True,
        autoincrement=False,
        subject="surrogate",
    ),
    noted("mid", BigInteger, MARK, primary_key=True, autoincrement=False),
    noted("at", INSTANT, TIME),
    noted("batch", BigInteger, MARK),
    noted("amount", BigInteger, SALE, nullable=True),  # minor units of the currency
    noted("number", Double, VISIT, nullable=True),
    noted("name", Integer, VISIT),
    noted("purposes", Integer, MARK),  # bit mask, 1 << (purpose id - 1)
    noted("page", Integer, VISIT, nullable=True),
    noted("product", Integer, INTEREST, nullable=True),
    noted("category", Integer, INTEREST, nullable=True),
    noted("label", Integer, INTEREST, nullable=True),
    noted("campaign", Integer, CAMPAIGN, nullable=True),
    noted("referrer", Integer, VISIT, nullable=True),
    noted("device", Integer, MACHINE, nullable=True),
    noted("quantity", Integer, SALE, nullable=True),
    noted("duration", Integer, VISIT, nullable=True),  # seconds
    noted("source", SmallInteger, MARK),
    noted("kind", SmallInteger, MARK),
    noted("text", Text, WORDS, nullable=True),
    Index("ix_event_at", "at", postgresql_using="brin"),
    info=erased_by(Erasure.DELETE),
    schema=STORE,
    postgresql_partition_by="HASH (subject)",
)

state = Table(
    "state",
    metadata,
    noted(
        "subject",
        BigInteger,
        FOLD,
        ForeignKey(subject.c.id, ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
        subject="surrogate",
    ),
    noted("first_at", INSTANT, FOLD),
    noted("last_at", INSTANT, FOLD),
    noted("last_mid", BigInteger, FOLD),
    noted("session_start", INSTANT, FOLD),
    noted("closed_seconds", BigInteger, FOLD),
    noted("closed_click_seconds", BigInteger, FOLD),
    noted("last_purchase_at", INSTANT, FOLD, nullable=True),
    noted("amount", BigInteger, FOLD),
    noted("folded_at", INSTANT, FOLD),
    noted("events", Integer, FOLD),
    noted("sessions", Integer, FOLD),
    noted("session_clicks", Integer, FOLD),
    noted("last_step", SmallInteger, FOLD),
    noted("steps", ARRAY(Integer), FOLD),  # count per step
    noted("dwell", ARRAY(BigInteger), FOLD),  # milliseconds per step
    noted("hours", ARRAY(Integer), FOLD),  # 24 local hours
    noted("days", ARRAY(BigInteger), FOLD),  # triplets (UTC day, code, value), sparse
    # By which rules it was counted; then the events folded last, and the numbers before them: what
    # comes late is put among them.
    noted("recent", LargeBinary, FOLD, server_default=text("''")),
    info=erased_by(Erasure.DELETE),
    schema=STORE,
    # A state is rewritten with every visit and has no other index, so room in the page keeps the
    # update heap-only.
    postgresql_with={"fillfactor": "75"},
)

dirty = Table(
    "dirty",
    metadata,
    noted("id", BigInteger, WORK, Identity(always=True, cache=50), primary_key=True),
    noted("subject", BigInteger, WORK, subject="surrogate"),
    noted("batch", BigInteger, WORK),
    noted("shard", SmallInteger, WORK),
    noted("mids", ARRAY(BigInteger), WORK),
    Index("ix_dirty_shard_id", "shard", "id"),
    info=erased_by(Erasure.DELETE),
    schema=STORE,
)

outbox = Table(
    "outbox",
    metadata,
    noted("id", BigInteger, WORK, numbered(), primary_key=True),
    noted("reference", BigInteger, WORK),
    noted("created_at", INSTANT, WORK, server_default=text("now()")),
    noted("claimed_at", INSTANT, WORK, nullable=True),
    noted("topic", Text, WORK),
    info=erased_by(Erasure.KEEP),
    schema=STORE,
)
