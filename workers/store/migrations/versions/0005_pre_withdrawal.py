"""Keep what a withdrawal asked for and what became of it; let events lose purposes, and gain none.

A worker takes a purpose away from the events it was withdrawn for.  Whoever steals that role must
not be able to declare purposes of its own, so a trigger refuses every other change of an event; an
insert does not meet it.
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE IF NOT EXISTS store.withdrawal (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    subject BIGINT NOT NULL,
    asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    finished_at TIMESTAMP WITH TIME ZONE,
    deleted INTEGER DEFAULT 0 NOT NULL,
    narrowed INTEGER DEFAULT 0 NOT NULL,
    purpose SMALLINT NOT NULL,
    CONSTRAINT pk_withdrawal PRIMARY KEY (id),
    CONSTRAINT fk_withdrawal_subject FOREIGN KEY(subject)
        REFERENCES store.subject (id) ON DELETE CASCADE,
    CONSTRAINT fk_withdrawal_purpose FOREIGN KEY(purpose)
        REFERENCES store.purpose (id)
);
CREATE INDEX IF NOT EXISTS ix_withdrawal_subject ON store.withdrawal (subject);
CREATE UNIQUE INDEX IF NOT EXISTS ix_withdrawal_open ON store.withdrawal (subject, purpose)
    WHERE finished_at IS NULL
"""

NARROWS = """
CREATE OR REPLACE FUNCTION store.narrows() RETURNS trigger
LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
    IF NEW.purposes & ~OLD.purposes <> 0 OR NEW.purposes = 0 THEN
        RAISE EXCEPTION 'an event may lose purposes; it gains none, and with none left it goes';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER narrows BEFORE UPDATE ON store.event
    FOR EACH ROW EXECUTE FUNCTION store.narrows()
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    connection = op.get_bind()
    # Past SQLAlchemy's text, where a colon before a word would be a parameter.
    connection.exec_driver_sql(TABLES)
    connection.exec_driver_sql(NARROWS)
