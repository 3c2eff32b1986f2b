"""Keep which versions of the keys new rows are made under; refuse a bucket under an older one.

A process that does not know yet of a rotation would otherwise go on with what it knows: write what
nobody finds, or wrap what nobody can open once the old version is destroyed.
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE IF NOT EXISTS vault.key_in_use (
    name text CONSTRAINT key_in_use_pkey PRIMARY KEY,
    version integer NOT NULL,
    since timestamptz NOT NULL
);
COMMENT ON TABLE vault.key_in_use IS
    'The version of a key that new rows are made under; whoever writes one looks here.';
INSERT INTO vault.key_in_use (name, version, since)
    VALUES ('idx', 1, now()), ('kek', 1, now()) ON CONFLICT DO NOTHING
"""

# The row is shared until the bucket is committed, so a version that is no longer in use wraps
# nothing more, and may be destroyed once nothing is left under it.
WRAPPED = """
CREATE OR REPLACE FUNCTION vault.wrapped_by_what_is_in_use() RETURNS TRIGGER
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    PERFORM FROM vault.key_in_use known
        WHERE known.name = 'kek' AND known.version <= NEW.kek_version FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'PV001',
            MESSAGE = 'the key that wraps the bucket is no longer in use';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER wrapped_by_what_is_in_use BEFORE INSERT OR UPDATE ON vault.bucket
    FOR EACH ROW EXECUTE FUNCTION vault.wrapped_by_what_is_in_use()
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    connection = op.get_bind()
    # Past SQLAlchemy's text, where a colon before a word would be a parameter.
    connection.exec_driver_sql(TABLE)
    connection.exec_driver_sql(WRAPPED)
