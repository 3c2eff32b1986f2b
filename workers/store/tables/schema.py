"""The metadata every table of the store joins, and the column types they share."""

from sqlalchemy import Identity, MetaData
from sqlalchemy.dialects.postgresql import TIMESTAMP

STORE = "store"
AUDIT = "audit"

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

INSTANT = TIMESTAMP(timezone=True)


def numbered() -> Identity:
    """Give the identity every numbered row has; only the database chooses the number."""
    return Identity(always=True)
