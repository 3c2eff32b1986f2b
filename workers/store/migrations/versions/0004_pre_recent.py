"""Let a state remember the events folded last, so that one that comes late needs no history.

Empty means not known: an older version wrote the state.  A column with a constant default is added
without a look at the rows, and an older version that writes beside us leaves it as it was, which
the fold notices.
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.execute("ALTER TABLE store.state ADD COLUMN IF NOT EXISTS recent BYTEA DEFAULT '' NOT NULL")
