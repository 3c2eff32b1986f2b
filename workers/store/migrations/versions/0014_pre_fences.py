"""Let the gateway put up fences for people whom the vault forgets, and take them away.

No role deletes from the registry.  So it is functions of the owner's: which fences are of this kind
stands in a table that only they write, and they take away no other row.
"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE IF NOT EXISTS store.passing_fence (
    subject BIGINT NOT NULL,
    since TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_passing_fence PRIMARY KEY (subject),
    CONSTRAINT fk_passing_fence_subject FOREIGN KEY(subject) REFERENCES store.subject (id)
        ON DELETE CASCADE
)
"""

FUNCTIONS = """
CREATE OR REPLACE FUNCTION store.put_fences(pids UUID[], domains SMALLINT[])
RETURNS VOID
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog AS $$
    WITH put AS (
        INSERT INTO store.subject (pid, domain, state, principal)
        SELECT pid, domain, 2, NULL FROM unnest(pids, domains) AS asked (pid, domain)
        ORDER BY pid ON CONFLICT (pid) DO NOTHING RETURNING id
    )
    INSERT INTO store.passing_fence (subject, since) SELECT id, now() FROM put
$$;
CREATE OR REPLACE FUNCTION store.lift_fences(before TIMESTAMP WITH TIME ZONE, most INTEGER)
RETURNS BIGINT
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    gone BIGINT;
BEGIN
    DELETE FROM store.subject WHERE state = 2 AND id IN (
        SELECT subject FROM store.passing_fence
        WHERE since <= least(before, now() - INTERVAL '1 day')
        LIMIT most FOR UPDATE SKIP LOCKED
    );
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;
CREATE OR REPLACE FUNCTION store.drop_fences(pids UUID[])
RETURNS VOID
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog AS $$
    DELETE FROM store.subject WHERE state = 2 AND id IN (
        SELECT fence.subject FROM store.passing_fence fence
        JOIN store.subject known ON known.id = fence.subject
        WHERE known.pid = ANY(pids) FOR UPDATE OF fence SKIP LOCKED  -- an erasure is keeping it
    )
$$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.get_bind().exec_driver_sql(TABLE)
    op.get_bind().exec_driver_sql(FUNCTIONS)
