"""Keep a row for each run of expiry: the evidence that what is past its period goes."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE IF NOT EXISTS store.retention_run (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    before TIMESTAMP WITH TIME ZONE NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    finished_at TIMESTAMP WITH TIME ZONE,
    deleted BIGINT DEFAULT 0 NOT NULL,
    narrowed BIGINT DEFAULT 0 NOT NULL,
    purposes INTEGER NOT NULL,
    rulebook INTEGER NOT NULL,
    kept TEXT NOT NULL,
    CONSTRAINT pk_retention_run PRIMARY KEY (id),
    CONSTRAINT fk_retention_run_rulebook FOREIGN KEY(rulebook)
        REFERENCES store.rulebook (id)
)
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.execute(TABLE)
