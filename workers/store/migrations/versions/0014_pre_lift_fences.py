"""Let the gateway take away the fences it put up for people whom the vault has forgotten.

No role deletes from the registry.  So it is a function of the owner's, which takes nothing but
fences of that kind, and none before a day has passed.
"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

LIFT = """
CREATE OR REPLACE FUNCTION store.lift_fences(before TIMESTAMP WITH TIME ZONE, most INTEGER)
RETURNS BIGINT
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    gone BIGINT;
BEGIN
    DELETE FROM store.subject WHERE id IN (
        SELECT id FROM store.subject
        WHERE state = 2 AND generation = -1
            AND registered_at <= least(before, now() - INTERVAL '1 day')
        LIMIT most FOR UPDATE SKIP LOCKED
    );
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.get_bind().exec_driver_sql(LIFT)
