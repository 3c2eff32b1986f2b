"""Which tables hold the way from an identifier to a pseudonym?

Schema ``vault`` and schema ``tombstone``, both in the database ``vault``; schema ``rights`` lies
beside them and belongs to ``gateway.rights``.  Nothing here is clear text: identifiers are blind
indexes and seals, subject keys are wrapped (R-51).  No key or join leads from a tombstone to a
subject (R-59).
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT

from policies.data_map import Erasure, note

__all__ = [
    "METADATA",
    "bucket",
    "erasure_journal",
    "identifier",
    "key_in_use",
    "link",
    "mark",
    "signer",
    "subject",
]

METADATA: Final = MetaData()

_TECHNICAL = note("technical", "operation", "row")
_KEY = note("key_material", "security", "row")
_SUBJECT = note("pseudonym", "operation", "row", "vault")
_IDENTIFIER = note("identifier", "operation", "row")
_TIME = note("time", "operation", "row")
_JOURNAL = note("technical", "rights", "erasure_journal")

bucket = Table(
    "bucket",
    METADATA,
    Column("id", SmallInteger, primary_key=True, autoincrement=False, info=_TECHNICAL),
    Column("version", Integer, nullable=False, info=_TECHNICAL),
    Column("kek_version", Integer, nullable=False, info=_TECHNICAL),
    Column("wrapped_key", LargeBinary, nullable=False, info=_KEY),
    Column("rewrapped_at", DateTime(timezone=True), nullable=False, info=_TIME),
    CheckConstraint("id BETWEEN 0 AND 4095", name="bucket_range"),
    schema="vault",
    comment="Keys that wrap subject keys; an erasure replaces one of them (R-52).",
    info={"erasure": Erasure.KEEP},
)

subject = Table(
    "subject",
    METADATA,
    Column("id", BIGINT, Identity(always=True), primary_key=True, info=_SUBJECT),
    Column("bucket", SmallInteger, ForeignKey(bucket.c.id), nullable=False, info=_TECHNICAL),
    Column("state", Text, nullable=False, server_default=text("'alive'"), info=_TECHNICAL),
    Column("generation", Integer, nullable=False, server_default=text("0"), info=_TECHNICAL),
    Column("wrapped_sk", LargeBinary, nullable=True, info=_KEY),
    Column("created_on", Date, nullable=False, info=_TIME),
    Column("erased_at", DateTime(timezone=True), nullable=True, info=_TIME),
    CheckConstraint("state IN ('alive', 'erasing', 'erased')", name="subject_state"),
    CheckConstraint("(state = 'erased') = (wrapped_sk IS NULL)", name="subject_key_while_kept"),
    Index("subject_bucket", "bucket"),
    schema="vault",
    comment="One row per data subject: the wrapped subject key everything is derived from.",
    info={"erasure": Erasure.FLAG},
)

identifier = Table(
    "identifier",
    METADATA,
    Column(
        "blind_index",
        LargeBinary,
        primary_key=True,
        info=note("identifier", "operation", "row", "blind_index"),
    ),
    Column("subject", BIGINT, ForeignKey(subject.c.id), nullable=False, info=_SUBJECT),
    Column("kind", Text, nullable=False, info=_TECHNICAL),
    Column("index_version", Integer, nullable=False, info=_TECHNICAL),
    Column("canon_version", SmallInteger, nullable=False, info=_TECHNICAL),
    Column("sealed", LargeBinary, nullable=True, info=_IDENTIFIER),
    Column("sealed_mark", LargeBinary, nullable=False, info=_IDENTIFIER),
    Column("first_seen_on", Date, nullable=False, info=_TIME),
    # The same for every spelling of an address that its provider delivers alike; only a rights
    # request looks there.
    Column(
        "variant_index",
        LargeBinary,
        nullable=True,
        info=note("identifier", "rights", "row", "blind_index"),
    ),
    Column("source", Integer, nullable=True, info=_TECHNICAL),
    Index("identifier_subject", "subject"),
    Index(
        "identifier_variant",
        "variant_index",
        postgresql_where=text("variant_index IS NOT NULL"),
    ),
    schema="vault",
    comment="Blind index of an identifier, the subject behind it, and what was kept sealed.",
    info={"erasure": Erasure.DELETE},
)

link = Table(
    "link",
    METADATA,
    Column("subject", BIGINT, ForeignKey(subject.c.id), primary_key=True, info=_SUBJECT),
    Column("other", BIGINT, ForeignKey(subject.c.id), primary_key=True, info=_SUBJECT),
    Column("source", Integer, nullable=False, info=_TECHNICAL),
    Column("linked_at", DateTime(timezone=True), nullable=False, info=_TIME),
    Column("asserted", Text, nullable=True, info=_TECHNICAL),
    Column("undone_at", DateTime(timezone=True), nullable=True, info=_TIME),
    Column("undone_case", Uuid, nullable=True, info=_TECHNICAL),
    CheckConstraint("subject < other", name="link_once"),
    Index("link_other", "other"),
    schema="vault",
    comment="Two subjects a source said are one person; rights requests close over it (R-42).",
    info={"erasure": Erasure.DELETE},
)

erasure_journal = Table(
    "erasure_journal",
    METADATA,
    Column("id", Uuid, primary_key=True, info=_JOURNAL),
    Column("case_id", Uuid, nullable=False, unique=True, info=_JOURNAL),
    Column(
        "subjects",
        ARRAY(BIGINT),
        nullable=False,
        info=note("pseudonym", "rights", "erasure_journal", "vault"),
    ),
    Column(
        "pids",
        ARRAY(Uuid),
        nullable=False,
        info=note("pseudonym", "rights", "erasure_journal", "pid"),
    ),
    Column(
        "arefs",
        ARRAY(Text),
        nullable=False,
        info=note("pseudonym", "rights", "erasure_journal", "aref"),
    ),
    Column("tombstones", Integer, nullable=False, info=_JOURNAL),
    Column("key_ids", ARRAY(Text), nullable=False, info=_JOURNAL),
    Column("started_at", DateTime(timezone=True), nullable=False, info=_JOURNAL),
    Column("destroyed_at", DateTime(timezone=True), nullable=True, info=_JOURNAL),
    Column("completed_at", DateTime(timezone=True), nullable=True, info=_JOURNAL),
    schema="vault",
    comment="What was erased, as bare random numbers; replayed over a restored database (R-54).",
    info={"erasure": Erasure.KEEP},
)

key_in_use = Table(
    "key_in_use",
    METADATA,
    Column("name", Text, primary_key=True, info=_TECHNICAL),
    Column("version", Integer, nullable=False, info=_TECHNICAL),
    Column("since", DateTime(timezone=True), nullable=False, info=_TIME),
    # The version that nested marks begin at; all between are needed to make one.  Of "pid", which
    # is no key but whose versions are the epochs of pseudonyms: the oldest the store may have.
    Column("first", Integer, nullable=False, server_default=text("1"), info=_TECHNICAL),
    schema="vault",
    comment="The version of a key that new rows are made under; whoever writes one looks here.",
    info={"erasure": Erasure.KEEP},
)

signer = Table(
    "signer",
    METADATA,
    Column("name", Text, primary_key=True, info=_TECHNICAL),
    Column("version", Integer, primary_key=True, autoincrement=False, info=_TECHNICAL),
    Column("public_key", LargeBinary, nullable=False, info=_TECHNICAL),
    Column("since", DateTime(timezone=True), nullable=False, info=_TIME),
    # The signature of the version before; null of the first on record, which nobody vouches for.
    Column("handover", LargeBinary, nullable=True, info=_TECHNICAL),
    # The entry of the audit log that says so.
    Column("announced", BIGINT, nullable=True, info=_TECHNICAL),
    schema="vault",
    comment="Public keys of the signers, each vouched for by the one before; none is secret.",
    info={"erasure": Erasure.KEEP},
)

mark = Table(
    "mark",
    METADATA,
    Column(
        "mark",
        LargeBinary,
        primary_key=True,
        info=note("identifier", "rights", "tombstone", "mark"),
    ),
    Column("scope", Text, primary_key=True, info=note("technical", "rights", "tombstone")),
    Column("reason", Text, nullable=False, info=note("technical", "rights", "tombstone")),
    Column("created_month", Date, nullable=False, info=note("time", "rights", "tombstone")),
    Column("expires_on", Date, nullable=False, info=note("time", "rights", "tombstone")),
    Column("key_version", Integer, nullable=False, info=note("technical", "rights", "tombstone")),
    schema="tombstone",
    comment="Keyed marks of identifiers whose owner must not come back (R-59).",
    info={"erasure": Erasure.KEEP},
)
