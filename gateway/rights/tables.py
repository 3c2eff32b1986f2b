"""Which tables does the schema ``rights`` have, and what does each column hold?

It lies in the vault database, because a case is about an identified person; the vault's migrations
create it.  No column could hold a copy of an identity proof: the check is a method and an outcome
(R-11).
"""

from typing import Final

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    DateTime,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT, JSONB

from policies.data_map import Erasure, note

METADATA: Final = MetaData()
SCHEMA: Final = "rights"

_OPERATOR = note("operator", "security", "row")
_CASE = note("rights_request", "rights", "rights_request")
_SEALED = note("identifier", "rights", "rights_request")
_CONSULTED = note("audit", "security", "reidentification")
_CONSULTING = note("operator", "security", "reidentification")

operator = Table(
    "operator",
    METADATA,
    Column("id", Uuid, primary_key=True, info=_OPERATOR),
    Column("name", Text, nullable=False, info=_OPERATOR),
    Column("role", Text, nullable=False, info=_OPERATOR),
    Column("token_prefix", Text, nullable=False, unique=True, info=_OPERATOR),
    Column("token_hash", LargeBinary, nullable=False, info=_OPERATOR),
    Column("created_at", DateTime(timezone=True), nullable=False, info=_OPERATOR),
    Column("expires_at", DateTime(timezone=True), nullable=True, info=_OPERATOR),
    Column("last_used_on", Date, nullable=True, info=_OPERATOR),
    schema=SCHEMA,
    comment="Persons who may act on rights requests.",
    info={"erasure": Erasure.KEEP},
)

case = Table(
    "case",
    METADATA,
    Column("id", Uuid, primary_key=True, info=_CASE),
    Column("type", Text, nullable=False, info=_CASE),
    Column("state", Text, nullable=False, info=_CASE),
    Column("step", Text, nullable=True, info=_CASE),
    Column("received_at", DateTime(timezone=True), nullable=False, info=_CASE),
    Column("due_at", DateTime(timezone=True), nullable=False, info=_CASE),
    Column("closed_at", DateTime(timezone=True), nullable=True, info=_CASE),
    Column("operator", Uuid, nullable=True, info=_CASE),
    Column("channel", Text, nullable=False, info=_CASE),
    Column("identity_check", Text, nullable=False, info=_CASE),
    # The case's working memory, sealed; deleted at closure.
    Column("sealed_identifiers", LargeBinary, nullable=True, info=_SEALED),
    Column(
        "subject_ids",
        ARRAY(BIGINT),
        nullable=False,
        server_default=sql("'{}'"),
        info=note("pseudonym", "rights", "rights_request", "vault"),
    ),
    # The access report, sealed; dropped when it expires.
    Column("result", LargeBinary, nullable=True, info=_SEALED),
    Column("result_expires_at", DateTime(timezone=True), nullable=True, info=_CASE),
    Column("receipt", JSONB, nullable=True, info=_CASE),
    Column("reason", Text, nullable=True, info=_CASE),
    schema=SCHEMA,
    comment="Requests of data subjects, with their clocks and outcomes.",
    info={"erasure": Erasure.KEEP},
)

reidentification = Table(
    "reidentification",
    METADATA,
    Column("id", Uuid, primary_key=True, info=_CONSULTED),
    # The vault's number and no pseudonym: without the keys, no row of the store is found by it.
    Column(
        "subject",
        BIGINT,
        nullable=True,
        info=note("pseudonym", "security", "reidentification", "vault"),
    ),
    Column("domain", Text, nullable=False, info=_CONSULTED),
    Column("purpose", Text, nullable=False, info=_CONSULTED),
    Column("ticket", Text, nullable=False, info=_CONSULTED),
    Column("state", Text, nullable=False, info=_CONSULTED),
    Column("asked_by", Uuid, nullable=False, info=_CONSULTING),
    Column("asked_role", Text, nullable=False, info=_CONSULTED),
    Column("asked_at", DateTime(timezone=True), nullable=False, info=_CONSULTED),
    Column("ends_at", DateTime(timezone=True), nullable=False, info=_CONSULTED),
    Column("decided_by", Uuid, nullable=True, info=_CONSULTING),
    Column("decided_at", DateTime(timezone=True), nullable=True, info=_CONSULTED),
    Column("opened_at", DateTime(timezone=True), nullable=True, info=_CONSULTED),
    CheckConstraint(
        "state IN ('sought', 'asked', 'approved', 'refused', 'opened', 'expired')",
        name="reidentification_state",
    ),
    CheckConstraint(
        "state NOT IN ('approved', 'opened') OR decided_by IS NOT NULL AND decided_by <> asked_by",
        name="reidentification_four_eyes",
    ),
    schema=SCHEMA,
    comment="Who asked to know whose a pseudonym is, who approved, and when it was opened (R-44).",
    info={"erasure": Erasure.FLAG},
)
