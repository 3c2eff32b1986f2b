"""Let the workers forget people of whom nothing is left but consents that ended long ago.

Nobody but an erasure deletes from the ledger, and nobody at all from the registry.  So it is not
the workers' role that may, but a function of the owner's, which looks for itself whether it may.
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# What is looked at once the rows are held is a statement of its own: it sees what those did who
# held them until then.
FORGET = """
CREATE OR REPLACE FUNCTION store.is_lapsed(person BIGINT, before TIMESTAMP WITH TIME ZONE)
RETURNS BOOLEAN LANGUAGE sql STABLE SECURITY INVOKER SET search_path = pg_catalog AS $$
    SELECT NOT EXISTS (SELECT FROM store.consent_record known WHERE known.subject = person
            AND greatest(known.at, known.received_at, known.valid_until) > before)
        AND NOT EXISTS (SELECT FROM store.event WHERE subject = person)
        AND NOT EXISTS (SELECT FROM store.state WHERE subject = person)
        AND NOT EXISTS (SELECT FROM store.membership WHERE subject = person)
        AND NOT EXISTS (SELECT FROM store.feature_snapshot WHERE subject = person)
        AND NOT EXISTS (SELECT FROM store.dirty WHERE subject = person)
        AND NOT EXISTS (SELECT FROM store.withdrawal WHERE subject = person
            AND (finished_at IS NULL OR finished_at > before))
$$;
CREATE OR REPLACE FUNCTION store.forget_lapsed(before TIMESTAMP WITH TIME ZONE, most INTEGER)
RETURNS TABLE (people BIGINT, records BIGINT)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    due BIGINT[];
BEGIN
    IF before > now() - INTERVAL '183 days' THEN
        RAISE EXCEPTION 'proof is kept for half a year at least; an earlier instant was needed';
    END IF;
    -- Who is restricted, or has objected, is obeyed for as long as we may meet them again.
    -- First what is cheap to ask of everybody, then all of it of those who are left: whoever is
    -- not to go must not fill the portion, or nobody behind them ever would.
    WITH quiet AS MATERIALIZED (
        SELECT known.id FROM store.subject known
        WHERE known.state = 0 AND known.objected = 0 AND known.registered_at <= before
            AND NOT EXISTS (SELECT FROM store.event e WHERE e.subject = known.id)
            AND NOT EXISTS (SELECT FROM store.consent_record said WHERE said.subject = known.id
                AND greatest(said.at, said.received_at, said.valid_until) > before)
    )
    SELECT coalesce(array_agg(held.id), '{}') INTO due FROM (
        SELECT known.id FROM store.subject known JOIN quiet ON quiet.id = known.id
        WHERE store.is_lapsed(known.id, before)
        ORDER BY known.id LIMIT most FOR UPDATE OF known SKIP LOCKED
    ) held;
    SELECT coalesce(array_agg(id), '{}') INTO due FROM store.subject
        WHERE id = ANY(due) AND state = 0 AND objected = 0 AND store.is_lapsed(id, before);
    people := cardinality(due);
    SELECT count(*) INTO records FROM store.consent_record WHERE subject = ANY(due);
    DELETE FROM store.subject WHERE id = ANY(due);  -- and with them what they said
    RETURN NEXT;
END $$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.get_bind().exec_driver_sql(FORGET)
