"""What came of it: segments, memberships, feature snapshots, and the counts that name nobody."""

from sqlalchemy import (
    BigInteger,
    Date,
    Double,
    ForeignKey,
    Integer,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from policies.data_map import Erasure
from policies.vocabulary import DataCategory
from workers.store.tables.notes import (
    DECLARED,
    RULEBOOK_PERIOD,
    SERVICE,
    STATISTIC_PERIOD,
    SUBJECT_PERIOD,
    erased_by,
    noted,
)
from workers.store.tables.reference import purpose, rulebook
from workers.store.tables.schema import INSTANT, STORE, metadata, numbered
from workers.store.tables.subjects import subject

RULES = (DataCategory.TECHNICAL, SERVICE, RULEBOOK_PERIOD)
COMPUTED = (DataCategory.PROFILE, DECLARED, SUBJECT_PERIOD)
COUNTED = (DataCategory.TECHNICAL, SERVICE, STATISTIC_PERIOD)

segment = Table(
    "segment",
    metadata,
    noted("id", Integer, RULES, numbered(), primary_key=True),
    noted("version", Integer, RULES),
    noted("rulebook", Integer, RULES, ForeignKey(rulebook.c.id)),
    noted("created_at", INSTANT, RULES, server_default=text("now()")),
    noted("purpose", SmallInteger, RULES, ForeignKey(purpose.c.id)),
    noted("key", Text, RULES),
    noted("definition_hash", Text, RULES),
    noted("definition", JSONB, RULES),
    UniqueConstraint("key", "version"),
    info=erased_by(Erasure.KEEP),
    schema=STORE,
)

membership = Table(
    "membership",
    metadata,
    noted(
        "subject",
        BigInteger,
        COMPUTED,
        ForeignKey(subject.c.id, ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
        subject="surrogate",
    ),
    noted("since", INSTANT, COMPUTED),
    noted("computed_at", INSTANT, COMPUTED),
    noted(
        "segment",
        Integer,
        COMPUTED,
        ForeignKey(segment.c.id, ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
        index=True,
    ),
    info=erased_by(Erasure.DELETE),
    schema=STORE,
)

feature_set = Table(
    "feature_set",
    metadata,
    noted("id", Integer, RULES, numbered(), primary_key=True),
    noted("rulebook", Integer, RULES, ForeignKey(rulebook.c.id)),
    noted("hash", Text, RULES, unique=True),
    noted("keys", ARRAY(Text), RULES),
    info=erased_by(Erasure.KEEP),
    schema=STORE,
)

feature_snapshot = Table(
    "feature_snapshot",
    metadata,
    noted(
        "subject",
        BigInteger,
        COMPUTED,
        ForeignKey(subject.c.id, ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
        subject="surrogate",
    ),
    noted("as_of", INSTANT, COMPUTED),
    noted("feature_set", Integer, COMPUTED, ForeignKey(feature_set.c.id)),
    noted("values", ARRAY(Double), COMPUTED),  # null: no value
    info=erased_by(Erasure.DELETE),
    schema=STORE,
    postgresql_with={"fillfactor": "85"},
)

segment_count = Table(
    "segment_count",
    metadata,
    noted(
        "segment",
        Integer,
        COUNTED,
        ForeignKey(segment.c.id, ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    noted("counted_at", INSTANT, COUNTED),
    noted("members", BigInteger, COUNTED),
    noted("population", BigInteger, COUNTED),
    info=erased_by(Erasure.KEEP),
    schema=STORE,
)

# No foreign keys below: a count must be taken for a source that was removed, too.
decision_count = Table(
    "decision_count",
    metadata,
    noted("day", Date, COUNTED, primary_key=True),
    noted("source", Integer, COUNTED, primary_key=True, autoincrement=False),
    noted("event", Text, COUNTED, primary_key=True),
    noted("outcome", Text, COUNTED, primary_key=True),
    noted("rulebook", Integer, COUNTED, primary_key=True, autoincrement=False),
    # Which of a few parallel rows this is: two writers that count the same thing at the same time
    # would otherwise wait for each other's commit.  Readers add the slots up.
    noted("slot", SmallInteger, COUNTED, primary_key=True, autoincrement=False),
    noted("count", BigInteger, COUNTED),
    info=erased_by(Erasure.KEEP),
    schema=STORE,
    postgresql_with={"fillfactor": "75"},
)

dropped_count = Table(
    "dropped_count",
    metadata,
    noted("day", Date, COUNTED, primary_key=True),
    noted("source", Integer, COUNTED, primary_key=True, autoincrement=False),
    noted("event", Text, COUNTED, primary_key=True),
    noted("property", Text, COUNTED, primary_key=True),
    noted("slot", SmallInteger, COUNTED, primary_key=True, autoincrement=False),
    noted("count", BigInteger, COUNTED),
    info=erased_by(Erasure.KEEP),
    schema=STORE,
    postgresql_with={"fillfactor": "75"},
)
