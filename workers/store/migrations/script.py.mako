"""${message}."""

from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The old code still runs: wait for no lock longer than this, and rewrite no large table.
    op.execute("set local lock_timeout = '3s'")
    op.execute("set local statement_timeout = '60s'")
    ${upgrades if upgrades else "pass"}
