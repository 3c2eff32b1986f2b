"""Which versions are in use, of the key of message ids and of pseudonyms: technical, a row each."""

from sqlalchemy import Boolean, CheckConstraint, Integer, SmallInteger, Table
from sqlalchemy import text as sql

from policies.data_map import Erasure
from policies.vocabulary import DataCategory
from workers.store.tables.notes import OPERATION_PERIOD, SERVICE, erased_by, noted
from workers.store.tables.schema import INSTANT, STORE, metadata

IN_USE = (DataCategory.TECHNICAL, SERVICE, OPERATION_PERIOD)

# ``plain_until``: until when messages may be sent again whose id was made without their domain.
message_key = Table(
    "message_key",
    metadata,
    noted("since", INSTANT, IN_USE),
    noted("plain_until", INSTANT, IN_USE, nullable=True),
    noted("version", Integer, IN_USE),
    noted("one", Boolean, IN_USE, primary_key=True, server_default=sql("true")),
    CheckConstraint("one", name="one"),
    info=erased_by(Erasure.KEEP),
    schema=STORE,
)

# The epoch whose pseudonyms people are registered by, and the first that somebody may have still:
# another one while everybody gets those of the next, up to the bucket of the vault ``brought``.
pseudonyms = Table(
    "pseudonyms",
    metadata,
    noted("since", INSTANT, IN_USE),
    noted("epoch", Integer, IN_USE),
    noted("first", Integer, IN_USE),
    noted("brought", SmallInteger, IN_USE),
    noted("one", Boolean, IN_USE, primary_key=True, server_default=sql("true")),
    CheckConstraint("one", name="one"),
    CheckConstraint("first <= epoch", name="span"),
    info=erased_by(Erasure.KEEP),
    schema=STORE,
)
