"""Keep which version of every key is in use, where marks begin, and the signers' public keys.

An installation from before this goes on with the first version of each: no other was ever in use.
"""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = """
ALTER TABLE vault.key_in_use ADD COLUMN IF NOT EXISTS first integer NOT NULL DEFAULT 1;
INSERT INTO vault.key_in_use (name, version, since)
    VALUES ('sup', 1, now()), ('sign-receipt', 1, now()), ('sign-audit', 1, now()),
           ('sign-callback', 1, now())
    ON CONFLICT DO NOTHING;
CREATE TABLE IF NOT EXISTS vault.signer (
    name text NOT NULL,
    version integer NOT NULL,
    public_key bytea NOT NULL,
    since timestamptz NOT NULL,
    handover bytea,
    announced bigint,
    CONSTRAINT signer_pkey PRIMARY KEY (name, version)
);
COMMENT ON TABLE vault.signer IS
    'Public keys of the signers, each vouched for by the one before; none is secret.'
"""


def upgrade() -> None:
    # A column with a constant default rewrites nothing; the lock is held for a moment.
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.get_bind().exec_driver_sql(TABLES)
