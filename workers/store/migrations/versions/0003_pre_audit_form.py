"""Hold every audit entry to its form: whom it is about by reference only, and who may say what.

The appending function is open to every run-time role.  Whoever steals one of them must not be able
to write a name into a log that is never erased (R-114), nor to say in the workers' name what only
the gateway does.
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

FORMS = """
ALTER TABLE audit.entry
    ADD CONSTRAINT ck_entry_reference CHECK (header::jsonb ->> 'subject_ref' ~ '^[0-9a-f]{0,64}$'),
    ADD CONSTRAINT ck_entry_workers CHECK (
        header::jsonb ->> 'actor' <> 'paravent_workers'
        OR starts_with(header::jsonb ->> 'action', 'event:')),
    ADD CONSTRAINT ck_entry_length CHECK (octet_length(header) <= 16384)
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    # Past SQLAlchemy's text, where a colon before a word would be a parameter.
    op.get_bind().exec_driver_sql(FORMS)
