"""Keep which version of the key of message ids is in use, and whose ids are older than domains.

Events that are here already were numbered by their source alone.  They are looked for under those
numbers for a week, the time in which a message may be sent again; a store without any never is.
"""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE IF NOT EXISTS store.message_key (
    since TIMESTAMP WITH TIME ZONE NOT NULL,
    plain_until TIMESTAMP WITH TIME ZONE,
    version INTEGER NOT NULL,
    one BOOLEAN DEFAULT true NOT NULL,
    CONSTRAINT pk_message_key PRIMARY KEY (one),
    CONSTRAINT ck_message_key_one CHECK (one)
);
INSERT INTO store.message_key (since, plain_until, version)
SELECT now(),
    CASE WHEN EXISTS (SELECT FROM store.event) OR EXISTS (SELECT FROM store.consent_record)
        THEN now() + interval '7 days' END,
    1
ON CONFLICT DO NOTHING
"""

# Two statements in one call, as in store.rulebook_held(): what is read after the wait is what is
# there then.  The lock is the same, so that a rotation waits for those who write by the old
# version, and whoever comes after sees the new one.
HELD = """
CREATE OR REPLACE FUNCTION store.ingest_held(
    OUT rulebook INTEGER, OUT version INTEGER, OUT since BIGINT, OUT plain_until BIGINT
)
LANGUAGE plpgsql VOLATILE SECURITY INVOKER SET search_path = pg_catalog AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(1920298085);  -- "rule", as digits
    SELECT (SELECT known.rulebook FROM store.in_force known), k.version,
           (extract(epoch FROM k.since) * 1000000)::bigint,
           coalesce((extract(epoch FROM k.plain_until) * 1000000)::bigint, 0)
        INTO STRICT rulebook, version, since, plain_until
        FROM store.message_key k;
END $$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.get_bind().exec_driver_sql(TABLE)
    op.get_bind().exec_driver_sql(HELD)
