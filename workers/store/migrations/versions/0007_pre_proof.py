"""Keep what was shown before a choice, and anchor the ledger in the audit log."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE IF NOT EXISTS store.notice (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    entry BIGINT NOT NULL,
    registered_at TIMESTAMP WITH TIME ZONE NOT NULL,
    valid_from DATE NOT NULL,
    key TEXT NOT NULL,
    version TEXT NOT NULL,
    language TEXT NOT NULL,
    text_sha256 TEXT NOT NULL,
    text TEXT NOT NULL,
    CONSTRAINT pk_notice PRIMARY KEY (id),
    CONSTRAINT uq_notice_key UNIQUE (key)
);
CREATE TABLE IF NOT EXISTS store.banner (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    entry BIGINT NOT NULL,
    registered_at TIMESTAMP WITH TIME ZONE NOT NULL,
    notice BIGINT NOT NULL,
    code_sha256 TEXT NOT NULL,
    screenshots TEXT[] NOT NULL,
    version TEXT NOT NULL,
    platform TEXT NOT NULL,
    CONSTRAINT pk_banner PRIMARY KEY (id),
    CONSTRAINT uq_banner_notice_code_sha256_version UNIQUE (notice, code_sha256, version),
    CONSTRAINT fk_banner_notice FOREIGN KEY(notice) REFERENCES store.notice (id)
);
CREATE TABLE IF NOT EXISTS store.shown (
    notice BIGINT NOT NULL,
    rulebook INTEGER NOT NULL,
    purpose SMALLINT NOT NULL,
    CONSTRAINT pk_shown PRIMARY KEY (rulebook, purpose),
    CONSTRAINT fk_shown_notice FOREIGN KEY(notice) REFERENCES store.notice (id),
    CONSTRAINT fk_shown_rulebook FOREIGN KEY(rulebook) REFERENCES store.rulebook (id),
    CONSTRAINT fk_shown_purpose FOREIGN KEY(purpose) REFERENCES store.purpose (id)
);
CREATE TABLE IF NOT EXISTS store.anchor (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    entry BIGINT NOT NULL,
    records BIGINT[] NOT NULL,
    leaves BYTEA NOT NULL,
    CONSTRAINT pk_anchor PRIMARY KEY (id)
)
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.get_bind().exec_driver_sql(TABLES)
