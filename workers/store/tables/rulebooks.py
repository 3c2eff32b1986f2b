"""Which rulebook is in force, and who changed it: evidence that is added to."""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, ForeignKey, Integer, Table, Text, Uuid
from sqlalchemy import text as sql

from policies.data_map import Erasure
from policies.vocabulary import DataCategory
from workers.store.tables.notes import (
    ACCOUNTABILITY,
    AUDIT_PERIOD,
    RULEBOOK_PERIOD,
    SERVICE,
    erased_by,
    noted,
)
from workers.store.tables.reference import rulebook
from workers.store.tables.schema import INSTANT, STORE, metadata, numbered

CHANGED = (DataCategory.AUDIT, ACCOUNTABILITY, AUDIT_PERIOD)
WHO = (DataCategory.OPERATOR, ACCOUNTABILITY, AUDIT_PERIOD)
RULES = (DataCategory.TECHNICAL, SERVICE, RULEBOOK_PERIOD)

# A proposal, and what became of it.  What loosens takes two people, and the database says so too;
# the first of an installation loosens nothing, since nothing was in force.
rulebook_change = Table(
    "rulebook_change",
    metadata,
    noted("id", BigInteger, CHANGED, numbered(), primary_key=True),
    noted("proposed_at", INSTANT, CHANGED),
    noted("decided_at", INSTANT, CHANGED, nullable=True),
    noted("proposed_by", Uuid, WHO, nullable=True),  # null: whoever started the installation
    noted("decided_by", Uuid, WHO, nullable=True),  # null: nobody had to
    noted("rulebook", Integer, CHANGED, ForeignKey(rulebook.c.id)),
    noted("replaces", Integer, CHANGED, ForeignKey(rulebook.c.id), nullable=True),
    noted("loosens", Boolean, CHANGED),
    noted("outcome", Text, CHANGED, nullable=True),
    noted("content", Text, CHANGED),  # what its files say, as ``RuleSet.content``
    CheckConstraint("outcome in ('adopted', 'refused')", name="outcome"),
    CheckConstraint(
        "outcome is distinct from 'adopted' or not loosens"
        " or (decided_by is not null and proposed_by is not null and decided_by <> proposed_by)",
        name="two_people",
    ),
    info=erased_by(Erasure.KEEP),
    schema=STORE,
)

# One row: everybody who writes by a rulebook looks whether it is still this one.
in_force = Table(
    "in_force",
    metadata,
    noted("since", INSTANT, RULES),
    noted("change", BigInteger, RULES, ForeignKey(rulebook_change.c.id)),
    noted("rulebook", Integer, RULES, ForeignKey(rulebook.c.id)),
    noted("one", Boolean, RULES, primary_key=True, server_default=sql("true")),
    CheckConstraint("one", name="one"),
    info=erased_by(Erasure.KEEP),
    schema=STORE,
)
