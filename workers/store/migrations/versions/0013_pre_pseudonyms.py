"""Keep which epoch the registered pseudonyms are of, and a name for proofs that outlives them.

Proofs of consent named people by their pseudonym.  Of whom was registered before, the one of then
stays that name (``subject.principal`` is null until they get another); whoever comes after gets one
drawn by lot, so that nothing keeps the pseudonym they had.

Workers of the version before do not know that name.  What they would anchor by the other one could
not be proved, so an anchor says by which names it was made, and theirs, which do not, are refused
until they are renewed.
"""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE IF NOT EXISTS store.pseudonyms (
    since TIMESTAMP WITH TIME ZONE NOT NULL,
    epoch INTEGER NOT NULL,
    first INTEGER NOT NULL,
    brought SMALLINT NOT NULL,
    one BOOLEAN DEFAULT true NOT NULL,
    CONSTRAINT pk_pseudonyms PRIMARY KEY (one),
    CONSTRAINT ck_pseudonyms_one CHECK (one),
    CONSTRAINT ck_pseudonyms_span CHECK (first <= epoch)
);
INSERT INTO store.pseudonyms (since, epoch, first, brought) VALUES (now(), 0, 0, 0)
    ON CONFLICT DO NOTHING;
ALTER TABLE store.subject ADD COLUMN IF NOT EXISTS principal UUID;
ALTER TABLE store.subject ALTER COLUMN principal SET DEFAULT gen_random_uuid();
ALTER TABLE store.anchor ADD COLUMN IF NOT EXISTS form SMALLINT NOT NULL DEFAULT 1;
ALTER TABLE store.anchor ALTER COLUMN form DROP DEFAULT
"""

# As store.ingest_held(), which processes of the version before go on calling, and under the same
# lock: whoever begins another epoch waits for those who write by this one.
HELD = """
CREATE OR REPLACE FUNCTION store.commit_held(
    OUT rulebook INTEGER, OUT first INTEGER, OUT epoch INTEGER,
    OUT version INTEGER, OUT since BIGINT, OUT plain_until BIGINT
)
LANGUAGE plpgsql VOLATILE SECURITY INVOKER SET search_path = pg_catalog AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(1920298085);  -- "rule", as digits
    SELECT (SELECT known.rulebook FROM store.in_force known), p.first, p.epoch,
           k.version,
           (extract(epoch FROM k.since) * 1000000)::bigint,
           coalesce((extract(epoch FROM k.plain_until) * 1000000)::bigint, 0)
        INTO STRICT rulebook, first, epoch, version, since, plain_until
        FROM store.message_key k, store.pseudonyms p;
END $$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.get_bind().exec_driver_sql(TABLES)
    op.get_bind().exec_driver_sql(HELD)
