"""What makes a consent provable: what was shown, and the ledger's anchors in the audit log."""

from sqlalchemy import (
    BigInteger,
    Date,
    ForeignKey,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import ARRAY

from policies.data_map import Erasure
from policies.vocabulary import DataCategory
from workers.store.tables.notes import ACCOUNTABILITY, AUDIT_PERIOD, erased_by, noted
from workers.store.tables.reference import purpose, rulebook
from workers.store.tables.schema import INSTANT, STORE, metadata, numbered

SHOWN = (DataCategory.AUDIT, ACCOUNTABILITY, AUDIT_PERIOD)

# Every notice a rulebook has had, as it was first loaded.  Its text is what people read, so it is
# written once and for all, and an entry of the audit log says when.
notice = Table(
    "notice",
    metadata,
    noted("id", BigInteger, SHOWN, numbered(), primary_key=True),
    noted("entry", BigInteger, SHOWN),  # of the audit log
    noted("registered_at", INSTANT, SHOWN),
    noted("valid_from", Date, SHOWN),
    noted("key", Text, SHOWN, unique=True),
    noted("version", Text, SHOWN),
    noted("language", Text, SHOWN),
    noted("text_sha256", Text, SHOWN),
    noted("text", Text, SHOWN),
    info=erased_by(Erasure.KEEP),
    schema=STORE,
)

# The code and the looks of a banner that showed a notice, by hash only: CNIL, délibération
# 2020-092, wants each version to be provable.
banner = Table(
    "banner",
    metadata,
    noted("id", BigInteger, SHOWN, numbered(), primary_key=True),
    noted("entry", BigInteger, SHOWN),
    noted("registered_at", INSTANT, SHOWN),
    noted("notice", BigInteger, SHOWN, ForeignKey(notice.c.id)),
    noted("code_sha256", Text, SHOWN),
    noted("screenshots", ARRAY(Text), SHOWN),
    noted("version", Text, SHOWN),
    noted("platform", Text, SHOWN),
    UniqueConstraint("notice", "code_sha256", "version"),
    info=erased_by(Erasure.KEEP),
    schema=STORE,
)

# Which notice a purpose had under a rulebook: what somebody read who chose while it was in force.
shown = Table(
    "shown",
    metadata,
    noted("notice", BigInteger, SHOWN, ForeignKey(notice.c.id)),
    noted(
        "rulebook",
        Integer,
        SHOWN,
        ForeignKey(rulebook.c.id),
        primary_key=True,
        autoincrement=False,
    ),
    noted(
        "purpose",
        SmallInteger,
        SHOWN,
        ForeignKey(purpose.c.id),
        primary_key=True,
        autoincrement=False,
    ),
    info=erased_by(Erasure.KEEP),
    schema=STORE,
)

# A tree over some consent records whose root is in the audit log.  A leaf is the hash of a record
# that holds a random receipt, so of a record that was erased it tells nothing to anybody.
anchor = Table(
    "anchor",
    metadata,
    noted("id", BigInteger, SHOWN, numbered(), primary_key=True),
    noted("entry", BigInteger, SHOWN),
    noted("records", ARRAY(BigInteger), SHOWN),  # their numbers in the ledger, in order
    noted("leaves", LargeBinary, SHOWN),  # 32 bytes each, in the same order
    # By which names its leaves call people: 1 their pseudonyms, 2 ``subject.principal``.
    noted("form", SmallInteger, SHOWN),
    info=erased_by(Erasure.KEEP),
    schema=STORE,
)
