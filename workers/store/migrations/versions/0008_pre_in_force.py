"""Keep which rulebook is in force, and the changes that were proposed."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE IF NOT EXISTS store.rulebook_change (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    proposed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    decided_at TIMESTAMP WITH TIME ZONE,
    proposed_by UUID,
    decided_by UUID,
    rulebook INTEGER NOT NULL,
    replaces INTEGER,
    loosens BOOLEAN NOT NULL,
    outcome TEXT,
    content TEXT NOT NULL,
    CONSTRAINT pk_rulebook_change PRIMARY KEY (id),
    CONSTRAINT ck_rulebook_change_outcome CHECK (outcome in ('adopted', 'refused')),
    CONSTRAINT ck_rulebook_change_two_people CHECK (
        outcome is distinct from 'adopted' or not loosens
        or (decided_by is not null and proposed_by is not null and decided_by <> proposed_by)
    ),
    CONSTRAINT fk_rulebook_change_rulebook FOREIGN KEY(rulebook) REFERENCES store.rulebook (id),
    CONSTRAINT fk_rulebook_change_replaces FOREIGN KEY(replaces) REFERENCES store.rulebook (id)
);
CREATE TABLE IF NOT EXISTS store.in_force (
    since TIMESTAMP WITH TIME ZONE NOT NULL,
    change BIGINT NOT NULL,
    rulebook INTEGER NOT NULL,
    one BOOLEAN DEFAULT true NOT NULL,
    CONSTRAINT pk_in_force PRIMARY KEY (one),
    CONSTRAINT ck_in_force_one CHECK (one),
    CONSTRAINT fk_in_force_change FOREIGN KEY(change) REFERENCES store.rulebook_change (id),
    CONSTRAINT fk_in_force_rulebook FOREIGN KEY(rulebook) REFERENCES store.rulebook (id)
)
"""

# Two statements in one call: what a volatile function reads after it had to wait is what is there
# then, where one statement would go on with what it saw before.
HELD = """
CREATE OR REPLACE FUNCTION store.rulebook_held() RETURNS INTEGER
LANGUAGE plpgsql VOLATILE SECURITY INVOKER SET search_path = pg_catalog AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(1920298085);  -- "rule", as digits
    RETURN (SELECT rulebook FROM store.in_force);
END $$
"""

# Only what was adopted, by two people where it loosens, can be what is in force.
ADOPTED = """
CREATE OR REPLACE FUNCTION store.in_force_was_adopted() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY INVOKER SET search_path = pg_catalog AS $$
DECLARE
    replaced INTEGER;  -- what was in force; nothing before the first
BEGIN
    IF TG_OP = 'UPDATE' THEN
        replaced := OLD.rulebook;
    END IF;
    IF NOT EXISTS (
        SELECT FROM store.rulebook_change known
        WHERE known.id = NEW.change AND known.rulebook = NEW.rulebook AND known.outcome = 'adopted'
            AND known.replaces IS NOT DISTINCT FROM replaced
    ) THEN
        RAISE check_violation USING MESSAGE = 'no adopted change puts this rulebook in force';
    END IF;
    RETURN NEW;
END $$;
DO $$
BEGIN
    -- Only where it is not there: every writer reads this table, and none is to wait for us.
    IF NOT EXISTS (
        SELECT FROM pg_trigger WHERE tgrelid = 'store.in_force'::regclass AND tgname = 'adopted'
    ) THEN
        CREATE TRIGGER adopted BEFORE INSERT OR UPDATE ON store.in_force
            FOR EACH ROW EXECUTE FUNCTION store.in_force_was_adopted();
    END IF;
END $$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.get_bind().exec_driver_sql(TABLES)
    op.get_bind().exec_driver_sql(HELD)
    op.get_bind().exec_driver_sql(ADOPTED)
