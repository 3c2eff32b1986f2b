"""Which database server a gateway has compared with the erasure journal: technical, one row."""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Integer, Table
from sqlalchemy import text as sql

from policies.data_map import Erasure
from policies.vocabulary import DataCategory
from workers.store.tables.notes import OPERATION_PERIOD, SERVICE, erased_by, noted
from workers.store.tables.schema import INSTANT, STORE, metadata

LOOKED = (DataCategory.TECHNICAL, SERVICE, OPERATION_PERIOD)

known_server = Table(
    "known_server",
    metadata,
    noted("since", INSTANT, LOOKED),
    noted("system", BigInteger, LOOKED),
    noted("database", BigInteger, LOOKED),
    noted("timeline", Integer, LOOKED),
    noted("one", Boolean, LOOKED, primary_key=True, server_default=sql("true")),
    CheckConstraint("one", name="one"),
    info=erased_by(Erasure.KEEP),
    schema=STORE,
)
