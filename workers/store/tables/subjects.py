"""Who is known, by pseudonym only: the registry, and the consent ledger."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from policies.data_map import Erasure
from policies.vocabulary import DataCategory
from workers.store.tables.notes import (
    ACCOUNTABILITY,
    CONSENT_PERIOD,
    DECLARED,
    FENCE_PERIOD,
    SERVICE,
    SUBJECT_PERIOD,
    erased_by,
    noted,
)
from workers.store.tables.reference import domain, purpose, rulebook, source
from workers.store.tables.schema import INSTANT, STORE, metadata, numbered

FENCE = (DataCategory.PSEUDONYM, SERVICE, FENCE_PERIOD)
CHOICE = (DataCategory.CONSENT, DECLARED, SUBJECT_PERIOD)
PRINCIPAL = (DataCategory.PSEUDONYM, ACCOUNTABILITY, CONSENT_PERIOD)
PROOF = (DataCategory.CONSENT, ACCOUNTABILITY, CONSENT_PERIOD)

# The registry.  Its row outlives an erasure (state 2, nothing else left in it), because it is the
# fence that stops late writers: they hold it FOR SHARE and find it erased.
subject = Table(
    "subject",
    metadata,
    noted("id", BigInteger, FENCE, numbered(), primary_key=True, subject="surrogate"),
    noted("pid", Uuid, FENCE, unique=True, subject="pid"),
    noted("registered_at", INSTANT, CHOICE, server_default=text("now()")),
    noted("generation", Integer, FENCE, server_default=text("0")),
    # Bit mask of the purposes objected to (Article 21), 1 << (purpose id - 1).
    noted("objected", Integer, CHOICE, server_default=text("0")),
    noted("domain", SmallInteger, FENCE, ForeignKey(domain.c.id)),
    # 0 alive, 1 restricted (Article 18), 2 erased.
    noted("state", SmallInteger, FENCE, server_default=text("0")),
    # Triplets [purpose, since_us, until_us] by purpose: the fold of consent_record, kept for speed.
    noted("consent", ARRAY(BigInteger), CHOICE, server_default=text("'{}'::bigint[]")),
    # What proofs of consent call them, since pseudonyms change; null means by the one they have.
    noted("principal", Uuid, PRINCIPAL, nullable=True, server_default=text("gen_random_uuid()")),
    CheckConstraint("state between 0 and 2", name="state"),
    CheckConstraint("state <> 2 or (consent = '{}' and objected = 0)", name="nothing_left"),
    CheckConstraint("cardinality(consent) % 3 = 0", name="triplets"),
    info=erased_by(Erasure.FLAG),
    schema=STORE,
    # Room in the page lets a change of consent stay a heap-only update.
    postgresql_with={"fillfactor": "85"},
)

consent_record = Table(
    "consent_record",
    metadata,
    noted("id", BigInteger, PROOF, numbered(), primary_key=True),
    noted(
        "subject",
        BigInteger,
        PROOF,
        ForeignKey(subject.c.id, ondelete="CASCADE"),
        index=True,
        subject="surrogate",
    ),
    noted("at", INSTANT, PROOF),
    noted("received_at", INSTANT, PROOF),
    noted("valid_until", INSTANT, PROOF),
    noted("receipt_id", Uuid, PROOF),
    noted("source", Integer, PROOF, ForeignKey(source.c.id), nullable=True),
    noted("rulebook", Integer, PROOF, ForeignKey(rulebook.c.id)),
    noted("purpose", SmallInteger, PROOF, ForeignKey(purpose.c.id)),
    noted("status", Text, PROOF),
    noted("method", Text, PROOF),
    noted("scope", Text, PROOF),
    noted("notice", Text, PROOF, nullable=True),
    noted("evidence", Text, PROOF, nullable=True),
    noted("signal_hash", LargeBinary, PROOF, nullable=True),
    info=erased_by(Erasure.DELETE),
    schema=STORE,
)

# What a no asked for and what became of it: who withdrew or objected, and how many events went or
# lost that purpose since.  One is open a subject and purpose; further ones join it.
withdrawal = Table(
    "withdrawal",
    metadata,
    noted("id", BigInteger, PROOF, numbered(), primary_key=True),
    noted(
        "subject",
        BigInteger,
        PROOF,
        ForeignKey(subject.c.id, ondelete="CASCADE"),
        index=True,
        subject="surrogate",
    ),
    noted("asked_at", INSTANT, PROOF),
    noted("finished_at", INSTANT, PROOF, nullable=True),
    noted("deleted", Integer, PROOF, server_default=text("0")),
    noted("narrowed", Integer, PROOF, server_default=text("0")),
    noted("purpose", SmallInteger, PROOF, ForeignKey(purpose.c.id)),
    Index(
        "ix_withdrawal_open",
        "subject",
        "purpose",
        unique=True,
        postgresql_where=text("finished_at IS NULL"),
    ),
    info=erased_by(Erasure.DELETE),
    schema=STORE,
)

# Fences of people whom the vault has forgotten; each goes a day later.
passing_fence = Table(
    "passing_fence",
    metadata,
    noted(
        "subject",
        BigInteger,
        FENCE,
        ForeignKey(subject.c.id, ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    noted("since", INSTANT, FENCE),
    info=erased_by(Erasure.KEEP),
    schema=STORE,
)
