"""Keep which server was compared with the erasure journal, so that workers work on no other."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE IF NOT EXISTS store.known_server (
    since TIMESTAMP WITH TIME ZONE NOT NULL,
    system BIGINT NOT NULL,
    database BIGINT NOT NULL,
    timeline INTEGER NOT NULL,
    one BOOLEAN DEFAULT true NOT NULL,
    CONSTRAINT pk_known_server PRIMARY KEY (one),
    CONSTRAINT ck_known_server_one CHECK (one)
)
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.get_bind().exec_driver_sql(TABLE)
