"""What the numbers in other tables mean, who sends events, and which long runs are under way."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Date,
    ForeignKey,
    Integer,
    LargeBinary,
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
    OPERATION_PERIOD,
    RULEBOOK_PERIOD,
    SECURITY,
    SERVICE,
    erased_by,
    noted,
)
from workers.store.tables.schema import INSTANT, STORE, metadata, numbered

RULES = (DataCategory.TECHNICAL, SERVICE, RULEBOOK_PERIOD)
ACCESS = (DataCategory.TECHNICAL, SECURITY, OPERATION_PERIOD)
VALUES = (DataCategory.NAVIGATION, DECLARED, RULEBOOK_PERIOD)
SECRET = (DataCategory.KEY_MATERIAL, SECURITY, OPERATION_PERIOD)
RUNNING = (DataCategory.TECHNICAL, SERVICE, OPERATION_PERIOD)

purpose = Table(
    "purpose",
    metadata,
    noted("id", SmallInteger, RULES, numbered(), primary_key=True),
    noted("key", Text, RULES, unique=True),
    info=erased_by(Erasure.KEEP),
    schema=STORE,
)

domain = Table(
    "domain",
    metadata,
    noted("id", SmallInteger, RULES, numbered(), primary_key=True),
    noted("key", Text, RULES, unique=True),
    info=erased_by(Erasure.KEEP),
    schema=STORE,
)

rulebook = Table(
    "rulebook",
    metadata,
    noted("id", Integer, RULES, numbered(), primary_key=True),
    noted("hash", Text, RULES, unique=True),
    noted("loaded_at", INSTANT, RULES, server_default=text("now()")),
    info=erased_by(Erasure.KEEP),
    schema=STORE,
)

source = Table(
    "source",
    metadata,
    noted("id", Integer, ACCESS, numbered(), primary_key=True),
    noted("key", Text, ACCESS, unique=True),
    noted("label", Text, ACCESS),
    noted("enabled", Boolean, ACCESS, server_default=text("true")),
    noted("created_at", INSTANT, ACCESS, server_default=text("now()")),
    info=erased_by(Erasure.KEEP),
    schema=STORE,
)

source_key = Table(
    "source_key",
    metadata,
    noted("id", Integer, ACCESS, numbered(), primary_key=True),
    noted("source", Integer, ACCESS, ForeignKey(source.c.id), index=True),
    noted("prefix", Text, ACCESS, unique=True),
    noted("key_hash", LargeBinary, SECRET),
    noted("scopes", ARRAY(Text), ACCESS),
    noted("created_at", INSTANT, ACCESS, server_default=text("now()")),
    noted("expires_at", INSTANT, ACCESS, nullable=True),
    noted("revoked_at", INSTANT, ACCESS, nullable=True),
    noted("last_used_on", Date, ACCESS, nullable=True),
    info=erased_by(Erasure.KEEP),
    schema=STORE,
)

# Values repeat, so an event carries four bytes instead of the text.  The values are generalised
# before they come here and no row points back at a subject; `kind` is `dictionary.Kind`.
dictionary = Table(
    "dictionary",
    metadata,
    noted("id", Integer, VALUES, numbered(), primary_key=True),
    noted("kind", SmallInteger, VALUES),
    noted("value", Text, VALUES),
    UniqueConstraint("kind", "value"),
    info=erased_by(Erasure.KEEP),
    schema=STORE,
)

import_run = Table(
    "import_run",
    metadata,
    noted("id", BigInteger, RUNNING, numbered(), primary_key=True),
    noted("source", Integer, RUNNING, ForeignKey(source.c.id)),
    noted("file_digest", LargeBinary, RUNNING),
    noted("map_hash", LargeBinary, RUNNING),
    noted("rows_done", BigInteger, RUNNING, server_default=text("0")),
    noted("started_at", INSTANT, RUNNING, server_default=text("now()")),
    noted("finished_at", INSTANT, RUNNING, nullable=True),
    noted("counts", JSONB, RUNNING, server_default=text("'{}'::jsonb")),
    UniqueConstraint("source", "file_digest", "map_hash"),
    info=erased_by(Erasure.KEEP),
    schema=STORE,
)

# One row for each run over a table for the purposes of one period: the evidence that what is past
# its period goes (Art. 5(1)(e), 5(2)).
retention_run = Table(
    "retention_run",
    metadata,
    noted("id", BigInteger, RUNNING, numbered(), primary_key=True),
    noted("before", INSTANT, RUNNING),
    noted("started_at", INSTANT, RUNNING),
    noted("finished_at", INSTANT, RUNNING, nullable=True),
    noted("deleted", BigInteger, RUNNING, server_default=text("0")),
    noted("narrowed", BigInteger, RUNNING, server_default=text("0")),
    noted("purposes", Integer, RUNNING),  # bit mask; 0 where the table has none
    noted("rulebook", Integer, RUNNING, ForeignKey(rulebook.c.id)),
    noted("kept", Text, RUNNING),  # the table gone over
    info=erased_by(Erasure.KEEP),
    schema=STORE,
)

refresh_run = Table(
    "refresh_run",
    metadata,
    noted("id", BigInteger, RUNNING, numbered(), primary_key=True),
    noted("as_of", INSTANT, RUNNING),
    noted("full", Boolean, RUNNING),
    noted("started_at", INSTANT, RUNNING, server_default=text("now()")),
    noted("finished_at", INSTANT, RUNNING, nullable=True),
    noted("subjects", BigInteger, RUNNING, server_default=text("0")),
    # A position in the registry's numbering, not a statement about that subject.
    noted("last_subject", BigInteger, RUNNING, server_default=text("0")),
    noted("rulebook", Integer, RUNNING, ForeignKey(rulebook.c.id)),
    info=erased_by(Erasure.KEEP),
    schema=STORE,
)
