"""Suspect events, sealed for the data protection officer: nobody here can open them (R-77)."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from policies.data_map import Erasure
from policies.vocabulary import DataCategory
from workers.store.tables.notes import QUARANTINE_PERIOD, SECURITY, erased_by, noted
from workers.store.tables.reference import rulebook, source
from workers.store.tables.schema import INSTANT, STORE, metadata
from workers.store.tables.subjects import subject

ABOUT = (DataCategory.TECHNICAL, SECURITY, QUARANTINE_PERIOD)
SINCE = (DataCategory.TIME, SECURITY, QUARANTINE_PERIOD)
WHOSE = (DataCategory.PSEUDONYM, SECURITY, QUARANTINE_PERIOD)
SEALED = (DataCategory.IDENTIFIER, SECURITY, QUARANTINE_PERIOD)

# The number is drawn before the row is written, because the seal is bound to it.  Of one that was
# replayed or discarded the row stays to its end, without what was sealed: the same message sent
# again is then known.
quarantine = Table(
    "quarantine",
    metadata,
    noted("id", BigInteger, ABOUT, Identity(always=False), primary_key=True),
    noted("set_aside_at", INSTANT, SINCE),
    noted("expires_at", INSTANT, SINCE, index=True),
    noted("settled_at", INSTANT, SINCE, nullable=True),
    noted(
        "subject",
        BigInteger,
        WHOSE,
        ForeignKey(subject.c.id, ondelete="CASCADE"),
        subject="surrogate",
    ),
    noted("mid", BigInteger, ABOUT),
    noted("source", Integer, ABOUT, ForeignKey(source.c.id)),
    noted("rulebook", Integer, ABOUT, ForeignKey(rulebook.c.id)),
    # Bits: the purposes of the subject's domain that allowed it; gone with the last of them.
    noted("purposes", Integer, ABOUT),
    noted("event", Text, ABOUT),
    noted("reason", Text, ABOUT),
    noted("key_id", Text, ABOUT),
    noted("outcome", Text, ABOUT, nullable=True),
    noted("sealed", LargeBinary, SEALED, nullable=True),
    UniqueConstraint("subject", "mid"),
    CheckConstraint("(sealed is null) = (outcome is not null)", name="settled"),
    CheckConstraint("(settled_at is null) = (outcome is null)", name="settled_once"),
    CheckConstraint("expires_at <= set_aside_at + interval '7 days'", name="seven_days"),
    info=erased_by(Erasure.DELETE),
    schema=STORE,
)
